// The bytes of one entry of a recording: a kind and its fields.
//
// Numbers are LEB128, signed ones zigzag first, text and bytes have their size in front. Values;
// no executor. A reader of bytes that end too early gives zeros and empty text: what a recording
// holds is checked by its checksums, and a wrong entry is found by comparison.
#pragma once

#include "core/base/bytes.h"
#include "runtime/record/kind.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::record {

class Fields {
public:
    explicit Fields(Kind kind) { bytes_.push_back(static_cast<std::uint8_t>(kind)); }

    Fields& number(std::uint64_t value);
    Fields& signed_number(std::int64_t value);
    Fields& text(std::string_view value);
    Fields& bytes(ByteSpan value);
    // The size of all slices together and their CRC-32C: for bytes that only have to be the same.
    Fields& digest(std::span<const ByteSpan> slices);

    Kind kind() const { return static_cast<Kind>(bytes_.front()); }
    // The kind, then the fields. Valid until the next change.
    ByteSpan span() const { return bytes_; }

private:
    Bytes bytes_;
};

class FieldReader {
public:
    // Of fields without their kind. `fields` outlives the reader and what it returns as a view.
    explicit FieldReader(ByteSpan fields) : left_(fields) {}

    std::uint64_t number();
    std::int64_t signed_number();
    std::string text();
    ByteSpan bytes();
    bool at_end() const { return left_.empty(); }

private:
    ByteSpan left_;
};

}  // namespace weir::record
