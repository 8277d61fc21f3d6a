#include "tests/compat/data_plane_fields.h"

#include "core/model/batch.h"
#include "core/wire/consumer_offsets.h"
#include "core/wire/fetch_offsets.h"
#include "core/wire/produce.h"
#include "core/wire/stream_fetch.h"
#include "core/wire/update_offsets.h"

namespace weir::test {
namespace {

using wire::Reader;
using wire::Version;

std::string text_of(const wire::ApiError& error) {
    return std::to_string(static_cast<int>(error.tag)) + " " + wire::to_string(error);
}

void dump_fields(Fields& out, const wire::ProduceResponse& answer) {
    out["throttle"] = std::to_string(answer.throttle_time_ms);
    for (std::size_t t = 0; t < answer.topics.size(); ++t) {
        const std::string topic = "topic " + std::to_string(t);
        out[topic] = answer.topics[t].name;
        for (std::size_t i = 0; i < answer.topics[t].partitions.size(); ++i) {
            const wire::ProducePartitionResponse& partition = answer.topics[t].partitions[i];
            const std::string path = topic + " entry " + std::to_string(i);
            out[path + " partition"] = std::to_string(partition.partition);
            out[path + " error"] = text_of(partition.error);
            out[path + " base_offset"] = std::to_string(partition.base_offset);
            out[path + " log_append_time"] = std::to_string(partition.log_append_time_ms);
            out[path + " log_start_offset"] = std::to_string(partition.log_start_offset);
        }
    }
}

void dump_fields(Fields& out, const wire::FetchOffsetsResponse& answer) {
    for (std::size_t t = 0; t < answer.topics.size(); ++t) {
        const std::string topic = "topic " + std::to_string(t);
        out[topic] = answer.topics[t].name;
        for (std::size_t i = 0; i < answer.topics[t].partitions.size(); ++i) {
            const wire::PartitionOffsets& partition = answer.topics[t].partitions[i];
            const std::string path = topic + " entry " + std::to_string(i);
            out[path + " partition"] = std::to_string(partition.partition);
            out[path + " error"] = text_of(partition.error);
            out[path + " start_offset"] = std::to_string(partition.start_offset);
            out[path + " last_stable_offset"] = std::to_string(partition.last_stable_offset);
        }
    }
}

void dump_fields(Fields& out, const wire::UpdateOffsetsResponse& answer) {
    for (std::size_t i = 0; i < answer.status.size(); ++i) {
        out["session " + std::to_string(i)] =
            std::to_string(answer.status[i].session_id) + " " + text_of(answer.status[i].error);
    }
}

void dump_fields(Fields& out, const wire::UpdateConsumerOffsetResponse& answer) {
    out["offset"] = std::to_string(answer.offset);
    out["error"] = text_of(answer.error);
}

void dump_fields(Fields& out, const wire::DeleteConsumerOffsetResponse& answer) {
    out["error"] = text_of(answer.error);
}

void dump_fields(Fields& out, const wire::FetchConsumerOffsetsResponse& answer) {
    out["error"] = text_of(answer.error);
    for (std::size_t i = 0; i < answer.consumers.size(); ++i) {
        const wire::ConsumerOffset& consumer = answer.consumers[i];
        out["consumer " + std::to_string(i)] =
            consumer.consumer_id + " of " + to_string(consumer.replica) + " at " +
            std::to_string(consumer.offset) + (consumer.modified_time_s == 0 ? " never" : " time");
    }
}

template <typename T>
void dump_decoded(Fields& out, Result<T> (*decode)(Reader&, Version), Version version,
                  const BufferSlice& body) {
    Reader reader(body.span());
    const Result<T> answer = decode(reader, version);
    if (answer.has_value()) {
        dump_fields(out, *answer);
    } else {
        out["undecodable"] = to_string(answer.error());
    }
}

void dump_batches(Fields& out, ByteSpan records) {
    BatchWalker walker(records, BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        Bytes bytes(batch->bytes.begin(), batch->bytes.end());
        set_batch_leader_epoch(bytes, LeaderEpoch(0));
        out["batch at " + std::to_string(batch->header.base_offset.value())] = to_hex(bytes);
    }
    if (walker.end() != BatchWalker::End::clean) {
        out["cut batch"] = "yes";
    }
}

void dump_stream(Fields& out, Version version, const std::vector<BufferSlice>& bodies) {
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        Reader reader(bodies[i].span());
        const auto answer = wire::decode_stream_fetch_response(reader, bodies[i], version);
        if (!answer.has_value()) {
            out["undecodable"] = to_string(answer.error());
            return;
        }
        const wire::FetchPartitionResponse& partition = answer->partition;
        const std::string path = i == 0 ? "first " : "later ";
        out[path + "topic"] = answer->topic;
        out[path + "stream_id"] = std::to_string(answer->stream_id);
        out[path + "partition"] = std::to_string(partition.partition);
        out[path + "error"] = text_of(partition.error);
        out[path + "high_watermark"] = std::to_string(partition.high_watermark);
        out[path + "next_filter_offset"] = std::to_string(partition.next_filter_offset);
        out[path + "log_start_offset"] = std::to_string(partition.log_start_offset);
        out[path + "aborted"] = partition.aborted.has_value() ? "some" : "none";
        dump_batches(out, partition.records.span());
    }
}

}  // namespace

void dump_data_plane(Fields& out, wire::SpuApi api, Version version,
                     const std::vector<BufferSlice>& bodies) {
    using namespace wire;
    const BufferSlice& body = bodies.front();
    switch (api) {
        case SpuApi::produce: dump_decoded(out, &decode_produce_response, version, body); break;
        case SpuApi::fetch_offsets:
            dump_decoded(out, &decode_fetch_offsets_response, version, body);
            break;
        case SpuApi::stream_fetch: dump_stream(out, version, bodies); break;
        case SpuApi::update_offsets:
            dump_decoded(out, &decode_update_offsets_response, version, body);
            break;
        case SpuApi::update_consumer_offset:
            dump_decoded(out, &decode_update_consumer_offset_response, version, body);
            break;
        case SpuApi::delete_consumer_offset:
            dump_decoded(out, &decode_delete_consumer_offset_response, version, body);
            break;
        case SpuApi::fetch_consumer_offsets:
            dump_decoded(out, &decode_fetch_consumer_offsets_response, version, body);
            break;
        case SpuApi::api_versions:
        case SpuApi::fetch:
        case SpuApi::start_mirror: out["unexpected"] = "api"; break;
    }
}

}  // namespace weir::test
