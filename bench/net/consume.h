// Consumers: at the tail, with the producer in the same thread, and catching up with a full log.
#pragma once

#include "bench/net/histogram.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/network.h"

#include <cstdint>
#include <string>

namespace weir::bench {

struct TailOptions {
    HostPort broker;
    std::string topic;
    // The end of the topic, where the records of this run start.
    std::int64_t start_offset = 0;
    std::size_t record_size = 100;
    // One record at each intended time; latency counts from there to its arrival.
    Duration interval = Duration::from_ms(1);
    Duration duration = Duration::from_s(2);
};
Result<Histogram> run_tail(const TailOptions& options);

struct CatchUpOptions {
    HostPort broker;
    std::string topic;
    std::uint32_t max_bytes = 1U << 20;
};
struct CatchUpResult {
    std::uint64_t size_bytes = 0;
    std::uint64_t answer_count = 0;
    double elapsed_s = 0;
    double bytes_per_s() const { return static_cast<double>(size_bytes) / elapsed_s; }
};
// From offset 0 to the high watermark.
Result<CatchUpResult> run_catch_up(const CatchUpOptions& options);

}  // namespace weir::bench
