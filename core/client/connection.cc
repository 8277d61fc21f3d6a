#include "core/client/connection.h"

#include "core/base/mutant.h"

#include <fmt/core.h>

#include <utility>

namespace weir::client {
namespace {

constexpr std::string_view kClientVersion = "0.50.2";

}  // namespace

Result<wire::Reader> open_answer(const BufferSlice& frame) {
    wire::Reader reader(frame.span());
    WEIR_CHECK(wire::decode_response_header(reader));
    return reader;
}

AnswerStream& AnswerStream::operator=(AnswerStream&& other) noexcept {
    if (this != &other) {
        drop();
        executor_ = other.executor_;
        answers_ = std::move(other.answers_);
    }
    return *this;
}

void AnswerStream::drop() {
    // A reader that waits for room in the queue goes on when the queue is closed.
    if (answers_ != nullptr && !executor_->torn_down()) {
        answers_->close();
    }
    answers_ = nullptr;
}

Task<Result<BufferSlice>> AnswerStream::next(CancelToken token) {
    if (answers_ == nullptr) {
        co_return fail(ErrorCode::connection_closed, "no stream");
    }
    const std::shared_ptr<Channel<BufferSlice>> answers = answers_;
    co_return co_await answers->receive(token);
}

ServerConnection::ServerConnection(Env& env, std::unique_ptr<Connection> connection,
                                   HostPort address, ConnectionOptions options)
    : env_(env),
      connection_(std::move(connection)),
      address_(std::move(address)),
      options_(std::move(options)),
      reader_(*connection_, options_.limits),
      writer_(*connection_, env.executor),
      work_(env.executor),
      space_(env.executor),
      scope_(env.executor) {}

Task<Result<std::shared_ptr<ServerConnection>>> ServerConnection::open(Env& env, HostPort address,
                                                                       ConnectionOptions options,
                                                                       CancelToken token) {
    if (env.probe.fault(FaultPoint::client_connect_given_up)) {
        co_return fail(ErrorCode::timed_out, "the connect was given up");
    }
    Deadline deadline(env.clock, env.clock.now() + options.connect_timeout, token);
    Result<std::unique_ptr<Connection>> connected =
        co_await env.network.connect(address, deadline.token());
    if (!connected.has_value()) {
        Error error = deadline.translate(std::move(connected).error());
        error.context = fmt::format("connect to {}: {}", to_string(address), error.context);
        co_return fail(std::move(error));
    }
    auto opened =
        std::make_shared<ServerConnection>(env, *std::move(connected), address, std::move(options));
    Result<void> greeted = co_await opened->handshake(deadline.token());
    if (!greeted.has_value()) {
        Error error = deadline.translate(std::move(greeted).error());
        error.context = fmt::format("handshake with {}: {}", to_string(address), error.context);
        co_return fail(std::move(error));
    }
    opened->scope_.spawn(opened->read_loop());
    opened->scope_.spawn(opened->write_loop());
    co_return opened;
}

Task<Result<void>> ServerConnection::handshake(CancelToken token) {
    wire::ApiVersionsRequest request;
    request.client_version = kClientVersion;
    request.client_os = "linux";
    request.client_arch = "x86_64";
    // Correlation id 1 comes again with the first call, as in the reference's clients.
    rpc::OutFrame frame;
    frame.head =
        encode_request(CorrelationId(1), static_cast<std::uint16_t>(wire::SpuApi::api_versions),
                       wire::kApiVersionsVersion, request);
    WEIR_CO_CHECK(co_await writer_.send(std::move(frame), token));
    WEIR_CO_TRY(const std::optional<BufferSlice> answer, co_await reader_.next(token));
    if (!answer.has_value()) {
        co_return fail(ErrorCode::connection_closed, "the server closed the connection");
    }
    WEIR_CO_TRY(wire::Reader reader, open_answer(*answer));
    WEIR_CO_TRY(versions_, wire::decode_api_versions_response(reader, wire::kApiVersionsVersion));
    if (!versions_.error.ok()) {
        co_return fail(ErrorCode::unavailable, "ApiVersions: " + to_string(versions_.error));
    }
    co_return Result<void>();
}

wire::Version ServerConnection::version_for(const wire::ApiRange& own) const {
    const std::optional<wire::ApiRange> advertised =
        wire::find_range(versions_, static_cast<std::uint16_t>(own.api_key));
    if (!advertised.has_value()) {
        return own.version_max;
    }
    return wire::choose_version(*advertised, own).value_or(own.version_max);
}

CorrelationId ServerConnection::next_id() {
    const CorrelationId id(next_id_);
    next_id_ = next_id_ == std::numeric_limits<std::int32_t>::max() ? 1 : next_id_ + 1;
    return id;
}

void ServerConnection::begin(wire::Writer& writer, CorrelationId id, std::uint16_t api_key,
                             wire::Version version) const {
    wire::RequestHeader header;
    header.api_key = api_key;
    header.api_version = version;
    header.correlation_id = id;
    header.client_id = options_.client_id;
    wire::begin_request(writer, header);
}

void ServerConnection::enqueue(Bytes frame) {
    rpc::OutFrame out;
    out.head = std::move(frame);
    writer_.enqueue(std::move(out));
    work_.notify_all();
}

Task<Result<BufferSlice>> ServerConnection::exchange(CorrelationId id, Bytes frame,
                                                     Instant deadline, CancelToken token) {
    Deadline limit(env_.clock, deadline, token);
    while (usable() && writer_.queued_size_bytes() > kQueuedBytesMax) {
        Result<void> waited = co_await space_.wait(limit.token());
        if (!waited.has_value()) {
            co_return fail(ErrorCode::unavailable, "not sent: the connection's queue stayed full");
        }
    }
    if (!usable()) {
        co_return fail(ErrorCode::unavailable, "not sent: " + to_string(*failure_));
    }
    Call call(env_.executor, id);
    calls_.push_back(call);
    enqueue(std::move(frame));
    Result<void> waited = co_await call.done.wait(limit.token());
    call.unlink();
    if (call.answer.has_value()) {
        co_return *std::move(call.answer);
    }
    if (failure_.has_value()) {
        Error failure = *failure_;
        if (failure.code == ErrorCode::unavailable && !mutant(Mutant::sent_taken_for_not_sent)) {
            // That would say that it was not sent, which nobody knows any more.
            failure.code = ErrorCode::connection_closed;
        }
        co_return fail(std::move(failure));
    }
    Error error = waited.has_value() ? Error(ErrorCode::connection_closed, "no answer")
                                     : limit.translate(std::move(waited).error());
    error.context = fmt::format("no answer from {} in time", to_string(address_));
    co_return fail(std::move(error));
}

Result<AnswerStream> ServerConnection::start_stream(CorrelationId id, Bytes frame) {
    if (!usable()) {
        return fail(ErrorCode::unavailable, "not sent: " + to_string(*failure_));
    }
    auto answers = std::make_shared<Channel<BufferSlice>>(env_.executor, kStreamQueueSize);
    streams_[id] = answers;
    enqueue(std::move(frame));
    return AnswerStream(env_.executor, std::move(answers));
}

Task<void> ServerConnection::write_loop() {
    while (usable()) {
        if (writer_.queued_size_bytes() == 0) {
            const Result<void> waited = co_await work_.wait(scope_.token());
            if (!waited.has_value()) {
                co_return;
            }
            continue;
        }
        Result<void> written = co_await writer_.flush(scope_.token());
        if (!written.has_value()) {
            abandon(written.error());
            co_return;
        }
        space_.notify_all();
    }
}

Task<void> ServerConnection::read_loop() {
    while (usable()) {
        Result<std::optional<BufferSlice>> received = co_await reader_.next(scope_.token());
        if (!received.has_value()) {
            abandon(received.error());
            co_return;
        }
        if (!received->has_value()) {
            abandon(Error(ErrorCode::connection_closed,
                          fmt::format("{} closed the connection", to_string(address_))));
            co_return;
        }
        BufferSlice frame = **std::move(received);
        wire::Reader reader(frame.span());
        const Result<CorrelationId> id = wire::decode_response_header(reader);
        if (!id.has_value()) {
            abandon(id.error());
            co_return;
        }
        co_await deliver(*id, std::move(frame));
    }
}

ServerConnection::Call* ServerConnection::find_call(CorrelationId id) {
    Call* found = nullptr;
    calls_.for_each([&](Call& call) {
        if (call.id == id) {
            found = &call;
        }
    });
    return found;
}

Task<void> ServerConnection::deliver(CorrelationId id, BufferSlice frame) {
    if (Call* call = find_call(id)) {
        call->unlink();
        call->answer = std::move(frame);
        call->done.set();
        co_return;
    }
    const auto stream = streams_.find(id);
    if (stream == streams_.end()) {
        // Timed out, or dropped: nobody waits for it any more.
        co_return;
    }
    const std::shared_ptr<Channel<BufferSlice>> answers = stream->second;
    const Result<void> sent = co_await answers->send(std::move(frame), scope_.token());
    if (!sent.has_value() && answers->closed()) {
        streams_.erase(id);
    }
}

void ServerConnection::abandon(const Error& error) {
    if (failure_.has_value()) {
        return;
    }
    failure_ = error;
    connection_->reset();
    while (!calls_.empty()) {
        calls_.pop_front().done.set();
    }
    for (const auto& [id, answers] : streams_) {
        answers->close();
    }
    streams_.clear();
    work_.notify_all();
    space_.notify_all();
}

Task<void> ServerConnection::close() {
    abandon(Error(ErrorCode::unavailable, "closed by this client"));
    co_await scope_.close();
}

}  // namespace weir::client
