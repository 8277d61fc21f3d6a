// SPUs as the SC and the clients see them (control-plane spec 4.3 and 4.4).
//
// Values without behaviour; no owner, any executor.
#pragma once

#include "core/base/ids.h"
#include "core/model/object.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

enum class Encryption : std::uint8_t { plaintext, ssl };

struct IngressAddress {
    std::optional<std::string> hostname;
    std::optional<std::string> ip;
    friend bool operator==(const IngressAddress&, const IngressAddress&) = default;
};

// Where clients connect to: the first address, which must exist.
struct IngressPort {
    std::uint16_t port = 0;
    std::vector<IngressAddress> ingress;
    Encryption encryption = Encryption::plaintext;
    friend bool operator==(const IngressPort&, const IngressPort&) = default;
};

struct Endpoint {
    std::uint16_t port = 0;
    std::string host = "127.0.0.1";
    Encryption encryption = Encryption::plaintext;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

enum class SpuType : std::uint8_t { managed, custom };
enum class SpuResolution : std::uint8_t { online, offline, init };

struct SpuStatus {
    SpuResolution resolution = SpuResolution::init;
    friend bool operator==(const SpuStatus&, const SpuStatus&) = default;
};

struct SpuSpec {
    using Status = SpuStatus;
    static constexpr ObjectKind kKind = ObjectKind::spu;

    SpuId id;
    SpuType spu_type = SpuType::managed;
    IngressPort public_endpoint;
    Endpoint private_endpoint;
    std::optional<std::string> rack;
    std::optional<Endpoint> public_endpoint_local;
    friend bool operator==(const SpuSpec&, const SpuSpec&) = default;
};

struct CustomSpuSpec {
    using Status = SpuStatus;
    static constexpr ObjectKind kKind = ObjectKind::custom_spu;

    SpuId id;
    IngressPort public_endpoint;
    Endpoint private_endpoint;
    std::optional<std::string> rack;
    std::optional<Endpoint> public_endpoint_local;
    friend bool operator==(const CustomSpuSpec&, const CustomSpuSpec&) = default;
};

using SpuObject = Object<SpuSpec>;
using CustomSpuObject = Object<CustomSpuSpec>;

}  // namespace weir
