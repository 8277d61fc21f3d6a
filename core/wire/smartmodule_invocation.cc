#include "core/wire/smartmodule_invocation.h"

#include <fmt/core.h>

namespace weir::wire {

namespace {

constexpr Version kLookbackVersion = 20;
constexpr Version kLookbackAgeVersion = 21;
constexpr Version kNameVersion = 25;

Result<std::string> read_text(Reader& reader) {
    return reader.read_string();
}

Result<Bytes> read_owned_bytes(Reader& reader) {
    WEIR_TRY(const ByteSpan bytes, reader.read_byte_vector());
    return Bytes(bytes.begin(), bytes.end());
}

enum class ContextTag : std::uint8_t { none = 0, aggregate = 1, join = 2, join_stream = 3 };

Result<ModuleContext> decode_context(Reader& reader, ContextTag tag) {
    switch (tag) {
        case ContextTag::none: return ModuleContext();
        case ContextTag::aggregate: {
            AggregateContext context;
            WEIR_TRY(context.accumulator, read_owned_bytes(reader));
            return ModuleContext(std::move(context));
        }
        case ContextTag::join: {
            JoinContext context;
            WEIR_TRY(context.topic, reader.read_string());
            return ModuleContext(std::move(context));
        }
        case ContextTag::join_stream: {
            JoinStreamContext context;
            WEIR_TRY(context.topic, reader.read_string());
            WEIR_TRY(context.derived_stream, reader.read_string());
            return ModuleContext(std::move(context));
        }
    }
    return fail(ErrorCode::malformed,
                fmt::format("unknown SmartModule context {}", static_cast<int>(tag)));
}

struct ContextWriter {
    Writer& writer;
    void operator()(const std::monostate&) const {}
    void operator()(const AggregateContext& context) const {
        writer.write_byte_vector(context.accumulator);
    }
    void operator()(const JoinContext& context) const { writer.write_string(context.topic); }
    void operator()(const JoinStreamContext& context) const {
        writer.write_string(context.topic);
        writer.write_string(context.derived_stream);
    }
};

// What a kind other than generic carries.
ContextTag context_of(ModuleKindTag tag) {
    switch (tag) {
        case ModuleKindTag::aggregate: return ContextTag::aggregate;
        case ModuleKindTag::join: return ContextTag::join;
        case ModuleKindTag::join_stream: return ContextTag::join_stream;
        case ModuleKindTag::filter:
        case ModuleKindTag::map:
        case ModuleKindTag::array_map:
        case ModuleKindTag::filter_map:
        case ModuleKindTag::generic: return ContextTag::none;
    }
    return ContextTag::none;
}

Result<ModuleKind> decode_kind(Reader& reader) {
    WEIR_TRY(const std::uint8_t number, reader.read_u8());
    if (number > static_cast<std::uint8_t>(ModuleKindTag::generic)) {
        return fail(ErrorCode::malformed, fmt::format("unknown SmartModule kind {}", number));
    }
    ModuleKind kind;
    kind.tag = static_cast<ModuleKindTag>(number);
    ContextTag context_tag = context_of(kind.tag);
    if (kind.tag == ModuleKindTag::generic) {
        WEIR_TRY(const std::uint8_t context_number, reader.read_u8());
        context_tag = static_cast<ContextTag>(context_number);
    }
    WEIR_TRY(kind.context, decode_context(reader, context_tag));
    return kind;
}

void encode_kind(Writer& writer, const ModuleKind& kind) {
    writer.write_u8(static_cast<std::uint8_t>(kind.tag));
    if (kind.tag == ModuleKindTag::generic) {
        writer.write_u8(static_cast<std::uint8_t>(kind.context.index()));
    } else {
        WEIR_ASSERT(kind.context.index() == static_cast<std::size_t>(context_of(kind.tag)));
    }
    std::visit(ContextWriter{writer}, kind.context);
}

Result<ModuleSource> decode_source(Reader& reader) {
    WEIR_TRY(const std::uint8_t tag, reader.read_u8());
    if (tag == 0) {
        PredefinedModule source;
        WEIR_TRY(source.name, reader.read_string());
        return ModuleSource(std::move(source));
    }
    if (tag == 1) {
        AdHocModule source;
        WEIR_TRY(source.wasm_gzip, read_owned_bytes(reader));
        return ModuleSource(std::move(source));
    }
    return fail(ErrorCode::malformed, fmt::format("unknown SmartModule source {}", tag));
}

void encode_source(Writer& writer, const ModuleSource& source) {
    writer.write_u8(static_cast<std::uint8_t>(source.index()));
    if (const auto* named = std::get_if<PredefinedModule>(&source)) {
        writer.write_string(named->name);
    } else if (const auto* adhoc = std::get_if<AdHocModule>(&source)) {
        writer.write_byte_vector(adhoc->wasm_gzip);
    }
}

Result<std::optional<Lookback>> decode_lookback(Reader& reader, Version version) {
    return reader.read_option([version](Reader& r) -> Result<Lookback> {
        Lookback lookback;
        WEIR_TRY(lookback.last, r.read_u64());
        if (version >= kLookbackAgeVersion) {
            WEIR_TRY(lookback.age, r.read_option(decode_duration));
        }
        return lookback;
    });
}

}  // namespace

Result<WireDuration> decode_duration(Reader& reader) {
    WireDuration duration;
    WEIR_TRY(duration.seconds, reader.read_u64());
    WEIR_TRY(duration.nanoseconds, reader.read_u32());
    return duration;
}

void encode(Writer& writer, const WireDuration& duration) {
    writer.write_u64(duration.seconds);
    writer.write_u32(duration.nanoseconds);
}

Result<SmartModuleParams> decode_smartmodule_params(Reader& reader, Version version) {
    SmartModuleParams params;
    WEIR_TRY(const std::size_t count, reader.read_map_count());
    for (std::size_t i = 0; i < count; ++i) {
        WEIR_TRY(std::string key, reader.read_string());
        WEIR_TRY(std::string value, reader.read_string());
        params.values.insert_or_assign(std::move(key), std::move(value));
    }
    if (version >= kLookbackVersion) {
        WEIR_TRY(params.lookback, decode_lookback(reader, version));
    }
    return params;
}

void encode(Writer& writer, const SmartModuleParams& params, Version version) {
    writer.write_map_count(params.values.size());
    for (const auto& [key, value] : params.values) {
        writer.write_string(key);
        writer.write_string(value);
    }
    if (version >= kLookbackVersion) {
        writer.write_option(params.lookback, [version](Writer& w, const Lookback& lookback) {
            w.write_u64(lookback.last);
            if (version >= kLookbackAgeVersion) {
                w.write_option(lookback.age,
                               [](Writer& inner, const WireDuration& age) { encode(inner, age); });
            }
        });
    }
}

Result<SmartModuleInvocation> decode_smartmodule_invocation(Reader& reader, Version version) {
    SmartModuleInvocation invocation;
    WEIR_TRY(invocation.source, decode_source(reader));
    WEIR_TRY(invocation.kind, decode_kind(reader));
    WEIR_TRY(invocation.params, decode_smartmodule_params(reader, version));
    if (version >= kNameVersion) {
        WEIR_TRY(invocation.name, reader.read_option(read_text));
    }
    return invocation;
}

void encode(Writer& writer, const SmartModuleInvocation& invocation, Version version) {
    encode_source(writer, invocation.source);
    encode_kind(writer, invocation.kind);
    encode(writer, invocation.params, version);
    if (version >= kNameVersion) {
        writer.write_option(invocation.name,
                            [](Writer& w, const std::string& name) { w.write_string(name); });
    }
}

}  // namespace weir::wire
