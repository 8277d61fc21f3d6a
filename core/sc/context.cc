#include "core/sc/context.h"

#include "core/base/mutant.h"

#include <algorithm>
#include <utility>

namespace weir::sc {

void Beginning::heard(SpuId spu, std::set<control::PartitionRef> without, const SpuTable& spus) {
    if (over_.is_set()) {
        return;
    }
    without_.insert_or_assign(spu, std::move(without));
    const auto& entries = spus.entries();
    const bool all_came = std::all_of(entries.begin(), entries.end(), [this](const auto& entry) {
        return without_.contains(entry.second.object.spec.id);
    });
    if (all_came || mutant(Mutant::start_hears_nobody)) {
        end();
    }
}

bool Beginning::may_be_deposed(SpuId spu, const PartitionTable& partitions) const {
    const auto& entries = partitions.entries();
    return !over_.is_set() && std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
        const PartitionRecord& record = entry.second.extra.record;
        return record.leader == spu && lacks_witnesses(record);
    });
}

bool Beginning::lacks_witnesses(const PartitionRecord& record) const {
    const control::PartitionRef ref = {record.topic_uid, record.partition};
    const auto is_shown = [&](SpuId spu) {
        const auto heard = without_.find(spu);
        return heard != without_.end() && !heard->second.contains(ref);
    };
    std::size_t missing = 0;
    for (const auto* places : {&record.replicas, &record.adding}) {
        missing += static_cast<std::size_t>(
            std::count_if(places->begin(), places->end(),
                          [&](const AssignedReplica& one) { return !is_shown(one.spu); }));
    }
    const bool leader_is_missing = record.leader != kNoSpu && !is_shown(record.leader);
    return !is_of_only_copy(record) && (missing >= record.min_live || leader_is_missing);
}

bool Doubts::concern(const Uid& topic) const {
    const control::PartitionRef least = {topic, PartitionId()};
    const auto first = partitions.lower_bound(least);
    const auto first_emptied = emptied.lower_bound(least);
    const auto first_unlisted = unlisted.lower_bound(least);
    return all || (first != partitions.end() && first->topic_uid == topic) ||
           (first_emptied != emptied.end() && first_emptied->first.topic_uid == topic) ||
           (first_unlisted != unlisted.end() && first_unlisted->first.topic_uid == topic);
}

bool is_one_missing(const Context& context) {
    const auto& spus = context.catalog.spus.entries();
    return std::any_of(spus.begin(), spus.end(), [&](const auto& spu) {
        return spu.second.extra.boot != kNoBoot &&
               !context.found.admitted.contains(spu.second.object.spec.id);
    });
}

bool may_be_elsewhere(const Context& context, const PartitionRecord& record) {
    return is_one_missing(context) ||
           context.found.held.contains({record.topic_uid, record.partition});
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
