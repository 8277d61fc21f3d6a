#include "core/sc/context.h"

#include "core/base/mutant.h"

#include <algorithm>

namespace weir::sc {

void Beginning::heard(SpuId spu, const PartitionTable& partitions) {
    if (over_.is_set()) {
        return;
    }
    heard_.insert(spu);
    for (const auto& [name, entry] : partitions.entries()) {
        const PartitionRecord& record = entry.extra.record;
        const auto missing = static_cast<std::size_t>(
            std::count_if(record.replicas.begin(), record.replicas.end(),
                          [&](const AssignedReplica& one) { return !heard_.contains(one.spu); }));
        // Of an only copy nobody else can know anything.
        if (record.replicas.size() > 1 && missing >= record.min_live &&
            !mutant(Mutant::start_hears_nobody)) {
            return;
        }
    }
    end();
}

}  // namespace weir::sc
