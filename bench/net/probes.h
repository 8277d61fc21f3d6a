// Limits of the machine, taken in the same run as what is compared with them.
#pragma once

#include "bench/net/histogram.h"
#include "core/base/result.h"
#include "core/base/time.h"

#include <cstdint>
#include <string>

namespace weir::bench {

// 64 bytes to a thread that sends them back, one exchange at each intended time; latency from
// the intended time.
Result<Histogram> probe_echo(Duration interval, Duration duration);

struct SyncProbe {
    double appends_per_s = 0;
    Histogram latency;  // of one write and sync
};
// Appends `group_size` records of `record_size` with one write, then fdatasync, again and again, on
// a preallocated file.
struct SyncProbeOptions {
    std::string path;
    std::size_t group_size = 64;
    std::size_t record_size = 1024;
    Duration duration;
};
Result<SyncProbe> probe_group_commit(const SyncProbeOptions& options);

struct SendfileProbe {
    double bytes_per_s = 0;
    double cpu_s_per_gb = 0;  // of the sending thread
};
// Sends the file at `path` (in the page cache) over loopback to a reader that counts.
Result<SendfileProbe> probe_sendfile(const std::string& path, std::uint64_t size_bytes);

// Touches this much free memory and gives it back: on a virtual machine the first touch costs more
// than the work that is measured.
void warm_memory(std::size_t size);

}  // namespace weir::bench
