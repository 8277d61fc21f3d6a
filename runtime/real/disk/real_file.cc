#include "runtime/real/disk/real_file.h"

#include "core/base/assert.h"
#include "runtime/real/disk/disk_error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace weir::real {

namespace {

constexpr std::size_t kSlicesPerWrite = 256;
constexpr std::size_t kWarmUpStep = 64U << 10;

Result<std::uint64_t> size_now(int fd, const std::string& path) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) {
        return fail(disk_error("read the size of", path, errno));
    }
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

RealFile::RealFile(HelperPool& helpers, int fd, std::string path, bool sync_on_shard)
    : helpers_(helpers), fd_(fd), path_(std::move(path)), sync_on_shard_(sync_on_shard) {}

RealFile::~RealFile() {
    ::close(fd_);
}

// As much as is in the page cache, from the start of the range.
std::size_t RealFile::read_cached(std::uint64_t position, MutByteSpan into) const {
    std::size_t done = 0;
    while (done < into.size()) {
        iovec vector{};
        vector.iov_base = into.data() + done;
        vector.iov_len = into.size() - done;
        const ssize_t got =
            ::preadv2(fd_, &vector, 1, static_cast<off_t>(position + done), RWF_NOWAIT);
        if (got <= 0) {
            break;
        }
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<std::size_t> RealFile::read_blocking(std::uint64_t position, MutByteSpan into) const {
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t got = ::pread(fd_, into.data() + done, into.size() - done,
                                    static_cast<off_t>(position + done));
        if (got == 0) {
            break;
        }
        if (got > 0) {
            done += static_cast<std::size_t>(got);
        } else if (errno != EINTR) {
            return fail(disk_error("read", path_, errno));
        }
    }
    return done;
}

Task<Result<std::size_t>> RealFile::read_at(FilePosition position, MutByteSpan into) {
    const std::size_t cached = read_cached(position.value(), into);
    if (cached == into.size()) {
        co_return cached;
    }
    WEIR_CO_TRY(const std::uint64_t end, size_now(fd_, path_));
    if (position.value() + cached >= end) {
        co_return cached;
    }
    const std::uint64_t rest = position.value() + cached;
    HelperCall call(
        helpers_, [this, rest, left = into.subspan(cached)] { return read_blocking(rest, left); });
    WEIR_CO_TRY(const std::size_t read, co_await call);
    co_return cached + read;
}

Result<void> RealFile::write_now(std::uint64_t position, std::span<const ByteSpan> slices) const {
    std::size_t first = 0;
    std::size_t skip = 0;
    while (true) {
        std::array<iovec, kSlicesPerWrite> vectors;
        std::size_t count = 0;
        for (std::size_t i = first; i < slices.size() && count < vectors.size(); ++i) {
            const ByteSpan slice = i == first ? slices[i].subspan(skip) : slices[i];
            if (!slice.empty()) {
                vectors[count].iov_base = const_cast<std::uint8_t*>(slice.data());
                vectors[count].iov_len = slice.size();
                ++count;
            }
        }
        if (count == 0) {
            return {};
        }
        const ssize_t written =
            ::pwritev(fd_, vectors.data(), static_cast<int>(count), static_cast<off_t>(position));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return fail(disk_error("write to", path_, written < 0 ? errno : EIO));
        }
        position += static_cast<std::uint64_t>(written);
        std::size_t left = static_cast<std::size_t>(written);
        while (first < slices.size() && left >= slices[first].size() - skip) {
            left -= slices[first].size() - skip;
            ++first;
            skip = 0;
        }
        skip += left;
    }
}

Task<Result<void>> RealFile::write_at(FilePosition position, std::span<const ByteSpan> slices) {
    co_return write_now(position.value(), slices);
}

Result<void> RealFile::sync_blocking() const {
    int result = 0;
    do {
        result = ::fdatasync(fd_);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        return fail(disk_error("sync", path_, errno));
    }
    return {};
}

Task<Result<void>> RealFile::sync_data() {
    if (sync_failed_.has_value()) {
        co_return fail(*sync_failed_);
    }
    Result<void> synced;
    if (sync_on_shard_) {
        synced = sync_blocking();
    } else {
        HelperCall call(helpers_, [this] { return sync_blocking(); });
        synced = co_await call;
    }
    if (!synced.has_value() && !sync_failed_.has_value()) {
        sync_failed_ = synced.error();
    }
    // A sync that ran beside the failed one may have missed what that one dropped.
    if (sync_failed_.has_value()) {
        co_return fail(*sync_failed_);
    }
    co_return Result<void>();
}

Task<Result<void>> RealFile::truncate(std::uint64_t size_bytes) {
    HelperCall call(helpers_, [this, size_bytes]() -> Result<void> {
        if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0) {
            return fail(disk_error("truncate", path_, errno));
        }
        return {};
    });
    co_return co_await call;
}

Result<void> RealFile::allocate_blocking(std::uint64_t size_bytes) const {
    WEIR_TRY(const std::uint64_t before, size_now(fd_, path_));
    if (size_bytes == 0) {
        return {};
    }
    int error = 0;
    do {
        error = ::fallocate(fd_, 0, 0, static_cast<off_t>(size_bytes)) == 0 ? 0 : errno;
    } while (error == EINTR);
    if (error == EOPNOTSUPP || error == ENOSYS) {
        // File systems without extents: writes zeros where there is nothing yet.
        error = ::posix_fallocate(fd_, 0, static_cast<off_t>(size_bytes));
    }
    if (error == 0) {
        return {};
    }
    WEIR_TRY(const std::uint64_t after, size_now(fd_, path_));
    if (after > before) {
        // A half-done reservation must not look like data.
        WEIR_MAYBE(::ftruncate(fd_, static_cast<off_t>(before)) != 0);
    }
    return fail(disk_error("allocate space for", path_, error));
}

Task<Result<void>> RealFile::allocate(std::uint64_t size_bytes) {
    HelperCall call(helpers_, [this, size_bytes] { return allocate_blocking(size_bytes); });
    co_return co_await call;
}

Task<Result<std::uint64_t>> RealFile::size() {
    co_return size_now(fd_, path_);
}

bool RealFile::is_warm(std::uint64_t position, std::size_t size) const {
    WEIR_ASSERT(size > 0);
    std::array<std::uint8_t, 1> byte{};
    return read_cached(position, byte) == 1 && read_cached(position + size - 1, byte) == 1;
}

Task<Result<void>> RealFile::warm_up(std::uint64_t position, std::size_t size) {
    HelperCall call(helpers_, [this, position, size]() -> Result<void> {
        std::vector<std::uint8_t> scratch(std::min(size, kWarmUpStep));
        for (std::size_t done = 0; done < size; done += scratch.size()) {
            const std::size_t step = std::min(scratch.size(), size - done);
            WEIR_CHECK(read_blocking(position + done, MutByteSpan(scratch.data(), step)));
        }
        return {};
    });
    co_return co_await call;
}

}  // namespace weir::real
