// Durations and the two kinds of time, in nanoseconds.
//
// `Instant` is monotonic time of one process and is the only kind for deadlines, timers and
// leases. `WallTime` is time since 1970 in UTC, may step, and is only for stamps that people or
// retention read. Neither converts to the other.
#pragma once

#include <compare>
#include <cstdint>

namespace weir {

class Duration {
public:
    constexpr Duration() = default;
    static constexpr Duration from_ns(std::int64_t ns) { return Duration(ns); }
    static constexpr Duration from_us(std::int64_t us) { return Duration(us * 1'000); }
    static constexpr Duration from_ms(std::int64_t ms) { return Duration(ms * 1'000'000); }
    static constexpr Duration from_s(std::int64_t s) { return Duration(s * 1'000'000'000); }

    constexpr std::int64_t ns() const { return ns_; }
    constexpr std::int64_t us() const { return ns_ / 1'000; }
    constexpr std::int64_t ms() const { return ns_ / 1'000'000; }
    constexpr std::int64_t s() const { return ns_ / 1'000'000'000; }

    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.ns_ + b.ns_); }
    friend constexpr Duration operator-(Duration a, Duration b) { return Duration(a.ns_ - b.ns_); }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return Duration(a.ns_ * n); }
    friend constexpr Duration operator/(Duration a, std::int64_t n) { return Duration(a.ns_ / n); }

private:
    constexpr explicit Duration(std::int64_t ns) : ns_(ns) {}
    std::int64_t ns_ = 0;
};

class Instant {
public:
    constexpr Instant() = default;
    static constexpr Instant from_ns(std::int64_t ns) { return Instant(ns); }
    constexpr std::int64_t ns() const { return ns_; }

    friend constexpr auto operator<=>(Instant, Instant) = default;
    friend constexpr Instant operator+(Instant a, Duration d) { return Instant(a.ns_ + d.ns()); }
    friend constexpr Instant operator-(Instant a, Duration d) { return Instant(a.ns_ - d.ns()); }
    friend constexpr Duration operator-(Instant a, Instant b) {
        return Duration::from_ns(a.ns_ - b.ns_);
    }

private:
    constexpr explicit Instant(std::int64_t ns) : ns_(ns) {}
    std::int64_t ns_ = 0;
};

class WallTime {
public:
    constexpr WallTime() = default;
    static constexpr WallTime from_ns(std::int64_t ns) { return WallTime(ns); }
    static constexpr WallTime from_ms(std::int64_t ms) { return WallTime(ms * 1'000'000); }
    constexpr std::int64_t ns() const { return ns_; }
    constexpr std::int64_t ms() const { return ns_ / 1'000'000; }
    constexpr std::int64_t s() const { return ns_ / 1'000'000'000; }

    friend constexpr auto operator<=>(WallTime, WallTime) = default;
    friend constexpr WallTime operator+(WallTime a, Duration d) { return WallTime(a.ns_ + d.ns()); }
    friend constexpr WallTime operator-(WallTime a, Duration d) { return WallTime(a.ns_ - d.ns()); }
    friend constexpr Duration operator-(WallTime a, WallTime b) {
        return Duration::from_ns(a.ns_ - b.ns_);
    }

private:
    constexpr explicit WallTime(std::int64_t ns) : ns_(ns) {}
    std::int64_t ns_ = 0;
};

}  // namespace weir
