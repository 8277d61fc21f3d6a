// The error codes of the protocol with their payloads (data-plane spec 5).
//
// A code is an i16 tag and, for some tags, fields: an `ApiError`. A client cannot read past a tag
// it does not know, so only the tags below can be expressed, and decoding refuses others. This is
// what goes over the wire; inside, errors are `weir::Error`, and the services map one to the other.
#pragma once

#include "core/model/replica_key.h"
#include "core/wire/codec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace weir::wire {

enum class ErrorTag : std::int16_t {
    unknown_server_error = -1,
    none = 0,
    offset_out_of_range = 1,
    other = 2,
    not_leader_for_partition = 6,
    request_timed_out = 7,
    message_too_large = 10,
    permission_denied = 13,
    storage_error = 56,
    invalid_create_request = 60,
    invalid_delete_request = 61,
    offset_evicted = 71,
    partition_full = 72,
    partition_short_circuited = 73,
    spu_error = 1000,
    spu_registration_failed = 1001,
    spu_offline = 1002,
    spu_not_found = 1003,
    spu_already_exists = 1004,
    topic_error = 2000,
    topic_not_found = 2001,
    topic_already_exists = 2002,
    topic_pending_initialization = 2003,
    topic_invalid_configuration = 2004,
    topic_not_provisioned = 2005,
    topic_invalid_name = 2006,
    topic_deleted = 2007,
    topic_invalid_replica_type = 2008,
    partition_pending_initialization = 3000,
    partition_not_leader = 3001,
    fetch_session_not_found = 3002,
    offset_flush_request_error = 3003,
    offset_management_disabled = 3004,
    max_retry_reached = 3005,
    managed_connector_error = 5000,
    managed_connector_not_found = 5001,
    managed_connector_already_exists = 5002,
    smartmodule_error = 6000,
    smartmodule_not_found = 6001,
    smartmodule_invalid = 6002,
    smartmodule_invalid_exports = 6003,
    smartmodule_runtime_error = 6004,
    smartmodule_chain_init_error = 6005,
    smartmodule_init_error = 6006,
    smartmodule_look_back_error = 6007,
    smartmodule_memory_limit_exceeded = 6008,
    table_format_error = 7000,
    table_format_not_found = 7001,
    table_format_already_exists = 7002,
    derived_stream_object_error = 8000,
    derived_stream_not_found = 8001,
    derived_stream_join_fetch_error = 8002,
    derived_stream_invalid = 8003,
    compression_error = 9000,
    deduplication_smartmodule_not_loaded = 10'000,
    deduplication_smartmodule_name_invalid = 10'001,
    mirror_not_found = 11'001,
    mirror_already_exists = 11'002,
    mirror_produce_from_home = 11'003,
    mirror_delete_from_remote = 11'004,
    mirror_invalid_type = 11'005,
    mirror_produce_from_remote_not_allowed = 11'006,
    system_spec_deletion_attempt = 12'001,
    system_spec_updating_attempt = 12'002,
};

// What follows a tag on the wire.
enum class ErrorLayout : std::uint8_t {
    empty,
    text,             // String
    request_timeout,  // u64 timeout_ms, u8 request kind (0: Produce)
    evicted,          // i64 offset, i64 next_available
    replica,          // ReplicaKey
    text_and_name,    // String, Option<String>
    two_texts,        // String, String
    runtime,          // String hint, i64 offset, u8 kind, Option<bytes> key, bytes value (varint)
    memory,           // u64 requested, u64 limit
};

struct ErrorText {
    std::string text;
    friend bool operator==(const ErrorText&, const ErrorText&) = default;
};
struct ErrorTimeout {
    std::uint64_t timeout_ms = 0;
    std::uint8_t request_kind = 0;
    friend bool operator==(const ErrorTimeout&, const ErrorTimeout&) = default;
};
struct ErrorEvicted {
    std::int64_t offset = 0;
    std::int64_t next_available = 0;
    friend bool operator==(const ErrorEvicted&, const ErrorEvicted&) = default;
};
struct ErrorTextAndName {
    std::string text;
    std::optional<std::string> name;
    friend bool operator==(const ErrorTextAndName&, const ErrorTextAndName&) = default;
};
struct ErrorTwoTexts {
    std::string first;
    std::string second;
    friend bool operator==(const ErrorTwoTexts&, const ErrorTwoTexts&) = default;
};
struct ErrorRuntime {
    std::string hint;
    std::int64_t offset = 0;
    // Flat SmartModule kind, 0 Filter to 6 Generic.
    std::uint8_t kind = 0;
    std::optional<Bytes> record_key;
    Bytes record_value;
    friend bool operator==(const ErrorRuntime&, const ErrorRuntime&) = default;
};
struct ErrorMemory {
    std::uint64_t requested = 0;
    std::uint64_t limit = 0;
    friend bool operator==(const ErrorMemory&, const ErrorMemory&) = default;
};

// The alternatives follow ErrorLayout in order.
using ErrorPayload = std::variant<std::monostate, ErrorText, ErrorTimeout, ErrorEvicted, ReplicaKey,
                                  ErrorTextAndName, ErrorTwoTexts, ErrorRuntime, ErrorMemory>;

struct ApiError {
    ErrorTag tag = ErrorTag::none;
    // Always the alternative of layout_of(tag).
    ErrorPayload payload;

    ApiError() = default;
    // A tag without payload (asserted).
    explicit ApiError(ErrorTag tag_in);
    // Asserts that the payload is the tag's.
    ApiError(ErrorTag tag_in, ErrorPayload payload_in);
    // Code 2; a text that is too long for the wire is cut at a character.
    static ApiError other(std::string_view text);
    // Any of the tags with one text.
    static ApiError with_text(ErrorTag tag, std::string_view text);

    bool ok() const { return tag == ErrorTag::none; }
    friend bool operator==(const ApiError&, const ApiError&) = default;
};

// nullopt for a number outside the table.
std::optional<ErrorTag> error_tag_from(std::int16_t number);
ErrorLayout layout_of(ErrorTag tag);
// Fluvio's name of the code, for people ("NotLeaderForPartition").
std::string_view to_string(ErrorTag tag);
// Name and payload, for people.
std::string to_string(const ApiError& error);

Result<ApiError> decode_error(Reader& reader);
void encode(Writer& writer, const ApiError& error);

// Varint length and bytes, as record keys and values are encoded. The view lives as long as the
// reader's bytes.
Result<ByteSpan> read_record_data(Reader& reader);
void write_record_data(Writer& writer, ByteSpan bytes);

Result<ReplicaKey> decode_replica_key(Reader& reader);
void encode(Writer& writer, const ReplicaKey& key);

// At most kStringSizeMax bytes of `text`, not ending inside a UTF-8 character.
std::string cut_text(std::string_view text);

}  // namespace weir::wire
