#include "bench/net/report.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::bench {

std::optional<double> Row::ratio() const {
    if (!limit.has_value() || *limit == 0) {
        return std::nullopt;
    }
    return value / *limit;
}

std::optional<bool> Row::met() const {
    const double measured = goal_is_ratio ? ratio().value_or(value) : value;
    if (goal_min.has_value()) {
        return measured >= *goal_min;
    }
    if (goal_max.has_value()) {
        return measured <= *goal_max;
    }
    return std::nullopt;
}

namespace {

std::string number(double value) {
    if (value >= 1000) {
        return fmt::format("{:.0f}", value);
    }
    return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.3f}", value);
}

std::string goal_text(const Row& row) {
    const char* unit = row.goal_is_ratio && row.limit.has_value() ? "x" : "";
    if (row.goal_min.has_value()) {
        return fmt::format(">= {}{}", *row.goal_min, unit);
    }
    if (row.goal_max.has_value()) {
        return fmt::format("<= {}{}", *row.goal_max, unit);
    }
    return "-";
}

}  // namespace

void Report::print_table() const {
    fmt::print("\n{:<44} {:>10} {:<8} {:>10} {:>7} {:>10} {:<4} {}\n", "measured", "value", "unit",
               "limit", "ratio", "goal", "met", "limit is; details");
    for (const Row& row : rows_) {
        std::string more = row.limit_name;
        for (const auto& [name, value] : row.details) {
            more += fmt::format("{}{} {}", more.empty() ? "" : "; ", name, number(value));
        }
        const std::optional<bool> met = row.met();
        fmt::print("{:<44} {:>10} {:<8} {:>10} {:>7} {:>10} {:<4} {}\n", row.name,
                   number(row.value), row.unit, row.limit.has_value() ? number(*row.limit) : "-",
                   row.ratio().has_value() ? fmt::format("{:.2f}", *row.ratio()) : "-",
                   goal_text(row), met.has_value() ? (*met ? "yes" : "NO") : "-", more);
    }
}

std::string Report::to_json() const {
    // Names are ours and need no escapes.
    std::string json = "{\n  \"rows\": [";
    const char* separator = "\n";
    for (const Row& row : rows_) {
        json += fmt::format("{}    {{\"name\": \"{}\", \"value\": {:.6g}, \"unit\": \"{}\"",
                            separator, row.name, row.value, row.unit);
        separator = ",\n";
        if (row.limit.has_value()) {
            json += fmt::format(", \"limit\": {:.6g}, \"limit_name\": \"{}\", \"ratio\": {:.6g}",
                                *row.limit, row.limit_name, row.ratio().value_or(0));
        }
        if (row.goal_min.has_value() || row.goal_max.has_value()) {
            json += fmt::format(", \"goal_is_ratio\": {}", row.goal_is_ratio);
        }
        if (row.goal_min.has_value()) {
            json += fmt::format(", \"goal_min\": {:.6g}", *row.goal_min);
        }
        if (row.goal_max.has_value()) {
            json += fmt::format(", \"goal_max\": {:.6g}", *row.goal_max);
        }
        if (row.met().has_value()) {
            json += fmt::format(", \"met\": {}", *row.met());
        }
        for (const auto& [name, value] : row.details) {
            json += fmt::format(", \"{}\": {:.6g}", name, value);
        }
        json += "}";
    }
    return json + "\n  ]\n}\n";
}

double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace weir::bench
