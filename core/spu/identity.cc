#include "core/spu/identity.h"

#include "core/base/crc32c.h"
#include "core/wire/codec.h"

#include <fmt/core.h>

#include <array>

namespace weir::spu {

namespace {

constexpr std::string_view kMagic = "WEIRSPU1";
constexpr std::size_t kFileSize = 8 + 4 + 16 + 4;
constexpr std::string_view kName = "/spu.meta";

Bytes encode_identity(SpuId id, const Uid& storage_id) {
    wire::Writer writer;
    writer.write_bytes(as_bytes(kMagic));
    writer.write_i32(id.value());
    writer.write_u64(storage_id.high);
    writer.write_u64(storage_id.low);
    writer.write_u32(crc32c(writer.span()));
    return std::move(writer).take();
}

Result<Uid> decode_identity(ByteSpan bytes, SpuId expected) {
    if (bytes.size() != kFileSize) {
        return fail(ErrorCode::corrupt,
                    fmt::format("spu.meta has {} bytes, not {}", bytes.size(), kFileSize));
    }
    wire::Reader reader(bytes);
    WEIR_TRY(const ByteSpan magic, reader.read_bytes(kMagic.size()));
    WEIR_TRY(const std::int32_t id, reader.read_i32());
    Uid storage_id;
    WEIR_TRY(storage_id.high, reader.read_u64());
    WEIR_TRY(storage_id.low, reader.read_u64());
    WEIR_TRY(const std::uint32_t crc, reader.read_u32());
    if (as_text(magic) != kMagic || crc != crc32c(bytes.first(kFileSize - 4))) {
        return fail(ErrorCode::corrupt, "spu.meta is damaged");
    }
    if (SpuId(id) != expected) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the data folder belongs to SPU {}, not {}: use another "
                                "--log-base-dir or the id it was made with",
                                id, expected.value()));
    }
    return storage_id;
}

Task<Result<void>> write_identity(Env& env, std::string dir, Bytes bytes) {
    const std::string temporary = dir + std::string(kName) + ".new";
    WEIR_CO_TRY(std::unique_ptr<File> file,
                co_await env.disk.open(temporary, OpenMode::open_or_create));
    WEIR_CO_CHECK(co_await file->truncate(0));
    const std::array<ByteSpan, 1> slices = {ByteSpan(bytes)};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(0), slices));
    WEIR_CO_CHECK(co_await file->sync_data());
    file.reset();
    WEIR_CO_CHECK(co_await env.disk.rename(temporary, dir + std::string(kName)));
    co_return co_await env.disk.sync_directory(dir);
}

}  // namespace

Task<Result<Uid>> load_or_create_identity(Env& env, std::string dir, SpuId id) {
    Result<std::unique_ptr<File>> file =
        co_await env.disk.open(dir + std::string(kName), OpenMode::read_only);
    if (file.has_value()) {
        Bytes bytes(kFileSize + 1);
        WEIR_CO_TRY(const std::size_t size, co_await (*file)->read_at(FilePosition(0), bytes));
        co_return decode_identity(ByteSpan(bytes).first(size), id);
    }
    if (file.error().code != ErrorCode::not_found) {
        co_return fail(std::move(file).error());
    }
    Prng prng = env.random.stream("spu.storage_id");
    const Uid storage_id = draw_uid(prng);
    WEIR_CO_CHECK(co_await write_identity(env, dir, encode_identity(id, storage_id)));
    co_return storage_id;
}

}  // namespace weir::spu
