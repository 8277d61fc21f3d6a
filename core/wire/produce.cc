#include "core/wire/produce.h"

#include "core/wire/record_set.h"

namespace weir::wire {

namespace {

constexpr Version kThrottleVersion = 1;
constexpr Version kAppendTimeVersion = 2;
constexpr Version kLogStartVersion = 5;

Result<std::string> read_text(Reader& reader) {
    return reader.read_string();
}

Result<ProduceTopic> decode_topic(Reader& reader, const BufferSlice& frame) {
    ProduceTopic topic;
    WEIR_TRY(topic.name, reader.read_string());
    WEIR_TRY(topic.partitions,
             read_usually_one(reader, [&frame](Reader& r) -> Result<ProducePartition> {
                 ProducePartition partition;
                 WEIR_TRY(partition.partition, r.read_u32());
                 WEIR_TRY(partition.records, read_record_set(r, frame));
                 return partition;
             }));
    return topic;
}

Result<ProducePartitionResponse> decode_partition_response(Reader& reader, Version version) {
    ProducePartitionResponse response;
    WEIR_TRY(response.partition, reader.read_u32());
    WEIR_TRY(response.error, decode_error(reader));
    WEIR_TRY(response.base_offset, reader.read_i64());
    if (version >= kAppendTimeVersion) {
        WEIR_TRY(response.log_append_time_ms, reader.read_i64());
    }
    if (version >= kLogStartVersion) {
        WEIR_TRY(response.log_start_offset, reader.read_i64());
    }
    return response;
}

void encode_partition_response(Writer& writer, const ProducePartitionResponse& response,
                               Version version) {
    writer.write_u32(response.partition);
    encode(writer, response.error);
    writer.write_i64(response.base_offset);
    if (version >= kAppendTimeVersion) {
        writer.write_i64(response.log_append_time_ms);
    }
    if (version >= kLogStartVersion) {
        writer.write_i64(response.log_start_offset);
    }
}

}  // namespace

Result<ProduceRequest> decode_produce_request(Reader& reader, const BufferSlice& frame,
                                              Version version) {
    ProduceRequest request;
    WEIR_TRY(request.transactional_id, reader.read_option(read_text));
    WEIR_TRY(request.acks, reader.read_i16());
    WEIR_TRY(request.timeout_ms, reader.read_i32());
    if (request.timeout_ms < 0) {
        return fail(ErrorCode::malformed, "negative produce timeout");
    }
    WEIR_TRY(request.topics,
             read_usually_one(reader, [&frame](Reader& r) { return decode_topic(r, frame); }));
    if (version >= kProduceSmartModulesVersion) {
        WEIR_TRY(request.smartmodules, reader.read_vector([version](Reader& r) {
            return decode_smartmodule_invocation(r, version);
        }));
    }
    return request;
}

void encode(Writer& writer, const ProduceRequest& request, Version version) {
    writer.write_option(request.transactional_id,
                        [](Writer& w, const std::string& id) { w.write_string(id); });
    writer.write_i16(request.acks);
    writer.write_i32(request.timeout_ms);
    writer.write_vector(request.topics, [](Writer& w, const ProduceTopic& topic) {
        w.write_string(topic.name);
        w.write_vector(topic.partitions, [](Writer& inner, const ProducePartition& partition) {
            inner.write_u32(partition.partition);
            write_record_set(inner, partition.records);
        });
    });
    if (version >= kProduceSmartModulesVersion) {
        writer.write_vector(request.smartmodules,
                            [version](Writer& w, const SmartModuleInvocation& invocation) {
                                encode(w, invocation, version);
                            });
    }
}

Result<ProduceResponse> decode_produce_response(Reader& reader, Version version) {
    ProduceResponse response;
    WEIR_TRY(response.topics,
             read_usually_one(reader, [version](Reader& r) -> Result<ProduceTopicResponse> {
                 ProduceTopicResponse topic;
                 WEIR_TRY(topic.name, r.read_string());
                 WEIR_TRY(topic.partitions, read_usually_one(r, [version](Reader& inner) {
                              return decode_partition_response(inner, version);
                          }));
                 return topic;
             }));
    if (version >= kThrottleVersion) {
        WEIR_TRY(response.throttle_time_ms, reader.read_i32());
    }
    return response;
}

void encode(Writer& writer, const ProduceResponse& response, Version version) {
    writer.write_vector(response.topics, [version](Writer& w, const ProduceTopicResponse& topic) {
        w.write_string(topic.name);
        w.write_vector(topic.partitions,
                       [version](Writer& inner, const ProducePartitionResponse& partition) {
                           encode_partition_response(inner, partition, version);
                       });
    });
    if (version >= kThrottleVersion) {
        writer.write_i32(response.throttle_time_ms);
    }
}

}  // namespace weir::wire
