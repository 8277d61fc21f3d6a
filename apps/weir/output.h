// How commands print: tables as the reference's command line draws them, or JSON, YAML, TOML.
#pragma once

#include "core/base/result.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

enum class OutputFormat { table, json, yaml, toml };
Result<OutputFormat> parse_output_format(std::string_view text);

// Columns as wide as their widest cell; a row may have cells beyond the header.
struct Table {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    // The cells of the rows end at the right edge of their columns.
    bool right_aligned = false;
    // Spaces before every line.
    std::size_t indent = 1;
};
std::string render(const Table& table);

// The document in a format that is not `table`, with a line end.
std::string render(const nlohmann::ordered_json& document, OutputFormat format);

// A listing: the table, or the sentence `none` if it has no rows, or the documents.
void show(OutputFormat format, const Table& table, std::string_view none,
          const nlohmann::ordered_json& documents);

// To standard output and standard error.
void print(std::string_view text);
void print_line(std::string_view text);
void print_error(std::string_view text);

}  // namespace weir::cli
