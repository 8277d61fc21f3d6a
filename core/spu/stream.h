// One StreamFetch (data-plane spec 4.5): sends what the partition has from an offset on, one
// response at a time, the next one when the consumer has acknowledged.
//
// Owner: the connection, which spawns run() into its scope and keeps the object until it closes.
// The object notes acknowledgements and changes; run() decides. It holds an offset, never a buffer:
// a consumer that does not acknowledge costs nothing but the object.
#pragma once

#include "core/rpc/frame.h"
#include "core/spu/replica.h"
#include "core/wire/stream_fetch.h"

#include <memory>
#include <optional>
#include <string>

namespace weir::spu {

struct StreamStart {
    std::uint32_t stream_id = 0;
    CorrelationId correlation_id;
    wire::Version version = 0;
    wire::StreamFetchRequest request;
};

class Stream : public ReplicaWatcher {
public:
    // `writer` and `context` outlive the stream.
    Stream(Context& context, rpc::FrameWriter& writer, std::shared_ptr<Replica> replica,
           StreamStart start);

    const ReplicaKey& key() const { return replica_->key(); }
    const Uid& topic_uid() const { return replica_->topic_uid(); }
    const std::optional<std::string>& consumer_id() const { return start_.request.consumer_id; }

    // The consumer wants `offset` next. Only the latest counts; negative ones are ignored.
    void acknowledge(std::int64_t offset);
    void replica_changed() override { wake(); }

    // Until the stream has ended with an error response, the writer has failed, or the token is
    // cancelled.
    Task<void> run(CancelToken token);

private:
    Task<Result<void>> serve(CancelToken token);
    Task<Result<void>> wait(log::Log* log, CancelToken token);
    Task<Result<void>> send_slice(log::LogSlice slice, Offset high_watermark, Offset log_start,
                                  CancelToken token);
    Task<Result<void>> send_error(wire::ApiError error, CancelToken token);
    wire::StreamFetchResponse empty_response() const;
    void wake();

    Context& context_;
    rpc::FrameWriter& writer_;
    std::shared_ptr<Replica> replica_;
    StreamStart start_;
    // The latest acknowledgement that run() has not seen.
    std::optional<Offset> acknowledged_;
    // What the consumer wants next; none while its acknowledgement is awaited.
    std::optional<Offset> wanted_;
    // Cancelled by wake() to end the wait in progress.
    CancelSource* interrupt_ = nullptr;
};

// The answer when this SPU does not serve the partition: there is no stream then.
wire::StreamFetchResponse refuse_stream(const wire::StreamFetchRequest& request,
                                        std::uint32_t stream_id, wire::ApiError error);
// A response of a stream as a frame: head, then the records of `slice` (may be empty). The
// head is built in the empty buffer `into`.
rpc::OutFrame stream_frame(CorrelationId correlation_id, wire::Version version,
                           const wire::StreamFetchResponse& response, log::LogSlice slice,
                           Bytes into);

}  // namespace weir::spu
