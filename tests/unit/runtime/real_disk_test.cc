// Errors of the real disk that only this system can provoke.
#include "runtime/real/disk/real_disk.h"

#include "runtime/real/disk/real_file.h"
#include "tests/unit/runtime/real_world.h"

#include <array>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weir::real {
namespace {

Task<Result<void>> write_to(File& file, std::uint64_t position, Bytes bytes) {
    const std::array<ByteSpan, 1> slices{ByteSpan(bytes)};
    co_return co_await file.write_at(FilePosition(position), slices);
}

TEST(RealDisk, NoSpaceIsDiskFull) {
    RealWorld world;
    const int fd = ::open("/dev/full", O_RDWR | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    RealFile file(world.real().helpers(), fd, "full", false);
    const Result<void> written = world.real().run(write_to(file, 0, Bytes(10)));
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, ErrorCode::disk_full);
    EXPECT_NE(written.error().context.find("'full'"), std::string::npos);
}

class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t size) {
        WEIR_ASSERT(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        rlimit lower = before_;
        lower.rlim_cur = size;
        WEIR_ASSERT(::setrlimit(RLIMIT_FSIZE, &lower) == 0);
    }
    ~FileSizeLimit() { WEIR_MAYBE(::setrlimit(RLIMIT_FSIZE, &before_) != 0); }

private:
    rlimit before_{};
};

// The write that crosses the limit is short first, then refused; nothing is left half done inside
// the process, and writes go on when there is space again.
Task<bool> write_across_limit(Env& env) {
    Result<std::unique_ptr<File>> file = co_await env.disk.open("limited", OpenMode::create_new);
    if (!file.has_value()) {
        co_return false;
    }
    {
        const FileSizeLimit limit(10'000);
        const Result<void> fits = co_await write_to(**file, 0, Bytes(9'000));
        EXPECT_TRUE(fits.has_value());
        const Result<void> written = co_await write_to(**file, 9'000, Bytes(5'000));
        EXPECT_TRUE(!written.has_value() && written.error().code == ErrorCode::disk_full);
        const Result<void> allocated = co_await (*file)->allocate(20'000);
        EXPECT_TRUE(!allocated.has_value() && allocated.error().code == ErrorCode::disk_full);
        const Result<std::uint64_t> size = co_await (*file)->size();
        EXPECT_TRUE(size.has_value() && *size <= 10'000U);
    }
    const Result<void> again = co_await write_to(**file, 9'000, Bytes(5'000));
    EXPECT_TRUE(again.has_value());
    const Result<std::uint64_t> size = co_await (*file)->size();
    co_return size.has_value() && *size == 14'000U;
}

TEST(RealDisk, SizeLimitIsDiskFullAndPasses) {
    RealWorld world;
    EXPECT_TRUE(world.real().run(write_across_limit(world.env())));
}

// fdatasync of a pipe fails; what the descriptor means afterwards does not matter any more.
TEST(RealFile, FailedSyncIsRemembered) {
    RealWorld world;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    RealFile file(world.real().helpers(), pipe[0], "pipe", false);
    const Result<void> failed = world.real().run(file.sync_data());
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, ErrorCode::io_error);
    const std::string path = world.root() + "/regular";
    const int regular = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    ASSERT_GE(regular, 0);
    ASSERT_EQ(::dup2(regular, pipe[0]), pipe[0]);
    ASSERT_EQ(::fdatasync(pipe[0]), 0);
    EXPECT_FALSE(world.real().run(file.sync_data()).has_value());
    ::close(regular);
    ::close(pipe[1]);
}

Task<bool> lock_twice(Env& env) {
    Result<std::unique_ptr<DirectoryLock>> first = co_await env.disk.lock_directory("");
    const Result<std::unique_ptr<DirectoryLock>> second = co_await env.disk.lock_directory("");
    EXPECT_TRUE(first.has_value());
    EXPECT_TRUE(!second.has_value() && second.error().code == ErrorCode::unavailable);
    first->reset();
    const Result<std::unique_ptr<DirectoryLock>> third = co_await env.disk.lock_directory("");
    co_return third.has_value();
}

TEST(RealDisk, LockedDirectoryIsUnavailable) {
    RealWorld world;
    EXPECT_TRUE(world.real().run(lock_twice(world.env())));
}

Task<ErrorCode> open_code(Disk& disk, std::string path) {
    const Result<std::unique_ptr<File>> file =
        co_await disk.open(std::move(path), OpenMode::open_or_create);
    co_return file.has_value() ? ErrorCode::already_exists : file.error().code;
}

TEST(RealDisk, PathsStayBelowTheRoot) {
    RealWorld world;
    for (const char* path : {"..", "../x", "a/../../x", "/etc/passwd", "a/.."}) {
        EXPECT_EQ(world.real().run(open_code(world.env().disk, path)), ErrorCode::invalid_argument)
            << path;
    }
    EXPECT_EQ(world.real().run(open_code(world.env().disk, "..a")), ErrorCode::already_exists);
}

Task<bool> read_cold(RealEnv& real, const std::string& root) {
    Result<std::unique_ptr<File>> file =
        co_await real.env().disk.open("cold", OpenMode::create_new);
    if (!file.has_value()) {
        co_return false;
    }
    const Bytes content = contract::pattern(1'000'000, 1);
    const Result<void> written = co_await write_to(**file, 0, content);
    const Result<void> synced = co_await (*file)->sync_data();
    EXPECT_TRUE(written.has_value() && synced.has_value());
    const int fd = ::open((root + "/cold").c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    ::close(fd);
    Bytes into(content.size() + 100);
    const Result<std::size_t> got = co_await (*file)->read_at(FilePosition(1), into);
    EXPECT_TRUE(got.has_value() && *got == content.size() - 1);
    into.resize(content.size() - 1);
    co_return std::equal(into.begin(), into.end(), content.begin() + 1);
}

TEST(RealFile, ColdReadsAreWhole) {
    RealWorld world;
    EXPECT_TRUE(world.real().run(read_cold(world.real(), world.root())));
}

}  // namespace
}  // namespace weir::real
