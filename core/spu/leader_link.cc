#include "core/spu/leader_link.h"

#include "core/spu/peer_wire.h"
#include "core/task/task_scope.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::spu {

using namespace wire::internal;

namespace {

// One SPU that is followed, for the life of the process.
class LeaderLink {
public:
    LeaderLink(Context& context, ReplicaManager& replicas, LeaderOutbox& outbox)
        : context_(context),
          replicas_(replicas),
          outbox_(outbox),
          logger_(context.logger("spu.leader_link")) {}

    Task<void> run(CancelToken token);

private:
    Task<Result<void>> connect_and_serve(CancelToken token);
    Task<Result<void>> serve(Connection& connection, CancelToken token);
    Task<void> receive(rpc::FrameReader& reader, CancelSource& end);
    Task<void> send(rpc::FrameWriter& writer, wire::Version version, CancelSource& end);
    void note_end(const Error& error, CancelSource& end);

    Context& context_;
    ReplicaManager& replicas_;
    LeaderOutbox& outbox_;
    Logger logger_;
    Error end_error_{ErrorCode::connection_closed, "the peer closed the connection"};
    // The last attempt got as far as the welcome.
    bool was_welcome_ = false;
};

Task<void> LeaderLink::run(CancelToken token) {
    const Config& config = context_.config;
    Duration delay = config.leader_retry_delay_min;
    ErrorCode last = ErrorCode::cancelled;
    while (!token.cancelled()) {
        if (outbox_.replica_count == 0) {
            const Result<void> wanted = co_await outbox_.changed.wait(token);
            WEIR_MAYBE(wanted.has_value());
            continue;
        }
        was_welcome_ = false;
        const Result<void> result = co_await connect_and_serve(token);
        if (token.cancelled()) {
            co_return;
        }
        if (!result.has_value() && result.error().code != last) {
            // One line for each kind of failure, not for each attempt.
            last = result.error().code;
            WEIR_LOG(logger_, info, "SPU {}, which leads what is followed here: {}",
                     outbox_.leader.value(), to_string(result.error()));
        }
        delay = was_welcome_ ? config.leader_retry_delay_min
                             : std::min(delay * 2, config.leader_retry_delay_max);
        const Result<void> slept =
            co_await sleep_for(context_.env.clock, context_.env.executor, delay, token);
        WEIR_MAYBE(slept.has_value());
    }
}

Task<Result<void>> LeaderLink::connect_and_serve(CancelToken token) {
    const auto found = context_.cluster.spus.find(outbox_.leader);
    if (found == context_.cluster.spus.end()) {
        co_return fail(ErrorCode::not_found, "the SC has not told its address");
    }
    const HostPort where{found->second.private_host, found->second.private_port};
    std::unique_ptr<Connection> connection;
    {
        const Instant limit = context_.env.clock.now() + context_.config.peer_timeout;
        Deadline deadline(context_.env.clock, limit, token);
        auto connected = co_await context_.env.network.connect(where, deadline.token());
        if (!connected.has_value()) {
            co_return fail(deadline.translate(std::move(connected).error()));
        }
        connection = *std::move(connected);
    }
    const Result<void> served = co_await serve(*connection, token);
    outbox_.connected = false;
    outbox_.messages.clear();
    if (was_welcome_) {
        replicas_.leader_gone(outbox_.leader);
    }
    co_return served;
}

Task<Result<void>> LeaderLink::serve(Connection& connection, CancelToken token) {
    rpc::FrameReader reader(connection, peer_frame_limits(context_.config));
    rpc::FrameWriter writer(connection, context_.env.executor);
    wire::Version version = 0;
    {
        const Instant limit = context_.env.clock.now() + context_.config.peer_timeout;
        Deadline deadline(context_.env.clock, limit, token);
        const Result<wire::Version> greeted =
            co_await greet_peer(context_, reader, writer, outbox_.leader, deadline.token());
        if (!greeted.has_value()) {
            co_return fail(deadline.translate(greeted.error()));
        }
        version = *greeted;
    }
    was_welcome_ = true;
    outbox_.connected = true;
    for (auto& [partition, attach] : outbox_.attaches) {
        outbox_.messages.push_back(std::move(attach));
    }
    outbox_.attaches.clear();
    end_error_ = Error(ErrorCode::connection_closed, "the peer closed the connection");
    CancelSource end(token);
    TaskScope scope(context_.env.executor, end.token());
    scope.spawn(receive(reader, end));
    scope.spawn(send(writer, version, end));
    co_await scope.join();
    if (outbox_.replica_count == 0) {
        co_return Result<void>();
    }
    co_return fail(end_error_);
}

void LeaderLink::note_end(const Error& error, CancelSource& end) {
    if (!end.cancelled()) {
        end_error_ = error;
    }
    end.cancel();
}

Task<void> LeaderLink::receive(rpc::FrameReader& reader, CancelSource& end) {
    while (true) {
        auto frame = co_await reader.next(end.token());
        if (!frame.has_value()) {
            note_end(frame.error(), end);
            co_return;
        }
        if (!frame->has_value()) {
            end.cancel();
            co_return;
        }
        BufferSlice bytes = **std::move(frame);
        const Result<void> taken =
            co_await take_partition_frame(replicas_, std::move(bytes), end.token());
        if (!taken.has_value()) {
            note_end(taken.error(), end);
            co_return;
        }
    }
}

Task<void> LeaderLink::send(rpc::FrameWriter& writer, wire::Version version, CancelSource& end) {
    while (!end.cancelled()) {
        if (outbox_.replica_count == 0) {
            end.cancel();
            co_return;
        }
        if (outbox_.messages.empty()) {
            const Result<void> changed = co_await outbox_.changed.wait(end.token());
            if (!changed.has_value()) {
                co_return;
            }
            // What the turn brings goes into one frame.
            co_await turn_end(context_.env.executor);
            continue;
        }
        rpc::OutFrame frame =
            partition_frame(std::exchange(outbox_.messages, {}), version, writer.take_spare());
        const Result<void> sent = co_await writer.send(std::move(frame), end.token());
        if (!sent.has_value()) {
            note_end(sent.error(), end);
            co_return;
        }
    }
}

Task<void> run_link(Context& context, ReplicaManager& replicas, LeaderOutbox& outbox,
                    CancelToken token) {
    LeaderLink link(context, replicas, outbox);
    co_await link.run(token);
}

}  // namespace

Task<void> run_leader_links(Context& context, ReplicaManager& replicas, CancelToken token) {
    TaskScope links(context.env.executor, token);
    std::map<SpuId, bool> running;
    while (true) {
        for (const auto& [leader, outbox] : context.peers.leaders()) {
            if (running.try_emplace(leader, true).second) {
                links.spawn(run_link(context, replicas, *outbox, links.token()));
            }
        }
        const Result<void> changed = co_await context.peers.leaders_changed().wait(token);
        if (!changed.has_value()) {
            break;
        }
    }
    co_await links.close();
}

}  // namespace weir::spu
