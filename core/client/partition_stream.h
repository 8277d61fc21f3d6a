// The stream of one partition: opens it at the right offset, decodes and acknowledges what comes,
// and opens it again after errors, where it had stopped (data-plane spec 7.5, 7.6).
//
// Owned by its Consumer; internal to it. `run` is a task of the consumer's scope.
#pragma once

#include "core/client/backoff.h"
#include "core/client/consumer.h"

#include <memory>
#include <optional>
#include <string>

namespace weir::client {

class Consumer::PartitionStream {
public:
    PartitionStream(Consumer& consumer, std::uint32_t partition, CancelToken token);

    // Until the end of the stream, an error that trying again does not help, or the token; then
    // puts the last item into the consumer's channel.
    Task<void> run();
    // The offset after the last consumed record.
    void commit(Offset position);
    // Sends the committed offset if it is new. unavailable while the stream is not open.
    Task<Result<void>> flush_offset(CancelToken token);

private:
    enum class Progress : std::uint8_t { more, end };

    // One stream on one connection; an error when it broke. `token` is cancelled, too, when another
    // SPU leads.
    Task<Result<void>> session(CancelToken token);
    Task<Result<void>> resolve_start(std::shared_ptr<ServerConnection> connection,
                                     CancelToken token);
    Task<Result<std::optional<Offset>>> stored_offset();
    Task<Result<void>> receive(AnswerStream answers, wire::Version version, CancelToken token);
    Task<Result<Progress>> take_answer(BufferSlice frame, wire::Version version);
    Task<void> acknowledge(std::shared_ptr<ServerConnection> connection, CancelSource* session);
    Task<Result<void>> acknowledge_once(std::shared_ptr<ServerConnection> connection, Offset offset,
                                        CancelToken token);
    void note_error(const wire::ApiError& error);
    void cut_after_last(ConsumedChunk& chunk) const;
    bool at_end() const;
    bool worth_another_try(const Error& error);

    Consumer& consumer_;
    Client& client_;
    const ConsumerConfig& config_;
    ReplicaKey key_;
    CancelToken token_;
    // The next offset to deliver, once it is known.
    std::optional<Offset> next_;
    // Where EndOfLog::stop stops.
    std::optional<Offset> stop_;
    std::uint32_t failure_count_ = 0;
    Backoff backoff_;

    // Of the current session; the connection and the stream id stay for the consumer's offset.
    std::shared_ptr<ServerConnection> connection_;
    std::optional<std::uint32_t> stream_id_;
    std::optional<Offset> to_acknowledge_;
    std::optional<Error> session_error_;
    Notifier acknowledge_changed_;

    // Offsets after the last record, as everywhere here; the wire has the record itself.
    std::optional<Offset> committed_;
    std::optional<Offset> flushed_;
};

}  // namespace weir::client
