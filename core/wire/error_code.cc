#include "core/wire/error_code.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace weir::wire {

namespace {

struct Row {
    ErrorTag tag;
    std::string_view name;
    ErrorLayout layout = ErrorLayout::empty;
};

// The one table of codes (data-plane spec 5), ascending by tag.
constexpr std::array kRows = {
    Row{ErrorTag::unknown_server_error, "UnknownServerError"},
    Row{ErrorTag::none, "None"},
    Row{ErrorTag::offset_out_of_range, "OffsetOutOfRange"},
    Row{ErrorTag::other, "Other", ErrorLayout::text},
    Row{ErrorTag::not_leader_for_partition, "NotLeaderForPartition"},
    Row{ErrorTag::request_timed_out, "RequestTimedOut", ErrorLayout::request_timeout},
    Row{ErrorTag::message_too_large, "MessageTooLarge"},
    Row{ErrorTag::permission_denied, "PermissionDenied"},
    Row{ErrorTag::storage_error, "StorageError"},
    Row{ErrorTag::invalid_create_request, "InvalidCreateRequest"},
    Row{ErrorTag::invalid_delete_request, "InvalidDeleteRequest"},
    Row{ErrorTag::offset_evicted, "OffsetEvicted", ErrorLayout::evicted},
    Row{ErrorTag::partition_full, "PartitionFull", ErrorLayout::replica},
    Row{ErrorTag::partition_short_circuited, "PartitionShortCircuited"},
    Row{ErrorTag::spu_error, "SpuError"},
    Row{ErrorTag::spu_registration_failed, "SpuRegisterationFailed"},
    Row{ErrorTag::spu_offline, "SpuOffline"},
    Row{ErrorTag::spu_not_found, "SpuNotFound"},
    Row{ErrorTag::spu_already_exists, "SpuAlreadyExists"},
    Row{ErrorTag::topic_error, "TopicError"},
    Row{ErrorTag::topic_not_found, "TopicNotFound"},
    Row{ErrorTag::topic_already_exists, "TopicAlreadyExists"},
    Row{ErrorTag::topic_pending_initialization, "TopicPendingInitialization"},
    Row{ErrorTag::topic_invalid_configuration, "TopicInvalidConfiguration"},
    Row{ErrorTag::topic_not_provisioned, "TopicNotProvisioned"},
    Row{ErrorTag::topic_invalid_name, "TopicInvalidName"},
    Row{ErrorTag::topic_deleted, "TopicDeleted"},
    Row{ErrorTag::topic_invalid_replica_type, "TopicInvalidReplicaType"},
    Row{ErrorTag::partition_pending_initialization, "PartitionPendingInitialization"},
    Row{ErrorTag::partition_not_leader, "PartitionNotLeader"},
    Row{ErrorTag::fetch_session_not_found, "FetchSessionNotFoud"},
    Row{ErrorTag::offset_flush_request_error, "OffsetFlushRequestError", ErrorLayout::text},
    Row{ErrorTag::offset_management_disabled, "OffsetManagementDisabled"},
    Row{ErrorTag::max_retry_reached, "MaxRetryReached"},
    Row{ErrorTag::managed_connector_error, "ManagedConnectorError"},
    Row{ErrorTag::managed_connector_not_found, "ManagedConnectorNotFound"},
    Row{ErrorTag::managed_connector_already_exists, "ManagedConnectorAlreadyExists"},
    Row{ErrorTag::smartmodule_error, "SmartModuleError"},
    Row{ErrorTag::smartmodule_not_found, "SmartModuleNotFound", ErrorLayout::text},
    Row{ErrorTag::smartmodule_invalid, "SmartModuleInvalid", ErrorLayout::text_and_name},
    Row{ErrorTag::smartmodule_invalid_exports, "SmartModuleInvalidExports", ErrorLayout::two_texts},
    Row{ErrorTag::smartmodule_runtime_error, "SmartModuleRuntimeError", ErrorLayout::runtime},
    Row{ErrorTag::smartmodule_chain_init_error, "SmartModuleChainInitError", ErrorLayout::text},
    Row{ErrorTag::smartmodule_init_error, "SmartModuleInitError", ErrorLayout::text},
    Row{ErrorTag::smartmodule_look_back_error, "SmartModuleLookBackError", ErrorLayout::text},
    Row{ErrorTag::smartmodule_memory_limit_exceeded, "SmartModuleMemoryLimitExceeded",
        ErrorLayout::memory},
    Row{ErrorTag::table_format_error, "TableFormatError"},
    Row{ErrorTag::table_format_not_found, "TableFormatNotFound"},
    Row{ErrorTag::table_format_already_exists, "TableFormatAlreadyExists"},
    Row{ErrorTag::derived_stream_object_error, "DerivedStreamObjectError"},
    Row{ErrorTag::derived_stream_not_found, "DerivedStreamNotFound", ErrorLayout::text},
    Row{ErrorTag::derived_stream_join_fetch_error, "DerivedStreamJoinFetchError"},
    Row{ErrorTag::derived_stream_invalid, "DerivedStreamInvalid", ErrorLayout::text},
    Row{ErrorTag::compression_error, "CompressionError"},
    Row{ErrorTag::deduplication_smartmodule_not_loaded, "DeduplicationSmartModuleNotLoaded"},
    Row{ErrorTag::deduplication_smartmodule_name_invalid, "DeduplicationSmartModuleNameInvalid",
        ErrorLayout::text},
    Row{ErrorTag::mirror_not_found, "MirrorNotFound"},
    Row{ErrorTag::mirror_already_exists, "MirrorAlreadyExists"},
    Row{ErrorTag::mirror_produce_from_home, "MirrorProduceFromHome"},
    Row{ErrorTag::mirror_delete_from_remote, "MirrorDeleteFromRemote"},
    Row{ErrorTag::mirror_invalid_type, "MirrorInvalidType"},
    Row{ErrorTag::mirror_produce_from_remote_not_allowed, "MirrorProduceFromRemoteNotAllowed"},
    Row{ErrorTag::system_spec_deletion_attempt, "SystemSpecDeletionAttempt",
        ErrorLayout::two_texts},
    Row{ErrorTag::system_spec_updating_attempt, "SystemSpecUpdatingAttempt",
        ErrorLayout::two_texts},
};

const Row* find_row(std::int16_t number) {
    const auto* const row = std::lower_bound(
        kRows.begin(), kRows.end(), number,
        [](const Row& a, std::int16_t b) { return static_cast<std::int16_t>(a.tag) < b; });
    if (row == kRows.end() || static_cast<std::int16_t>(row->tag) != number) {
        return nullptr;
    }
    return row;
}

const Row& row_of(ErrorTag tag) {
    const Row* row = find_row(static_cast<std::int16_t>(tag));
    WEIR_ASSERT(row != nullptr);
    return *row;
}

Result<ErrorPayload> decode_runtime(Reader& reader) {
    ErrorRuntime payload;
    WEIR_TRY(payload.hint, reader.read_string());
    WEIR_TRY(payload.offset, reader.read_i64());
    WEIR_TRY(payload.kind, reader.read_u8());
    WEIR_TRY(const auto key, reader.read_option(read_record_data));
    if (key.has_value()) {
        payload.record_key.emplace(key->begin(), key->end());
    }
    WEIR_TRY(const ByteSpan value, read_record_data(reader));
    payload.record_value.assign(value.begin(), value.end());
    return ErrorPayload(std::move(payload));
}

Result<std::string> read_text(Reader& reader) {
    return reader.read_string();
}

Result<ErrorPayload> decode_payload(Reader& reader, ErrorLayout layout) {
    switch (layout) {
        case ErrorLayout::empty: return ErrorPayload();
        case ErrorLayout::text: {
            WEIR_TRY(std::string text, reader.read_string());
            return ErrorPayload(ErrorText{std::move(text)});
        }
        case ErrorLayout::request_timeout: {
            ErrorTimeout payload;
            WEIR_TRY(payload.timeout_ms, reader.read_u64());
            WEIR_TRY(payload.request_kind, reader.read_u8());
            if (payload.request_kind != 0) {
                return fail(ErrorCode::malformed, "unknown request kind in a time-out");
            }
            return ErrorPayload(payload);
        }
        case ErrorLayout::evicted: {
            ErrorEvicted payload;
            WEIR_TRY(payload.offset, reader.read_i64());
            WEIR_TRY(payload.next_available, reader.read_i64());
            return ErrorPayload(payload);
        }
        case ErrorLayout::replica: {
            WEIR_TRY(ReplicaKey key, decode_replica_key(reader));
            return ErrorPayload(std::move(key));
        }
        case ErrorLayout::text_and_name: {
            ErrorTextAndName payload;
            WEIR_TRY(payload.text, reader.read_string());
            WEIR_TRY(payload.name, reader.read_option(read_text));
            return ErrorPayload(std::move(payload));
        }
        case ErrorLayout::two_texts: {
            ErrorTwoTexts payload;
            WEIR_TRY(payload.first, reader.read_string());
            WEIR_TRY(payload.second, reader.read_string());
            return ErrorPayload(std::move(payload));
        }
        case ErrorLayout::runtime: return decode_runtime(reader);
        case ErrorLayout::memory: {
            ErrorMemory payload;
            WEIR_TRY(payload.requested, reader.read_u64());
            WEIR_TRY(payload.limit, reader.read_u64());
            return ErrorPayload(payload);
        }
    }
    return fail(ErrorCode::malformed, "unknown error layout");
}

struct PayloadWriter {
    Writer& writer;

