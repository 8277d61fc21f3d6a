#include "runtime/record/recorded_disk.h"

#include "runtime/record/pass.h"

namespace weir::record {

namespace {

struct EntriesCodec {
    void write(Fields& fields, const std::vector<DirectoryEntry>& entries) const {
        for (const DirectoryEntry& entry : entries) {
            fields.text(entry.name).number(entry.is_directory ? 1 : 0).number(entry.size_bytes);
        }
    }
    std::vector<DirectoryEntry> read(FieldReader& reader) const {
        std::vector<DirectoryEntry> entries;
        while (!reader.at_end()) {
            DirectoryEntry entry;
            entry.name = reader.text();
            entry.is_directory = reader.number() != 0;
            entry.size_bytes = reader.number();
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

class RecordedLock final : public DirectoryLock {
public:
    RecordedLock(Transcript& transcript, std::uint64_t number, std::unique_ptr<DirectoryLock> real)
        : transcript_(transcript), number_(number), real_(std::move(real)) {}
    ~RecordedLock() override { transcript_.call(Fields(Kind::disk_unlock).number(number_)); }

private:
    Transcript& transcript_;
    const std::uint64_t number_;
    const std::unique_ptr<DirectoryLock> real_;
};

}  // namespace

RecordedFile::~RecordedFile() {
    transcript_.call(Fields(Kind::file_close).number(number_));
}

Task<Result<std::size_t>> RecordedFile::read_at(FilePosition position, MutByteSpan into) {
    Fields call(Kind::file_read);
    call.number(number_).number(position.value()).number(into.size());
    return pass(transcript_, std::move(call),
                real_ ? real_->read_at(position, into) : Task<Result<std::size_t>>(),
                ReadCodec(into));
}

Task<Result<void>> RecordedFile::write_at(FilePosition position, std::span<const ByteSpan> slices) {
    Fields call(Kind::file_write);
    call.number(number_).number(position.value()).digest(slices);
    return pass(transcript_, std::move(call),
                real_ ? real_->write_at(position, slices) : Task<Result<void>>(), NoCodec());
}

Task<Result<void>> RecordedFile::sync_data() {
    Fields call(Kind::file_sync);
    call.number(number_);
    return pass(transcript_, std::move(call), real_ ? real_->sync_data() : Task<Result<void>>(),
                NoCodec());
}

Task<Result<void>> RecordedFile::truncate(std::uint64_t size_bytes) {
    Fields call(Kind::file_truncate);
    call.number(number_).number(size_bytes);
    return pass(transcript_, std::move(call),
                real_ ? real_->truncate(size_bytes) : Task<Result<void>>(), NoCodec());
}

Task<Result<void>> RecordedFile::allocate(std::uint64_t size_bytes) {
    Fields call(Kind::file_allocate);
    call.number(number_).number(size_bytes);
    return pass(transcript_, std::move(call),
                real_ ? real_->allocate(size_bytes) : Task<Result<void>>(), NoCodec());
}

Task<Result<std::uint64_t>> RecordedFile::size() {
    Fields call(Kind::file_size);
    call.number(number_);
    return pass(transcript_, std::move(call), real_ ? real_->size() : Task<Result<std::uint64_t>>(),
                NumberCodec());
}

Task<Result<std::unique_ptr<File>>> RecordedDisk::open(std::string path, OpenMode mode) {
    Fields call(Kind::disk_open);
    call.text(path).number(static_cast<std::uint64_t>(mode));
    Task<Result<std::unique_ptr<File>>> real;
    if (real_ != nullptr) {
        real = real_->open(std::move(path), mode);
    }
    const ObjectCodec<File> codec;
    WEIR_CO_TRY(std::unique_ptr<File> file,
                co_await pass(transcript_, std::move(call), std::move(real), codec));
    co_return std::make_unique<RecordedFile>(transcript_, ++file_count_, std::move(file));
}

Task<Result<std::vector<DirectoryEntry>>> RecordedDisk::list(std::string path) {
    Fields call(Kind::disk_list);
    call.text(path);
    return pass(transcript_, std::move(call),
                real_ != nullptr ? real_->list(std::move(path))
                                 : Task<Result<std::vector<DirectoryEntry>>>(),
                EntriesCodec());
}

Task<Result<void>> RecordedDisk::create_directories(std::string path) {
    Fields call(Kind::disk_create_directories);
    call.text(path);
    return pass(
        transcript_, std::move(call),
        real_ != nullptr ? real_->create_directories(std::move(path)) : Task<Result<void>>(),
        NoCodec());
}

Task<Result<void>> RecordedDisk::rename(std::string from, std::string to) {
    Fields call(Kind::disk_rename);
    call.text(from).text(to);
    return pass(
        transcript_, std::move(call),
        real_ != nullptr ? real_->rename(std::move(from), std::move(to)) : Task<Result<void>>(),
        NoCodec());
}

Task<Result<void>> RecordedDisk::remove_file(std::string path) {
    Fields call(Kind::disk_remove_file);
    call.text(path);
    return pass(transcript_, std::move(call),
                real_ != nullptr ? real_->remove_file(std::move(path)) : Task<Result<void>>(),
                NoCodec());
}

Task<Result<void>> RecordedDisk::remove_tree(std::string path) {
    Fields call(Kind::disk_remove_tree);
    call.text(path);
    return pass(transcript_, std::move(call),
                real_ != nullptr ? real_->remove_tree(std::move(path)) : Task<Result<void>>(),
                NoCodec());
}

Task<Result<void>> RecordedDisk::sync_directory(std::string path) {
    Fields call(Kind::disk_sync_directory);
    call.text(path);
    return pass(transcript_, std::move(call),
                real_ != nullptr ? real_->sync_directory(std::move(path)) : Task<Result<void>>(),
                NoCodec());
}

Task<Result<std::uint64_t>> RecordedDisk::free_space_bytes() {
    return pass(transcript_, Fields(Kind::disk_free_space),
                real_ != nullptr ? real_->free_space_bytes() : Task<Result<std::uint64_t>>(),
                NumberCodec());
}

Task<Result<std::unique_ptr<DirectoryLock>>> RecordedDisk::lock_directory(std::string path) {
    Fields call(Kind::disk_lock);
    call.text(path);
    Task<Result<std::unique_ptr<DirectoryLock>>> real;
    if (real_ != nullptr) {
        real = real_->lock_directory(std::move(path));
    }
    const ObjectCodec<DirectoryLock> codec;
    WEIR_CO_TRY(std::unique_ptr<DirectoryLock> lock,
                co_await pass(transcript_, std::move(call), std::move(real), codec));
    co_return std::make_unique<RecordedLock>(transcript_, ++lock_count_, std::move(lock));
}

}  // namespace weir::record
