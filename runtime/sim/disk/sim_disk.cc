#include "runtime/sim/disk/sim_disk.h"

#include "core/base/assert.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::sim {

class SimLock final : public DirectoryLock {
public:
    SimLock(SimDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
    ~SimLock() override { disk_.locks_.erase(path_); }

private:
    SimDisk& disk_;
    std::string path_;
};

SimDisk::SimDisk(Scheduler& scheduler, NodeExecutor& executor, DiskImage& image, DiskFaults& faults,
                 const DiskOptions& options, Draws draws)
    : scheduler_(scheduler),
      executor_(executor),
      image_(image),
      faults_(faults),
      options_(options),
      draws_(draws) {}

SimDisk::~SimDisk() {
    if (!executor_.torn_down()) {
        WEIR_ASSERT(open_files_ == 0);
    }
}

std::int64_t SimDisk::time_for(std::int64_t mean_ns, std::uint64_t bytes) {
    const std::int64_t wait = draws_.exponential(mean_ns) + 200;
    const auto transfer = static_cast<std::int64_t>(bytes / 1024) * options_.ns_per_kib;
    const std::int64_t time = (wait + transfer) * faults_.slow_factor;
    return std::max(time, faults_.hung_until_ns - scheduler_.now_ns());
}

void SimDisk::done(DiskOp op, std::uint64_t value) {
    scheduler_.trace().event(EventKind::disk_done, executor_.node(), scheduler_.now_ns(),
                             static_cast<std::uint64_t>(op), value);
}

Result<void> SimDisk::write_slices(DiskNode& file, std::uint64_t position,
                                   std::span<const ByteSpan> slices, std::uint64_t limit_bytes) {
    for (const ByteSpan slice : slices) {
        const ByteSpan part = slice.first(
            static_cast<std::size_t>(std::min<std::uint64_t>(slice.size(), limit_bytes)));
        WEIR_CHECK(image_.write(file, position, part));
        position += part.size();
        limit_bytes -= part.size();
    }
    return {};
}

void SimDisk::crash() {
    in_flight_.for_each([this](InFlight& io) {
        if (io.file != nullptr) {
            std::uint64_t total = 0;
            for (const ByteSpan slice : io.slices) {
                total += slice.size();
            }
            const std::uint64_t applied = draws_.below(total + 1);
            static_cast<void>(write_slices(*io.file, io.position, io.slices, applied));
        } else {
            const std::uint64_t entries = image_.count_tree(io.tree);
            const std::uint64_t steps = draws_.below(entries + 1);
            static_cast<void>(image_.remove_tree(io.tree, steps));
        }
        io.unlink();
    });
}

Task<Result<std::unique_ptr<File>>> SimDisk::open(std::string path, OpenMode mode) {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.open_ns, 0));
    co_await wait;
    Result<DiskNodePtr> node = image_.open(path, mode);
    done(DiskOp::open, content_hash(as_bytes(path)));
    if (!node.has_value()) {
        faults_.disk_full_errors += node.error().code == ErrorCode::disk_full ? 1U : 0U;
        co_return fail(std::move(node).error());
    }
    co_return std::make_unique<SimFile>(*this, *std::move(node), mode != OpenMode::read_only);
}

Task<Result<std::vector<DirectoryEntry>>> SimDisk::list(std::string path) {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.open_ns, 0));
    co_await wait;
    done(DiskOp::list, 0);
    co_return image_.list(path);
}

Task<Result<void>> SimDisk::create_directories(std::string path) {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.metadata_ns, 0));
    co_await wait;
    done(DiskOp::create_directories, content_hash(as_bytes(path)));
    co_return image_.create_directories(path);
}

Task<Result<void>> SimDisk::rename(std::string from, std::string to) {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.metadata_ns, 0));
    co_await wait;
    done(DiskOp::rename, content_hash(as_bytes(to)));
    co_return image_.rename(from, to);
}

Task<Result<void>> SimDisk::remove_file(std::string path) {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.metadata_ns, 0));
    co_await wait;
    done(DiskOp::remove_file, content_hash(as_bytes(path)));
    co_return image_.remove_file(path);
}

Task<Result<void>> SimDisk::remove_tree(std::string path) {
    const std::uint64_t entries = image_.count_tree(path);
    if (entries == 0) {
        co_return fail(ErrorCode::not_found, "no directory '" + path + "'");
    }
    InFlight io;
    io.tree = path;
    in_flight_.push_back(io);
    TimedWait wait(scheduler_, executor_, EventKind::disk_done,
                   time_for(options_.metadata_ns * static_cast<std::int64_t>(entries), 0));
    co_await wait;
    io.unlink();
    done(DiskOp::remove_tree, entries);
    Result<bool> removed = image_.remove_tree(path, UINT64_MAX);
    if (!removed.has_value()) {
        co_return fail(std::move(removed).error());
    }
    co_return Result<void>();
}

Task<Result<void>> SimDisk::sync_directory(std::string path) {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.sync_ns, 0));
    co_await wait;
    done(DiskOp::sync_directory, content_hash(as_bytes(path)));
    if (faults_.syncs_to_fail > 0) {
        --faults_.syncs_to_fail;
        ++faults_.syncs_failed;
        co_return fail(ErrorCode::io_error, "simulated failure of a directory sync");
    }
    if (faults_.lies) {
        ++faults_.syncs_lied;
        co_return Result<void>();
    }
    ++faults_.syncs;
    co_return image_.directory_synced(path);
}

Task<Result<std::uint64_t>> SimDisk::free_space_bytes() {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.open_ns, 0));
    co_await wait;
    done(DiskOp::free_space, image_.free_bytes());
    co_return image_.free_bytes();
}

