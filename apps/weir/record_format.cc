#include "apps/weir/record_format.h"

#include "apps/weir/text.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cctype>
#include <optional>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDumpWidth = 16;

// Offset, hexadecimal and printable characters, 16 bytes a line.
std::string dump(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += kDumpWidth) {
        const std::string_view line = bytes.substr(at, kDumpWidth);
        out += fmt::format("{:08x} ", at);
        std::string letters;
        for (std::size_t i = 0; i < kDumpWidth; ++i) {
            if (i < line.size()) {
                const auto byte = static_cast<unsigned char>(line[i]);
                out += fmt::format(" {:02x}", byte);
                letters += std::isprint(byte) != 0 ? line[i] : '.';
            } else {
                out += "   ";
            }
        }
        out += fmt::format("  |{}|{}", letters, at + kDumpWidth < bytes.size() ? "\n" : "");
    }
    return out;
}

std::optional<std::string> render_json(std::string_view value, bool suppress) {
    const Json document = Json::parse(value, nullptr, false);
    if (!document.is_discarded()) {
        return document.dump();
    }
    if (suppress) {
        return std::nullopt;
    }
    return Json(std::string(value)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> render_value(const RecordFormat& format, std::string_view value) {
    switch (format.output) {
        case RecordOutput::raw: return std::string(value);
        case RecordOutput::binary: return dump(value);
        case RecordOutput::json: return render_json(value, format.suppress_unknown);
        case RecordOutput::dynamic:
            if (!is_utf8(value)) {
                return format.suppress_unknown ? std::nullopt : std::optional(dump(value));
            }
            return std::string(value);
        case RecordOutput::text:
            if (!is_utf8(value)) {
                return format.suppress_unknown
                           ? std::nullopt
                           : std::optional(fmt::format("binary: ({} bytes)", value.size()));
            }
            return std::string(value);
    }
    return std::nullopt;
}

std::string expand(const std::string& pattern, std::uint32_t partition,
                   const client::ConsumedRecord& record, const std::string& value) {
    std::string out;
    std::size_t at = 0;
    while (at < pattern.size()) {
        const std::size_t open = pattern.find("{{", at);
        const std::size_t close =
            open == std::string::npos ? std::string::npos : pattern.find("}}", open);
        if (close == std::string::npos) {
            break;
        }
        out.append(pattern, at, open - at);
        const std::string name = pattern.substr(open + 2, close - open - 2);
        if (name == "key") {
            out += record.key.has_value() ? as_text(*record.key) : "null";
        } else if (name == "value") {
            out += value;
        } else if (name == "offset") {
            out += std::to_string(record.offset.value());
        } else if (name == "partition") {
            out += std::to_string(partition);
        } else if (name == "time") {
            out += record.timestamp_ms < 0 ? "NA" : format_time_ms(record.timestamp_ms);
        } else {
            out.append(pattern, open, close + 2 - open);
        }
        at = close + 2;
    }
    return out.append(pattern, at, std::string::npos);
}

}  // namespace

Result<RecordOutput> parse_record_output(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, RecordOutput>, 5> kNames = {
        {{"dynamic", RecordOutput::dynamic},
         {"text", RecordOutput::text},
         {"binary", RecordOutput::binary},
         {"json", RecordOutput::json},
         {"raw", RecordOutput::raw}}};
    for (const auto& [name, output] : kNames) {
        if (name == text) {
            return output;
        }
    }
    if (text == "table" || text == "full_table") {
        return fail(ErrorCode::not_supported,
                    fmt::format("the output '{}' is not supported yet; use dynamic, text, binary, "
                                "json or raw",
                                text));
    }
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is not a record output: dynamic, text, binary, json or raw", text));
}

void append_record(std::string& out, const RecordFormat& format, std::uint32_t partition,
                   const client::ConsumedRecord& record) {
    const std::optional<std::string> value = render_value(format, as_text(record.value));
    if (!value.has_value()) {
        return;
    }
    if (!format.pattern.empty()) {
        out += expand(format.pattern, partition, record, *value);
    } else if (format.with_key) {
        out +=
            fmt::format("[{}] {}", record.key.has_value() ? as_text(*record.key) : "null", *value);
    } else {
        out += *value;
    }
    out += "\n";
}

}  // namespace weir::cli
