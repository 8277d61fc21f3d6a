// Creating and reading the files of single segments.

#include "core/log/epochs.h"
#include "core/log/recovery.h"
#include "core/log/scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace weir::log {

namespace {

// Bytes that are rewritten at a time.
constexpr std::uint64_t kRewriteSize = 256U << 10U;
// Of the summary of an index: read together with its header.
constexpr std::size_t kSummaryReadAhead = 128;

}  // namespace

std::string join_path(const std::string& dir, const std::string& name) {
    return dir.empty() ? name : dir + "/" + name;
}

std::vector<FoundSegment> find_segments(const std::vector<DirectoryEntry>& entries) {
    std::vector<FoundSegment> found;
    for (const DirectoryEntry& entry : entries) {
        const auto base = parse_file_name(entry.name, kSegmentSuffix);
        if (base.has_value() && !entry.is_directory) {
            found.push_back(FoundSegment{*base, entry.size_bytes, IndexSummary()});
        }
    }
    return found;  // sorted by name, hence by offset: the names have a fixed width
}

Task<Result<std::shared_ptr<File>>> create_segment_file(Disk& disk, std::string dir,
                                                        SegmentHeader header) {
    // A file of this name can only be the rest of an attempt that failed: nothing was ever
    // acknowledged from it.
    WEIR_CO_TRY(std::unique_ptr<File> created,
                co_await disk.open(join_path(dir, segment_file_name(header.base_offset)),
                                   OpenMode::open_or_create));
    const std::shared_ptr<File> file = std::move(created);
    WEIR_CO_CHECK(co_await file->truncate(0));
    const Bytes bytes = encode_segment_header(header);
    const std::array<ByteSpan, 1> slices = {ByteSpan(bytes)};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(0), slices));
    WEIR_CO_CHECK(co_await file->sync_data());
    co_return file;
}

Task<Result<void>> rewrite(File& file, std::uint64_t from, std::uint64_t to) {
    Buffer buffer = Buffer::allocate(
        static_cast<std::size_t>(std::min<std::uint64_t>(kRewriteSize, to > from ? to - from : 0)));
    while (from < to) {
        const MutByteSpan part = buffer.span().first(
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), to - from)));
        WEIR_CO_TRY(const std::size_t size, co_await file.read_at(FilePosition(from), part));
        if (size != part.size()) {
            co_return fail(ErrorCode::corrupt, "the file has become shorter");
        }
        const std::array<ByteSpan, 1> slices = {ByteSpan(part)};
        WEIR_CO_CHECK(co_await file.write_at(FilePosition(from), slices));
        from += size;
    }
    co_return Result<void>();
}

Task<Result<void>> write_index_file(Disk& disk, std::string dir, LogIdentity identity,
                                    std::shared_ptr<Segment> segment, IndexSummary summary,
                                    CheckpointFile::Sync sync) {
    WEIR_ASSERT(segment->index.has_value());
    IndexHeader header;
    header.identity = identity;
    header.base_offset = segment->base_offset;
    header.next_offset = segment->next_offset;
    header.end_position = segment->end_position;
    header.max_time_stamp = segment->max_time_stamp;
    header.last_append_ms = segment->last_append_ms;
    header.was_cut = segment->was_cut;
    const Bytes bytes = encode_index(header, summary, segment->index->entries());
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await disk.open(join_path(dir, index_file_name(segment->base_offset)),
                                   OpenMode::open_or_create));
    WEIR_CO_CHECK(co_await file->truncate(0));
    const std::array<ByteSpan, 1> slices = {ByteSpan(bytes)};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(0), slices));
    if (sync == CheckpointFile::Sync::no) {
        co_return Result<void>();
    }
    co_return co_await file->sync_data();
}

