// One description of a layout for both directions: `fields(archive, value)` names the fields of a
// struct in wire order, a Decoder fills them and an Encoder writes them. Private to core/wire.
//
// A Decoder remembers the first error and does nothing after it, so that a description needs no
// error paths; `finish` hands the error out. Both live on the stack of one call; the Reader or
// Writer outlives them. What a kind of field looks like on the wire is decided here alone
// (control-plane spec 1): enumerations and variants have a u8 tag, vectors an i32 count, maps a u16
// count, options a flag.
#pragma once

#include "core/base/strong_int.h"
#include "core/base/time.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace weir::wire::detail {

// Number of enumerators; specialised for each enumeration that travels as a u8 tag.
template <typename E>
inline constexpr std::uint8_t kEnumCount = 0;

template <typename T>
inline constexpr bool kIsStrongInt = false;
template <typename Tag, typename Rep>
inline constexpr bool kIsStrongInt<StrongInt<Tag, Rep>> = true;
template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
inline constexpr bool kIsVector = false;
template <typename T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <typename T>
inline constexpr bool kIsMap = false;
template <typename K, typename V>
inline constexpr bool kIsMap<std::map<K, V>> = true;
template <typename T>
inline constexpr bool kIsVariant = false;
template <typename... Ts>
inline constexpr bool kIsVariant<std::variant<Ts...>> = true;

class Decoder {
public:
    static constexpr bool kDecoding = true;
    Decoder(Reader& reader, Version version) : reader_(reader), version_(version) {}

    Version version() const { return version_; }
    // An older program has sent nothing of what follows.
    bool at_end() const { return !failed() && reader_.remaining() == 0; }
    bool failed() const { return error_.has_value(); }
    void fail_with(std::string text) {
        if (!error_.has_value()) {
            error_.emplace(ErrorCode::malformed, std::move(text));
        }
    }

    template <typename... Ts>
    void operator()(Ts&... values) {
        (one(values), ...);
    }
    // The fields of `value` in another version than the rest.
    template <typename T>
    void at_version(Version version, T& value) {
        const Version outer = std::exchange(version_, version);
        one(value);
        version_ = outer;
    }

    template <typename T>
    Result<T> finish(T value) {
        if (error_.has_value()) {
            return fail(*std::move(error_));
        }
        return value;
    }

private:
    template <typename T>
    void take(Result<T> result, T& into) {
        if (result.has_value()) {
            into = *std::move(result);
        } else {
            error_ = std::move(result).error();
        }
    }

    template <typename T>
    void one(T& value) {
        if (error_.has_value()) {
            return;
        }
        if constexpr (std::is_same_v<T, bool>) {
            take(reader_.read_bool(), value);
        } else if constexpr (std::is_same_v<T, std::uint8_t>) {
            take(reader_.read_u8(), value);
        } else if constexpr (std::is_same_v<T, std::int16_t>) {
            take(reader_.read_i16(), value);
        } else if constexpr (std::is_same_v<T, std::uint16_t>) {
            take(reader_.read_u16(), value);
        } else if constexpr (std::is_same_v<T, std::int32_t>) {
            take(reader_.read_i32(), value);
        } else if constexpr (std::is_same_v<T, std::uint32_t>) {
            take(reader_.read_u32(), value);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
            take(reader_.read_i64(), value);
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
            take(reader_.read_u64(), value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            take(reader_.read_string(), value);
        } else if constexpr (std::is_same_v<T, ApiError>) {
            take(decode_error(reader_), value);
        } else {
            composite(value);
        }
    }

    template <typename T>
    void composite(T& value) {
        if constexpr (std::is_enum_v<T>) {
            static_assert(kEnumCount<T> > 0);
            std::uint8_t tag = 0;
            one(tag);
            if (tag >= kEnumCount<T>) {
                fail_with("unknown enumeration tag");
            } else {
                value = static_cast<T>(tag);
            }
        } else if constexpr (kIsStrongInt<T>) {
            typename T::rep raw{};
            one(raw);
            value = T(raw);
        } else if constexpr (std::is_same_v<T, Duration>) {
            duration(value);
        } else if constexpr (std::is_same_v<T, Bytes>) {
            Result<ByteSpan> bytes = reader_.read_byte_vector();
            if (bytes.has_value()) {
                value.assign(bytes->begin(), bytes->end());
            } else {
                error_ = std::move(bytes).error();
            }
        } else if constexpr (kIsOptional<T>) {
            bool present = false;
            one(present);
            value.reset();
            if (present) {
                one(value.emplace());
            }
        } else if constexpr (kIsVector<T>) {
            vector(value);
        } else if constexpr (kIsMap<T>) {
            map(value);
        } else if constexpr (kIsVariant<T>) {
            std::uint8_t tag = 0;
            one(tag);
            if (!failed()) {
                alternative<0>(tag, value);
            }
        } else {
            fields(*this, value);
        }
    }

    template <typename T>
    void vector(std::vector<T>& items) {
        std::size_t count = 0;
        take(reader_.read_count(), count);
        items.clear();
        for (std::size_t i = 0; i < count && !failed(); ++i) {
            one(items.emplace_back());
        }
    }

    template <typename K, typename V>
    void map(std::map<K, V>& items) {
        std::size_t count = 0;
        take(reader_.read_map_count(), count);
        items.clear();
        for (std::size_t i = 0; i < count && !failed(); ++i) {
            K key{};
            one(key);
            V value{};
            one(value);
            items.insert_or_assign(std::move(key), std::move(value));
        }
    }

    template <std::size_t I, typename... Ts>
    void alternative(std::uint8_t tag, std::variant<Ts...>& value) {
        if constexpr (I == sizeof...(Ts)) {
            fail_with("unknown variant tag");
        } else if (tag == I) {
            one(value.template emplace<I>());
        } else {
            alternative<I + 1>(tag, value);
        }
    }

    // Longer than an i64 of nanoseconds holds (292 years) is as good as its end.
    void duration(Duration& value) {
        std::uint64_t seconds = 0;
        std::uint32_t nanoseconds = 0;
        (*this)(seconds, nanoseconds);
        constexpr std::uint64_t kSecondsMax = 9'000'000'000;
        const bool clamped = seconds > kSecondsMax;
        value = Duration::from_s(static_cast<std::int64_t>(clamped ? kSecondsMax : seconds)) +
                Duration::from_ns(clamped ? 0 : nanoseconds);
    }

    Reader& reader_;
    Version version_;
    std::optional<Error> error_;
};

class Encoder {
public:
    static constexpr bool kDecoding = false;
    Encoder(Writer& writer, Version version) : writer_(writer), version_(version) {}

