#include "core/model/smartmodule_name.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir {

namespace {

bool plain_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

// major.minor[.patch], completed to three numbers.
std::optional<std::string> complete_version(std::string_view text) {
    std::size_t numbers = 1;
    bool digit_before = false;
    for (const char c : text) {
        if (c == '.') {
            if (!digit_before) {
                return std::nullopt;
            }
            ++numbers;
            digit_before = false;
        } else if (c >= '0' && c <= '9') {
            digit_before = true;
        } else {
            return std::nullopt;
        }
    }
    if (!digit_before || numbers > 3) {
        return std::nullopt;
    }
    std::string version(text);
    for (; numbers < 3; ++numbers) {
        version += ".0";
    }
    return version;
}

}  // namespace

std::optional<std::string> smartmodule_key(std::string_view qualified) {
    std::string_view rest = qualified;
    std::string_view group;
    if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
        group = rest.substr(0, slash);
        rest = rest.substr(slash + 1);
        if (!plain_name(group)) {
            return std::nullopt;
        }
    }
    std::optional<std::string> version;
    if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
        version = complete_version(rest.substr(at + 1));
        rest = rest.substr(0, at);
        if (!version.has_value()) {
            return std::nullopt;
        }
    }
    if (!plain_name(rest)) {
        return std::nullopt;
    }
    if (group.empty() || !version.has_value()) {
        return std::string(rest);
    }
    return fmt::format("{}-{}-{}", rest, group, *version);
}

}  // namespace weir
