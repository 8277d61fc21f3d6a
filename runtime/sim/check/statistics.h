// A21: whether what is told of a partition (size, offsets, who is live) is true.
//
// What a status says by itself, and against the replicas as they are (ReplicationOracle). Pure, but
// for StatisticsView, which is one client's.
#pragma once

#include "core/base/small_vector.h"
#include "core/model/partition.h"
#include "core/model/partition_record.h"
#include "runtime/sim/cluster/world.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace weir::sim {

// A replica that runs and obeys the record that is stored.
struct RealReplica {
    SpuId spu = kNoSpu;
    HostId host = 0;
    std::string_view dir;  // of its log
    bool leads = false;
    bool is_attached = false;
    std::int64_t log_start = 0;
    std::int64_t hw = 0;
    std::int64_t leo = 0;
};

// A partition that is stored, and whose promises hold (no loss was allowed). A view: valid until
// the oracle is told of something.
struct RealPartition {
    const PartitionRecord& record;
    // This epoch is the only one in which its leader has led it.
    bool is_first_epoch_of_leader = false;
    SmallVector<RealReplica, 3> replicas;
    const RealReplica* leader() const;
};

// What no status may say, whatever is the case; empty: nothing.
std::string impossible(const PartitionStatus& status);
// How the status differs from what is the case, once nothing happens any more; empty: it does not.
// `size_bytes`: of the leader's batches. There is a leader.
std::string untrue(const PartitionStatus& status, const RealPartition& real,
                   std::int64_t size_bytes);

// What one client was told of partitions, in the order in which it was told.
class StatisticsView {
public:
    // Another status of that partition, which may be late; empty, or what is wrong with it. A
    // status does not name its epoch, so what it says is compared with the last one, and with what
    // is real, only where its leader has led in one epoch.
    std::string told(const std::string& partition, const PartitionStatus& status,
                     const RealPartition& real);

private:
    struct Last {
        LeaderEpoch epoch = kNoEpoch;
        Uid replica_uid;
        PartitionStatus status;
    };
    std::map<std::string, Last> last_;
};

}  // namespace weir::sim
