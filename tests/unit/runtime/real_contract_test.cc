// The real environment keeps the contracts of the seams.
#include "tests/unit/env/contract/clock_contract.h"
#include "tests/unit/env/contract/disk_contract.h"
#include "tests/unit/env/contract/executor_contract.h"
#include "tests/unit/env/contract/network_contract.h"
#include "tests/unit/runtime/real_world.h"

namespace weir::contract {

INSTANTIATE_TYPED_TEST_SUITE_P(Real, ClockContract, real::RealWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Real, DiskContract, real::RealWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Real, ExecutorContract, real::RealWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Real, NetworkContract, real::RealWorld);

}  // namespace weir::contract
