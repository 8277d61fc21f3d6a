#include "core/wire/fetch.h"

#include "core/wire/record_set.h"

#include <fmt/core.h>

namespace weir::wire {

namespace {

constexpr Version kMaxBytesVersion = 3;
constexpr Version kIsolationVersion = 4;
constexpr Version kLogStartVersion = 5;
constexpr Version kForgottenVersion = 7;
constexpr Version kLeaderEpochVersion = 9;
constexpr Version kNextFilterOffsetVersion = 11;

Result<FetchPartition> decode_partition(Reader& reader, Version version) {
    FetchPartition partition;
    WEIR_TRY(partition.partition, reader.read_u32());
    if (version >= kLeaderEpochVersion) {
        WEIR_TRY(partition.current_leader_epoch, reader.read_i32());
    }
    WEIR_TRY(partition.fetch_offset, reader.read_i64());
    if (version >= kLogStartVersion) {
        WEIR_TRY(partition.log_start_offset, reader.read_i64());
    }
    WEIR_TRY(partition.max_bytes, reader.read_i32());
    return partition;
}

void encode_partition(Writer& writer, const FetchPartition& partition, Version version) {
    writer.write_u32(partition.partition);
    if (version >= kLeaderEpochVersion) {
        writer.write_i32(partition.current_leader_epoch);
    }
    writer.write_i64(partition.fetch_offset);
    if (version >= kLogStartVersion) {
        writer.write_i64(partition.log_start_offset);
    }
    writer.write_i32(partition.max_bytes);
}

Result<FetchTopic> decode_topic(Reader& reader, Version version) {
    FetchTopic topic;
    WEIR_TRY(topic.name, reader.read_string());
    WEIR_TRY(topic.partitions,
             reader.read_vector([version](Reader& r) { return decode_partition(r, version); }));
    return topic;
}

Result<ForgottenTopic> decode_forgotten(Reader& reader) {
    ForgottenTopic topic;
    WEIR_TRY(topic.name, reader.read_string());
    WEIR_TRY(topic.partitions, reader.read_vector([](Reader& r) { return r.read_i32(); }));
    return topic;
}

Result<AbortedTransaction> decode_aborted(Reader& reader) {
    AbortedTransaction aborted;
    WEIR_TRY(aborted.producer_id, reader.read_i64());
    WEIR_TRY(aborted.first_offset, reader.read_i64());
    return aborted;
}

}  // namespace

Result<Isolation> decode_isolation(Reader& reader) {
    WEIR_TRY(const std::uint8_t number, reader.read_u8());
    if (number > static_cast<std::uint8_t>(Isolation::read_committed)) {
        return fail(ErrorCode::malformed, fmt::format("unknown isolation {}", number));
    }
    return static_cast<Isolation>(number);
}

Result<FetchRequest> decode_fetch_request(Reader& reader, Version version) {
    FetchRequest request;
    WEIR_TRY(request.max_wait_ms, reader.read_i32());
    WEIR_TRY(request.min_bytes, reader.read_i32());
    if (version >= kMaxBytesVersion) {
        WEIR_TRY(request.max_bytes, reader.read_i32());
    }
    if (version >= kIsolationVersion) {
        WEIR_TRY(request.isolation, decode_isolation(reader));
    }
    WEIR_TRY(request.topics,
             reader.read_vector([version](Reader& r) { return decode_topic(r, version); }));
    if (version >= kForgottenVersion) {
        WEIR_TRY(request.forgotten, reader.read_vector(decode_forgotten));
    }
    return request;
}

void encode(Writer& writer, const FetchRequest& request, Version version) {
    writer.write_i32(request.max_wait_ms);
    writer.write_i32(request.min_bytes);
    if (version >= kMaxBytesVersion) {
        writer.write_i32(request.max_bytes);
    }
    if (version >= kIsolationVersion) {
        writer.write_u8(static_cast<std::uint8_t>(request.isolation));
    }
    writer.write_vector(request.topics, [version](Writer& w, const FetchTopic& topic) {
        w.write_string(topic.name);
        w.write_vector(topic.partitions, [version](Writer& inner, const FetchPartition& partition) {
            encode_partition(inner, partition, version);
        });
    });
    if (version >= kForgottenVersion) {
        writer.write_vector(request.forgotten, [](Writer& w, const ForgottenTopic& topic) {
            w.write_string(topic.name);
            w.write_vector(topic.partitions, [](Writer& inner, std::int32_t partition) {
                inner.write_i32(partition);
            });
        });
    }
}

Result<FetchPartitionResponse> decode_fetch_partition_response(Reader& reader,
                                                               const BufferSlice& frame,
                                                               Version version) {
    FetchPartitionResponse response;
    WEIR_TRY(response.partition, reader.read_u32());
    WEIR_TRY(response.error, decode_error(reader));
    WEIR_TRY(response.high_watermark, reader.read_i64());
    if (version >= kNextFilterOffsetVersion) {
        WEIR_TRY(response.next_filter_offset, reader.read_i64());
    }
    WEIR_TRY(response.log_start_offset, reader.read_i64());
    WEIR_TRY(response.aborted,
             reader.read_option([](Reader& r) { return r.read_vector(decode_aborted); }));
    WEIR_TRY(response.records, read_record_set(reader, frame));
    return response;
}

void encode_head(Writer& writer, const FetchPartitionResponse& response, std::uint64_t records_size,
                 Version version) {
    writer.write_u32(response.partition);
    encode(writer, response.error);
    writer.write_i64(response.high_watermark);
    if (version >= kNextFilterOffsetVersion) {
        writer.write_i64(response.next_filter_offset);
    }
    writer.write_i64(response.log_start_offset);
    writer.write_option(response.aborted,
                        [](Writer& w, const std::vector<AbortedTransaction>& aborted) {
                            w.write_vector(aborted, [](Writer& inner, const AbortedTransaction& a) {
                                inner.write_i64(a.producer_id);
                                inner.write_i64(a.first_offset);
                            });
                        });
    write_record_set_size(writer, records_size);
}

Result<FetchResponse> decode_fetch_response(Reader& reader, const BufferSlice& frame,
                                            Version version) {
    FetchResponse response;
    WEIR_TRY(response.throttle_time_ms, reader.read_i32());
    WEIR_TRY(response.error, decode_error(reader));
    WEIR_TRY(response.session_id, reader.read_i32());
    WEIR_TRY(response.topics,
             reader.read_vector([&frame, version](Reader& r) -> Result<FetchTopicResponse> {
                 FetchTopicResponse topic;
                 WEIR_TRY(topic.name, r.read_string());
                 WEIR_TRY(topic.partitions, r.read_vector([&frame, version](Reader& inner) {
                     return decode_fetch_partition_response(inner, frame, version);
                 }));
                 return topic;
             }));
    return response;
}

void encode(Writer& writer, const FetchResponse& response, Version version) {
    writer.write_i32(response.throttle_time_ms);
    encode(writer, response.error);
    writer.write_i32(response.session_id);
    writer.write_vector(response.topics, [version](Writer& w, const FetchTopicResponse& topic) {
        w.write_string(topic.name);
        w.write_vector(topic.partitions,
                       [version](Writer& inner, const FetchPartitionResponse& partition) {
                           encode_head(inner, partition, partition.records.size(), version);
                           inner.write_bytes(partition.records.span());
                       });
    });
}

}  // namespace weir::wire
