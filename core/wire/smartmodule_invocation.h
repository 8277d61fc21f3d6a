// How a client asks for SmartModules: in StreamFetch and Produce (data-plane spec 6.1). Parsed in
// full even where no engine is built in, because other fields follow it.
#pragma once

#include "core/wire/codec.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace weir::wire {

// Seconds and nanoseconds, as the protocol has them; not a Duration, whose range is smaller.
struct WireDuration {
    std::uint64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
    friend bool operator==(const WireDuration&, const WireDuration&) = default;
};

struct Lookback {
    std::uint64_t last = 0;
    std::optional<WireDuration> age;  // version >= 21
    friend bool operator==(const Lookback&, const Lookback&) = default;
};

struct SmartModuleParams {
    std::map<std::string, std::string> values;
    std::optional<Lookback> lookback;  // version >= 20
    friend bool operator==(const SmartModuleParams&, const SmartModuleParams&) = default;
};

// Named in the cluster, or sent along as gzip-compressed WASM.
struct PredefinedModule {
    std::string name;
    friend bool operator==(const PredefinedModule&, const PredefinedModule&) = default;
};
struct AdHocModule {
    Bytes wasm_gzip;
    friend bool operator==(const AdHocModule&, const AdHocModule&) = default;
};
using ModuleSource = std::variant<PredefinedModule, AdHocModule>;

struct AggregateContext {
    Bytes accumulator;
    friend bool operator==(const AggregateContext&, const AggregateContext&) = default;
};
struct JoinContext {
    std::string topic;
    friend bool operator==(const JoinContext&, const JoinContext&) = default;
};
struct JoinStreamContext {
    std::string topic;
    std::string derived_stream;
    friend bool operator==(const JoinStreamContext&, const JoinStreamContext&) = default;
};
// The alternatives are numbered as SmartModuleContextData is on the wire.
using ModuleContext =
    std::variant<std::monostate, AggregateContext, JoinContext, JoinStreamContext>;

enum class ModuleKindTag : std::uint8_t {
    filter = 0,
    map = 1,
    array_map = 2,
    aggregate = 3,
    filter_map = 4,
    join = 5,
    join_stream = 6,
    generic = 7,
};

struct ModuleKind {
    ModuleKindTag tag = ModuleKindTag::generic;
    // What the tag carries: nothing, except for aggregate, join and join_stream (the context of
    // that name) and generic (any).
    ModuleContext context;
    friend bool operator==(const ModuleKind&, const ModuleKind&) = default;
};

struct SmartModuleInvocation {
    ModuleSource source;
    ModuleKind kind;
    SmartModuleParams params;
    std::optional<std::string> name;  // version >= 25
    friend bool operator==(const SmartModuleInvocation&, const SmartModuleInvocation&) = default;
};

Result<SmartModuleInvocation> decode_smartmodule_invocation(Reader& reader, Version version);
void encode(Writer& writer, const SmartModuleInvocation& invocation, Version version);

Result<SmartModuleParams> decode_smartmodule_params(Reader& reader, Version version);
void encode(Writer& writer, const SmartModuleParams& params, Version version);

Result<WireDuration> decode_duration(Reader& reader);
void encode(Writer& writer, const WireDuration& duration);

}  // namespace weir::wire
