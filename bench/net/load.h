// The produce generator: one thread, pre-encoded requests, a fixed number in flight on each of some
// connections. The same code drives the null broker and the real one.
#pragma once

#include "bench/net/histogram.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/network.h"

#include <cstdint>

namespace weir::bench {

struct LoadOptions {
    HostPort broker;
    std::size_t connection_count = 1;
    std::size_t in_flight = 8;
    // A whole Produce frame; only its correlation id changes.
    Bytes frame;
    // What of it counts as payload.
    std::size_t payload_size = 0;
    // Not measured, at the start.
    Duration warm_up = Duration::from_ms(100);
    Duration duration = Duration::from_s(1);
};

struct LoadResult {
    std::uint64_t request_count = 0;
    double elapsed_s = 0;
    // From the write of a request to its answer.
    Histogram latency;

    double requests_per_s() const { return static_cast<double>(request_count) / elapsed_s; }
};

// Fails on the first answer that is an error. `on_start` and `on_end` are called around the
// measured part, to read what the broker has used.
struct LoadHooks {
    void (*on_start)(void* context) = nullptr;
    void (*on_end)(void* context) = nullptr;
    void* context = nullptr;
};
Result<LoadResult> run_load(const LoadOptions& options, const LoadHooks& hooks);

}  // namespace weir::bench
