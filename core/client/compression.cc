#include "core/client/compression.h"

#include "core/client/snappy_frames.h"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>

namespace weir::client {
namespace {

constexpr std::size_t kGrowSizeMin = std::size_t{16} << 10U;

// zlib counts in 32 bits; a batch is far below.
Result<uInt> zlib_size(std::size_t size) {
    if (size > std::numeric_limits<uInt>::max()) {
        return fail(ErrorCode::message_too_large, "gzip: more than 4 GiB in one batch");
    }
    return static_cast<uInt>(size);
}

tl::unexpected<Error> too_large(std::string_view codec, std::size_t size_max) {
    return fail(ErrorCode::message_too_large, std::string(codec) +
                                                  ": a batch inflates to more than " +
                                                  std::to_string(size_max) + " bytes");
}

// Room for more output: doubles `out` from `used` up to one byte beyond the limit, so that "exactly
// the limit" and "more" can be told apart. False when the limit was passed.
bool grow(Bytes& out, std::size_t used, std::size_t size_max) {
    if (used > size_max) {
        return false;
    }
    if (used == out.size()) {
        const std::size_t wanted = std::max(kGrowSizeMin, out.size() * 2);
        out.resize(std::min(wanted, size_max + 1));
    }
    return true;
}

Result<Bytes> gzip_compress(ByteSpan bytes) {
    WEIR_TRY(const uInt size, zlib_size(bytes.size()));
    z_stream stream = {};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return fail(ErrorCode::unavailable, "gzip: no memory");
    }
    gz_header header = {};
    header.os = 255;
    deflateSetHeader(&stream, &header);
    Bytes out(deflateBound(&stream, size));
    stream.next_in = const_cast<Bytef*>(bytes.data());
    stream.avail_in = size;
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    const int state = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    WEIR_ASSERT(state == Z_STREAM_END);
    return out;
}

Result<Bytes> gzip_decompress(ByteSpan bytes, std::size_t size_max) {
    WEIR_TRY(const uInt size, zlib_size(bytes.size()));
    z_stream stream = {};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) {
        return fail(ErrorCode::unavailable, "gzip: no memory");
    }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &inflateEnd);
    stream.next_in = const_cast<Bytef*>(bytes.data());
    stream.avail_in = size;
    Bytes out;
    std::size_t used = 0;
    while (true) {
        if (!grow(out, used, size_max)) {
            return too_large("gzip", size_max);
        }
        const auto room = static_cast<uInt>(
            std::min<std::size_t>(out.size() - used, std::numeric_limits<uInt>::max()));
        stream.next_out = out.data() + used;
        stream.avail_out = room;
        const int state = inflate(&stream, Z_NO_FLUSH);
        used += room - stream.avail_out;
        if (state == Z_STREAM_END) {
            break;
        }
        const bool stalled = stream.avail_out == room && stream.avail_in == 0;
        if ((state != Z_OK && state != Z_BUF_ERROR) || stalled) {
            return fail(ErrorCode::corrupt, "gzip: damaged or cut payload");
        }
    }
    if (used > size_max) {
        return too_large("gzip", size_max);
    }
    if (stream.avail_in != 0) {
        return fail(ErrorCode::corrupt, "gzip: bytes after the end");
    }
    out.resize(used);
    return out;
}

Result<Bytes> lz4_compress(ByteSpan bytes) {
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    Bytes out(LZ4F_compressFrameBound(bytes.size(), &preferences));
    const std::size_t size =
        LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
    if (LZ4F_isError(size) != 0) {
        return fail(ErrorCode::unavailable, std::string("lz4: ") + LZ4F_getErrorName(size));
    }
    out.resize(size);
    return out;
}

Result<Bytes> lz4_decompress(ByteSpan bytes, std::size_t size_max) {
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
        return fail(ErrorCode::unavailable, "lz4: no memory");
    }
    const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> guard(
        context, &LZ4F_freeDecompressionContext);
    Bytes out;
    std::size_t used = 0;
    std::size_t read = 0;
    while (true) {
        if (!grow(out, used, size_max)) {
            return too_large("lz4", size_max);
        }
        std::size_t produced = out.size() - used;
        std::size_t consumed = bytes.size() - read;
        const std::size_t hint = LZ4F_decompress(context, out.data() + used, &produced,
                                                 bytes.data() + read, &consumed, nullptr);
        if (LZ4F_isError(hint) != 0) {
            return fail(ErrorCode::corrupt, std::string("lz4: ") + LZ4F_getErrorName(hint));
        }
        used += produced;
        read += consumed;
        if (hint == 0) {
            break;
        }
        if (produced == 0 && consumed == 0 && used < out.size()) {
            return fail(ErrorCode::corrupt, "lz4: cut payload");
        }
    }
    if (used > size_max) {
        return too_large("lz4", size_max);
    }
    if (read != bytes.size()) {
        return fail(ErrorCode::corrupt, "lz4: bytes after the end");
    }
    out.resize(used);
    return out;
}