Task<Result<std::optional<FoundIndex>>> read_index(Disk& disk, std::string dir,
                                                   LogIdentity identity, Offset base_offset) {
    auto opened =
        co_await disk.open(join_path(dir, index_file_name(base_offset)), OpenMode::read_only);
    if (!opened.has_value()) {
        if (opened.error().code == ErrorCode::not_found) {
            co_return std::optional<FoundIndex>();
        }
        co_return fail(std::move(opened).error());
    }
    const std::unique_ptr<File> file = *std::move(opened);
    Bytes bytes(kIndexHeaderSize + kSummaryReadAhead);
    WEIR_CO_TRY(std::size_t size, co_await file->read_at(FilePosition(0), bytes));
    const auto header = decode_index_header(ByteSpan(bytes).first(size));
    if (!header.has_value() || header->identity != identity || header->base_offset != base_offset) {
        co_return std::optional<FoundIndex>();
    }
    if (header->summary_size() > kSummaryReadAhead) {
        WEIR_CO_TRY(const std::uint64_t file_size, co_await file->size());
        bytes.resize(static_cast<std::size_t>(
            std::min(file_size, kIndexHeaderSize + header->summary_size())));
        WEIR_CO_TRY(size, co_await file->read_at(FilePosition(0), bytes));
    }
    auto summary =
        decode_index_summary(*header, ByteSpan(bytes).first(size).subspan(kIndexHeaderSize));
    if (!summary.has_value()) {
        co_return std::optional<FoundIndex>();
    }
    FoundIndex index;
    index.header = *header;
    index.summary = *std::move(summary);
    co_return std::optional<FoundIndex>(std::move(index));
}

namespace {

Task<Result<std::vector<IndexEntry>>> read_index_entries(Disk& disk, std::string path,
                                                         std::shared_ptr<Segment> segment) {
    WEIR_CO_TRY(const std::unique_ptr<File> file, co_await disk.open(path, OpenMode::read_only));
    WEIR_CO_TRY(const std::uint64_t size, co_await file->size());
    // An entry stands for at least one batch, so an intact file cannot be larger than this.
    const std::uint64_t batch_count_max = segment->data_size_bytes() / kBatchHeaderSize + 1;
    const std::uint64_t size_max =
        kIndexHeaderSize + batch_count_max * (kIndexEntrySize + kIndexEpochSize) +
        ProducerTable::kProducerCountMax *
            (kIndexProducerSize + ProducerTable::kRunCountMax * kIndexRunSize);
    if (size > size_max) {
        co_return fail(ErrorCode::corrupt, "index larger than its segment allows");
    }
    Bytes bytes(static_cast<std::size_t>(size));
    WEIR_CO_TRY(const std::size_t read_size, co_await file->read_at(FilePosition(0), bytes));
    const ByteSpan all = ByteSpan(bytes).first(read_size);
    WEIR_CO_TRY(const IndexHeader header, decode_index_header(all));
    if (header.base_offset != segment->base_offset || header.next_offset != segment->next_offset ||
        header.end_position != segment->end_position) {
        co_return fail(ErrorCode::corrupt, "index of another state of the segment");
    }
    const ByteSpan rest = all.subspan(kIndexHeaderSize);
    if (rest.size() < header.summary_size()) {
        co_return fail(ErrorCode::corrupt, "index: summary missing");
    }
    co_return decode_index_entries(header,
                                   rest.subspan(static_cast<std::size_t>(header.summary_size())));
}

}  // namespace

Task<Result<void>> load_index(Disk& disk, std::string dir, LogConfig config,
                              std::shared_ptr<Segment> segment) {
    auto entries = co_await read_index_entries(
        disk, join_path(dir, index_file_name(segment->base_offset)), segment);
    if (entries.has_value()) {
        segment->index = SparseIndex(*std::move(entries));
        co_return Result<void>();
    }
    const ErrorCode code = entries.error().code;
    if (code != ErrorCode::corrupt && code != ErrorCode::not_found) {
        co_return fail(std::move(entries).error());
    }
    const std::string path = join_path(dir, segment_file_name(segment->base_offset));
    WEIR_CO_TRY(const std::unique_ptr<File> file, co_await disk.open(path, OpenMode::read_only));
    ScanBounds bounds;
    bounds.base_offset = segment->base_offset;
    bounds.end_offset = segment->next_offset;
    bounds.index_interval_bytes = config.index_interval_bytes;
    WEIR_CO_TRY(SegmentScan scan, co_await scan_segment(*file, bounds));
    if (scan.next_offset != segment->next_offset || scan.end_position != segment->end_position) {
        co_return fail(ErrorCode::corrupt, fmt::format("segment {}: {} at position {}", path,
                                                       to_string(scan.fault), scan.end_position));
    }
    segment->index = std::move(scan.index);
    // Only saves the next scan; failing is fine.
    IndexSummary summary;
    summary.epochs = std::move(scan.epochs);
    summary.producers = std::move(scan.producers);
    const auto written =
        co_await write_index_file(disk, dir, config.identity, segment, std::move(summary));
    WEIR_MAYBE(written.has_value());
    co_return Result<void>();
}

}  // namespace weir::log
