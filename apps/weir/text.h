// Sizes, durations and times as people write and read them: "10 MB", "1h 30m", "2026-01-02T...Z".
//
// Pure. Errors: invalid_argument with an example of what would do.
#pragma once

#include "core/base/result.h"
#include "core/base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

// A number and a unit: B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024); no unit:
// bytes. The number may have a fraction.
Result<std::uint64_t> parse_size(std::string_view text);
// "0 B", "58.4 KB".
std::string format_size(std::uint64_t size_bytes);

// Sums such as "1h 30m", "50ms", "7days"; units from ns to years.
Result<Duration> parse_duration(std::string_view text);
// The same back: "7days", "1h", "1m 40s".
std::string format_seconds(std::uint64_t seconds);

// RFC 3339 in UTC with milliseconds.
std::string format_time_ms(std::int64_t ms_since_1970);

// The same back, with any offset from UTC; or a duration back from `now_ms`: "-10m".
Result<std::int64_t> parse_time_ms(std::string_view text, std::int64_t now_ms);

bool is_utf8(std::string_view bytes);

}  // namespace weir::cli
