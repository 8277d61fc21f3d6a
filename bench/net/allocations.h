// Heap allocations per request of the SPU in steady state. The SC and the SPU run on threads of
// this process, whose operator new counts for each thread.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>

namespace weir::bench {

struct AllocationOptions {
    // A directory that exists.
    std::string data_dir;
    // "fsync" or "async"
    bool durable = false;
    std::size_t batch_size = 1024;
    std::uint64_t warm_up_ms = 300;
    std::uint64_t duration_ms = 500;
};
struct AllocationResult {
    std::uint64_t request_count = 0;
    std::uint64_t allocation_count = 0;
    double per_request() const {
        return static_cast<double>(allocation_count) / static_cast<double>(request_count);
    }
};
Result<AllocationResult> count_allocations(const AllocationOptions& options);

}  // namespace weir::bench
