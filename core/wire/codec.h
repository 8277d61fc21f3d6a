// Reading and writing of the primitives of the Fluvio protocol: big-endian integers, strings with
// an i16 length, vectors with a u32 count, maps with a u16 count, options with a flag byte, and the
// zig-zag varints of records. See docs/internals/wire.md for the rules; the version of the request
// is passed to the encode and decode functions of each message, not kept here.
//
// `Reader` views bytes that its creator keeps alive and never reads past them: every function
// answers ErrorCode::malformed instead. Counts and lengths from outside never make it allocate more
// than the bytes that are there could hold. `Writer` appends to its own buffer.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire {

// The api_version that a message is encoded in.
using Version = std::int16_t;

// A string longer than this cannot be read back by the peers (its length is read as an i16).
inline constexpr std::size_t kStringSizeMax = 32'767;

class Reader {
public:
    explicit Reader(ByteSpan bytes) : bytes_(bytes) {}

    std::size_t remaining() const { return bytes_.size() - at_; }
    std::size_t position() const { return at_; }
    // The unread bytes.
    ByteSpan rest() const { return bytes_.subspan(at_); }

    Result<bool> read_bool();
    Result<std::int8_t> read_i8();
    Result<std::uint8_t> read_u8();
    Result<std::int16_t> read_i16();
    Result<std::uint16_t> read_u16();
    Result<std::int32_t> read_i32();
    Result<std::uint32_t> read_u32();
    Result<std::int64_t> read_i64();
    Result<std::uint64_t> read_u64();
    // Zig-zag varint, at most 10 bytes.
    Result<std::int64_t> read_varint();
    // i16 length (<= 0: empty) and valid UTF-8.
    Result<std::string> read_string();
    // u32 length and bytes; the view lives as long as the reader's bytes.
    Result<ByteSpan> read_byte_vector();
    // Exactly `size` bytes, as a view.
    Result<ByteSpan> read_bytes(std::size_t size);
    // The count of a vector: i32, < 1 reads as 0. Fails when fewer than count bytes remain (an
    // element has at least one byte, except for the rare empty ones, which pass 0).
    Result<std::size_t> read_count(std::size_t element_size_min = 1);
    // The count of a map: u16.
    Result<std::size_t> read_map_count();

    // Option: flag byte, then f(reader) -> Result<T>.
    template <typename F>
    auto read_option(F f)
        -> Result<std::optional<typename std::invoke_result_t<F, Reader&>::value_type>> {
        using T = typename std::invoke_result_t<F, Reader&>::value_type;
        WEIR_TRY(const bool present, read_bool());
        if (!present) {
            return std::optional<T>();
        }
        WEIR_TRY(T value, f(*this));
        return std::optional<T>(std::move(value));
    }
    // Vector: count, then f(reader) -> Result<T> for each.
    template <typename F>
    auto read_vector(F f)
        -> Result<std::vector<typename std::invoke_result_t<F, Reader&>::value_type>> {
        using T = typename std::invoke_result_t<F, Reader&>::value_type;
        return read_items<std::vector<T>>(f);
    }
    // The same, into any sequence with push_back.
    template <typename Items, typename F>
    Result<Items> read_items(F f) {
        WEIR_TRY(const std::size_t count, read_count());
        Items items;
        for (std::size_t i = 0; i < count; ++i) {
            WEIR_TRY(typename Items::value_type item, f(*this));
            items.push_back(std::move(item));
        }
        return items;
    }

private:
    template <typename T>
    Result<T> read_fixed();
    ByteSpan bytes_;
    std::size_t at_ = 0;
};

class Writer {
public:
    Writer() = default;
    // Continues after what `bytes` holds already, so that a buffer can be reused.
    explicit Writer(Bytes bytes) : bytes_(std::move(bytes)) {}

    // Room for `size` bytes in all, without a further allocation.
    void reserve(std::size_t size) { bytes_.reserve(size); }
    std::size_t size() const { return bytes_.size(); }
    ByteSpan span() const { return bytes_; }
    Bytes take() && { return std::move(bytes_); }

    void write_bool(bool value) { write_u8(value ? 1 : 0); }
    void write_i8(std::int8_t value) { write_u8(static_cast<std::uint8_t>(value)); }
    void write_u8(std::uint8_t value) { bytes_.push_back(value); }
    void write_i16(std::int16_t value) { write_u16(static_cast<std::uint16_t>(value)); }
    void write_u16(std::uint16_t value);
    void write_i32(std::int32_t value) { write_u32(static_cast<std::uint32_t>(value)); }
    void write_u32(std::uint32_t value);
    void write_i64(std::int64_t value) { write_u64(static_cast<std::uint64_t>(value)); }
    void write_u64(std::uint64_t value);
    // Asserts the 32-bit range that peers can read.
    void write_varint(std::int64_t value);
    // Asserts size <= kStringSizeMax: check text from users and cut text for people before.
    void write_string(std::string_view text);
    // u32 length, then the bytes.
    void write_byte_vector(ByteSpan bytes);
    void write_bytes(ByteSpan bytes);
    void write_count(std::size_t count);
    void write_map_count(std::size_t count);

    template <typename T, typename F>
    void write_option(const std::optional<T>& value, F f) {
        write_bool(value.has_value());
        if (value.has_value()) {
            f(*this, *value);
        }
    }
    // Any sequence.
    template <typename Items, typename F>
    void write_vector(const Items& items, F f) {
        write_count(items.size());
        for (const auto& item : items) {
            f(*this, item);
        }
    }

    // Overwrites 4 bytes at `position`, for lengths that are known only afterwards.
    void patch_u32(std::size_t position, std::uint32_t value);

private:
    template <typename T>
    void write_fixed(T value);

    Bytes bytes_;
};

}  // namespace weir::wire
