#include "core/client/errors.h"

#include <fmt/core.h>

#include <string_view>
#include <variant>

namespace weir::client {
namespace {

// Codes whose sentence is the same whatever the server adds.
std::optional<std::string> fixed_sentence(wire::ErrorTag tag) {
    if (tag == wire::ErrorTag::topic_not_found) {
        return "Topic not found";
    }
    if (tag == wire::ErrorTag::topic_already_exists) {
        return "Topic already exists";
    }
    if (tag == wire::ErrorTag::topic_invalid_name) {
        return "Invalid topic name: topic name may only include lowercase letters (a-z), numbers "
               "(0-9), and hyphens (-).";
    }
    if (tag == wire::ErrorTag::smartmodule_not_found) {
        return "SmartModule not found";
    }
    if (tag == wire::ErrorTag::table_format_not_found) {
        return "TableFormat not found";
    }
    if (tag == wire::ErrorTag::table_format_already_exists) {
        return "TableFormat already exists";
    }
    if (tag == wire::ErrorTag::managed_connector_not_found) {
        return "Connector not found";
    }
    if (tag == wire::ErrorTag::managed_connector_already_exists) {
        return "Connector already exists";
    }
    if (tag == wire::ErrorTag::mirror_not_found) {
        return "Mirror not found";
    }
    return std::nullopt;
}

// What Fluvio's clients print for a code that comes alone.
struct CodeText {
    wire::ErrorTag tag;
    std::string_view text;
};
constexpr CodeText kCodeTexts[] = {
    {wire::ErrorTag::not_leader_for_partition, "the given SPU is not the leader for the partition"},
    {wire::ErrorTag::message_too_large, "the message is too large to send"},
    {wire::ErrorTag::permission_denied, "permission denied"},
    {wire::ErrorTag::storage_error, "a storage error occurred"},
    {wire::ErrorTag::partition_short_circuited, "Partition is short-circuited"},
    {wire::ErrorTag::spu_error, "an error occurred on the SPU"},
    {wire::ErrorTag::spu_not_found, "the SPU was not found"},
    {wire::ErrorTag::spu_already_exists, "the SPU already exists"},
    {wire::ErrorTag::topic_error, "a topic error occurred"},
    {wire::ErrorTag::topic_invalid_configuration, "the topic configuration is invalid"},
    {wire::ErrorTag::topic_not_provisioned, "the topic is not provisioned"},
    {wire::ErrorTag::topic_deleted, "the topic was deleted"},
    {wire::ErrorTag::topic_invalid_replica_type, "the topic has invalid replica type"},
    {wire::ErrorTag::partition_not_leader, "the partition is not a leader"},
    {wire::ErrorTag::fetch_session_not_found, "the fetch session was not found"},
    {wire::ErrorTag::smartmodule_error, "an error occurred while managing a SmartModule"},
    {wire::ErrorTag::table_format_error, "a tableformat error occurred"},
    {wire::ErrorTag::compression_error, "a compression error occurred in the SPU"},
    {wire::ErrorTag::deduplication_smartmodule_not_loaded,
     "Deduplication SmartModule is not loaded into the cluster"},
    {wire::ErrorTag::mirror_already_exists, "the mirror already exists"},
    {wire::ErrorTag::mirror_produce_from_home, "produce from home is not allowed"},
    {wire::ErrorTag::mirror_delete_from_remote, "delete from remote is not allowed"},
    {wire::ErrorTag::mirror_invalid_type, "the mirror is invalid"},
    {wire::ErrorTag::mirror_produce_from_remote_not_allowed,
     "produce from remote target is not allowed"},
};

std::string_view text_of(wire::ErrorTag tag) {
    for (const CodeText& known : kCodeTexts) {
        if (known.tag == tag) {
            return known.text;
        }
    }
    return wire::to_string(tag);
}

struct Sentence {
    wire::ErrorTag tag;
    std::string operator()(std::monostate) const { return std::string(text_of(tag)); }
    std::string operator()(const wire::ErrorText& payload) const {
        if (tag == wire::ErrorTag::other) {
            return payload.text;
        }
        return fmt::format("{}: {}", wire::to_string(tag), payload.text);
    }
    std::string operator()(const wire::ErrorTimeout& payload) const {
        return fmt::format(
            "the server did not commit within {} ms; the record is written and may "
            "commit later",
            payload.timeout_ms);
    }
    std::string operator()(const wire::ErrorEvicted& payload) const {
        return fmt::format("offset {} was evicted; the next available offset is {}", payload.offset,
                           payload.next_available);
    }
    std::string operator()(const ReplicaKey& payload) const {
        return fmt::format("partition {} is full: the disk of its leader has no space left",
                           to_string(payload));
    }
    std::string operator()(const wire::ErrorTextAndName& payload) const {
        return fmt::format("{}: {}", wire::to_string(tag), payload.text);
    }
    std::string operator()(const wire::ErrorTwoTexts& payload) const {
        if (tag == wire::ErrorTag::system_spec_deletion_attempt) {
            return fmt::format("system {} '{}' can only be deleted forcibly", payload.first,
                               payload.second);
        }
        if (tag == wire::ErrorTag::system_spec_updating_attempt) {
            return fmt::format("system {} '{}' can only be updated forcibly", payload.first,
                               payload.second);
        }
        return fmt::format("{}: {} {}", wire::to_string(tag), payload.first, payload.second);
    }
    std::string operator()(const wire::ErrorRuntime& payload) const {
        return fmt::format("{} at offset {}: {}", wire::to_string(tag), payload.offset,
                           payload.hint);
    }
    std::string operator()(const wire::ErrorMemory& payload) const {
        return fmt::format("{}: {} bytes asked for, {} allowed", wire::to_string(tag),
                           payload.requested, payload.limit);
    }
};

ErrorCode code_of(wire::ErrorTag tag) {
    if (tag == wire::ErrorTag::not_leader_for_partition ||
        tag == wire::ErrorTag::partition_not_leader) {
        return ErrorCode::not_leader;
    }
    if (tag == wire::ErrorTag::request_timed_out) {
        return ErrorCode::timed_out;
    }
    if (tag == wire::ErrorTag::message_too_large) {
        return ErrorCode::message_too_large;
    }
    if (tag == wire::ErrorTag::permission_denied) {
        return ErrorCode::permission_denied;
    }
    if (tag == wire::ErrorTag::offset_evicted) {
        return ErrorCode::offset_evicted;
    }
    if (tag == wire::ErrorTag::offset_out_of_range) {
        return ErrorCode::offset_out_of_range;
    }
    if (tag == wire::ErrorTag::partition_full || tag == wire::ErrorTag::partition_short_circuited) {
        return ErrorCode::disk_full;
    }
    if (tag == wire::ErrorTag::storage_error) {
        return ErrorCode::io_error;
    }
    if (tag == wire::ErrorTag::topic_not_found || tag == wire::ErrorTag::topic_deleted ||
        tag == wire::ErrorTag::spu_not_found || tag == wire::ErrorTag::smartmodule_not_found) {
        return ErrorCode::not_found;
    }
    if (tag == wire::ErrorTag::topic_already_exists || tag == wire::ErrorTag::spu_already_exists) {
        return ErrorCode::already_exists;
    }
    return ErrorCode::invalid_argument;
}

}  // namespace

std::string describe(const wire::ApiError& error) {
    if (const std::optional<std::string> fixed = fixed_sentence(error.tag)) {
        return *fixed;
    }
    return std::visit(Sentence{error.tag}, error.payload);
}

std::string describe(const wire::Status& status) {
    if (const std::optional<std::string> fixed = fixed_sentence(status.error.tag)) {
        return *fixed;
    }
    if (status.message.has_value()) {
        return *status.message;
    }
    return describe(status.error);
}

Error to_error(const wire::ApiError& error, const std::string& what) {
    return Error(code_of(error.tag), fmt::format("{}: {}", what, describe(error)));
}

}  // namespace weir::client
