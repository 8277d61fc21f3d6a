// Reads the keys of one TOML table into values, with errors that say where.
//
// On the stack of a parser; table and source outlive it. Every key that is asked for is noted, and
// finish() refuses the rest. The first error stays; later reads may do nothing. A key that is not
// there leaves its value alone. A time is a text such as "250us", a size a number or a text such as
// "8KiB".
#pragma once

#include "core/base/result.h"
#include "core/base/time.h"
#include "runtime/sim/faults/fault_plan.h"

#define TOML_EXCEPTIONS 0
#include <fmt/core.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <utility>

namespace weir::sim {

class TableReader {
public:
    TableReader(const toml::table& table, std::string path, std::string_view source,
                std::optional<Error>& error)
        : table_(table), path_(std::move(path)), source_(source), error_(error) {}

    void refuse(const toml::node& node, const std::string& why) { refuse(node.source(), why); }
    void refuse(const toml::source_region& where, const std::string& why);

    void refuse_table(const std::string& why) { refuse(table_, why); }

    const toml::node* find(std::string_view key);

    void text(std::string_view key, std::string& value);

    void boolean(std::string_view key, bool& value);

    // One of a few words.
    template <typename T, typename Convert>
    void word(std::string_view key, T& value, Convert convert, std::string_view choices) {
        const toml::node* node = find(key);
        if (node == nullptr) {
            return;
        }
        const auto found = node->value_exact<std::string>();
        const auto converted = convert(found.value_or(std::string()));
        if (!converted.has_value()) {
            refuse(*node, fmt::format("{}{} must be one of {}", path_, key, choices));
            return;
        }
        value = *converted;
    }

    void number(std::string_view key, std::uint64_t& value);
    void number(std::string_view key, std::uint32_t& value);
    void duration(std::string_view key, Duration& value);
    void range(std::string_view key, Range<std::uint64_t>& value);
    void range(std::string_view key, Range<Duration>& value);

    void finish();

private:
    template <typename T, typename Read>
    void range_of(std::string_view key, Range<T>& value, Read read) {
        const toml::node* node = find(key);
        if (node == nullptr) {
            return;
        }
        const toml::array* pair = node->as_array();
        if (pair == nullptr) {
            read(*node, value.low);
            value.high = value.low;
            return;
        }
        if (pair->size() != 2) {
            refuse(*node, fmt::format("{}{} must be a value or a pair [low, high]", path_, key));
            return;
        }
        read(*pair->get(0), value.low);
        read(*pair->get(1), value.high);
        if (value.high < value.low) {
            refuse(*node, fmt::format("{}{}: the pair must be [low, high]", path_, key));
        }
    }

    void read_number(const toml::node& node, std::string_view key, std::uint64_t& value);
    void read_duration(const toml::node& node, std::string_view key, Duration& value);

    const toml::table& table_;
    std::string path_;
    std::string_view source_;
    std::optional<Error>& error_;
    std::set<std::string> known_;
};

}  // namespace weir::sim
