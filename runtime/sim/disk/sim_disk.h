// The Disk seam of one incarnation of a node, over the DiskImage of its machine.
//
// Every operation takes a seeded time and takes effect when it ends; one that is in flight at a
// crash has taken effect in part. A sync makes durable what was written when it started. Owned by
// the incarnation; the image outlives it.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/env/disk.h"
#include "runtime/sim/disk/disk_image.h"
#include "runtime/sim/sched/scheduler.h"
#include "runtime/sim/sched/timed_wait.h"

#include <memory>
#include <set>
#include <string>

namespace weir::sim {

struct DiskOptions {
    std::uint64_t capacity_bytes = 1ULL << 40;
    std::int64_t open_ns = 8'000;    // means of exponential-like times
    std::int64_t access_ns = 3'000;  // reads and writes, through the page cache
    std::int64_t ns_per_kib = 400;
    std::int64_t sync_ns = 250'000;
    std::int64_t metadata_ns = 20'000;
};

// What a scenario may switch on while the machine runs. Belongs to the machine.
struct DiskFaults {
    std::uint32_t syncs_to_fail = 0;     // the next so many syncs answer io_error
    bool lies = false;                   // syncs succeed and make nothing durable
    std::int64_t hung_until_ns = 0;      // no operation ends before, in global time
    std::uint64_t syncs_failed = 0;      // counted
    std::uint64_t syncs_lied = 0;        // counted
    std::uint64_t read_errors = 0;       // counted: reads of lost sectors
    std::int64_t slow_factor = 1;        // every time is multiplied by it
    std::uint64_t disk_full_errors = 0;  // counted: operations refused for want of space
    std::uint64_t syncs = 0;             // counted: syncs that succeeded
};

enum class DiskOp : std::uint8_t {
    open = 1,
    read,
    write,
    sync_data,
    truncate,
    allocate,
    size,
    list,
    create_directories,
    rename,
    remove_file,
    remove_tree,
    sync_directory,
    free_space,
    lock,
};

class SimFile;

class SimDisk final : public Disk {
public:
    SimDisk(Scheduler& scheduler, NodeExecutor& executor, DiskImage& image, DiskFaults& faults,
            const DiskOptions& options, Draws draws);
    ~SimDisk() override;

    Task<Result<std::unique_ptr<File>>> open(std::string path, OpenMode mode) override;
    Task<Result<std::vector<DirectoryEntry>>> list(std::string path) override;
    Task<Result<void>> create_directories(std::string path) override;
    Task<Result<void>> rename(std::string from, std::string to) override;
    Task<Result<void>> remove_file(std::string path) override;
    Task<Result<void>> remove_tree(std::string path) override;
    Task<Result<void>> sync_directory(std::string path) override;
    Task<Result<std::uint64_t>> free_space_bytes() override;
    Task<Result<std::unique_ptr<DirectoryLock>>> lock_directory(std::string path) override;

    // A crash: whatever is in flight takes effect up to a random point. Before the frames go.
    void crash();
    // For the leak check.
    std::size_t open_files() const { return open_files_; }
    std::size_t locks() const { return locks_.size(); }

private:
    friend class SimFile;
    friend class SimLock;
    // A write or a tree removal between its start and its end.
    struct InFlight : ListNode {
        DiskNodePtr file;
        std::uint64_t position = 0;
        std::span<const ByteSpan> slices;
        std::string tree;
    };

    std::int64_t time_for(std::int64_t mean_ns, std::uint64_t bytes);
    void done(DiskOp op, std::uint64_t value);
    Result<void> write_slices(DiskNode& file, std::uint64_t position,
                              std::span<const ByteSpan> slices, std::uint64_t limit_bytes);

    Scheduler& scheduler_;
    NodeExecutor& executor_;
    DiskImage& image_;
    DiskFaults& faults_;
    DiskOptions options_;
    Draws draws_;
    std::size_t open_files_ = 0;
    std::set<std::string> locks_;
    IntrusiveList<InFlight> in_flight_;
};

class SimFile final : public File {
public:
    SimFile(SimDisk& disk, DiskNodePtr node, bool writable);
    ~SimFile() override;

    Task<Result<std::size_t>> read_at(FilePosition position, MutByteSpan into) override;
    Task<Result<void>> write_at(FilePosition position, std::span<const ByteSpan> slices) override;
    Task<Result<void>> sync_data() override;
    Task<Result<void>> truncate(std::uint64_t size_bytes) override;
    Task<Result<void>> allocate(std::uint64_t size_bytes) override;
    Task<Result<std::uint64_t>> size() override;

    // For Connection::send_file, which reads the page cache.
    ByteSpan content() const { return node_->content(); }
    bool readable(std::uint64_t position, std::uint64_t length) const {
        return node_->readable(position, length);
    }

private:
    SimDisk& disk_;
    DiskNodePtr node_;
    bool writable_;
};

}  // namespace weir::sim
