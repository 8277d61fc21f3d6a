// Messages of the SC's public port by control-plane spec 3 to 5, for versions 11 to 19, written
// without core/wire.
//
// Values; any executor.
#pragma once

#include "tests/compat/spec_writer.h"

#include <string_view>
#include <vector>

namespace weir::test::spec {

inline constexpr std::uint16_t kCreate = 1001;
inline constexpr std::uint16_t kDelete = 1002;
inline constexpr std::uint16_t kList = 1003;
inline constexpr std::uint16_t kWatch = 1004;
inline constexpr std::uint16_t kMirroring = 1005;
inline constexpr std::uint16_t kUpdate = 1006;

inline Bytes envelope(std::string_view label, const Bytes& inner) {
    return Out().str(label).sized(inner);
}

// An error code with its payload, if it has one.
inline Bytes code(int tag, const Bytes& payload = {}) {
    return Out().i16(tag).raw(payload);
}

inline Bytes status(std::string_view name, const Bytes& error,
                    std::optional<std::string_view> message = std::nullopt) {
    return Out().str(name).raw(error).opt_str(message);
}

// ---- Topic (4.1)

inline Bytes computed(std::uint32_t partitions, std::uint32_t factor, bool ignore_rack = false) {
    return Out().u8(1).u32(partitions).u32(factor).flag(ignore_rack);
}

struct Row {
    std::uint32_t id = 0;
    std::vector<std::int32_t> replicas;
};
inline Bytes assigned(int version, const std::vector<Row>& rows) {
    Out out;
    out.u8(0).u32(rows.size());
    for (const Row& row : rows) {
        out.u32(row.id).u32(row.replicas.size());
        for (const std::int32_t spu : row.replicas) {
            out.i32(spu);
        }
        if (version >= 14) {
            out.none();
        }
    }
    return out;
}

// A home without partitions, or the remote's side of one SPU.
inline Bytes mirror_home(int version) {
    Out out;
    out.u8(2).u8(1).u32(0);
    return version >= 18 ? out.flag(false) : out;
}
inline Bytes mirror_remote(int version, bool target) {
    Out out;
    out.u8(2).u8(0).str("home").u32(1).i32(5001).str("spu").str("host:9005");
    return version >= 18 ? out.flag(target) : out;
}

struct Topic {
    Bytes replicas = computed(1, 1);
    std::optional<std::uint32_t> retention_s;
    std::optional<std::uint32_t> segment_size;
    std::optional<std::uint64_t> max_size;
    // 0 None, 1 Gzip, 2 Snappy, 3 Lz4, 4 Any, 5 Zstd.
    int compression = 4;
    std::optional<std::string_view> deduplication;
    bool system = false;
};
inline Bytes topic(int version, const Topic& spec) {
    Out out;
    out.raw(spec.replicas);
    if (spec.retention_s.has_value()) {
        out.some().u8(0).u32(*spec.retention_s);
    } else {
        out.none();
    }
    if (spec.segment_size.has_value() || spec.max_size.has_value()) {
        out.some();
        spec.segment_size.has_value() ? out.some().u32(*spec.segment_size) : out.none();
        spec.max_size.has_value() ? out.some().u64(*spec.max_size) : out.none();
    } else {
        out.none();
    }
    out.u8(static_cast<std::uint64_t>(spec.compression));
    if (version >= 12) {
        if (spec.deduplication.has_value()) {
            out.some().u64(10).none().str(*spec.deduplication).u16(0);
        } else {
            out.none();
        }
    }
    if (version >= 13) {
        out.flag(spec.system);
    }
    return out;
}

// ---- The other kinds (4.4 to 4.8)

inline Bytes custom_spu(std::int32_t id, std::string_view host = "host") {
    return Out()
        .i32(id)
        .u16(9005)
        .u32(1)
        .opt_str(host)
        .none()
        .u8(0)
        .u16(9006)
        .str(host)
        .u8(0)
        .none()
        .none();
}
inline Bytes smartmodule(std::string_view payload) {
    return Out().none().none().u8(0).sized(Bytes(payload.begin(), payload.end()));
}
inline Bytes smartmodule_of(int version, std::string_view name, std::string_view group) {
    Out out;
    out.some().str(name).str(group).str("0.1.0").str("0.1.0").none().none();
    if (version >= 19) {
        out.u8(0);
    }
    return out.none().u16(0).none().u8(0).sized({1, 2, 3});
}
inline Bytes table_format(std::string_view name) {
    return Out().str(name).none().none().none();
}
inline Bytes spu_group() {
    return Out().u16(1).i32(1).none().none().none().u32(0);
}
inline Bytes remote(std::string_view id) {
    return Out().u8(0).str(id);
}
inline Bytes home(std::string_view id) {
    return Out().u8(1).str(id).str("me").str("host:9003").none();
}

// ---- Requests (5)

inline Bytes create(std::string_view label, std::string_view name, const Bytes& spec,
                    bool dry_run = false) {
    return envelope(label, Out().str(name).flag(dry_run).none().raw(spec));
}
inline Bytes create_topic(int version, std::string_view name, const Topic& spec = {}) {
    return create("Topic", name, topic(version, spec));
}
inline Bytes remove_key(int version, std::string_view label, const Bytes& key, bool force = false) {
    Out inner;
    inner.raw(key);
    return envelope(label, version >= 13 ? inner.flag(force) : inner);
}
inline Bytes remove(int version, std::string_view label, std::string_view name,
                    bool force = false) {
    return remove_key(version, label, Out().str(name), force);
}
inline Bytes add_partition(std::string_view topic_name, std::uint32_t count) {
    return envelope("Topic", Out().str(topic_name).u8(0).u32(count));
}
inline Bytes add_mirror(std::string_view topic_name, std::string_view cluster) {
    return envelope("Topic", Out().str(topic_name).u8(1).str(cluster).flag(false));
}
inline Bytes list(std::string_view label, const std::vector<std::string_view>& filters = {},
                  bool summary = false, bool system = false) {
    Out inner;
    inner.u32(filters.size());
    for (const std::string_view filter : filters) {
        inner.str(filter);
    }
    return envelope(label, inner.flag(summary).flag(system));
}
inline Bytes watch(std::string_view label) {
    return envelope(label, Out().i64(0).flag(false));
}

}  // namespace weir::test::spec