    Version version() const { return version_; }
    static constexpr bool at_end() { return false; }
    Writer& writer() { return writer_; }

    template <typename... Ts>
    void operator()(const Ts&... values) {
        (one(values), ...);
    }
    template <typename T>
    void at_version(Version version, const T& value) {
        const Version outer = std::exchange(version_, version);
        one(value);
        version_ = outer;
    }

private:
    template <typename T>
    void one(const T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            writer_.write_bool(value);
        } else if constexpr (std::is_same_v<T, std::uint8_t>) {
            writer_.write_u8(value);
        } else if constexpr (std::is_same_v<T, std::int16_t>) {
            writer_.write_i16(value);
        } else if constexpr (std::is_same_v<T, std::uint16_t>) {
            writer_.write_u16(value);
        } else if constexpr (std::is_same_v<T, std::int32_t>) {
            writer_.write_i32(value);
        } else if constexpr (std::is_same_v<T, std::uint32_t>) {
            writer_.write_u32(value);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
            writer_.write_i64(value);
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
            writer_.write_u64(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            writer_.write_string(value);
        } else if constexpr (std::is_same_v<T, ApiError>) {
            encode(writer_, value);
        } else {
            composite(value);
        }
    }

    template <typename T>
    void composite(const T& value) {
        if constexpr (std::is_enum_v<T>) {
            static_assert(kEnumCount<T> > 0);
            writer_.write_u8(static_cast<std::uint8_t>(value));
        } else if constexpr (kIsStrongInt<T>) {
            one(value.value());
        } else if constexpr (std::is_same_v<T, Duration>) {
            constexpr std::int64_t kPerSecond = 1'000'000'000;
            writer_.write_u64(static_cast<std::uint64_t>(value.ns() / kPerSecond));
            writer_.write_u32(static_cast<std::uint32_t>(value.ns() % kPerSecond));
        } else if constexpr (std::is_same_v<T, Bytes>) {
            writer_.write_byte_vector(value);
        } else if constexpr (kIsOptional<T>) {
            writer_.write_bool(value.has_value());
            if (value.has_value()) {
                one(*value);
            }
        } else if constexpr (kIsVector<T>) {
            writer_.write_count(value.size());
            for (const auto& item : value) {
                one(item);
            }
        } else if constexpr (kIsMap<T>) {
            writer_.write_map_count(value.size());
            for (const auto& [key, item] : value) {
                one(key);
                one(item);
            }
        } else if constexpr (kIsVariant<T>) {
            writer_.write_u8(static_cast<std::uint8_t>(value.index()));
            std::visit([this](const auto& item) { this->one(item); }, value);
        } else {
            fields(*this, value);
        }
    }

    Writer& writer_;
    Version version_;
};

// The second parameter of `fields`: mutable when decoding.
template <typename A, typename T>
using FieldsOf = std::conditional_t<A::kDecoding, T, const T>;

}  // namespace weir::wire::detail
