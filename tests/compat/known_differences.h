// Where our answers to recorded requests differ from the recorded ones, and why. Each entry must
// still be needed: one that explains nothing fails the test.
//
// Pure; any executor.
#pragma once

#include "tests/compat/equivalence.h"

#include <string_view>

namespace weir::test {

struct KnownDifference {
    // A part of Difference::where and of Difference::field.
    std::string_view where;
    std::string_view field;
    std::string_view reason;
};

bool explained(const Difference& difference);
// The entries that explained nothing yet.
std::vector<KnownDifference> unused_differences();

}  // namespace weir::test
