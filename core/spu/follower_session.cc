#include "core/spu/follower_session.h"

#include "core/spu/peer_wire.h"

#include <utility>

namespace weir::spu {

namespace {

std::size_t batch_bytes(const std::vector<wire::internal::PartitionMessage>& messages,
                        std::size_t first) {
    std::size_t bytes = 0;
    for (std::size_t i = first; i < messages.size(); ++i) {
        for (const BufferSlice& slice : messages[i].batches) {
            bytes += slice.size();
        }
    }
    return bytes;
}

}  // namespace

FollowerSession::FollowerSession(Context& context, ReplicaManager& replicas,
                                 rpc::FrameWriter& writer, SpuId follower, wire::Version version,
                                 CancelToken token)
    : context_(context),
      replicas_(replicas),
      writer_(writer),
      follower_(follower),
      version_(version),
      outbox_(context.env.executor, token) {
    context_.peers.open_session(follower_, outbox_);
    // What was attached on an older connection is not attached on this one.
    replicas_.follower_gone(follower_);
}

Task<Result<void>> FollowerSession::take(BufferSlice frame) {
    return take_partition_frame(replicas_, std::move(frame), end());
}

Task<void> FollowerSession::push_all() {
    while (!outbox_.end.cancelled()) {
        if (outbox_.messages.empty() && outbox_.news.empty()) {
            const Result<void> changed = co_await outbox_.changed.wait(end());
            if (changed.has_value()) {
                // What the turn brings goes into one frame.
                co_await turn_end(context_.env.executor);
            }
            continue;
        }
        const Result<void> pushed = co_await push_some();
        if (!pushed.has_value()) {
            outbox_.end.cancel();
        }
    }
    if (context_.peers.close_session(follower_, outbox_)) {
        replicas_.follower_gone(follower_);
    }
}

// One frame. In order of the outbox: what a replica has answered comes before what it pushes.
Task<Result<void>> FollowerSession::push_some() {
    std::size_t bytes = batch_bytes(outbox_.messages, 0);
    while (!outbox_.news.empty() && bytes < context_.config.push_frame_bytes) {
        FollowerNews& news = outbox_.news.pop_front();
        const std::shared_ptr<Replica> replica = news.replica.shared_from_this();
        const std::size_t first = outbox_.messages.size();
        WEIR_CO_TRY(const bool more, co_await replica->push(follower_, outbox_));
        bytes += batch_bytes(outbox_.messages, first);
        if (more) {
            replica->tell_follower(follower_);
        }
    }
    if (outbox_.messages.empty()) {
        co_return Result<void>();
    }
    rpc::OutFrame frame =
        partition_frame(std::exchange(outbox_.messages, {}), version_, writer_.take_spare());
    co_return co_await writer_.send(std::move(frame), end());
}

}  // namespace weir::spu
