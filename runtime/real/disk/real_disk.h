// The file system below one directory. See core/env/disk.h for the contract.
//
// Everything but reads and writes of open files runs on a helper thread. Paths that leave the root
// (absolute, or with "..") are invalid_argument.
#pragma once

#include "core/env/disk.h"
#include "runtime/real/loop/helper_pool.h"

#include <memory>
#include <string>

namespace weir::real {

struct RealDiskOptions {
    std::string root;
    bool sync_on_shard = false;
};

class RealDisk final : public Disk {
public:
    RealDisk(HelperPool& helpers, RealDiskOptions options)
        : helpers_(helpers), options_(std::move(options)) {}

    Task<Result<std::unique_ptr<File>>> open(std::string path, OpenMode mode) override;
    Task<Result<std::vector<DirectoryEntry>>> list(std::string path) override;
    Task<Result<void>> create_directories(std::string path) override;
    Task<Result<void>> rename(std::string from, std::string to) override;
    Task<Result<void>> remove_file(std::string path) override;
    Task<Result<void>> remove_tree(std::string path) override;
    Task<Result<void>> sync_directory(std::string path) override;
    Task<Result<std::uint64_t>> free_space_bytes() override;
    Task<Result<std::unique_ptr<DirectoryLock>>> lock_directory(std::string path) override;

private:
    // The system's path of a path below the root.
    Result<std::string> full_path(const std::string& path) const;

    HelperPool& helpers_;
    const RealDiskOptions options_;
};

}  // namespace weir::real
