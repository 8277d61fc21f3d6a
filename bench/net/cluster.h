// A real cluster for a benchmark: an SC and SPUs as processes, in a directory of their own.
#pragma once

#include "core/base/result.h"
#include "core/env/network.h"

#include <memory>
#include <string>
#include <vector>

namespace weir::bench {

struct ClusterOptions {
    // The weir-run binary.
    std::string program;
    // A directory that exists; emptied by nobody.
    std::string data_dir;
    std::string durability = "fsync";
    // Each topic has a replica on every SPU; 5001 leads.
    std::int32_t spu_count = 1;
    // One partition each; created before start() returns.
    std::vector<std::string> topics;
};

class Cluster {
public:
    static Result<std::unique_ptr<Cluster>> start(const ClusterOptions& options);
    // Stops the processes in order; what they had to say stays in data_dir/*.log.
    virtual ~Cluster() = default;
    // Of the SPU that leads.
    virtual HostPort spu_address() const = 0;
    // Processor time that the SPUs have used so far.
    virtual double spu_cpu_s() const = 0;
    // Of the SPU that leads.
    virtual double spu_rss_mb() const = 0;
};

// Registers an SPU, or creates topics with a replica on SPUs 5001 and up, through the SC at `sc`.
// Used by Cluster and by servers that run in this process; the SPU may start before or after.
struct Setup {
    HostPort sc;
    std::int32_t spu_id = 5001;
    HostPort spu_public;
    HostPort spu_private;
};
Result<void> register_spu(const Setup& setup);
Result<void> create_topics(const Setup& setup, const std::vector<std::string>& topics,
                           std::int32_t spu_count);

// A port that was free a moment ago.
Result<std::uint16_t> find_free_port();

}  // namespace weir::bench
