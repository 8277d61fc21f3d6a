// How `weir consume` prints a record.
#pragma once

#include "core/base/result.h"
#include "core/client/consumer.h"

#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

enum class RecordOutput {
    dynamic,  // text, or a dump of what is no text
    text,     // text, or a note of its size
    binary,   // a dump
    json,     // JSON, or the text as a JSON string
    raw,      // the bytes as they are
};
Result<RecordOutput> parse_record_output(std::string_view text);

struct RecordFormat {
    RecordOutput output = RecordOutput::dynamic;
    // "[key] value"
    bool with_key = false;
    // Leave out what does not fit the output instead of a substitute.
    bool suppress_unknown = false;
    // "{{key}} {{value}} {{offset}} {{partition}} {{time}}"; empty: none.
    std::string pattern;
};

// Appends the record and a line end; nothing if it is suppressed.
void append_record(std::string& out, const RecordFormat& format, std::uint32_t partition,
                   const client::ConsumedRecord& record);

}  // namespace weir::cli
