#include "apps/weir/output.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

// Characters, not bytes: continuation bytes take no place.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

void widen(std::vector<std::size_t>& widths, const std::vector<std::string>& cells) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) {
        widths[i] = std::max(widths[i], width_of(cells[i]));
    }
}

std::string quote(const Json& text) {
    return text.dump();
}

bool is_plain_yaml(const std::string& text) {
    if (text.empty()) {
        return false;
    }
    static constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (kLetters.find(text.front()) == std::string_view::npos) {
        return false;
    }
    for (const std::string_view word : {"true", "false", "null", "yes", "no", "on", "off"}) {
        if (text == word) {
            return false;
        }
    }
    return text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") ==
           std::string::npos;
}

std::string yaml_scalar(const Json& value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        return is_plain_yaml(text) ? text : quote(value);
    }
    if (value.is_array()) {
        return "[]";
    }
    if (value.is_object()) {
        return "{}";
    }
    return value.dump();
}

bool is_nested(const Json& value) {
    return value.is_structured() && !value.empty();
}

// `indent` is the column of this value's keys or dashes.
void write_yaml(std::string& out, const Json& value, std::size_t indent) {
    const std::string pad(indent, ' ');
    if (value.is_array()) {
        for (const Json& item : value) {
            if (!is_nested(item)) {
                out += fmt::format("{}- {}\n", pad, yaml_scalar(item));
                continue;
            }
            std::string nested;
            write_yaml(nested, item, indent + 2);
            // The first key stands on the line of the dash.
            nested[indent] = '-';
            out += nested;
        }
        return;
    }
    for (const auto& [key, item] : value.items()) {
        const std::string name = is_plain_yaml(key) ? key : quote(Json(key));
        if (is_nested(item)) {
            out += fmt::format("{}{}:\n", pad, name);
            write_yaml(out, item, indent + 2);
        } else {
            out += fmt::format("{}{}: {}\n", pad, name, yaml_scalar(item));
        }
    }
}

std::string toml_value(const Json& value) {
    if (value.is_array()) {
        std::string out = "[";
        for (const Json& item : value) {
            out += (out.size() > 1 ? ", " : "") + toml_value(item);
        }
        return out + "]";
    }
    if (value.is_object()) {
        std::string out = "{";
        for (const auto& [key, item] : value.items()) {
            if (!item.is_null()) {
                out += fmt::format("{}{} = {}", out.size() > 1 ? ", " : " ", quote(Json(key)),
                                   toml_value(item));
            }
        }
        return out + " }";
    }
    return value.dump();
}

// One array of tables per list; values inside are inline, which every reader takes.
std::string to_toml(const Json& document) {
    std::string out;
    const auto add_table = [&out](const Json& table) {
        for (const auto& [key, item] : table.items()) {
            if (!item.is_null()) {
                out += fmt::format("{} = {}\n", key, toml_value(item));
            }
        }
    };
    if (!document.is_array()) {
        add_table(document);
        return out;
    }
    for (const Json& item : document) {
        out += "[[items]]\n";
        add_table(item);
        out += "\n";
    }
    return out;
}

}  // namespace

Result<OutputFormat> parse_output_format(std::string_view text) {
    if (text == "table") {
        return OutputFormat::table;
    }
    if (text == "json") {
        return OutputFormat::json;
    }
    if (text == "yaml") {
        return OutputFormat::yaml;
    }
    if (text == "toml") {
        return OutputFormat::toml;
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is not an output format: table, json, yaml or toml", text));
}

std::string render(const Table& table) {
    std::vector<std::size_t> widths;
    widen(widths, table.header);
    for (const std::vector<std::string>& row : table.rows) {
        widen(widths, row);
    }
    std::string out;
    const auto add = [&](const std::vector<std::string>& cells, bool right_aligned) {
        out.append(table.indent, ' ');
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string cell = i < cells.size() ? cells[i] : "";
            const std::string space(widths[i] - width_of(cell), ' ');
            out +=
                fmt::format(" {}{} ", right_aligned ? space : cell, right_aligned ? cell : space);
        }
        out += "\n";
    };
    if (!table.header.empty()) {
        add(table.header, false);
    }
    for (const std::vector<std::string>& row : table.rows) {
        add(row, table.right_aligned);
    }
    return out;
}

std::string render(const Json& document, OutputFormat format) {
    std::string out;
    switch (format) {
        case OutputFormat::table:
        case OutputFormat::json: return document.dump(2) + "\n";
        case OutputFormat::yaml:
            if (!is_nested(document)) {
                return yaml_scalar(document) + "\n";
            }
            write_yaml(out, document, 0);
            return out;
        case OutputFormat::toml: return to_toml(document);
    }
    return out;
}

void show(OutputFormat format, const Table& table, std::string_view none, const Json& documents) {
    if (format != OutputFormat::table) {
        print(render(documents, format));
    } else if (table.rows.empty()) {
        print_line(none);
    } else {
        print(render(table));
    }
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_line(std::string_view text) {
    print(text);
    print("\n");
}

void print_error(std::string_view text) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", text);
}

}  // namespace weir::cli
