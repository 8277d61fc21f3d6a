// Bytes by the rules of the two specifications, written without core/wire: what a test expects of
// our codec must not come from it.
//
// Values; any executor.
#pragma once

#include "core/base/bytes.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::test::spec {

// Big-endian numbers, strings with a u16 length, options with a flag, vectors with a u32 count,
// maps with a u16 count (control-plane spec 1.1).
class Out {
public:
    Out& u8(std::uint64_t value) { return number(value, 1); }
    Out& u16(std::uint64_t value) { return number(value, 2); }
    Out& u32(std::uint64_t value) { return number(value, 4); }
    Out& u64(std::uint64_t value) { return number(value, 8); }
    Out& i16(std::int64_t value) { return number(static_cast<std::uint64_t>(value), 2); }
    Out& i32(std::int64_t value) { return number(static_cast<std::uint64_t>(value), 4); }
    Out& i64(std::int64_t value) { return number(static_cast<std::uint64_t>(value), 8); }
    Out& flag(bool value) { return u8(value ? 1 : 0); }
    Out& none() { return u8(0); }
    Out& some() { return u8(1); }
    Out& str(std::string_view text) {
        u16(text.size());
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        return *this;
    }
    Out& opt_str(std::optional<std::string_view> text) {
        return text.has_value() ? some().str(*text) : none();
    }
    Out& raw(const Bytes& bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    // A u32 length, then the bytes.
    Out& sized(const Bytes& bytes) { return u32(bytes.size()).raw(bytes); }

    Bytes bytes() const { return bytes_; }
    // So that an Out may stand where bytes are wanted.
    operator Bytes() const { return bytes_; }  // NOLINT(google-explicit-constructor)

private:
    Out& number(std::uint64_t value, int size) {
        for (int i = size - 1; i >= 0; --i) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
        return *this;
    }
    Bytes bytes_;
};

// Header (data-plane spec 1.3) and body.
inline Bytes request(std::uint16_t key, int version, std::int32_t correlation_id,
                     const Bytes& body) {
    return Out().u16(key).i16(version).i32(correlation_id).str("spec").raw(body);
}

}  // namespace weir::test::spec
