#include "core/model/replica_key.h"

#include <fmt/core.h>

#include <charconv>

namespace weir {

std::string to_string(const ReplicaKey& key) {
    return fmt::format("{}-{}", key.topic, key.partition);
}

Result<ReplicaKey> parse_replica_key(std::string_view text) {
    const std::size_t dash = text.rfind('-');
    if (dash == std::string_view::npos || dash == 0) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' is not <topic>-<partition>", text));
    }
    const std::string_view digits = text.substr(dash + 1);
    ReplicaKey key;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), key.partition);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' is not <topic>-<partition>", text));
    }
    key.topic = std::string(text.substr(0, dash));
    return key;
}

}  // namespace weir
