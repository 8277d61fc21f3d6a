#include "apps/weir/fluvio/copy_reader.h"

#include "core/log/format.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace weir::cli::fluvio {

namespace fs = std::filesystem;

Result<CopyReader> CopyReader::open(const std::string& dir) {
    CopyReader reader;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(dir, error)) {
        const std::string name = entry.path().filename().string();
        if (const auto base = log::parse_file_name(name, log::kSegmentSuffix)) {
            reader.segments_.push_back({entry.path().string(), *base, entry.file_size(error)});
        }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(ErrorCode::io_error, fmt::format("cannot list {}: {}", dir, error.message()));
    }
    std::sort(reader.segments_.begin(), reader.segments_.end(),
              [](const Segment& a, const Segment& b) { return a.base_offset < b.base_offset; });
    if (reader.segments_.empty()) {
        reader.stopped_ = true;
        return reader;
    }
    reader.start_ = reader.segments_.front().base_offset;
    reader.end_ = reader.start_;
    WEIR_CHECK(reader.open_segment());
    return reader;
}

Result<void> CopyReader::open_segment() {
    const Segment& segment = segments_[at_];
    position_ = 0;
    file_ = std::ifstream(segment.path, std::ios::binary);
    if (!file_.is_open()) {
        return fail(ErrorCode::io_error, fmt::format("cannot open {}", segment.path));
    }
    if (segment.base_offset != end_) {
        stop(fmt::format("the segment begins at offset {}", segment.base_offset.value()));
    }
    return {};
}

void CopyReader::stop(const std::string& what) {
    damage_ = fmt::format("{} at byte {}: {}", segments_[at_].path, position_, what);
    stopped_ = true;
}

// False when the file has fewer bytes.
Result<bool> CopyReader::read_exactly(MutByteSpan into) {
    const Segment& segment = segments_[at_];
    const auto at = static_cast<std::uint64_t>(file_.tellg());
    if (at + into.size() > segment.size_bytes) {
        return false;
    }
    file_.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
    if (!file_.good()) {
        return fail(ErrorCode::io_error,
                    fmt::format("cannot read {} at byte {}", segment.path, at));
    }
    return true;
}

Result<std::optional<CopiedBatch>> CopyReader::next() {
    while (!stopped_ && position_ == segments_[at_].size_bytes && !is_last()) {
        ++at_;
        WEIR_CHECK(open_segment());
    }
    if (stopped_ || position_ == segments_[at_].size_bytes) {
        return std::optional<CopiedBatch>();
    }
    CopiedBatch batch;
    batch.bytes.resize(kBatchHeaderSize);
    WEIR_TRY(bool whole, read_exactly(batch.bytes));
    if (whole) {
        batch.header = read_batch_header(batch.bytes);
        const BatchFault fault = check_batch_header(batch.header);
        if (fault != BatchFault::none || batch.header.base_offset != end_) {
            stop(fmt::format(
                "no batch of offset {} begins here ({})", end_.value(),
                fault == BatchFault::none ? to_string(BatchFault::offset_gap) : to_string(fault)));
            return std::optional<CopiedBatch>();
        }
        // Looked at before anything is allocated for it.
        whole = position_ + batch.header.size_bytes() <= segments_[at_].size_bytes;
    }
    if (whole) {
        batch.bytes.resize(batch.header.size_bytes());
        WEIR_TRY(whole, read_exactly(MutByteSpan(batch.bytes).subspan(kBatchHeaderSize)));
    }
    if (!whole) {
        if (is_last()) {
            torn_size_bytes_ = segments_[at_].size_bytes - position_;
            stopped_ = true;
        } else {
            stop("the batch is not all there");
        }
        return std::optional<CopiedBatch>();
    }
    batch.crc_matches = batch_crc_matches(batch.bytes);
    position_ += batch.bytes.size();
    end_ = batch.header.next_offset();
    return std::optional<CopiedBatch>(std::move(batch));
}

}  // namespace weir::cli::fluvio
