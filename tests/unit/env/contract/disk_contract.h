// The contract of core/env/disk.h, for any implementation. See world.h. What a power loss leaves is
// the simulator's own matter (sim_disk_test.cc).
#pragma once

#include "core/base/prng.h"
#include "tests/unit/env/contract/world.h"

#include <algorithm>
#include <memory>
#include <string>

namespace weir::contract {

template <typename W>
class DiskContract : public ::testing::Test {
protected:
    W world_;
};
TYPED_TEST_SUITE_P(DiskContract);

namespace disk_cases {

using FilePtr = std::unique_ptr<File>;

inline Task<FilePtr> must_open(Disk& disk, std::string path, OpenMode mode) {
    Result<FilePtr> opened = co_await disk.open(path, mode);
    EXPECT_TRUE(opened.has_value()) << path;
    if (!opened.has_value()) {
        co_return nullptr;
    }
    co_return *std::move(opened);
}

inline Task<void> must_write(File& file, std::uint64_t position, Bytes bytes) {
    const ByteSpan slices[1] = {bytes};
    const Result<void> written = co_await file.write_at(FilePosition(position), slices);
    EXPECT_TRUE(written.has_value());
}

// Reads up to `size` bytes; the result is as long as what was read.
inline Task<Bytes> must_read(File& file, std::uint64_t position, std::size_t size) {
    Bytes bytes(size, 0xee);
    const Result<std::size_t> read = co_await file.read_at(FilePosition(position), bytes);
    EXPECT_TRUE(read.has_value());
    bytes.resize(read.has_value() ? *read : 0);
    co_return bytes;
}

inline Task<void> expect_size(File& file, std::uint64_t expected) {
    const Result<std::uint64_t> size = co_await file.size();
    WEIR_CO_ASSERT(size.has_value());
    EXPECT_EQ(*size, expected);
}

inline Task<void> expect_open_error(Disk& disk, std::string path, OpenMode mode, ErrorCode code) {
    const Result<FilePtr> opened = co_await disk.open(path, mode);
    WEIR_CO_ASSERT(!opened.has_value());
    EXPECT_EQ(opened.error().code, code) << path;
}

inline Task<void> open_modes(World& world) {
    Disk& disk = world.env().disk;
    co_await expect_open_error(disk, "a", OpenMode::read_only, ErrorCode::not_found);
    co_await expect_open_error(disk, "a", OpenMode::read_write, ErrorCode::not_found);
    co_await expect_open_error(disk, "no/a", OpenMode::open_or_create, ErrorCode::not_found);
    {
        const FilePtr file = co_await must_open(disk, "a", OpenMode::create_new);
        WEIR_CO_ASSERT(file != nullptr);
        co_await must_write(*file, 0, pattern(10, 1));
    }
    co_await expect_open_error(disk, "a", OpenMode::create_new, ErrorCode::already_exists);
    const FilePtr again = co_await must_open(disk, "a", OpenMode::open_or_create);
    WEIR_CO_ASSERT(again != nullptr);
    co_await expect_size(*again, 10);
    const FilePtr reader = co_await must_open(disk, "a", OpenMode::read_only);
    WEIR_CO_ASSERT(reader != nullptr);
    const Bytes bytes = co_await must_read(*reader, 0, 10);
    EXPECT_EQ(bytes, pattern(10, 1));
    const Bytes refused = pattern(1, 2);
    const ByteSpan slices[1] = {refused};
    const Result<void> written = co_await reader->write_at(FilePosition(0), slices);
    EXPECT_FALSE(written.has_value());
}

inline Task<void> write_and_read(World& world) {
    const FilePtr file = co_await must_open(world.env().disk, "f", OpenMode::open_or_create);
    WEIR_CO_ASSERT(file != nullptr);
    // Several slices, an empty one among them, as one write.
    const Bytes one = pattern(700, 1);
    const Bytes two;
    const Bytes three = pattern(5'000, 3);
    const ByteSpan slices[3] = {one, two, three};
    const Result<void> written = co_await file->write_at(FilePosition(100), slices);
    EXPECT_TRUE(written.has_value());
    co_await expect_size(*file, 5'800);
    Bytes expected(100, 0);
    expected.insert(expected.end(), one.begin(), one.end());
    expected.insert(expected.end(), three.begin(), three.end());
    Bytes bytes = co_await must_read(*file, 0, 5'800);
    EXPECT_EQ(bytes, expected);
    // Short only at the end of the file.
    bytes = co_await must_read(*file, 5'700, 500);
    EXPECT_EQ(bytes, Bytes(expected.begin() + 5'700, expected.end()));
    bytes = co_await must_read(*file, 5'800, 10);
    EXPECT_TRUE(bytes.empty());
    bytes = co_await must_read(*file, 1'000'000, 10);
    EXPECT_TRUE(bytes.empty());
    // Overwriting in the middle leaves the rest.
    co_await must_write(*file, 300, pattern(50, 9));
    const Bytes patch = pattern(50, 9);
    std::copy(patch.begin(), patch.end(), expected.begin() + 300);
    bytes = co_await must_read(*file, 0, 6'000);
    EXPECT_EQ(bytes, expected);
    const Result<void> synced = co_await file->sync_data();
    EXPECT_TRUE(synced.has_value());
}

inline Task<void> truncate_and_allocate(World& world) {
    const FilePtr file = co_await must_open(world.env().disk, "f", OpenMode::open_or_create);
    WEIR_CO_ASSERT(file != nullptr);
    co_await must_write(*file, 0, pattern(3'000, 1));
    Result<void> done = co_await file->truncate(1'234);
    EXPECT_TRUE(done.has_value());
    co_await expect_size(*file, 1'234);
    done = co_await file->allocate(10'000);
    EXPECT_TRUE(done.has_value());
    co_await expect_size(*file, 10'000);
    Bytes expected = pattern(3'000, 1);
    expected.resize(1'234);
    expected.resize(10'000, 0);  // what was cut does not come back
    Bytes bytes = co_await must_read(*file, 0, 20'000);
    EXPECT_EQ(bytes, expected);
    done = co_await file->allocate(5'000);  // never shrinks
    EXPECT_TRUE(done.has_value());
    co_await expect_size(*file, 10'000);
    done = co_await file->truncate(12'000);  // grows with zeros
    EXPECT_TRUE(done.has_value());
    expected.resize(12'000, 0);
    bytes = co_await must_read(*file, 0, 20'000);
    EXPECT_EQ(bytes, expected);
    done = co_await file->truncate(0);
    EXPECT_TRUE(done.has_value());
    co_await expect_size(*file, 0);
}

inline Task<void> directories(World& world) {
    Disk& disk = world.env().disk;
    Result<void> done = co_await disk.create_directories("x/y/z");
    EXPECT_TRUE(done.has_value());
    done = co_await disk.create_directories("x/y");
    EXPECT_TRUE(done.has_value());
    for (const char* name : {"x/b", "x/a", "x/c"}) {
        const FilePtr file = co_await must_open(disk, name, OpenMode::create_new);
        WEIR_CO_ASSERT(file != nullptr);
        co_await must_write(*file, 0, pattern(7, 1));
    }
    const auto listed = co_await disk.list("x");
    WEIR_CO_ASSERT(listed.has_value());
    WEIR_CO_ASSERT(listed->size() == 4);
    EXPECT_EQ((*listed)[0].name, "a");
    EXPECT_EQ((*listed)[1].name, "b");
    EXPECT_EQ((*listed)[2].name, "c");
    EXPECT_EQ((*listed)[3].name, "y");
    EXPECT_EQ((*listed)[0].size_bytes, 7U);
    EXPECT_FALSE((*listed)[0].is_directory);
    EXPECT_TRUE((*listed)[3].is_directory);
    const auto root = co_await disk.list("");
    WEIR_CO_ASSERT(root.has_value());
    EXPECT_EQ(root->size(), 1U);
    const auto missing = co_await disk.list("nowhere");
    WEIR_CO_ASSERT(!missing.has_value());
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    for (const char* name : {"", "x", "x/y/z"}) {
        done = co_await disk.sync_directory(name);
        EXPECT_TRUE(done.has_value()) << name;
    }
    done = co_await disk.sync_directory("nowhere");
    EXPECT_FALSE(done.has_value());
    const auto space = co_await disk.free_space_bytes();
    WEIR_CO_ASSERT(space.has_value());
    EXPECT_GT(*space, 0U);
}

inline Task<void> rename_and_remove(World& world) {
    Disk& disk = world.env().disk;
    Result<void> done = co_await disk.create_directories("d/e");
    EXPECT_TRUE(done.has_value());
    {
        const FilePtr file = co_await must_open(disk, "d/new", OpenMode::create_new);
        WEIR_CO_ASSERT(file != nullptr);
        co_await must_write(*file, 0, pattern(20, 1));
        const FilePtr old = co_await must_open(disk, "d/old", OpenMode::create_new);
        WEIR_CO_ASSERT(old != nullptr);
        co_await must_write(*old, 0, pattern(30, 2));
    }
    done = co_await disk.rename("d/new", "d/old");
    EXPECT_TRUE(done.has_value());
    co_await expect_open_error(disk, "d/new", OpenMode::read_only, ErrorCode::not_found);
    const FilePtr file = co_await must_open(disk, "d/old", OpenMode::read_only);
    WEIR_CO_ASSERT(file != nullptr);
    Bytes bytes = co_await must_read(*file, 0, 100);
    EXPECT_EQ(bytes, pattern(20, 1));
    done = co_await disk.rename("d/nothing", "d/x");
    WEIR_CO_ASSERT(!done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::not_found);
    done = co_await disk.rename("d/old", "d/e/moved");
    EXPECT_TRUE(done.has_value());
    done = co_await disk.remove_file("d/e/moved");
    EXPECT_TRUE(done.has_value());
    // An open file outlives its name.
    bytes = co_await must_read(*file, 0, 100);
    EXPECT_EQ(bytes, pattern(20, 1));
    done = co_await disk.remove_file("d/e/moved");
    WEIR_CO_ASSERT(!done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::not_found);
    {
        const FilePtr inner = co_await must_open(disk, "d/e/inner", OpenMode::create_new);
        EXPECT_NE(inner, nullptr);
    }
    done = co_await disk.remove_tree("d");
    EXPECT_TRUE(done.has_value());
    const auto gone = co_await disk.list("d");
    EXPECT_FALSE(gone.has_value());
}

inline Task<void> locks_exclude(World& world) {
    Disk& disk = world.env().disk;
    const Result<void> made = co_await disk.create_directories("l");
    EXPECT_TRUE(made.has_value());
    {
        const auto first = co_await disk.lock_directory("l");
        WEIR_CO_ASSERT(first.has_value());
        const auto second = co_await disk.lock_directory("l");
        EXPECT_FALSE(second.has_value());
    }
    const auto third = co_await disk.lock_directory("l");
    EXPECT_TRUE(third.has_value());
}

inline Task<void> write_part(File& file, std::uint64_t index) {
    co_await must_write(file, index * 1'000, pattern(1'000, index));
}

inline Task<void> parallel_writes(World& world) {
    const FilePtr file = co_await must_open(world.env().disk, "f", OpenMode::open_or_create);
    WEIR_CO_ASSERT(file != nullptr);
    TaskScope scope(world.env().executor);
    for (std::uint64_t i = 0; i < 20; ++i) {
        scope.spawn(write_part(*file, i));
    }
    co_await scope.join();
    for (std::uint64_t i = 0; i < 20; ++i) {
        const Bytes bytes = co_await must_read(*file, i * 1'000, 1'000);
        EXPECT_EQ(bytes, pattern(1'000, i)) << i;
    }
}

// Random writes, truncations and reads against a byte vector.
inline Task<void> behaves_as_a_vector(World& world) {
    const FilePtr file = co_await must_open(world.env().disk, "f", OpenMode::open_or_create);
    WEIR_CO_ASSERT(file != nullptr);
    Bytes model;
    Prng prng(7);
    for (std::uint64_t step = 0; step < 200; ++step) {
        const std::uint64_t choice = prng.below(10);
        const auto position = static_cast<std::size_t>(prng.below(6'000));
        const auto size = static_cast<std::size_t>(prng.below(2'000));
        if (choice < 5) {
            const Bytes bytes = pattern(size, step);
            co_await must_write(*file, position, bytes);
            if (!bytes.empty()) {
                model.resize(std::max(model.size(), position + size));
                std::copy(bytes.begin(), bytes.end(),
                          model.begin() + static_cast<std::ptrdiff_t>(position));
            }
        } else if (choice < 6) {
            const Result<void> done = co_await file->truncate(position);
            EXPECT_TRUE(done.has_value());
            model.resize(position);
        } else if (choice < 7) {
            const Result<void> done = co_await file->allocate(position);
            EXPECT_TRUE(done.has_value());
            model.resize(std::max(model.size(), position));
        } else {
            const Bytes bytes = co_await must_read(*file, position, size);
            const std::size_t from = std::min(position, model.size());
            const std::size_t to = std::min(position + size, model.size());
            const Bytes expected(model.begin() + static_cast<std::ptrdiff_t>(from),
                                 model.begin() + static_cast<std::ptrdiff_t>(to));
            WEIR_CO_ASSERT(bytes == expected);
        }
    }
}

}  // namespace disk_cases

TYPED_TEST_P(DiskContract, OpenModes) {
    run_body(this->world_, disk_cases::open_modes);
}
TYPED_TEST_P(DiskContract, WriteAndRead) {
    run_body(this->world_, disk_cases::write_and_read);
}
TYPED_TEST_P(DiskContract, TruncateAndAllocate) {
    run_body(this->world_, disk_cases::truncate_and_allocate);
}
TYPED_TEST_P(DiskContract, Directories) {
    run_body(this->world_, disk_cases::directories);
}
TYPED_TEST_P(DiskContract, RenameAndRemove) {
    run_body(this->world_, disk_cases::rename_and_remove);
}
TYPED_TEST_P(DiskContract, LocksExclude) {
    run_body(this->world_, disk_cases::locks_exclude);
}
TYPED_TEST_P(DiskContract, ParallelWrites) {
    run_body(this->world_, disk_cases::parallel_writes);
}
TYPED_TEST_P(DiskContract, BehavesAsAVector) {
    run_body(this->world_, disk_cases::behaves_as_a_vector);
}

REGISTER_TYPED_TEST_SUITE_P(DiskContract, OpenModes, WriteAndRead, TruncateAndAllocate, Directories,
                            RenameAndRemove, LocksExclude, ParallelWrites, BehavesAsAVector);

}  // namespace weir::contract
