// For tests: a client connection that sends and receives single frames, so that a test sees exactly
// what the server answers and when.
#pragma once

#include "core/env/env.h"
#include "core/model/batch.h"
#include "core/rpc/frame.h"
#include "core/wire/api_key.h"
#include "core/wire/header.h"
#include "core/wire/produce.h"
#include "core/wire/record.h"

#include <map>
#include <string>

namespace weir::test {

class RawClient {
public:
    RawClient(Env& env, std::unique_ptr<Connection> connection)
        : env_(env),
          connection_(std::move(connection)),
          reader_(*connection_, rpc::FrameLimits{4, 128U << 20}),
          writer_(*connection_, env.executor) {}

    static Task<Result<std::unique_ptr<RawClient>>> connect(Env& env, HostPort address) {
        WEIR_CO_TRY(auto connection, co_await env.network.connect(address, CancelToken()));
        co_return std::make_unique<RawClient>(env, std::move(connection));
    }

    // Sends a request; its correlation id.
    template <typename T>
    Task<Result<CorrelationId>> send(wire::SpuApi api, T body, wire::Version version) {
        const CorrelationId id(++last_id_);
        wire::Writer writer;
        wire::RequestHeader header;
        header.api_key = static_cast<std::uint16_t>(api);
        header.api_version = version;
        header.correlation_id = id;
        header.client_id = "test";
        wire::begin_request(writer, header);
        encode(writer, body, version < 0 || version > 25 ? wire::Version(25) : version);
        wire::finish_frame(writer);
        rpc::OutFrame frame;
        frame.head = std::move(writer).take();
        WEIR_CO_CHECK(co_await writer_.send(std::move(frame), CancelToken()));
        co_return id;
    }
    Task<Result<void>> send_bytes(Bytes bytes) {
        rpc::OutFrame frame;
        frame.head = std::move(bytes);
        co_return co_await writer_.send(std::move(frame), CancelToken());
    }

    struct Answer {
        CorrelationId id;
        BufferSlice body;
    };
    // The next frame; connection_closed when the server has closed, timed_out after `limit`.
    Task<Result<Answer>> next(Duration limit = Duration::from_s(30)) {
        Deadline deadline(env_.clock, env_.clock.now() + limit);
        Result<std::optional<BufferSlice>> frame = co_await reader_.next(deadline.token());
        if (!frame.has_value()) {
            co_return fail(deadline.translate(frame.error()));
        }
        if (!frame->has_value()) {
            co_return fail(ErrorCode::connection_closed, "closed");
        }
        wire::Reader reader((*frame)->span());
        Answer answer;
        WEIR_CO_TRY(answer.id, wire::decode_response_header(reader));
        answer.body = (*frame)->sub(reader.position(), reader.remaining());
        co_return answer;
    }

private:
    Env& env_;
    std::unique_ptr<Connection> connection_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    std::int32_t last_id_ = 0;
};

// One batch of these values, as a client sends it.
inline Bytes batch_of(const std::vector<std::string>& values) {
    wire::PayloadBuilder payload;
    for (const std::string& value : values) {
        payload.add(std::nullopt, as_bytes(value), 0);
    }
    BatchHeader header;
    header.base_offset = Offset(static_cast<std::int64_t>(values.size()) - 1);
    header.last_offset_delta = static_cast<std::int32_t>(values.size()) - 1;
    header.first_timestamp = header.max_time_stamp = 1'700'000'000'000;
    const Bytes bytes = std::move(payload).take();
    return make_batch(header, bytes);
}

inline wire::ProduceRequest produce_of(const std::string& topic, const Bytes& records,
                                       std::int16_t acks = -1) {
    wire::ProduceRequest request;
    request.acks = acks;
    request.timeout_ms = 1'500;
    wire::ProducePartition partition;
    partition.records = BufferSlice(Buffer::copy_of(records));
    wire::ProduceTopic entry;
    entry.name = topic;
    entry.partitions.push_back(std::move(partition));
    request.topics.push_back(std::move(entry));
    return request;
}

}  // namespace weir::test
