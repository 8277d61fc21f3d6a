#include "core/client/snappy_frames.h"

#include "core/base/crc32c.h"

#include <algorithm>
#include <array>
#include <snappy-c.h>
#include <string>

namespace weir::client {
namespace {

constexpr std::array<std::uint8_t, 10> kStreamIdentifier = {0xff, 0x06, 0x00, 0x00, 's',
                                                            'N',  'a',  'P',  'p',  'Y'};
constexpr std::size_t kChunkSizeMax = std::size_t{64} << 10U;
constexpr std::uint8_t kChunkCompressed = 0x00;
constexpr std::uint8_t kChunkStored = 0x01;
// 0x02 to 0x7f must not be skipped, 0x80 to 0xfd may be, 0xfe is padding.
constexpr std::uint8_t kChunkSkippableFirst = 0x80;
constexpr std::uint8_t kChunkIdentifier = 0xff;

std::uint32_t masked_crc(ByteSpan content) {
    const std::uint32_t crc = crc32c(content);
    return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

void put_little_endian(Bytes& out, std::uint32_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
        out.push_back(static_cast<std::uint8_t>(value >> (8U * i)));
    }
}

std::uint32_t get_little_endian(ByteSpan bytes, unsigned size) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < size; ++i) {
        value |= static_cast<std::uint32_t>(bytes[i]) << (8U * i);
    }
    return value;
}

void append(Bytes& out, ByteSpan bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

Result<void> append_content(Bytes& out, ByteSpan content, std::uint32_t crc, std::size_t size_max) {
    if (masked_crc(content) != crc) {
        return fail(ErrorCode::corrupt, "snappy: a chunk's checksum does not match");
    }
    if (content.size() > size_max - out.size()) {
        return fail(ErrorCode::message_too_large,
                    "snappy: a batch inflates to more than " + std::to_string(size_max) + " bytes");
    }
    append(out, content);
    return {};
}

Result<Bytes> inflate_chunk(ByteSpan data) {
    const auto* text = reinterpret_cast<const char*>(data.data());
    std::size_t size = 0;
    if (snappy_uncompressed_length(text, data.size(), &size) != SNAPPY_OK || size > kChunkSizeMax) {
        return fail(ErrorCode::corrupt, "snappy: damaged chunk");
    }
    Bytes content(size);
    if (snappy_uncompress(text, data.size(), reinterpret_cast<char*>(content.data()), &size) !=
        SNAPPY_OK) {
        return fail(ErrorCode::corrupt, "snappy: damaged chunk");
    }
    return content;
}

Result<void> read_chunk(Bytes& out, std::uint8_t type, ByteSpan body, std::size_t size_max) {
    if (type == kChunkIdentifier) {
        const ByteSpan name = ByteSpan(kStreamIdentifier).subspan(4);
        if (!std::equal(body.begin(), body.end(), name.begin(), name.end())) {
            return fail(ErrorCode::corrupt, "snappy: wrong stream identifier");
        }
        return {};
    }
    if (type >= kChunkSkippableFirst) {
        return {};
    }
    if ((type != kChunkCompressed && type != kChunkStored) || body.size() < 4) {
        return fail(ErrorCode::corrupt, "snappy: unknown or short chunk");
    }
    const std::uint32_t crc = get_little_endian(body, 4);
    const ByteSpan data = body.subspan(4);
    if (type == kChunkStored) {
        if (data.size() > kChunkSizeMax) {
            return fail(ErrorCode::corrupt, "snappy: chunk above 64 KiB");
        }
        return append_content(out, data, crc, size_max);
    }
    WEIR_TRY(const Bytes content, inflate_chunk(data));
    return append_content(out, content, crc, size_max);
}

}  // namespace

Result<Bytes> snappy_frame(ByteSpan bytes) {
    Bytes out;
    append(out, kStreamIdentifier);
    Bytes packed(snappy_max_compressed_length(kChunkSizeMax));
    while (!bytes.empty()) {
        const ByteSpan content = bytes.first(std::min(bytes.size(), kChunkSizeMax));
        bytes = bytes.subspan(content.size());
        std::size_t packed_size = packed.size();
        if (snappy_compress(reinterpret_cast<const char*>(content.data()), content.size(),
                            reinterpret_cast<char*>(packed.data()), &packed_size) != SNAPPY_OK) {
            return fail(ErrorCode::unavailable, "snappy: compression failed");
        }
        // Where less than an eighth is saved the content is stored, as the reference does.
        const bool stored = packed_size >= content.size() - content.size() / 8;
        const ByteSpan data = stored ? content : ByteSpan(packed).first(packed_size);
        out.push_back(stored ? kChunkStored : kChunkCompressed);
        put_little_endian(out, static_cast<std::uint32_t>(data.size() + 4), 3);
        put_little_endian(out, masked_crc(content), 4);
        append(out, data);
    }
    return out;
}

Result<Bytes> snappy_unframe(ByteSpan bytes, std::size_t size_max) {
    if (bytes.size() < kStreamIdentifier.size() || bytes[0] != kChunkIdentifier) {
        return fail(ErrorCode::corrupt, "snappy: no stream identifier");
    }
    Bytes out;
    while (!bytes.empty()) {
        if (bytes.size() < 4) {
            return fail(ErrorCode::corrupt, "snappy: cut payload");
        }
        const std::uint8_t type = bytes[0];
        const std::size_t size = get_little_endian(bytes.subspan(1), 3);
        bytes = bytes.subspan(4);
        if (bytes.size() < size) {
            return fail(ErrorCode::corrupt, "snappy: cut payload");
        }
        WEIR_CHECK(read_chunk(out, type, bytes.first(size), size_max));
        bytes = bytes.subspan(size);
    }
    return out;
}

}  // namespace weir::client
