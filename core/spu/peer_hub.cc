#include "core/spu/peer_hub.h"

#include <utility>
#include <variant>

namespace weir::spu {

using wire::internal::PartitionMessage;

void PeerOutbox::put(PartitionMessage message) {
    messages.push_back(std::move(message));
    changed.notify_all();
}

void PeerHub::send(SpuId to, PartitionMessage message) {
    const bool is_attach = std::holds_alternative<replication::Attach>(message.message);
    if (is_attach || std::holds_alternative<replication::Ack>(message.message)) {
        const auto found = leaders_.find(to);
        if (found != leaders_.end() && found->second->connected) {
            found->second->put(std::move(message));
        } else if (found != leaders_.end() && is_attach) {
            found->second->attaches.insert_or_assign(message.partition, std::move(message));
        }
        return;
    }
    const auto found = followers_.find(to);
    if (found != followers_.end()) {
        found->second->put(std::move(message));
    }
}

void PeerHub::has_news(FollowerNews& news) {
    const auto found = followers_.find(news.follower);
    if (found != followers_.end() && !news.linked()) {
        found->second->news.push_back(news);
        found->second->changed.notify_all();
    }
}

void PeerHub::follow(SpuId leader) {
    const auto found = leaders_.find(leader);
    if (found == leaders_.end()) {
        auto outbox = std::make_unique<LeaderOutbox>(executor_, leader);
        outbox->replica_count = 1;
        leaders_.emplace(leader, std::move(outbox));
        leaders_changed_.notify_all();
        return;
    }
    ++found->second->replica_count;
    found->second->changed.notify_all();
}

void PeerHub::unfollow(SpuId leader) {
    const auto found = leaders_.find(leader);
    WEIR_ASSERT(found != leaders_.end() && found->second->replica_count > 0);
    --found->second->replica_count;
    found->second->changed.notify_all();
}

void PeerHub::open_session(SpuId follower, FollowerOutbox& outbox) {
    const auto [entry, is_new] = followers_.try_emplace(follower, &outbox);
    if (!is_new) {
        entry->second->end.cancel();
        entry->second = &outbox;
    }
}

bool PeerHub::close_session(SpuId follower, FollowerOutbox& outbox) {
    const auto found = followers_.find(follower);
    if (found == followers_.end() || found->second != &outbox) {
        return false;
    }
    followers_.erase(found);
    return true;
}

}  // namespace weir::spu
