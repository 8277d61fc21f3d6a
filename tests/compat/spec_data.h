// Messages of an SPU's public port by data-plane spec 4, for versions 0 to 25, written without
// core/wire. Only batches come from core/model.
//
// Values; any executor.
#pragma once

#include "core/model/batch.h"
#include "tests/compat/spec_writer.h"

#include <string_view>

namespace weir::test::spec {

inline constexpr std::uint16_t kApiVersions = 18;
inline constexpr std::uint16_t kProduce = 0;
inline constexpr std::uint16_t kFetch = 1;
inline constexpr std::uint16_t kFetchOffsets = 1002;
inline constexpr std::uint16_t kStreamFetch = 1003;
inline constexpr std::uint16_t kUpdateOffsets = 1005;
inline constexpr std::uint16_t kUpdateConsumerOffset = 1006;
inline constexpr std::uint16_t kDeleteConsumerOffset = 1007;
inline constexpr std::uint16_t kFetchConsumerOffsets = 1008;

struct Record {
    // At most 40 bytes, so that lengths are varints of one byte.
    std::string_view value = "hi";
    std::int64_t base_offset = 0;
    // Of the attributes.
    std::int16_t codec = 0;
    std::int32_t leader_epoch = -1;
};
// A batch of one record without a key (data-plane spec 3).
inline Bytes batch(const Record& record) {
    const auto size = record.value.size();
    Out payload;
    payload.u32(1).u8(2 * (size + 6)).u8(0).u8(0).u8(0).u8(0).u8(2 * size);
    payload.raw(Bytes(record.value.begin(), record.value.end())).u8(0);
    BatchHeader header;
    header.attributes = record.codec;
    Bytes bytes = make_batch(header, payload.bytes());
    set_batch_base_offset(bytes, Offset(record.base_offset));
    set_batch_leader_epoch(bytes, LeaderEpoch(record.leader_epoch));
    return bytes;
}

// A batch of so many records with that value.
inline Bytes batch_of(std::string_view value, int count) {
    Out payload;
    payload.u32(static_cast<std::uint64_t>(count));
    for (int i = 0; i < count; ++i) {
        payload.u8(2 * (value.size() + 6)).u8(0).u8(0).u8(static_cast<std::uint64_t>(2 * i)).u8(0);
        payload.u8(2 * value.size()).raw(Bytes(value.begin(), value.end())).u8(0);
    }
    BatchHeader header;
    header.last_offset_delta = count - 1;
    return make_batch(header, payload.bytes());
}

// A batch of one record whose payload nobody here opens.
inline Bytes opaque_batch(std::int16_t codec, std::size_t payload_size) {
    BatchHeader header;
    header.attributes = codec;
    return make_batch(header, Bytes(payload_size, 7));
}

inline Bytes api_versions(int version) {
    Out out;
    return version >= 1 ? out.str("0.1.0").str("linux").str("x86_64") : out;
}

// ---- Produce (4.2)

struct Produce {
    std::string_view topic = "t";
    std::uint32_t partition = 0;
    Bytes records;
    std::int16_t acks = 1;
    std::int32_t timeout_ms = 1'500;
    // One invocation, as bytes.
    std::optional<Bytes> smartmodule;
};
inline Bytes produce(int version, const Produce& what) {
    Out out;
    out.none().i16(what.acks).i32(what.timeout_ms);
    out.u32(1).str(what.topic).u32(1).u32(what.partition).sized(what.records);
    if (version >= 8) {
        what.smartmodule.has_value() ? out.u32(1).raw(*what.smartmodule) : out.u32(0);
    }
    return out;
}
inline Bytes produced(int version, const Produce& what, const Bytes& error,
                      std::int64_t base_offset = 0) {
    Out out;
    out.u32(1).str(what.topic).u32(1).u32(what.partition).raw(error).i64(base_offset);
    if (version >= 2) {
        out.i64(0);
    }
    if (version >= 5) {
        out.i64(0);
    }
    return version >= 1 ? out.i32(0) : out;
}

// A filter without parameters; `source` names a module or holds one (6.1).
inline Bytes invocation(int version, const Bytes& source) {
    Out out;
    out.raw(source).u8(0).u16(0);
    if (version >= 20) {
        out.none();
    }
    return version >= 25 ? out.none() : out;
}
inline Bytes module_by_name(int version, std::string_view name) {
    return invocation(version, Out().u8(0).str(name));
}
inline Bytes module_sent_along(int version) {
    return invocation(version, Out().u8(1).sized({1, 2, 3}));
}

// ---- Fetch (4.3) and StreamFetch (4.5)

struct Read {
    std::string_view topic = "t";
    std::uint32_t partition = 0;
    std::int64_t offset = 0;
    std::int32_t max_bytes = 1'000'000;
    // 0 ReadUncommitted, 1 ReadCommitted.
    int isolation = 0;
    std::optional<std::string_view> consumer_id;
    std::optional<Bytes> smartmodule;
};
inline Bytes fetch(int version, const Read& read) {
    Out out;
    out.i32(0).i32(0);
    if (version >= 3) {
        out.i32(read.max_bytes);
    }
    if (version >= 4) {
        out.u8(static_cast<std::uint64_t>(read.isolation));
    }
    out.u32(1).str(read.topic).u32(1).u32(read.partition);
    if (version >= 9) {
        out.i32(0);
    }
    out.i64(read.offset);
    if (version >= 5) {
        out.i64(0);
    }
    out.i32(read.max_bytes);
    return version >= 7 ? out.u32(0) : out;
}
struct Slice {
    Bytes error = Out().i16(0);
    std::int64_t hw = 0;
    std::int64_t log_start = 0;
    Bytes records;
};
inline Bytes slice_of(int version, std::uint32_t partition, const Slice& slice) {
    Out out;
    out.u32(partition).raw(slice.error).i64(slice.hw);
    if (version >= 11) {
        out.i64(0);
    }
    return out.i64(slice.log_start).none().sized(slice.records);
}
inline Bytes fetched(int version, const Read& read, const Slice& slice) {
    return Out()
        .i32(0)
        .i16(0)
        .i32(0)
        .u32(1)
        .str(read.topic)
        .u32(1)
        .raw(slice_of(version, read.partition, slice));
}
inline Bytes stream_fetch(int version, const Read& read) {
    Out out;
    out.str(read.topic).u32(read.partition).i64(read.offset).i32(read.max_bytes);
    out.u8(static_cast<std::uint64_t>(read.isolation));
    if (version >= 11 && version <= 18) {
        out.u32(0);
    }
    if (version >= 16 && version <= 18) {
        out.none().none();
    }
    if (version >= 18) {
        read.smartmodule.has_value() ? out.u32(1).raw(*read.smartmodule) : out.u32(0);
    }
    return version >= 23 ? out.opt_str(read.consumer_id) : out;
}
inline Bytes streamed(int version, const Read& read, std::uint32_t stream_id, const Slice& slice) {
    return Out().str(read.topic).u32(stream_id).raw(slice_of(version, read.partition, slice));
}

// ---- Offsets (4.4, 4.6 to 4.9)

inline Bytes fetch_offsets(int version, std::string_view topic, std::uint32_t partition,
                           std::optional<std::string_view> consumer_id = std::nullopt) {
    Out out;
    out.u32(1).str(topic).u32(1).u32(partition);
    return version == 23 ? out.opt_str(consumer_id) : out;
}
inline Bytes offsets(std::string_view topic, std::uint32_t partition, const Bytes& error,
                     std::int64_t start, std::int64_t hw) {
    return Out().u32(1).str(topic).u32(1).raw(error).u32(partition).i64(start).i64(hw);
}
inline Bytes update_offsets(std::int64_t offset, std::uint32_t session) {
    return Out().u32(1).i64(offset).u32(session);
}
inline Bytes offsets_updated(std::uint32_t session, const Bytes& error) {
    return Out().u32(1).u32(session).raw(error);
}
inline Bytes update_consumer_offset(std::int64_t offset, std::uint32_t session) {
    return Out().i64(offset).u32(session);
}
inline Bytes consumer_offset_updated(std::int64_t offset, const Bytes& error) {
    return Out().i64(offset).raw(error);
}
inline Bytes delete_consumer_offset(std::string_view topic, std::uint32_t partition,
                                    std::string_view consumer_id) {
    return Out().str(topic).u32(partition).str(consumer_id);
}
inline Bytes fetch_consumer_offsets(int version) {
    Out out;
    return version >= 24 ? out.none() : out;
}

}  // namespace weir::test::spec
