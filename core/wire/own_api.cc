#include "core/wire/own_api.h"

#include "core/wire/own_api_fields.h"

#include <utility>

namespace weir::wire {

namespace {

template <typename T>
Result<T> decode(Reader& reader, Version version) {
    detail::Decoder decoder(reader, version);
    T value;
    decoder(value);
    return decoder.finish(std::move(value));
}

template <typename T>
void encode_fields(Writer& writer, const T& value, Version version) {
    detail::Encoder encoder(writer, version);
    encoder(value);
}

}  // namespace

std::optional<OwnApi> own_api_from_key(std::uint16_t key) {
    const auto api = static_cast<OwnApi>(key);
    return to_string(api) == "unknown" ? std::nullopt : std::optional(api);
}

std::string_view to_string(OwnApi api) {
    switch (api) {
        case OwnApi::operate: return "Operate";
    }
    return "unknown";
}

Result<Operate> decode_operate(Reader& reader, Version version) {
    return decode<Operate>(reader, version);
}

void encode(Writer& writer, const Operate& request, Version version) {
    encode_fields(writer, request, version);
}

Result<Operated> decode_operated(Reader& reader, Version version) {
    return decode<Operated>(reader, version);
}

void encode(Writer& writer, const Operated& answer, Version version) {
    encode_fields(writer, answer, version);
}

}  // namespace weir::wire
