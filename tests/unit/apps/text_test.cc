#include "apps/weir/text.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

TEST(Text, ReadsSizes) {
    EXPECT_EQ(parse_size("500").value(), 500U);
    EXPECT_EQ(parse_size("10 MB").value(), 10'000'000U);
    EXPECT_EQ(parse_size("1 KiB").value(), 1'024U);
    EXPECT_EQ(parse_size("2.0 MB").value(), 2'000'000U);
    EXPECT_EQ(parse_size("1 B").value(), 1U);
    for (const char* wrong : {"", "B", "-1", "10 XB", "1 KB 2", "99999999999 TB", "nan"}) {
        EXPECT_FALSE(parse_size(wrong).has_value()) << wrong;
    }
}

TEST(Text, WritesSizesAsTheReferenceDoes) {
    EXPECT_EQ(format_size(0), "0 B");
    EXPECT_EQ(format_size(999), "999 B");
    EXPECT_EQ(format_size(58'400), "58.4 KB");
    EXPECT_EQ(format_size(1'250'000'000), "1.2 GB");
}

TEST(Text, ReadsAndWritesDurations) {
    EXPECT_EQ(parse_duration("50ms").value(), Duration::from_ms(50));
    EXPECT_EQ(parse_duration("1h 30m").value(), Duration::from_s(5'400));
    EXPECT_EQ(parse_duration("7days").value(), Duration::from_s(604'800));
    for (const char* wrong : {"", "5", "5 parsecs", "-1s", "1.5h", "99999999999999999999s"}) {
        EXPECT_FALSE(parse_duration(wrong).has_value()) << wrong;
    }
    EXPECT_EQ(format_seconds(0), "0s");
    EXPECT_EQ(format_seconds(604'800), "7days");
    EXPECT_EQ(format_seconds(3'600), "1h");
    EXPECT_EQ(format_seconds(100), "1m 40s");
}

TEST(Text, WritesTimes) {
    EXPECT_EQ(format_time_ms(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_time_ms(1'709'210'096'789), "2024-02-29T12:34:56.789Z");
    EXPECT_EQ(format_time_ms(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Text, KnowsUtf8) {
    EXPECT_TRUE(is_utf8("plain"));
    EXPECT_TRUE(is_utf8("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
    for (const char* wrong : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
        EXPECT_FALSE(is_utf8(wrong));
    }
}

TEST(Times, AreReadWithAnyOffsetOrBackFromNow) {
    EXPECT_EQ(*parse_time_ms("1970-01-01T00:00:01.250Z", 0), 1'250);
    EXPECT_EQ(*parse_time_ms("1970-01-01T02:00:01+02:00", 0), 1'000);
    EXPECT_EQ(*parse_time_ms(format_time_ms(1'700'000'000'123), 0), 1'700'000'000'123);
    EXPECT_EQ(*parse_time_ms("-1m 30s", 100'000), 10'000);
    for (const char* text : {"", "yesterday", "1970-01-01", "1970-01-01T00:00:01", "-", "10m",
                             "1970-01-01T00:00:01Zoo"}) {
        EXPECT_FALSE(parse_time_ms(text, 0).has_value()) << text;
    }
}

}  // namespace
}  // namespace weir::cli
