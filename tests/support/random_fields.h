// Fills any wire struct with random values by its own description of its fields, so that property
// tests cover a field as soon as it exists. What a version does not carry keeps its default.
#pragma once

#include "core/base/prng.h"
#include "core/wire/object_fields.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::wire::detail {

class RandomFields {
public:
    static constexpr bool kDecoding = true;
    RandomFields(Prng& prng, Version version) : prng_(prng), version_(version) {}

    Version version() const { return version_; }
    void fail_with(const std::string&) {}
    static constexpr bool at_end() { return false; }

    template <typename... Ts>
    void operator()(Ts&... values) {
        (one(values), ...);
    }
    template <typename T>
    void at_version(Version version, T& value) {
        const Version outer = std::exchange(version_, version);
        one(value);
        version_ = outer;
    }

private:
    template <typename T>
    void one(T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            value = prng_.chance(1, 2);
        } else if constexpr (std::is_integral_v<T>) {
            const std::uint64_t bits = prng_.next();
            const std::uint64_t shift = prng_.below(64);
            value = static_cast<T>(bits >> shift);
        } else if constexpr (std::is_same_v<T, std::string>) {
            value = text();
        } else if constexpr (std::is_same_v<T, ApiError>) {
            value = prng_.chance(1, 2) ? ApiError() : ApiError::other(text());
        } else if constexpr (std::is_same_v<T, Bytes>) {
            value.resize(prng_.below(40));
            for (std::uint8_t& byte : value) {
                byte = static_cast<std::uint8_t>(prng_.next());
            }
        } else if constexpr (std::is_same_v<T, Duration>) {
            value = Duration::from_ns(static_cast<std::int64_t>(prng_.below(1ULL << 62)));
        } else if constexpr (std::is_enum_v<T>) {
            value = static_cast<T>(prng_.below(enumerators<T>()));
        } else if constexpr (kIsStrongInt<T>) {
            typename T::rep raw{};
            one(raw);
            value = T(raw);
        } else {
            composite(value);
        }
    }

    // Without those that the version would translate.
    template <typename T>
    std::uint8_t enumerators() const {
        std::uint8_t count = kEnumCount<T>;
        if constexpr (std::is_same_v<T, PartitionResolution>) {
            count = version_ < kOutOfStorageSince ? count - 1 : count;
        }
        if constexpr (std::is_same_v<T, MirrorPairState>) {
            count = version_ < kDetailFailureSince ? count - 1 : count;
        }
        return count;
    }

    template <typename T>
    void composite(T& value) {
        if constexpr (kIsOptional<T>) {
            value.reset();
            if (prng_.chance(1, 2)) {
                one(value.emplace());
            }
        } else if constexpr (kIsVector<T>) {
            value.clear();
            const std::uint64_t count = prng_.below(4);
            for (std::uint64_t i = 0; i < count; ++i) {
                one(value.emplace_back());
            }
        } else if constexpr (kIsMap<T>) {
            value.clear();
            const std::uint64_t count = prng_.below(4);
            for (std::uint64_t i = 0; i < count; ++i) {
                typename T::key_type key{};
                one(key);
                one(value[key]);
            }
        } else if constexpr (kIsVariant<T>) {
            alternative<0>(prng_.below(std::variant_size_v<T>), value);
        } else {
            fields(*this, value);
        }
    }

    template <std::size_t I, typename... Ts>
    void alternative(std::uint64_t index, std::variant<Ts...>& value) {
        if constexpr (I < sizeof...(Ts)) {
            if (index == I) {
                one(value.template emplace<I>());
            } else {
                alternative<I + 1>(index, value);
            }
        }
    }

    std::string text() {
        std::string result;
        const std::uint64_t size = prng_.below(12);
        for (std::uint64_t i = 0; i < size; ++i) {
            result.push_back(static_cast<char>('a' + static_cast<char>(prng_.below(26))));
        }
        return result;
    }

    Prng& prng_;
    Version version_;
};

}  // namespace weir::wire::detail
