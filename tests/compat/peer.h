// One end of a connection that sends and receives whole frames as bytes.
//
// Owned by the coroutine that uses it, on the shard of `env`.
#pragma once

#include "core/env/env.h"
#include "core/rpc/frame.h"
#include "core/wire/codec.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace weir::test {

class Peer {
public:
    Peer(Env& env, std::unique_ptr<Connection> connection)
        : env_(env),
          connection_(std::move(connection)),
          reader_(*connection_, rpc::FrameLimits{4, 128U << 20}) {}

    static Task<Result<std::unique_ptr<Peer>>> connect(Env& env, HostPort address) {
        WEIR_CO_TRY(auto connection, co_await env.network.connect(address, CancelToken()));
        co_return std::make_unique<Peer>(env, std::move(connection));
    }

    // `bytes` as they are.
    Task<Result<void>> write(Bytes bytes) {
        const ByteSpan slices[] = {bytes};
        co_return co_await connection_->write(slices, CancelToken());
    }
    // `payload` after its length.
    Task<Result<void>> send(const Bytes* payload) {
        wire::Writer length;
        length.write_u32(static_cast<std::uint32_t>(payload->size()));
        const Bytes head = std::move(length).take();
        const ByteSpan slices[] = {head, *payload};
        co_return co_await connection_->write(slices, CancelToken());
    }
    // The same in pieces, which arrive one after another.
    Task<Result<void>> send_in_pieces(const Bytes* payload, std::size_t piece_size) {
        wire::Writer length;
        length.write_u32(static_cast<std::uint32_t>(payload->size()));
        Bytes bytes = std::move(length).take();
        bytes.insert(bytes.end(), payload->begin(), payload->end());
        for (std::size_t at = 0; at < bytes.size(); at += piece_size) {
            const ByteSpan slices[] = {
                ByteSpan(bytes).subspan(at, std::min(piece_size, bytes.size() - at))};
            WEIR_CO_CHECK(co_await connection_->write(slices, CancelToken()));
            WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, Duration::from_us(100)));
        }
        co_return Result<void>();
    }
    // The payload of the next frame. connection_closed when the other side has ended, timed_out
    // after `limit`.
    Task<Result<BufferSlice>> next(Duration limit) {
        Deadline deadline(env_.clock, env_.clock.now() + limit);
        Result<std::optional<BufferSlice>> frame = co_await reader_.next(deadline.token());
        if (!frame.has_value()) {
            co_return fail(deadline.translate(frame.error()));
        }
        if (!frame->has_value()) {
            co_return fail(ErrorCode::connection_closed, "closed");
        }
        co_return **std::move(frame);
    }
    Connection& connection() { return *connection_; }

private:
    Env& env_;
    std::unique_ptr<Connection> connection_;
    rpc::FrameReader reader_;
};

}  // namespace weir::test
