// Mirrors: the other clusters that this one exchanges topics with (control-plane spec 4.8).
//
// Values without behaviour; no owner, any executor.
#pragma once

#include "core/model/object.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace weir {

struct ClientTls {
    std::string domain;
    // PEM texts.
    std::string ca_cert;
    std::string client_cert;
    std::string client_key;
    friend bool operator==(const ClientTls&, const ClientTls&) = default;
};

struct RemoteMirror {
    std::string id;
    friend bool operator==(const RemoteMirror&, const RemoteMirror&) = default;
};

struct HomeMirror {
    std::string id;
    std::string remote_id;
    std::string public_endpoint;
    std::optional<ClientTls> client_tls;
    friend bool operator==(const HomeMirror&, const HomeMirror&) = default;
};

enum class MirrorConnection : std::uint8_t { offline, online };

enum class MirrorPairState : std::uint8_t {
    waiting,
    successful,
    failed,
    disabled,
    unauthorized,
    detail_failure,
};

struct MirrorPairStatus {
    MirrorPairState state = MirrorPairState::waiting;
    // Only with detail_failure.
    std::string detail;
    friend bool operator==(const MirrorPairStatus&, const MirrorPairStatus&) = default;
};

struct MirrorStatus {
    MirrorConnection connection = MirrorConnection::offline;
    MirrorPairStatus pairing_sc;
    MirrorPairStatus pairing_spu;
    // Milliseconds since 1970 of the last contact; 0: never.
    std::uint64_t last_seen_ms = 0;
    friend bool operator==(const MirrorStatus&, const MirrorStatus&) = default;
};

struct MirrorSpec {
    using Status = MirrorStatus;
    static constexpr ObjectKind kKind = ObjectKind::mirror;

    std::variant<RemoteMirror, HomeMirror> type = RemoteMirror();
    friend bool operator==(const MirrorSpec&, const MirrorSpec&) = default;
};

using MirrorObject = Object<MirrorSpec>;

}  // namespace weir
