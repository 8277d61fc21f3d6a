// Replicas that the SC does not list, without having taken them away.

#include "core/base/mutant.h"
#include "core/spu/replica_manager.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::spu {

using wire::internal::ReplicaAssignment;
using wire::internal::ReplicaRef;

void ReplicaManager::set_unlisted_aside(const wire::internal::Assignments& change) {
    std::set<ReplicaRef> listed;
    for (const ReplicaAssignment& assignment : change.replicas) {
        listed.insert(ReplicaRef{assignment.key, assignment.record.topic_uid});
    }
    std::vector<std::shared_ptr<Replica>> unlisted;
    for (const auto& [key, replica] : replicas_) {
        if (!listed.contains(replica->ref())) {
            unlisted.push_back(replica);
        }
    }
    for (std::shared_ptr<Replica>& replica : unlisted) {
        replicas_.erase(replica->key());
        by_partition_.erase(replica->partition());
        reported_.erase(replica->key());
        replica->unlink();
        replica->set_aside();
        // The same SC has assigned it before.
        claimed_any_ = true;
        const ReplicaRef ref = replica->ref();
        unclaimed_.insert_or_assign(ref, Unclaimed{std::move(replica), std::nullopt});
    }
}

// Folders that no assignment wants. A topic that was deleted while this SPU was away leaves such a
// folder; so does an SC whose metadata were restored from a backup, and it cannot be told which. An
// SC that knows none of what is here is another one, or has lost everything: then their time does
// not even begin.
void ReplicaManager::note_orphans() {
    const bool known =
        claimed_any_ || std::any_of(unclaimed_.begin(), unclaimed_.end(), [this](const auto& one) {
            return context_.cluster.has_topic(one.first.key.topic, one.first.topic_uid);
        });
    if (!known && !unclaimed_.empty()) {
        WEIR_LOG(logger_, warn,
                 "{} replicas in {} belong to no topic that the SC knows; they are kept",
                 unclaimed_.size(), dir_);
        return;
    }
    for (auto& [ref, unclaimed] : unclaimed_) {
        if (!unclaimed.since.has_value()) {
            WEIR_LOG(
                logger_, warn, "the SC does not list {} (topic {}) any more; it is kept for {} s",
                to_string(ref.key), to_string(ref.topic_uid), context_.config.unlisted_grace.s());
            unclaimed.since = context_.env.clock.now();
            unclaimed.replica->note_unlisted();
        }
    }
    if (mutant(Mutant::unlisted_deleted_at_once)) {
        drop_old_orphans();
    }
}

void ReplicaManager::drop_old_orphans() {
    const Instant now = context_.env.clock.now();
    std::vector<ReplicaRef> old;
    for (const auto& [ref, unclaimed] : unclaimed_) {
        const bool is_old =
            unclaimed.since.has_value() && now - *unclaimed.since >= context_.config.unlisted_grace;
        if (is_old || (unclaimed.since.has_value() && mutant(Mutant::unlisted_deleted_at_once))) {
            old.push_back(ref);
        }
    }
    for (const ReplicaRef& ref : old) {
        WEIR_LOG(logger_, info, "{} is deleted: the SC has not listed it for a long time",
                 to_string(ref.key));
        context_.env.probe.reached(Sometimes::spu_orphan_removed);
        drop(ref);
    }
}

}  // namespace weir::spu