Result<Bytes> zstd_compress(ByteSpan bytes) {
    const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                          &ZSTD_freeCCtx);
    if (context == nullptr) {
        return fail(ErrorCode::unavailable, "zstd: no memory");
    }
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
    Bytes out(ZSTD_compressBound(bytes.size()));
    const std::size_t size =
        ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size) != 0U) {
        return fail(ErrorCode::unavailable, std::string("zstd: ") + ZSTD_getErrorName(size));
    }
    out.resize(size);
    return out;
}

Result<Bytes> zstd_decompress(ByteSpan bytes, std::size_t size_max) {
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                          &ZSTD_freeDCtx);
    if (context == nullptr) {
        return fail(ErrorCode::unavailable, "zstd: no memory");
    }
    Bytes out;
    ZSTD_inBuffer input = {bytes.data(), bytes.size(), 0};
    std::size_t used = 0;
    while (true) {
        if (!grow(out, used, size_max)) {
            return too_large("zstd", size_max);
        }
        ZSTD_outBuffer output = {out.data(), out.size(), used};
        const std::size_t read_before = input.pos;
        const std::size_t hint = ZSTD_decompressStream(context.get(), &output, &input);
        if (ZSTD_isError(hint) != 0U) {
            return fail(ErrorCode::corrupt, std::string("zstd: ") + ZSTD_getErrorName(hint));
        }
        const bool moved = output.pos != used || input.pos != read_before;
        used = output.pos;
        if (hint == 0) {
            break;
        }
        if (!moved && used < out.size()) {
            return fail(ErrorCode::corrupt, "zstd: cut payload");
        }
    }
    if (used > size_max) {
        return too_large("zstd", size_max);
    }
    if (input.pos != bytes.size()) {
        return fail(ErrorCode::corrupt, "zstd: bytes after the end");
    }
    out.resize(used);
    return out;
}

constexpr std::array<std::string_view, 5> kCodecNames = {"none", "gzip", "snappy", "lz4", "zstd"};

}  // namespace

std::string_view to_string(Codec codec) {
    return kCodecNames[static_cast<std::size_t>(codec)];
}

std::optional<Codec> codec_from_name(std::string_view name) {
    for (std::size_t i = 0; i < kCodecNames.size(); ++i) {
        if (kCodecNames[i] == name) {
            return static_cast<Codec>(i);
        }
    }
    return std::nullopt;
}

std::optional<Codec> codec_from_attributes(std::int16_t attributes) {
    const auto number = static_cast<std::uint8_t>(attributes & 0x07);
    if (number > static_cast<std::uint8_t>(Codec::zstd)) {
        return std::nullopt;
    }
    return static_cast<Codec>(number);
}

Result<Bytes> compress(Codec codec, ByteSpan bytes) {
    switch (codec) {
        case Codec::none: return Bytes(bytes.begin(), bytes.end());
        case Codec::gzip: return gzip_compress(bytes);
        case Codec::snappy: return snappy_frame(bytes);
        case Codec::lz4: return lz4_compress(bytes);
        case Codec::zstd: return zstd_compress(bytes);
    }
    return fail(ErrorCode::invalid_argument, "no such codec");
}

Result<Bytes> decompress(Codec codec, ByteSpan bytes, std::size_t size_max) {
    switch (codec) {
        case Codec::none:
            if (bytes.size() > size_max) {
                return too_large("none", size_max);
            }
            return Bytes(bytes.begin(), bytes.end());
        case Codec::gzip: return gzip_decompress(bytes, size_max);
        case Codec::snappy: return snappy_unframe(bytes, size_max);
        case Codec::lz4: return lz4_decompress(bytes, size_max);
        case Codec::zstd: return zstd_decompress(bytes, size_max);
    }
    return fail(ErrorCode::invalid_argument, "no such codec");
}

}  // namespace weir::client