    void operator()(const std::monostate&) const {}
    void operator()(const ErrorText& payload) const { writer.write_string(payload.text); }
    void operator()(const ErrorTimeout& payload) const {
        writer.write_u64(payload.timeout_ms);
        writer.write_u8(payload.request_kind);
    }
    void operator()(const ErrorEvicted& payload) const {
        writer.write_i64(payload.offset);
        writer.write_i64(payload.next_available);
    }
    void operator()(const ReplicaKey& key) const { encode(writer, key); }
    void operator()(const ErrorTextAndName& payload) const {
        writer.write_string(payload.text);
        writer.write_option(payload.name,
                            [](Writer& w, const std::string& name) { w.write_string(name); });
    }
    void operator()(const ErrorTwoTexts& payload) const {
        writer.write_string(payload.first);
        writer.write_string(payload.second);
    }
    void operator()(const ErrorRuntime& payload) const {
        writer.write_string(payload.hint);
        writer.write_i64(payload.offset);
        writer.write_u8(payload.kind);
        writer.write_option(payload.record_key,
                            [](Writer& w, const Bytes& key) { write_record_data(w, key); });
        write_record_data(writer, payload.record_value);
    }
    void operator()(const ErrorMemory& payload) const {
        writer.write_u64(payload.requested);
        writer.write_u64(payload.limit);
    }
};

struct PayloadText {
    std::string operator()(const std::monostate&) const { return {}; }
    std::string operator()(const ErrorText& payload) const { return payload.text; }
    std::string operator()(const ErrorTimeout& payload) const {
        return fmt::format("after {} ms", payload.timeout_ms);
    }
    std::string operator()(const ErrorEvicted& payload) const {
        return fmt::format("offset {}, next available {}", payload.offset, payload.next_available);
    }
    std::string operator()(const ReplicaKey& key) const { return weir::to_string(key); }
    std::string operator()(const ErrorTextAndName& payload) const {
        return payload.name.has_value() ? fmt::format("{}: {}", *payload.name, payload.text)
                                        : payload.text;
    }
    std::string operator()(const ErrorTwoTexts& payload) const {
        return fmt::format("{} {}", payload.first, payload.second);
    }
    std::string operator()(const ErrorRuntime& payload) const {
        return fmt::format("{} at offset {}", payload.hint, payload.offset);
    }
    std::string operator()(const ErrorMemory& payload) const {
        return fmt::format("{} bytes wanted, {} allowed", payload.requested, payload.limit);
    }
};

}  // namespace

