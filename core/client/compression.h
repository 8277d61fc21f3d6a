// The codecs of a batch's payload (data-plane spec 3.5): gzip, Snappy framing, LZ4 frame,
// Zstandard.
//
// Pure functions of their input; any executor. No format carries a size that can be trusted, so
// decompression is bounded by the caller. Errors: corrupt (damaged or cut input, a checksum that
// does not match, bytes after the end), message_too_large (more than `size_max` bytes come out).
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::client {

// The numbers are those of a batch's attributes.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

// "none", "gzip", ... as on the command line.
std::string_view to_string(Codec codec);
std::optional<Codec> codec_from_name(std::string_view name);
// nullopt for 5 to 7, which no codec has.
std::optional<Codec> codec_from_attributes(std::int16_t attributes);

// What the reference's own clients write: gzip level 6, LZ4 with independent blocks, zstd level 1,
// none with sizes or checksums that they leave out.
Result<Bytes> compress(Codec codec, ByteSpan bytes);
Result<Bytes> decompress(Codec codec, ByteSpan bytes, std::size_t size_max);

}  // namespace weir::client
