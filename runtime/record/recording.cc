#include "runtime/record/recording.h"

#include "core/base/crc32c.h"
#include "core/base/endian.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace weir::record {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFileMagic = "WEIRREC1";
constexpr std::uint32_t kBlockMagic = 0x57424c4b;  // "WBLK"
constexpr std::size_t kHeaderSize = 32;
constexpr std::string_view kSuffix = ".weirrec";
constexpr std::uint32_t kFilesMax = 1'000'000;

using Header = std::array<std::uint8_t, kHeaderSize>;

Error file_error(std::string_view what, const std::string& path, int error) {
    const ErrorCode code = error == ENOSPC || error == EDQUOT ? ErrorCode::disk_full
                           : error == ENOENT                  ? ErrorCode::not_found
                           : error == EEXIST                  ? ErrorCode::already_exists
                                                              : ErrorCode::io_error;
    return Error(code, fmt::format("cannot {} '{}': {}", what, path,
                                   std::generic_category().message(error)));
}

std::string file_name(std::uint32_t number) {
    return fmt::format("{:06}{}", number, kSuffix);
}

}  // namespace

Result<RecordingWriter> RecordingWriter::create(const std::string& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) {
        return fail(file_error("create the directory", directory, error.value()));
    }
    for (std::uint32_t number = 1; number < kFilesMax; ++number) {
        std::string path = (fs::path(directory) / file_name(number)).string();
        const int fd =
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
        if (fd >= 0) {
            RecordingWriter writer(fd, std::move(path));
            WEIR_CHECK(writer.write_all(as_bytes(kFileMagic)));
            return writer;
        }
        if (errno != EEXIST) {
            return fail(file_error("create", path, errno));
        }
    }
    return fail(ErrorCode::already_exists, fmt::format("'{}' is full of recordings", directory));
}

RecordingWriter::RecordingWriter(RecordingWriter&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

RecordingWriter::~RecordingWriter() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Result<void> RecordingWriter::write_all(ByteSpan bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return fail(file_error("write to", path_, written < 0 ? errno : EIO));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> RecordingWriter::append(ByteSpan entries, const Checkpoint& checkpoint) {
    Bytes block(kHeaderSize + entries.size());
    store_be<std::uint32_t>(block.data(), kBlockMagic);
    store_be<std::uint32_t>(block.data() + 4, static_cast<std::uint32_t>(entries.size()));
    store_be<std::uint32_t>(block.data() + 8, crc32c(entries));
    store_be<std::uint64_t>(block.data() + 12, checkpoint.call_count);
    store_be<std::uint64_t>(block.data() + 20, checkpoint.state_hash);
    store_be<std::uint32_t>(block.data() + 28, crc32c(ByteSpan(block).first(kHeaderSize - 4)));
    std::copy(entries.begin(), entries.end(), block.begin() + kHeaderSize);
    return write_all(block);
}

Result<RecordingReader> RecordingReader::open(std::string path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(file_error("open", path, errno));
    }
    RecordingReader reader(fd, std::move(path));
    std::array<std::uint8_t, kFileMagic.size()> magic{};
    WEIR_TRY(const std::size_t got, reader.read_up_to(magic));
    if (got < magic.size() || as_text(magic) != kFileMagic) {
        return fail(ErrorCode::corrupt,
                    fmt::format("'{}' does not begin as a recording does", reader.path_));
    }
    reader.position_ = got;
    return reader;
}

RecordingReader::RecordingReader(RecordingReader&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      position_(other.position_),
      torn_size_(other.torn_size_) {}

RecordingReader::~RecordingReader() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Result<std::size_t> RecordingReader::read_up_to(MutByteSpan into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t got = ::read(fd_, into.data() + done, into.size() - done);
        if (got == 0) {
            break;
        }
        if (got > 0) {
            done += static_cast<std::size_t>(got);
        } else if (errno != EINTR) {
            return fail(file_error("read", path_, errno));
        }
    }
    return done;
}

Result<std::optional<Block>> RecordingReader::next() {
    Header header{};
    WEIR_TRY(const std::size_t header_size, read_up_to(header));
    if (header_size < kHeaderSize) {
        torn_size_ = header_size;
        return std::optional<Block>();
    }
    const auto damaged = [this](std::string_view what) {
        return fail(ErrorCode::corrupt,
                    fmt::format("'{}' is damaged: the {} of the block at position {} has a wrong "
                                "checksum",
                                path_, what, position_));
    };
    if (load_be<std::uint32_t>(header.data()) != kBlockMagic ||
        load_be<std::uint32_t>(header.data() + 28) !=
            crc32c(ByteSpan(header).first(kHeaderSize - 4))) {
        return damaged("header");
    }
    Block block;
    block.position = position_ + kHeaderSize;
    block.entries.resize(load_be<std::uint32_t>(header.data() + 4));
    block.checkpoint.call_count = load_be<std::uint64_t>(header.data() + 12);
    block.checkpoint.state_hash = load_be<std::uint64_t>(header.data() + 20);
    WEIR_TRY(const std::size_t size, read_up_to(block.entries));
    if (size < block.entries.size()) {
        torn_size_ = kHeaderSize + size;
        return std::optional<Block>();
    }
    if (load_be<std::uint32_t>(header.data() + 8) != crc32c(block.entries)) {
        return damaged("content");
    }
    position_ = block.position + size;
    return std::optional<Block>(std::move(block));
}

Result<std::vector<std::string>> list_recordings(const std::string& directory) {
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end;
         it.increment(error)) {
        if (it->path().extension() == kSuffix) {
            paths.push_back(it->path().string());
        }
    }
    if (error) {
        return fail(file_error("list", directory, error.value()));
    }
    if (paths.empty()) {
        return fail(ErrorCode::not_found, fmt::format("there is no recording in '{}'", directory));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace weir::record