ApiError::ApiError(ErrorTag tag_in) : tag(tag_in) {
    WEIR_ASSERT(layout_of(tag_in) == ErrorLayout::empty);
}

ApiError::ApiError(ErrorTag tag_in, ErrorPayload payload_in)
    : tag(tag_in), payload(std::move(payload_in)) {
    WEIR_ASSERT(static_cast<std::size_t>(layout_of(tag_in)) == payload.index());
}

ApiError ApiError::other(std::string_view text) {
    return with_text(ErrorTag::other, text);
}

ApiError ApiError::with_text(ErrorTag tag, std::string_view text) {
    return ApiError(tag, ErrorText{cut_text(text)});
}

std::optional<ErrorTag> error_tag_from(std::int16_t number) {
    const Row* row = find_row(number);
    return row == nullptr ? std::nullopt : std::optional<ErrorTag>(row->tag);
}

ErrorLayout layout_of(ErrorTag tag) {
    return row_of(tag).layout;
}

std::string_view to_string(ErrorTag tag) {
    return row_of(tag).name;
}

std::string to_string(const ApiError& error) {
    const std::string text = std::visit(PayloadText{}, error.payload);
    return text.empty() ? std::string(to_string(error.tag))
                        : fmt::format("{}: {}", to_string(error.tag), text);
}

