#include "core/sc/context.h"

#include "core/base/mutant.h"

#include <algorithm>

namespace weir::sc {

void Beginning::heard(SpuId spu, const Catalog& catalog) {
    if (over_.is_set()) {
        return;
    }
    heard_.insert(spu);
    if (!lacks_witnesses(catalog) || mutant(Mutant::start_hears_nobody)) {
        end();
    }
}

bool Beginning::lacks_witnesses(const Catalog& catalog) const {
    const auto& topics = catalog.topics.entries();
    const bool is_unplaced = std::any_of(topics.begin(), topics.end(), [](const auto& topic) {
        return topic.second.object.status.resolution != TopicResolution::provisioned;
    });
    const auto& spus = catalog.spus.entries();
    const bool is_waiting =
        is_unplaced && std::any_of(spus.begin(), spus.end(), [this](const auto& spu) {
            return !heard_.contains(spu.second.object.spec.id);
        });
    const auto& partitions = catalog.partitions.entries();
    return is_waiting ||
           std::any_of(partitions.begin(), partitions.end(), [this](const auto& partition) {
               return lacks_witnesses(partition.second.extra.record);
           });
}

bool Beginning::may_be_deposed(SpuId spu, const PartitionTable& partitions) const {
    const auto& entries = partitions.entries();
    return !over_.is_set() && std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
        const PartitionRecord& record = entry.second.extra.record;
        return record.leader == spu && lacks_witnesses(record);
    });
}

bool Beginning::lacks_witnesses(const PartitionRecord& record) const {
    const auto missing = static_cast<std::size_t>(
        std::count_if(record.replicas.begin(), record.replicas.end(),
                      [&](const AssignedReplica& one) { return !heard_.contains(one.spu); }));
    const bool leader_is_missing = record.leader != kNoSpu && !heard_.contains(record.leader);
    // Of an only copy nobody else can know anything.
    return record.replicas.size() > 1 && (missing >= record.min_live || leader_is_missing);
}

bool may_be_elsewhere(const Context& context, const PartitionRecord& record) {
    const auto& spus = context.catalog.spus.entries();
    const bool has_missing = std::any_of(spus.begin(), spus.end(), [&](const auto& spu) {
        return spu.second.extra.boot != kNoBoot &&
               !context.found.admitted.contains(spu.second.object.spec.id);
    });
    return has_missing || context.found.held.contains({record.topic_uid, record.partition});
}

LeaderEpoch free_epoch(Context& context, const PartitionRecord& record) {
    const Found& found = context.found;
    const control::PartitionRef ref = {record.topic_uid, record.partition};
    const auto known = found.view.records.find(ref);
    if (known == found.view.records.end()) {
        // Of a topic that is newer than this process nobody has another memory.
        return found.topics.contains(record.topic_uid) && record.leader_epoch != kNoEpoch
                   ? control::leap_over_lost(kNoEpoch, record.leader_epoch, context.uid_prng.next())
                   : record.leader_epoch;
    }
    const auto& spus = context.catalog.spus.entries();
    const bool all_came = std::all_of(spus.begin(), spus.end(), [&](const auto& spu) {
        return found.admitted.contains(spu.second.object.spec.id);
    });
    if (all_came && !found.dropped.contains(ref)) {
        return record.leader_epoch;
    }
    return control::leap_over_lost(known->second.epoch, record.leader_epoch,
                                   context.uid_prng.next());
}

}  // namespace weir::sc
