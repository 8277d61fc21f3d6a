#include "sim-scenarios/table_reader.h"

#include <fmt/core.h>

#include <charconv>
#include <limits>

namespace weir::sim {

namespace {

template <std::size_t N>
bool read_with_unit(std::string_view text,
                    const std::pair<std::string_view, std::uint64_t> (&units)[N],
                    std::uint64_t& value) {
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc()) {
        return false;
    }
    const std::string_view unit(parsed.ptr,
                                static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
    for (const auto& [name, factor] : units) {
        if (unit == name && number <= std::numeric_limits<std::int64_t>::max() / factor) {
            value = number * factor;
            return true;
        }
    }
    return false;
}

}  // namespace

void TableReader::refuse(const toml::source_region& where, const std::string& why) {
    if (!error_.has_value()) {
        const toml::source_position at = where.begin;
        error_.emplace(ErrorCode::invalid_argument,
                       fmt::format("{}:{}:{}: {}", source_, at.line, at.column, why));
    }
}

const toml::node* TableReader::find(std::string_view key) {
    known_.insert(std::string(key));
    return table_.get(key);
}

void TableReader::text(std::string_view key, std::string& value) {
    const toml::node* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto found = node->value_exact<std::string>();
    if (!found.has_value()) {
        refuse(*node, fmt::format("{}{} must be a string", path_, key));
        return;
    }
    value = *found;
}

void TableReader::boolean(std::string_view key, bool& value) {
    const toml::node* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto found = node->value_exact<bool>();
    if (!found.has_value()) {
        refuse(*node, fmt::format("{}{} must be true or false", path_, key));
        return;
    }
    value = *found;
}

void TableReader::number(std::string_view key, std::uint64_t& value) {
    if (const toml::node* node = find(key)) {
        read_number(*node, key, value);
    }
}

void TableReader::number(std::string_view key, std::uint32_t& value) {
    std::uint64_t wide = value;
    number(key, wide);
    value = static_cast<std::uint32_t>(std::min<std::uint64_t>(wide, 1'000'000));
}

void TableReader::duration(std::string_view key, Duration& value) {
    if (const toml::node* node = find(key)) {
        read_duration(*node, key, value);
    }
}

void TableReader::range(std::string_view key, Range<std::uint64_t>& value) {
    range_of(key, value, [this, key](const toml::node& node, std::uint64_t& into) {
        read_number(node, key, into);
    });
}

void TableReader::range(std::string_view key, Range<Duration>& value) {
    range_of(key, value, [this, key](const toml::node& node, Duration& into) {
        read_duration(node, key, into);
    });
}

void TableReader::finish() {
    for (const auto& [key, node] : table_) {
        if (!known_.contains(std::string(key.str()))) {
            refuse(key.source(), fmt::format("unknown key {}{}", path_, key.str()));
        }
    }
}

// 17, "8KiB", "3MiB"
void TableReader::read_number(const toml::node& node, std::string_view key, std::uint64_t& value) {
    if (const auto number = node.value_exact<std::int64_t>()) {
        if (*number >= 0) {
            value = static_cast<std::uint64_t>(*number);
            return;
        }
    } else if (const auto text = node.value_exact<std::string>()) {
        static constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
            {"B", 1}, {"KiB", 1U << 10U}, {"MiB", 1U << 20U}, {"GiB", 1U << 30U}};
        if (read_with_unit(*text, kUnits, value)) {
            return;
        }
    }
    refuse(node, fmt::format("{}{} must be a number or a size such as \"8KiB\"", path_, key));
}

// "250us", "3s"
void TableReader::read_duration(const toml::node& node, std::string_view key, Duration& value) {
    static constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
        {"ns", 1},
        {"us", 1'000},
        {"ms", 1'000'000},
        {"s", 1'000'000'000},
        {"min", 60'000'000'000},
        {"h", 3'600'000'000'000}};
    const auto text = node.value_exact<std::string>();
    std::uint64_t ns = 0;
    if (!text.has_value() || !read_with_unit(*text, kUnits, ns)) {
        refuse(node, fmt::format("{}{} must be a time such as \"250us\" or \"3s\"", path_, key));
        return;
    }
    value = Duration::from_ns(static_cast<std::int64_t>(ns));
}

}  // namespace weir::sim
