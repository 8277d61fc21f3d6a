#include "core/wire/consumer_offsets.h"

namespace weir::wire {

namespace {

constexpr Version kFilterVersion = 24;

Result<std::string> read_text(Reader& reader) {
    return reader.read_string();
}

void write_text(Writer& writer, const std::string& text) {
    writer.write_string(text);
}

Result<ConsumerOffsetFilter> decode_filter(Reader& reader) {
    ConsumerOffsetFilter filter;
    WEIR_TRY(filter.replica, reader.read_option(decode_replica_key));
    WEIR_TRY(filter.consumer_id, reader.read_option(read_text));
    return filter;
}

Result<ConsumerOffset> decode_consumer(Reader& reader) {
    ConsumerOffset consumer;
    WEIR_TRY(consumer.consumer_id, reader.read_string());
    WEIR_TRY(consumer.replica, decode_replica_key(reader));
    WEIR_TRY(consumer.offset, reader.read_i64());
    WEIR_TRY(consumer.modified_time_s, reader.read_u64());
    return consumer;
}

}  // namespace

Result<UpdateConsumerOffsetRequest> decode_update_consumer_offset_request(Reader& reader,
                                                                          Version /*version*/) {
    UpdateConsumerOffsetRequest request;
    WEIR_TRY(request.offset, reader.read_i64());
    WEIR_TRY(request.session_id, reader.read_u32());
    return request;
}

void encode(Writer& writer, const UpdateConsumerOffsetRequest& request, Version /*version*/) {
    writer.write_i64(request.offset);
    writer.write_u32(request.session_id);
}

Result<UpdateConsumerOffsetResponse> decode_update_consumer_offset_response(Reader& reader,
                                                                            Version /*version*/) {
    UpdateConsumerOffsetResponse response;
    WEIR_TRY(response.offset, reader.read_i64());
    WEIR_TRY(response.error, decode_error(reader));
    return response;
}

void encode(Writer& writer, const UpdateConsumerOffsetResponse& response, Version /*version*/) {
    writer.write_i64(response.offset);
    encode(writer, response.error);
}

Result<DeleteConsumerOffsetRequest> decode_delete_consumer_offset_request(Reader& reader,
                                                                          Version /*version*/) {
    DeleteConsumerOffsetRequest request;
    WEIR_TRY(request.replica, decode_replica_key(reader));
    WEIR_TRY(request.consumer_id, reader.read_string());
    return request;
}

void encode(Writer& writer, const DeleteConsumerOffsetRequest& request, Version /*version*/) {
    encode(writer, request.replica);
    writer.write_string(request.consumer_id);
}

Result<DeleteConsumerOffsetResponse> decode_delete_consumer_offset_response(Reader& reader,
                                                                            Version /*version*/) {
    DeleteConsumerOffsetResponse response;
    WEIR_TRY(response.error, decode_error(reader));
    return response;
}

void encode(Writer& writer, const DeleteConsumerOffsetResponse& response, Version /*version*/) {
    encode(writer, response.error);
}

Result<FetchConsumerOffsetsRequest> decode_fetch_consumer_offsets_request(Reader& reader,
                                                                          Version version) {
    FetchConsumerOffsetsRequest request;
    if (version >= kFilterVersion) {
        WEIR_TRY(request.filter, reader.read_option(decode_filter));
    }
    return request;
}

void encode(Writer& writer, const FetchConsumerOffsetsRequest& request, Version version) {
    if (version >= kFilterVersion) {
        writer.write_option(request.filter, [](Writer& w, const ConsumerOffsetFilter& filter) {
            w.write_option(filter.replica,
                           [](Writer& inner, const ReplicaKey& key) { encode(inner, key); });
            w.write_option(filter.consumer_id, write_text);
        });
    }
}

Result<FetchConsumerOffsetsResponse> decode_fetch_consumer_offsets_response(Reader& reader,
                                                                            Version /*version*/) {
    FetchConsumerOffsetsResponse response;
    WEIR_TRY(response.error, decode_error(reader));
    WEIR_TRY(response.consumers, reader.read_vector(decode_consumer));
    return response;
}

void encode(Writer& writer, const FetchConsumerOffsetsResponse& response, Version /*version*/) {
    encode(writer, response.error);
    writer.write_vector(response.consumers, [](Writer& w, const ConsumerOffset& consumer) {
        w.write_string(consumer.consumer_id);
        encode(w, consumer.replica);
        w.write_i64(consumer.offset);
        w.write_u64(consumer.modified_time_s);
    });
}

}  // namespace weir::wire