Task<Result<std::unique_ptr<DirectoryLock>>> SimDisk::lock_directory(std::string path) {
    TimedWait wait(scheduler_, executor_, EventKind::disk_done, time_for(options_.open_ns, 0));
    co_await wait;
    done(DiskOp::lock, 0);
    const DiskNodePtr directory = image_.find(path);
    if (directory == nullptr || !directory->is_directory()) {
        co_return fail(ErrorCode::not_found, "no directory '" + path + "' to lock");
    }
    if (!locks_.insert(path).second) {
        co_return fail(ErrorCode::already_exists, "directory '" + path + "' is locked");
    }
    co_return std::make_unique<SimLock>(*this, path);
}

SimFile::SimFile(SimDisk& disk, DiskNodePtr node, bool writable)
    : disk_(disk), node_(std::move(node)), writable_(writable) {
    ++disk_.open_files_;
}

SimFile::~SimFile() {
    --disk_.open_files_;
}

namespace {

Error read_only_file() {
    return Error(ErrorCode::io_error, "the file is open for reading only");
}

}  // namespace

Task<Result<std::size_t>> SimFile::read_at(FilePosition position, MutByteSpan into) {
    TimedWait wait(disk_.scheduler_, disk_.executor_, EventKind::disk_done,
                   disk_.time_for(disk_.options_.access_ns, into.size()));
    co_await wait;
    const ByteSpan content = node_->content();
    std::size_t size = 0;
    if (position.value() < content.size()) {
        const ByteSpan rest = content.subspan(static_cast<std::size_t>(position.value()));
        size = std::min(rest.size(), into.size());
        if (!node_->readable(position.value(), size)) {
            ++disk_.faults_.read_errors;
            disk_.done(DiskOp::read, 0);
            co_return fail(ErrorCode::io_error, "simulated loss of a sector");
        }
        if (size != 0) {
            std::memcpy(into.data(), rest.data(), size);
        }
    }
    disk_.done(DiskOp::read, size);
    co_return size;
}

Task<Result<void>> SimFile::write_at(FilePosition position, std::span<const ByteSpan> slices) {
    if (!writable_) {
        co_return fail(read_only_file());
    }
    std::uint64_t total = 0;
    std::uint64_t hash = 0;
    for (const ByteSpan slice : slices) {
        total += slice.size();
        hash = mix64(hash ^ content_hash(slice));
    }
    SimDisk::InFlight io;
    io.file = node_;
    io.position = position.value();
    io.slices = slices;
    disk_.in_flight_.push_back(io);
    TimedWait wait(disk_.scheduler_, disk_.executor_, EventKind::disk_done,
                   disk_.time_for(disk_.options_.access_ns, total));
    co_await wait;
    io.unlink();
    disk_.done(DiskOp::write, hash);
    Result<void> written = disk_.write_slices(*node_, position.value(), slices, total);
    if (!written.has_value()) {
        ++disk_.faults_.disk_full_errors;
    }
    co_return written;
}

Task<Result<void>> SimFile::sync_data() {
    if (!writable_) {
        co_return fail(read_only_file());
    }
    const std::uint64_t up_to = disk_.image_.sequence();
    TimedWait wait(disk_.scheduler_, disk_.executor_, EventKind::disk_done,
                   disk_.time_for(disk_.options_.sync_ns, 0));
    co_await wait;
    disk_.done(DiskOp::sync_data, up_to);
    if (disk_.faults_.syncs_to_fail > 0) {
        --disk_.faults_.syncs_to_fail;
        ++disk_.faults_.syncs_failed;
        DiskImage::file_sync_failed(*node_, up_to);
        co_return fail(ErrorCode::io_error, "simulated failure of a sync");
    }
    if (disk_.faults_.lies) {
        ++disk_.faults_.syncs_lied;
        co_return Result<void>();
    }
    ++disk_.faults_.syncs;
    disk_.image_.file_synced(*node_, up_to);
    co_return Result<void>();
}

Task<Result<void>> SimFile::truncate(std::uint64_t size_bytes) {
    if (!writable_) {
        co_return fail(read_only_file());
    }
    TimedWait wait(disk_.scheduler_, disk_.executor_, EventKind::disk_done,
                   disk_.time_for(disk_.options_.metadata_ns, 0));
    co_await wait;
    disk_.done(DiskOp::truncate, size_bytes);
    if (size_bytes > node_->size()) {
        co_return disk_.image_.allocate(*node_, size_bytes);
    }
    disk_.image_.truncate(*node_, size_bytes);
    co_return Result<void>();
}

Task<Result<void>> SimFile::allocate(std::uint64_t size_bytes) {
    if (!writable_) {
        co_return fail(read_only_file());
    }
    TimedWait wait(disk_.scheduler_, disk_.executor_, EventKind::disk_done,
                   disk_.time_for(disk_.options_.metadata_ns, 0));
    co_await wait;
    disk_.done(DiskOp::allocate, size_bytes);
    Result<void> reserved = disk_.image_.allocate(*node_, size_bytes);
    if (!reserved.has_value()) {
        ++disk_.faults_.disk_full_errors;
    }
    co_return reserved;
}

Task<Result<std::uint64_t>> SimFile::size() {
    TimedWait wait(disk_.scheduler_, disk_.executor_, EventKind::disk_done,
                   disk_.time_for(disk_.options_.access_ns, 0));
    co_await wait;
    disk_.done(DiskOp::size, node_->size());
    co_return node_->size();
}

}  // namespace weir::sim
