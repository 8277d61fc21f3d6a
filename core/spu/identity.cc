#include "core/spu/identity.h"

#include "core/base/crc32c.h"
#include "core/wire/codec.h"

#include <fmt/core.h>

#include <array>
#include <utility>

namespace weir::spu {

namespace {

constexpr std::string_view kMagic = "WEIRSPU3";
constexpr std::string_view kMagicV2 = "WEIRSPU2";
constexpr std::string_view kMagicV1 = "WEIRSPU1";
constexpr std::size_t kFileSizeV1 = 8 + 4 + 16 + 4;
constexpr std::size_t kFileSizeV2 = kFileSizeV1 + 16 + 8;
constexpr std::size_t kFileSize = kFileSizeV2 + 8 + 8;
constexpr std::string_view kName = "/spu.meta";

void write_uid(wire::Writer& writer, const Uid& uid) {
    writer.write_u64(uid.high);
    writer.write_u64(uid.low);
}

Result<Uid> read_uid(wire::Reader& reader) {
    Uid uid;
    WEIR_TRY(uid.high, reader.read_u64());
    WEIR_TRY(uid.low, reader.read_u64());
    return uid;
}

}  // namespace

IdentityFile::IdentityFile(Env& env, std::string dir, SpuId id)
    : env_(env), dir_(std::move(dir)), id_(id) {}

Result<void> IdentityFile::decode(ByteSpan bytes) {
    std::string_view expected_magic = kMagic;
    if (bytes.size() == kFileSizeV1) {
        expected_magic = kMagicV1;
    } else if (bytes.size() == kFileSizeV2) {
        expected_magic = kMagicV2;
    } else if (bytes.size() != kFileSize) {
        return fail(ErrorCode::corrupt,
                    fmt::format("spu.meta has {} bytes, not {}", bytes.size(), kFileSize));
    }
    wire::Reader reader(bytes);
    WEIR_TRY(const ByteSpan magic, reader.read_bytes(kMagic.size()));
    WEIR_TRY(const std::int32_t id, reader.read_i32());
    WEIR_TRY(const Uid storage_id, read_uid(reader));
    Uid cluster_id;
    std::uint64_t clean_boot = 0;
    std::uint64_t last_boot = 0;
    std::uint64_t term = 0;
    if (bytes.size() >= kFileSizeV2) {
        WEIR_TRY(cluster_id, read_uid(reader));
        WEIR_TRY(clean_boot, reader.read_u64());
    }
    if (bytes.size() >= kFileSize) {
        WEIR_TRY(last_boot, reader.read_u64());
        WEIR_TRY(term, reader.read_u64());
    }
    WEIR_TRY(const std::uint32_t crc, reader.read_u32());
    if (as_text(magic) != expected_magic || crc != crc32c(bytes.first(bytes.size() - 4))) {
        return fail(ErrorCode::corrupt, "spu.meta is damaged");
    }
    if (SpuId(id) != id_) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the data folder belongs to SPU {}, not {}: use another "
                                "--log-base-dir or the id it was made with",
                                id, id_.value()));
    }
    storage_id_ = storage_id;
    cluster_id_ = cluster_id;
    clean_boot_ = BootEpoch(clean_boot);
    last_boot_ = BootEpoch(last_boot);
    term_ = ScEpoch(term);
    return {};
}

Task<Result<void>> IdentityFile::write(BootEpoch clean_boot) {
    wire::Writer writer;
    writer.write_bytes(as_bytes(kMagic));
    writer.write_i32(id_.value());
    write_uid(writer, storage_id_);
    write_uid(writer, cluster_id_);
    writer.write_u64(clean_boot.value());
    writer.write_u64(last_boot_.value());
    writer.write_u64(term_.value());
    writer.write_u32(crc32c(writer.span()));
    const Bytes bytes = std::move(writer).take();
    const std::string temporary = dir_ + std::string(kName) + ".new";
    WEIR_CO_TRY(std::unique_ptr<File> file,
                co_await env_.disk.open(temporary, OpenMode::open_or_create));
    WEIR_CO_CHECK(co_await file->truncate(0));
    const std::array<ByteSpan, 1> slices = {ByteSpan(bytes)};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(0), slices));
    WEIR_CO_CHECK(co_await file->sync_data());
    file.reset();
    WEIR_CO_CHECK(co_await env_.disk.rename(temporary, dir_ + std::string(kName)));
    co_return co_await env_.disk.sync_directory(dir_);
}

Task<Result<void>> IdentityFile::load() {
    Result<std::unique_ptr<File>> file =
        co_await env_.disk.open(dir_ + std::string(kName), OpenMode::read_only);
    if (file.has_value()) {
        Bytes bytes(kFileSize + 1);
        WEIR_CO_TRY(const std::size_t size, co_await (*file)->read_at(FilePosition(0), bytes));
        WEIR_CO_CHECK(decode(ByteSpan(bytes).first(size)));
        if (clean_boot_ == BootEpoch(0)) {
            co_return Result<void>();
        }
        co_return co_await write(BootEpoch(0));
    }
    if (file.error().code != ErrorCode::not_found) {
        co_return fail(std::move(file).error());
    }
    Prng prng = env_.random.stream("spu.storage_id");
    storage_id_ = draw_uid(prng);
    co_return co_await write(BootEpoch(0));
}

Task<Result<void>> IdentityFile::registered(Uid cluster_id, ScEpoch term, BootEpoch boot) {
    const bool is_new = cluster_id != cluster_id_ || term != term_ || boot != last_boot_;
    const Uid cluster_before = std::exchange(cluster_id_, cluster_id);
    term_ = term;
    last_boot_ = boot;
    if (is_written_ && !is_new) {
        co_return Result<void>();
    }
    Result<void> written = co_await write(BootEpoch(0));
    is_written_ = written.has_value();
    if (!is_written_) {
        cluster_id_ = cluster_before;
    }
    co_return written;
}

Task<Result<void>> IdentityFile::leave_clean_marker(BootEpoch boot) {
    co_return co_await write(boot);
}

}  // namespace weir::spu
