#include "runtime/real/disk/real_disk.h"

#include "runtime/real/disk/disk_error.h"
#include "runtime/real/disk/real_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace weir::real {

namespace {

namespace fs = std::filesystem;

int open_flags(OpenMode mode) {
    switch (mode) {
        case OpenMode::read_only: return O_RDONLY;
        case OpenMode::read_write: return O_RDWR;
        case OpenMode::create_new: return O_RDWR | O_CREAT | O_EXCL;
        case OpenMode::open_or_create: return O_RDWR | O_CREAT;
    }
    return O_RDONLY;
}

Result<int> open_blocking(const std::string& path, int flags) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return fail(disk_error("open", path, errno));
    }
    return fd;
}

Result<std::vector<DirectoryEntry>> list_blocking(const std::string& path) {
    std::vector<DirectoryEntry> entries;
    std::error_code error;
    fs::directory_iterator it(path, error);
    while (!error && it != fs::directory_iterator()) {
        DirectoryEntry entry;
        entry.name = it->path().filename().string();
        struct stat status{};
        if (::stat(it->path().c_str(), &status) == 0) {
            entry.is_directory = S_ISDIR(status.st_mode);
            entry.size_bytes = entry.is_directory ? 0 : static_cast<std::uint64_t>(status.st_size);
            entries.push_back(std::move(entry));
        } else if (errno != ENOENT) {  // removed meanwhile
            return fail(disk_error("list", path, errno));
        }
        it.increment(error);
    }
    if (error) {
        return fail(disk_error("list", path, error.value()));
    }
    std::sort(entries.begin(), entries.end(),
              [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
    return entries;
}

Result<void> sync_directory_blocking(const std::string& path) {
    WEIR_TRY(const int fd, open_blocking(path, O_RDONLY | O_DIRECTORY));
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    if (error != 0) {
        return fail(disk_error("sync the directory", path, error));
    }
    return {};
}

class FlockedDirectory final : public DirectoryLock {
public:
    explicit FlockedDirectory(int fd) : fd_(fd) {}
    ~FlockedDirectory() override { ::close(fd_); }
    FlockedDirectory(const FlockedDirectory&) = delete;
    FlockedDirectory& operator=(const FlockedDirectory&) = delete;

private:
    int fd_;
};

}  // namespace

Result<std::string> RealDisk::full_path(const std::string& path) const {
    if (!path.empty() && path.front() == '/') {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("path '{}' must be relative to the data directory", path));
    }
    std::size_t start = 0;
    while (start <= path.size()) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        if (path.compare(start, end - start, "..") == 0) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("path '{}' must not leave the data directory", path));
        }
        start = end + 1;
    }
    return path.empty() ? options_.root : options_.root + "/" + path;
}

Task<Result<std::unique_ptr<File>>> RealDisk::open(std::string path, OpenMode mode) {
    WEIR_CO_TRY(std::string full, full_path(path));
    HelperCall call(helpers_, [&full, mode]() -> Result<int> {
        WEIR_TRY(const int fd, open_blocking(full, open_flags(mode)));
        struct stat status{};
        if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
            ::close(fd);
            return fail(disk_error("open as a file", full, EISDIR));
        }
        return fd;
    });
    WEIR_CO_TRY(const int fd, co_await call);
    co_return std::make_unique<RealFile>(helpers_, fd, std::move(full), options_.sync_on_shard);
}

Task<Result<std::vector<DirectoryEntry>>> RealDisk::list(std::string path) {
    WEIR_CO_TRY(const std::string full, full_path(path));
    HelperCall call(helpers_, [&full] { return list_blocking(full); });
    co_return co_await call;
}

Task<Result<void>> RealDisk::create_directories(std::string path) {
    WEIR_CO_TRY(const std::string full, full_path(path));
    HelperCall call(helpers_, [&full]() -> Result<void> {
        std::error_code error;
        fs::create_directories(full, error);
        if (error) {
            return fail(disk_error("create the directory", full, error.value()));
        }
        return {};
    });
    co_return co_await call;
}

Task<Result<void>> RealDisk::rename(std::string from, std::string to) {
    WEIR_CO_TRY(const std::string full_from, full_path(from));
    WEIR_CO_TRY(const std::string full_to, full_path(to));
    HelperCall call(helpers_, [&full_from, &full_to]() -> Result<void> {
        if (::rename(full_from.c_str(), full_to.c_str()) != 0) {
            return fail(disk_error("rename", full_from, errno));
        }
        return {};
    });
    co_return co_await call;
}

Task<Result<void>> RealDisk::remove_file(std::string path) {
    WEIR_CO_TRY(const std::string full, full_path(path));
    HelperCall call(helpers_, [&full]() -> Result<void> {
        if (::unlink(full.c_str()) != 0) {
            return fail(disk_error("remove", full, errno));
        }
        return {};
    });
    co_return co_await call;
}

Task<Result<void>> RealDisk::remove_tree(std::string path) {
    WEIR_CO_TRY(const std::string full, full_path(path));
    HelperCall call(helpers_, [&full]() -> Result<void> {
        std::error_code error;
        const auto removed = fs::remove_all(full, error);
        if (error) {
            return fail(disk_error("remove", full, error.value()));
        }
        if (removed == 0) {
            return fail(disk_error("remove", full, ENOENT));
        }
        return {};
    });
    co_return co_await call;
}

Task<Result<void>> RealDisk::sync_directory(std::string path) {
    WEIR_CO_TRY(const std::string full, full_path(path));
    HelperCall call(helpers_, [&full] { return sync_directory_blocking(full); });
    co_return co_await call;
}

Task<Result<std::uint64_t>> RealDisk::free_space_bytes() {
    HelperCall call(helpers_, [this]() -> Result<std::uint64_t> {
        struct statvfs status{};
        if (::statvfs(options_.root.c_str(), &status) != 0) {
            return fail(disk_error("read the free space of", options_.root, errno));
        }
        return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
    });
    co_return co_await call;
}

Task<Result<std::unique_ptr<DirectoryLock>>> RealDisk::lock_directory(std::string path) {
    WEIR_CO_TRY(const std::string full, full_path(path));
    HelperCall call(helpers_, [&full]() -> Result<int> {
        WEIR_TRY(const int fd, open_blocking(full, O_RDONLY | O_DIRECTORY));
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return fd;
        }
        const int error = errno;
        ::close(fd);
        if (error == EWOULDBLOCK) {
            return fail(ErrorCode::unavailable,
                        fmt::format("'{}' is in use by another process", full));
        }
        return fail(disk_error("lock the directory", full, error));
    });
    WEIR_CO_TRY(const int fd, co_await call);
    co_return std::make_unique<FlockedDirectory>(fd);
}

}  // namespace weir::real
