#include "apps/weir/record_format.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

std::string print(const RecordFormat& format, std::optional<std::string_view> key,
                  std::string_view value) {
    client::ConsumedRecord record;
    record.offset = Offset(7);
    record.timestamp_ms = 1'000;
    if (key.has_value()) {
        record.key = as_bytes(*key);
    }
    record.value = as_bytes(value);
    std::string out;
    append_record(out, format, 3, record);
    return out;
}

TEST(RecordFormat, PrintsTextAndKeys) {
    RecordFormat format;
    EXPECT_EQ(print(format, "k", "v"), "v\n");
    format.with_key = true;
    EXPECT_EQ(print(format, "k", "v"), "[k] v\n");
    EXPECT_EQ(print(format, std::nullopt, "v"), "[null] v\n");
}

TEST(RecordFormat, ExpandsPatterns) {
    RecordFormat format;
    format.pattern = "{{partition}}:{{offset}} {{key}}={{value}} {{time}} {{other}} {{";
    EXPECT_EQ(print(format, std::nullopt, "v"),
              "3:7 null=v 1970-01-01T00:00:01.000Z {{other}} {{\n");
    // Braces in a value are not looked at again.
    format.pattern = "{{value}}";
    EXPECT_EQ(print(format, std::nullopt, "{{key}}"), "{{key}}\n");
}

TEST(RecordFormat, PrintsWhatIsNoText) {
    RecordFormat format;
    EXPECT_EQ(print(format, std::nullopt, "\xff\x01"),
              "00000000  ff 01                                            |..|\n");
    format.output = RecordOutput::text;
    EXPECT_EQ(print(format, std::nullopt, "\xff\x01"), "binary: (2 bytes)\n");
    format.suppress_unknown = true;
    EXPECT_EQ(print(format, std::nullopt, "\xff\x01"), "");
    format.output = RecordOutput::raw;
    EXPECT_EQ(print(format, std::nullopt, "\xff\x01"), "\xff\x01\n");
}

TEST(RecordFormat, PrintsJson) {
    RecordFormat format;
    format.output = RecordOutput::json;
    EXPECT_EQ(print(format, std::nullopt, R"({"b": 1, "a": [2]})"), "{\"b\":1,\"a\":[2]}\n");
    EXPECT_EQ(print(format, std::nullopt, "no json"), "\"no json\"\n");
    format.suppress_unknown = true;
    EXPECT_EQ(print(format, std::nullopt, "no json"), "");
}

}  // namespace
}  // namespace weir::cli
