#include "core/client/errors.h"

#include <fmt/core.h>

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

struct Sentence {
    wire::ErrorTag tag;
    std::string operator()(std::monostate) const { return std::string(wire::to_string(tag)); }
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
            return fmt::format("system {} '{}' can't be updated", payload.first, payload.second);
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
