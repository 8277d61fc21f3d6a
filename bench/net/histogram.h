// Latencies in buckets of about 1.6 % width (64 per power of two), so that a run of any length
// costs a fixed amount of memory and percentiles need no sorting. Units: nanoseconds.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace weir::bench {

class Histogram {
public:
    void add(std::int64_t value_ns) {
        const auto value = static_cast<std::uint64_t>(value_ns < 0 ? 0 : value_ns);
        ++buckets_[index_of(value)];
        ++count_;
    }

    void merge(const Histogram& other) {
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            buckets_[i] += other.buckets_[i];
        }
        count_ += other.count_;
    }

    std::uint64_t count() const { return count_; }

    // The lower bound of the bucket that holds the given quantile; 0 when empty.
    double quantile_us(double quantile) const {
        const auto wanted = static_cast<std::uint64_t>(quantile * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > wanted) {
                return static_cast<double>(lower_bound_of(i)) / 1000.0;
            }
        }
        return 0;
    }

private:
    static constexpr std::uint64_t kSub = 64;
    static constexpr std::uint64_t kSubBits = 6;

    static std::size_t index_of(std::uint64_t value) {
        if (value < kSub) {
            return static_cast<std::size_t>(value);
        }
        const auto shift = static_cast<std::uint64_t>(std::bit_width(value)) - 1 - kSubBits;
        return static_cast<std::size_t>(shift * kSub + (value >> shift));
    }
    static std::uint64_t lower_bound_of(std::size_t index) {
        if (index < kSub) {
            return index;
        }
        const std::uint64_t shift = index / kSub - 1;
        return (kSub + index % kSub) << shift;
    }

    std::array<std::uint64_t, 64 * 60> buckets_{};
    std::uint64_t count_ = 0;
};

}  // namespace weir::bench
