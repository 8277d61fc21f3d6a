#include "core/wire/fetch_offsets.h"

namespace weir::wire {

namespace {

constexpr Version kConsumerIdVersion = 23;

Result<std::string> read_text(Reader& reader) {
    return reader.read_string();
}

Result<FetchOffsetsTopic> decode_topic(Reader& reader) {
    FetchOffsetsTopic topic;
    WEIR_TRY(topic.name, reader.read_string());
    WEIR_TRY(topic.partitions, read_usually_one(reader, [](Reader& r) { return r.read_u32(); }));
    return topic;
}

Result<PartitionOffsets> decode_offsets(Reader& reader) {
    PartitionOffsets offsets;
    WEIR_TRY(offsets.error, decode_error(reader));
    WEIR_TRY(offsets.partition, reader.read_u32());
    WEIR_TRY(offsets.start_offset, reader.read_i64());
    WEIR_TRY(offsets.last_stable_offset, reader.read_i64());
    return offsets;
}

Result<FetchOffsetsTopicResponse> decode_topic_response(Reader& reader) {
    FetchOffsetsTopicResponse topic;
    WEIR_TRY(topic.name, reader.read_string());
    WEIR_TRY(topic.partitions, read_usually_one(reader, decode_offsets));
    return topic;
}

}  // namespace

Result<FetchOffsetsRequest> decode_fetch_offsets_request(Reader& reader, Version version) {
    FetchOffsetsRequest request;
    WEIR_TRY(request.topics, read_usually_one(reader, decode_topic));
    if (version == kConsumerIdVersion) {
        WEIR_TRY(request.consumer_id, reader.read_option(read_text));
    }
    return request;
}

void encode(Writer& writer, const FetchOffsetsRequest& request, Version version) {
    writer.write_vector(request.topics, [](Writer& w, const FetchOffsetsTopic& topic) {
        w.write_string(topic.name);
        w.write_vector(topic.partitions,
                       [](Writer& inner, std::uint32_t partition) { inner.write_u32(partition); });
    });
    if (version == kConsumerIdVersion) {
        writer.write_option(request.consumer_id,
                            [](Writer& w, const std::string& id) { w.write_string(id); });
    }
}

Result<FetchOffsetsResponse> decode_fetch_offsets_response(Reader& reader, Version /*version*/) {
    FetchOffsetsResponse response;
    WEIR_TRY(response.topics, read_usually_one(reader, decode_topic_response));
    return response;
}

void encode(Writer& writer, const FetchOffsetsResponse& response, Version /*version*/) {
    writer.write_vector(response.topics, [](Writer& w, const FetchOffsetsTopicResponse& topic) {
        w.write_string(topic.name);
        w.write_vector(topic.partitions, [](Writer& inner, const PartitionOffsets& offsets) {
            encode(inner, offsets.error);
            inner.write_u32(offsets.partition);
            inner.write_i64(offsets.start_offset);
            inner.write_i64(offsets.last_stable_offset);
        });
    });
}

}  // namespace weir::wire
