// Groups of SPUs that an orchestrator materialises (control-plane spec 4.5).
//
// Values without behaviour; no owner, any executor.
#pragma once

#include "core/model/object.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

enum class SpuGroupResolution : std::uint8_t { init, invalid, reserved };

struct SpuGroupStatus {
    SpuGroupResolution resolution = SpuGroupResolution::init;
    std::optional<std::string> reason;
    friend bool operator==(const SpuGroupStatus&, const SpuGroupStatus&) = default;
};

struct ReplicationConfig {
    std::optional<std::uint16_t> in_sync_replica_min;
    friend bool operator==(const ReplicationConfig&, const ReplicationConfig&) = default;
};

struct SpuStorageConfig {
    std::optional<std::string> log_dir;
    std::optional<std::string> size;
    friend bool operator==(const SpuStorageConfig&, const SpuStorageConfig&) = default;
};

struct EnvVar {
    std::string name;
    std::string value;
    friend bool operator==(const EnvVar&, const EnvVar&) = default;
};

struct SpuGroupSpec {
    using Status = SpuGroupStatus;
    static constexpr ObjectKind kKind = ObjectKind::spu_group;

    std::uint16_t replica_count = 0;
    std::int32_t min_id = 0;
    std::optional<std::string> rack;
    std::optional<ReplicationConfig> replication;
    std::optional<SpuStorageConfig> storage;
    std::vector<EnvVar> env;
    friend bool operator==(const SpuGroupSpec&, const SpuGroupSpec&) = default;
};

using SpuGroupObject = Object<SpuGroupSpec>;

}  // namespace weir
