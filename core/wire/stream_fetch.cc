#include "core/wire/stream_fetch.h"

namespace weir::wire {

namespace {

constexpr Version kWasmModuleVersionMin = 11;
constexpr Version kSmartModuleVersionMin = 16;
constexpr Version kLegacyVersionMax = 18;
constexpr Version kSmartModulesVersion = 18;
constexpr Version kConsumerIdVersion = 23;

Result<std::string> read_text(Reader& reader) {
    return reader.read_string();
}

// The fields that older clients put before today's list.
Result<void> decode_legacy(Reader& reader, StreamFetchRequest& request, Version version) {
    if (version >= kWasmModuleVersionMin && version <= kLegacyVersionMax) {
        WEIR_TRY(const ByteSpan module, reader.read_byte_vector());
        request.wasm_module.assign(module.begin(), module.end());
    }
    if (version >= kSmartModuleVersionMin && version <= kLegacyVersionMax) {
        WEIR_TRY(request.smartmodule, reader.read_option([version](Reader& r) {
            return decode_smartmodule_invocation(r, version);
        }));
        WEIR_TRY(request.derived_stream,
                 reader.read_option([version](Reader& r) -> Result<DerivedStream> {
                     DerivedStream derived;
                     WEIR_TRY(derived.stream, r.read_string());
                     WEIR_TRY(derived.params, decode_smartmodule_params(r, version));
                     return derived;
                 }));
    }
    return {};
}

void encode_legacy(Writer& writer, const StreamFetchRequest& request, Version version) {
    if (version >= kWasmModuleVersionMin && version <= kLegacyVersionMax) {
        writer.write_byte_vector(request.wasm_module);
    }
    if (version >= kSmartModuleVersionMin && version <= kLegacyVersionMax) {
        writer.write_option(request.smartmodule,
                            [version](Writer& w, const SmartModuleInvocation& invocation) {
                                encode(w, invocation, version);
                            });
        writer.write_option(request.derived_stream,
                            [version](Writer& w, const DerivedStream& derived) {
                                w.write_string(derived.stream);
                                encode(w, derived.params, version);
                            });
    }
}

}  // namespace

Result<StreamFetchRequest> decode_stream_fetch_request(Reader& reader, Version version) {
    StreamFetchRequest request;
    WEIR_TRY(request.topic, reader.read_string());
    WEIR_TRY(request.partition, reader.read_u32());
    WEIR_TRY(request.fetch_offset, reader.read_i64());
    WEIR_TRY(request.max_bytes, reader.read_u32());
    WEIR_TRY(request.isolation, decode_isolation(reader));
    WEIR_CHECK(decode_legacy(reader, request, version));
    if (version >= kSmartModulesVersion) {
        WEIR_TRY(request.smartmodules, reader.read_vector([version](Reader& r) {
            return decode_smartmodule_invocation(r, version);
        }));
    }
    if (version >= kConsumerIdVersion) {
        WEIR_TRY(request.consumer_id, reader.read_option(read_text));
    }
    return request;
}

void encode(Writer& writer, const StreamFetchRequest& request, Version version) {
    writer.write_string(request.topic);
    writer.write_u32(request.partition);
    writer.write_i64(request.fetch_offset);
    writer.write_u32(request.max_bytes);
    writer.write_u8(static_cast<std::uint8_t>(request.isolation));
    encode_legacy(writer, request, version);
    if (version >= kSmartModulesVersion) {
        writer.write_vector(request.smartmodules,
                            [version](Writer& w, const SmartModuleInvocation& invocation) {
                                encode(w, invocation, version);
                            });
    }
    if (version >= kConsumerIdVersion) {
        writer.write_option(request.consumer_id,
                            [](Writer& w, const std::string& id) { w.write_string(id); });
    }
}

Result<StreamFetchResponse> decode_stream_fetch_response(Reader& reader, const BufferSlice& frame,
                                                         Version version) {
    StreamFetchResponse response;
    WEIR_TRY(response.topic, reader.read_string());
    WEIR_TRY(response.stream_id, reader.read_u32());
    WEIR_TRY(response.partition, decode_fetch_partition_response(reader, frame, version));
    return response;
}

void encode(Writer& writer, const StreamFetchResponse& response, Version version) {
    encode_head(writer, response, response.partition.records.size(), version);
    writer.write_bytes(response.partition.records.span());
}

void encode_head(Writer& writer, const StreamFetchResponse& response, std::uint64_t records_size,
                 Version version) {
    writer.write_string(response.topic);
    writer.write_u32(response.stream_id);
    encode_head(writer, response.partition, records_size, version);
}

}  // namespace weir::wire
