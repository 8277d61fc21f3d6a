#include "core/spu/context.h"

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
    return {env.clock.now(), terms.doubted.contains(partition) ? Instant() : terms.lease_end};
}

}  // namespace weir::spu
