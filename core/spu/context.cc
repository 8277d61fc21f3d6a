#include "core/spu/context.h"

#include "core/base/mutant.h"

namespace weir::spu {

void ClusterView::apply(const wire::internal::Assignments& change) {
    if (change.full) {
        topics.clear();
        spus.clear();
    }
    for (const wire::internal::TopicRef& topic : change.removed_topics) {
        const auto found = topics.find(topic.name);
        if (found != topics.end() && found->second == topic.uid) {
            topics.erase(found);
        }
    }
    for (const SpuId id : change.removed_spus) {
        spus.erase(id);
    }
    for (const wire::internal::TopicRef& topic : change.topics) {
        topics.insert_or_assign(topic.name, topic.uid);
    }
    for (const wire::internal::SpuAddress& spu : change.spus) {
        spus.insert_or_assign(spu.id, spu);
    }
    if (change.smartmodules.has_value()) {
        smartmodules.clear();
        smartmodules.insert(change.smartmodules->begin(), change.smartmodules->end());
    }
    offsets_leader = change.offsets_leader;
}

bool ClusterView::has_topic(const std::string& name, const Uid& uid) const {
    const auto found = topics.find(name);
    return found != topics.end() && found->second == uid;
}

replication::Moment Context::moment(const wire::internal::PartitionRef& partition) const {
    const Instant now = env.clock.now();
    const bool in_doubt = terms.doubted.contains(partition);
    Instant lease_end = in_doubt ? Instant() : terms.lease_end;
    if (mutant(Mutant::lease_by_wall_clock)) {
        lease_end = now + (lease_end - Instant::from_ns(env.clock.wall_now().ns()));
    }
    return {now, lease_end, in_doubt};
}

}  // namespace weir::spu
