// Integers that differ only in meaning and must not be mixed.
//
// `StrongInt<Tag, Rep>` has no implicit conversion in either direction. Comparison and hashing by
// value only. Arithmetic is defined where it means something, by deriving the tag from
// `Additive`: id + count, id - count, and id - id giving the plain Rep.
#pragma once

#include <compare>
#include <type_traits>

namespace weir {

struct Additive {};

template <typename Tag, typename Rep>
class StrongInt {
public:
    using rep = Rep;

    constexpr StrongInt() = default;
    constexpr explicit StrongInt(Rep value) : value_(value) {}

    constexpr Rep value() const { return value_; }

    friend constexpr auto operator<=>(StrongInt, StrongInt) = default;
    friend constexpr bool operator==(StrongInt, StrongInt) = default;

    friend constexpr StrongInt operator+(StrongInt a, Rep count)
        requires std::is_base_of_v<Additive, Tag>
    {
        return StrongInt(static_cast<Rep>(a.value_ + count));
    }
    friend constexpr StrongInt operator-(StrongInt a, Rep count)
        requires std::is_base_of_v<Additive, Tag>
    {
        return StrongInt(static_cast<Rep>(a.value_ - count));
    }
    friend constexpr Rep operator-(StrongInt a, StrongInt b)
        requires std::is_base_of_v<Additive, Tag>
    {
        return static_cast<Rep>(a.value_ - b.value_);
    }
    constexpr StrongInt& operator+=(Rep count)
        requires std::is_base_of_v<Additive, Tag>
    {
        value_ = static_cast<Rep>(value_ + count);
        return *this;
    }

private:
    Rep value_{};
};

}  // namespace weir
