// What the rules of the replicas have to tell the SC, until the link to it has sent that.
//
// Of one partition and one kind of message only the newest is kept: each of them makes the older
// ones void, and while the SC cannot be reached they must not pile up. Owner: the Context. One
// shard.
#pragma once

#include "core/replication/messages.h"
#include "core/task/sync.h"
#include "core/wire/internal.h"

#include <cstddef>
#include <map>
#include <utility>

namespace weir::spu {

class ScOutbox {
public:
    explicit ScOutbox(Executor& executor) : due_(executor) {}

    void put(const wire::internal::PartitionRef& partition, replication::ScMessage message) {
        const Key key{partition, message.index()};
        waiting_.insert_or_assign(key, std::move(message));
        due_.notify_all();
    }
    bool empty() const { return waiting_.empty(); }
    // Notified when it is no longer empty.
    Notifier& due() { return due_; }
    // Everything, and forgets it.
    wire::internal::ScMessages take() {
        wire::internal::ScMessages taken;
        for (auto& [key, message] : waiting_) {
            taken.messages.push_back({key.first, std::move(message)});
        }
        waiting_.clear();
        return taken;
    }

private:
    using Key = std::pair<wire::internal::PartitionRef, std::size_t>;
    std::map<Key, replication::ScMessage> waiting_;
    Notifier due_;
};

}  // namespace weir::spu
