// One connection to a server, shared by all calls to it: the ApiVersions handshake, then requests
// of many tasks interleaved and their answers told apart by correlation id (data-plane spec 1.5).
//
// Made by `open` and owned by whoever opened it (the Client's pool), who awaits `close()` before
// the last reference goes. One shard. After the first transport error nothing works any more: every
// waiting call and stream gets that error, and `usable()` is false. Errors of calls: unavailable
// (the request was certainly not sent), else connection_closed, timed_out, cancelled, malformed (it
// may have been sent and may have taken effect).
#pragma once

#include "core/base/ids.h"
#include "core/base/intrusive_list.h"
#include "core/base/log.h"
#include "core/env/env.h"
#include "core/rpc/frame.h"
#include "core/task/channel.h"
#include "core/task/task_scope.h"
#include "core/wire/api_versions.h"
#include "core/wire/header.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace weir::client {

struct ConnectionOptions {
    // Free text that servers log.
    std::string client_id = "weir";
    // From the start of the connect to the end of the handshake.
    Duration connect_timeout = Duration::from_s(10);
    rpc::FrameLimits limits;
};

// One answer: the whole frame after its length, so that record sets inside can be sliced. Decode it
// with a reader over `frame.span()` that has read the response header (`open_answer`).
Result<wire::Reader> open_answer(const BufferSlice& frame);

// Answers of one request that has many. Dropping it tells the server nothing; later answers are
// thrown away.
class AnswerStream {
public:
    explicit AnswerStream(Executor& executor) : executor_(&executor) {}
    AnswerStream(Executor& executor, std::shared_ptr<Channel<BufferSlice>> answers)
        : executor_(&executor), answers_(std::move(answers)) {}
    AnswerStream(AnswerStream&&) = default;
    AnswerStream& operator=(AnswerStream&& other) noexcept;
    ~AnswerStream() { drop(); }

    // connection_closed when the connection has ended and everything received was taken.
    Task<Result<BufferSlice>> next(CancelToken token);

private:
    void drop();
    Executor* executor_;
    std::shared_ptr<Channel<BufferSlice>> answers_;
};

class ServerConnection {
public:
    // Unread answers of one stream; more stop the reading of the whole connection.
    static constexpr std::size_t kStreamQueueSize = 10;
    // Calls wait while more than this is queued for sending.
    static constexpr std::uint64_t kQueuedBytesMax = std::uint64_t{64} << 20U;

    static Task<Result<std::shared_ptr<ServerConnection>>> open(Env& env, HostPort address,
                                                                ConnectionOptions options,
                                                                CancelToken token);
    ServerConnection(Env& env, std::unique_ptr<Connection> connection, HostPort address,
                     ConnectionOptions options);
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;

    const HostPort& address() const { return address_; }
    bool usable() const { return !failure_.has_value(); }
    const wire::ApiVersionsResponse& versions() const { return versions_; }
    // The highest common version; `own.version_max` when the server does not list the API at all or
    // not in a common version (it is asked all the same, as the reference's clients do).
    wire::Version version_for(const wire::ApiRange& own) const;

    // Sends `request` and waits for its answer, at most until `deadline`.
    template <typename Request>
    WEIR_CORO_WRAPPER Task<Result<BufferSlice>> call(std::uint16_t api_key, wire::Version version,
                                                     const Request& request, Instant deadline,
                                                     CancelToken token) {
        const CorrelationId id = next_id();
        return exchange(id, encode_request(id, api_key, version, request), deadline, token);
    }

    // Sends `request` and gives all its answers.
    template <typename Request>
    Result<AnswerStream> open_stream(std::uint16_t api_key, wire::Version version,
                                     const Request& request) {
        const CorrelationId id = next_id();
        return start_stream(id, encode_request(id, api_key, version, request));
    }

    // Fails everything with `error` and drops the connection; close() is still needed.
    void abandon(const Error& error);
    // Waits until nothing of it runs any more.
    Task<void> close();

private:
    // Lies in the frame of the caller.
    struct Call : ListNode {
        Call(Executor& executor, CorrelationId call_id) : done(executor), id(call_id) {}
        Event done;
        CorrelationId id;
        std::optional<BufferSlice> answer;
    };

    CorrelationId next_id();
    template <typename Request>
    Bytes encode_request(CorrelationId id, std::uint16_t api_key, wire::Version version,
                         const Request& request) {
        wire::Writer writer(writer_.take_spare());
        begin(writer, id, api_key, version);
        encode(writer, request, version);
        wire::finish_frame(writer);
        return std::move(writer).take();
    }
    void begin(wire::Writer& writer, CorrelationId id, std::uint16_t api_key,
               wire::Version version) const;
    Task<Result<void>> handshake(CancelToken token);
    Task<Result<BufferSlice>> exchange(CorrelationId id, Bytes frame, Instant deadline,
                                       CancelToken token);
    Result<AnswerStream> start_stream(CorrelationId id, Bytes frame);
    void enqueue(Bytes frame);
    Task<void> read_loop();
    Task<void> write_loop();
    Task<void> deliver(CorrelationId id, BufferSlice frame);
    Call* find_call(CorrelationId id);

    Env& env_;
    std::unique_ptr<Connection> connection_;
    HostPort address_;
    ConnectionOptions options_;
    wire::ApiVersionsResponse versions_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    Notifier work_;
    Notifier space_;
    std::int32_t next_id_ = 1;
    // In the order of their requests: that of the answers, as a rule.
    IntrusiveList<Call> calls_;
    std::map<CorrelationId, std::shared_ptr<Channel<BufferSlice>>> streams_;
    std::optional<Error> failure_;
    TaskScope scope_;
};

}  // namespace weir::client
