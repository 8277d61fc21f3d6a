// What causes each error code, as requests with exact answers (control-plane spec 5, 7 and 8,
// data-plane spec 4 and 5).
//
// Values; one thread. The scripts run one after the other on one cluster of the SPUs 5001 and 5002
// whose SC waits two seconds for a new topic.
#pragma once

#include "tests/compat/script.h"

#include <vector>

namespace weir::test {

std::vector<Step> sc_error_steps();
std::vector<Step> spu_error_steps();
// On a cluster without the topic `consumer-offset`.
std::vector<Step> no_offset_topic_steps();
// On a cluster whose SPUs have disks of 8 MB.
std::vector<Step> full_disk_steps();

}  // namespace weir::test
