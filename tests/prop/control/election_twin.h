// The election rule once more, written from the text of replication.md 5.5 and not from the code:
// slow, with sets and sorting instead of scans. E10 compares the two.
#pragma once

#include "core/control/election.h"

namespace weir::test {

// For a record that check_record finds good.
control::ElectionDecision elect_naively(const control::ElectionInput& input);

}  // namespace weir::test
