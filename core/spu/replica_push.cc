// What a replica that leads sends to its followers.

#include "core/base/mutant.h"
#include "core/model/batch.h"
#include "core/spu/replica.h"
#include "core/spu/replica_manager.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::spu {

using replication::BatchMark;
using replication::Push;

// One for each other replica of the record; those that stay keep what is known of them.
void Replica::make_followers() {
    const PartitionRecord& record = state_->record();
    std::vector<SpuId> wanted;
    for (const auto* replicas : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *replicas) {
            if (replica.spu != context_.config.id) {
                wanted.push_back(replica.spu);
            }
        }
    }
    std::erase_if(followers_, [&](const auto& news) {
        return std::find(wanted.begin(), wanted.end(), news->follower) == wanted.end();
    });
    for (const SpuId spu : wanted) {
        const bool is_known =
            std::any_of(followers_.begin(), followers_.end(),
                        [spu](const auto& news) { return news->follower == spu; });
        if (!is_known) {
            followers_.push_back(std::make_unique<FollowerNews>(*this, spu));
        }
    }
}

void Replica::tell_followers() {
    for (const auto& news : followers_) {
        context_.peers.has_news(*news);
    }
}

void Replica::tell_follower(SpuId spu) {
    for (const auto& news : followers_) {
        if (news->follower == spu) {
            context_.peers.has_news(*news);
        }
    }
}

// The rules are asked again after the read: the session may have ended meanwhile.
Task<Result<bool>> Replica::push(SpuId follower, FollowerOutbox& outbox) {
    if (!leads()) {
        co_return false;
    }
    const std::optional<Push> push = state_->next_push(follower, context_.moment(partition()));
    if (!push.has_value()) {
        co_return false;
    }
    BufferSlice batches;
    if (push->bytes_max > 0) {
        log::ReadRequest request;
        request.offset = push->base;
        request.limit = state_->log().leo;
        request.size_bytes_max = push->bytes_max;
        const std::shared_ptr<log::Log> log = log_;
        Result<BufferSlice> read = co_await log->read_checked(request);
        if (!read.has_value()) {
            if (read.error().code == ErrorCode::offset_evicted) {
                co_return fail(read.error());
            }
            read_failed(read.error());
            co_return false;
        }
        batches = *std::move(read);
        if (mutant(Mutant::large_batch_cut) && batches.size() > push->bytes_max) {
            co_return false;
        }
    }
    if (!leads()) {
        co_return false;
    }
    std::vector<BatchMark> marks;
    BatchWalker walker(batches.span(), BatchWalker::Check::header);
    while (const auto batch = walker.next()) {
        marks.push_back(BatchMark{batch->header.base_offset, batch->header.next_offset(),
                                  batch->header.partition_leader_epoch});
    }
    replication::Effects effects;
    state_->pushed(follower, *push, marks, batches.size(), context_.moment(partition()), effects);
    for (replication::Effect& effect : effects) {
        auto& to_peer = std::get<replication::ToPeer>(effect);
        wire::internal::PartitionMessage message{partition(), std::move(to_peer.message), {}};
        if (!batches.empty()) {
            message.batches.push_back(batches);
        }
        outbox.put(std::move(message));
    }
    co_return !marks.empty();
}

}  // namespace weir::spu