Result<ApiError> decode_error(Reader& reader) {
    WEIR_TRY(const std::int16_t number, reader.read_i16());
    const Row* row = find_row(number);
    if (row == nullptr) {
        return fail(ErrorCode::malformed, fmt::format("unknown error code {}", number));
    }
    if (row->layout == ErrorLayout::empty) {
        return ApiError(row->tag);
    }
    WEIR_TRY(ErrorPayload payload, decode_payload(reader, row->layout));
    return ApiError(row->tag, std::move(payload));
}

void encode(Writer& writer, const ApiError& error) {
    writer.write_i16(static_cast<std::int16_t>(error.tag));
    std::visit(PayloadWriter{writer}, error.payload);
}

Result<ByteSpan> read_record_data(Reader& reader) {
    WEIR_TRY(const std::int64_t size, reader.read_varint());
    if (size < 0) {
        return fail(ErrorCode::malformed, "negative size of a key or value");
    }
    const auto wanted = static_cast<std::uint64_t>(size);
    if (wanted > reader.remaining()) {
        return fail(ErrorCode::malformed, "message ends inside a key or value");
    }
    return reader.read_bytes(static_cast<std::size_t>(wanted));
}

void write_record_data(Writer& writer, ByteSpan bytes) {
    writer.write_varint(static_cast<std::int64_t>(bytes.size()));
    writer.write_bytes(bytes);
}

Result<ReplicaKey> decode_replica_key(Reader& reader) {
    ReplicaKey key;
    WEIR_TRY(key.topic, reader.read_string());
    WEIR_TRY(key.partition, reader.read_u32());
    return key;
}

void encode(Writer& writer, const ReplicaKey& key) {
    writer.write_string(key.topic);
    writer.write_u32(key.partition);
}

std::string cut_text(std::string_view text) {
    std::size_t size = std::min(text.size(), kStringSizeMax);
    if (size < text.size()) {
        // A byte 10xxxxxx continues a character: step back to the start of the one that was cut.
        while (size > 0 && (static_cast<std::uint8_t>(text[size]) & 0xc0U) == 0x80U) {
            --size;
        }
    }
    return std::string(text.substr(0, size));
}

}  // namespace weir::wire
