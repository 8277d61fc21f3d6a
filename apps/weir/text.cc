#include "apps/weir/text.h"

#include <fmt/core.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

namespace weir::cli {
namespace {

struct SizeUnit {
    std::string_view name;
    std::uint64_t size_bytes;
};
constexpr std::array<SizeUnit, 15> kSizeUnits = {{{"", 1},
                                                  {"b", 1},
                                                  {"k", 1'000},
                                                  {"kb", 1'000},
                                                  {"m", 1'000'000},
                                                  {"mb", 1'000'000},
                                                  {"g", 1'000'000'000},
                                                  {"gb", 1'000'000'000},
                                                  {"tb", 1'000'000'000'000},
                                                  {"kib", 1ULL << 10U},
                                                  {"ki", 1ULL << 10U},
                                                  {"mib", 1ULL << 20U},
                                                  {"mi", 1ULL << 20U},
                                                  {"gib", 1ULL << 30U},
                                                  {"tib", 1ULL << 40U}}};

struct TimeUnit {
    std::string_view name;
    std::int64_t ns;
};
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::array<TimeUnit, 28> kTimeUnits = {{
    {"ns", 1},
    {"nsec", 1},
    {"us", 1'000},
    {"usec", 1'000},
    {"ms", 1'000'000},
    {"msec", 1'000'000},
    {"s", kSecond},
    {"sec", kSecond},
    {"secs", kSecond},
    {"second", kSecond},
    {"seconds", kSecond},
    {"m", 60 * kSecond},
    {"min", 60 * kSecond},
    {"mins", 60 * kSecond},
    {"minute", 60 * kSecond},
    {"minutes", 60 * kSecond},
    {"h", 3'600 * kSecond},
    {"hr", 3'600 * kSecond},
    {"hrs", 3'600 * kSecond},
    {"hour", 3'600 * kSecond},
    {"hours", 3'600 * kSecond},
    {"d", 86'400 * kSecond},
    {"day", 86'400 * kSecond},
    {"days", 86'400 * kSecond},
    {"w", 604'800 * kSecond},
    {"week", 604'800 * kSecond},
    {"weeks", 604'800 * kSecond},
    {"y", 31'557'600 * kSecond},
}};

std::string_view skip_spaces(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
        text.remove_prefix(1);
    }
    return text;
}

std::string_view take_word(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && std::isalpha(static_cast<unsigned char>(text[size])) != 0) {
        ++size;
    }
    const std::string_view word = text.substr(0, size);
    text.remove_prefix(size);
    return word;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto wrong = [&] {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' is not a size: write it as 500, 16 KiB or '10 MB'", text));
    };
    std::string_view rest = skip_spaces(text);
    double number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || !(number >= 0)) {
        return wrong();
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    rest = skip_spaces(rest);
    std::string unit(take_word(rest));
    for (char& letter : unit) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    if (!skip_spaces(rest).empty()) {
        return wrong();
    }
    for (const SizeUnit& known : kSizeUnits) {
        if (known.name == unit) {
            const double size = number * static_cast<double>(known.size_bytes);
            if (size >= 9.2e18) {
                return wrong();
            }
            return static_cast<std::uint64_t>(std::llround(size));
        }
    }
    return wrong();
}

std::string format_size(std::uint64_t size_bytes) {
    if (size_bytes < 1'000) {
        return fmt::format("{} B", size_bytes);
    }
    constexpr std::array<std::string_view, 6> kNames = {"KB", "MB", "GB", "TB", "PB", "EB"};
    double value = static_cast<double>(size_bytes) / 1'000;
    std::size_t unit = 0;
    while (value >= 1'000 && unit + 1 < kNames.size()) {
        value /= 1'000;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, kNames[unit]);
}

Result<Duration> parse_duration(std::string_view text) {
    const auto wrong = [&] {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' is not a duration: write it as 50ms, 10s or '1h 30m'", text));
    };
    std::string_view rest = skip_spaces(text);
    if (rest.empty()) {
        return wrong();
    }
    std::int64_t total = 0;
    while (!rest.empty()) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
        if (error != std::errc() || count < 0) {
            return wrong();
        }
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        rest = skip_spaces(rest);
        const std::string_view unit = take_word(rest);
        rest = skip_spaces(rest);
        std::int64_t ns = 0;
        for (const TimeUnit& known : kTimeUnits) {
            ns = known.name == unit ? known.ns : ns;
        }
        if (ns == 0 || count > (std::numeric_limits<std::int64_t>::max() - total) / ns) {
            return wrong();
        }
        total += count * ns;
    }
    return Duration::from_ns(total);
}

std::string format_seconds(std::uint64_t seconds) {
    if (seconds == 0) {
        return "0s";
    }
    std::string out;
    const auto add = [&](std::uint64_t unit, std::string_view one, std::string_view many) {
        const std::uint64_t count = seconds / unit;
        seconds %= unit;
        if (count > 0) {
            out += fmt::format("{}{}{}", out.empty() ? "" : " ", count, count == 1 ? one : many);
        }
    };
    add(31'557'600, "year", "years");
    add(2'630'016, "month", "months");
    add(86'400, "day", "days");
    add(3'600, "h", "h");
    add(60, "m", "m");
    add(1, "s", "s");
    return out;
}

std::string format_time_ms(std::int64_t ms_since_1970) {
    const std::int64_t days = ms_since_1970 / 86'400'000 - (ms_since_1970 % 86'400'000 < 0 ? 1 : 0);
    const std::int64_t in_day = ms_since_1970 - days * 86'400'000;
    // Civil date from days, after Hinnant's "chrono-compatible low-level date algorithms".
    const std::int64_t shifted = days + 719'468;
    const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
    const std::int64_t day_of_era = shifted - era * 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month_index = (5 * day_of_year + 2) / 153;
    const std::int64_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
    const std::int64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
    const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, month, day,
                       in_day / 3'600'000, in_day / 60'000 % 60, in_day / 1'000 % 60,
                       in_day % 1'000);
}

Result<std::int64_t> parse_time_ms(std::string_view text, std::int64_t now_ms) {
    const std::string whole(text);
    if (!text.empty() && text.front() == '-') {
        WEIR_TRY(const Duration back, parse_duration(text.substr(1)));
        return now_ms - back.ms();
    }
    const auto wrong = [&whole] {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' is not a time such as 2026-01-31T12:00:00Z or -10m", whole));
    };
    std::tm parts{};
    const char* at = ::strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (at == nullptr) {
        return wrong();
    }
    std::int64_t ms = std::int64_t{::timegm(&parts)} * 1'000;
    if (*at == '.') {
        std::int64_t scale = 100;
        for (++at; *at >= '0' && *at <= '9'; ++at) {
            ms += (*at - '0') * scale;
            scale /= 10;
        }
    }
    // Seconds east of UTC.
    std::tm zone{};
    const char* end = ::strptime(at, "%z", &zone);
    if (*at == '\0' || end == nullptr || *end != '\0') {
        return wrong();
    }
    return ms - std::int64_t{zone.tm_gmtoff} * 1'000;
}

bool is_utf8(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        const auto first = static_cast<unsigned char>(bytes[at]);
        std::size_t more = 0;
        std::uint32_t point = first;
        std::uint32_t least = 0;
        if (first >= 0xf0 && first < 0xf8) {
            more = 3;
            point = first & 0x07U;
            least = 0x10000;
        } else if (first >= 0xe0 && first < 0xf0) {
            more = 2;
            point = first & 0x0fU;
            least = 0x800;
        } else if (first >= 0xc0 && first < 0xe0) {
            more = 1;
            point = first & 0x1fU;
            least = 0x80;
        } else if (first >= 0x80) {
            return false;
        }
        if (bytes.size() - at <= more) {
            return false;
        }
        for (std::size_t i = 1; i <= more; ++i) {
            const auto next = static_cast<unsigned char>(bytes[at + i]);
            if ((next & 0xc0U) != 0x80U) {
                return false;
            }
            point = (point << 6U) | (next & 0x3fU);
        }
        const bool surrogate = point >= 0xd800 && point < 0xe000;
        if (point < least || point > 0x10ffff || surrogate) {
            return false;
        }
        at += more + 1;
    }
    return true;
}

}  // namespace weir::cli
