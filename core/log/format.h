// The bytes of a log's files other than batches: segment header, index file, checkpoint slot,
// replica state slot, names.
//
// Pure encode and decode; all integers big-endian, every structure with magic, version and CRC-32C.
// A decode answers `corrupt` for bytes that are not what they should be, `not_supported` for a
// newer version, and says nothing about whose log it is: compare the identity. Layout and reasons:
// docs/internals/log-format.md.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/log/config.h"
#include "core/log/producers.h"
#include "core/log/slot_file.h"
#include "core/model/entered_epoch.h"
#include "core/model/lineage.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::log {

inline constexpr std::uint32_t kFormatVersion = 2;

// --- Segment file: `<20 digits>.log` ----------------------------------------------------------

inline constexpr std::size_t kSegmentHeaderSize = 64;

struct SegmentHeader {
    LogIdentity identity;
    Offset base_offset;
    // Of the batch that came before the segment's first one; -1 when there was none.
    LeaderEpoch previous_epoch{-1};
};
Bytes encode_segment_header(const SegmentHeader& header);
Result<SegmentHeader> decode_segment_header(ByteSpan bytes);

// --- Index file: `<20 digits>.index`, of a closed segment --------------------------------------

inline constexpr std::size_t kIndexHeaderSize = 100;
inline constexpr std::size_t kIndexEpochSize = 12;
inline constexpr std::size_t kIndexEntrySize = 16;
// Of a producer, and of each of its runs.
inline constexpr std::size_t kIndexProducerSize = 20;
inline constexpr std::size_t kIndexRunSize = 16;

// A batch starts at `position`; its first record is `offset`.
struct IndexEntry {
    Offset offset;
    std::uint64_t position = 0;
    friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

struct IndexHeader {
    LogIdentity identity;
    Offset base_offset;
    Offset next_offset;
    // Of the byte after the last batch.
    std::uint64_t end_position = 0;
    // The largest of the batches' max_time_stamp, or -1.
    std::int64_t max_time_stamp = -1;
    // Wall-clock time of the last append, in milliseconds since 1970.
    std::int64_t last_append_ms = 0;
    // The segment ends where it was cut: the rest of its file may be batches that are no longer
    // there, and the next segment starts at next_offset.
    bool was_cut = false;
    std::uint32_t epoch_count = 0;
    // Of the summary: epochs and producers.
    std::uint32_t summary_crc = 0;
    std::uint32_t entry_count = 0;
    std::uint32_t entries_crc = 0;
    std::uint32_t producers_size_bytes = 0;

    std::uint64_t epochs_size() const { return std::uint64_t{epoch_count} * kIndexEpochSize; }
    std::uint64_t summary_size() const { return epochs_size() + producers_size_bytes; }
};
// What a log needs to know of a segment's batches when it is opened.
struct IndexSummary {
    Lineage epochs;
    ProducerTable producers;
};
// The whole file: header, summary, `entries`. Counts and checksums are taken from these.
Bytes encode_index(IndexHeader header, const IndexSummary& summary,
                   const std::vector<IndexEntry>& entries);
Result<IndexHeader> decode_index_header(ByteSpan bytes);
// `bytes` is what follows the header, at least as long as header.summary_size().
Result<IndexSummary> decode_index_summary(const IndexHeader& header, ByteSpan bytes);
// `bytes` is the file after header and summary.
Result<std::vector<IndexEntry>> decode_index_entries(const IndexHeader& header, ByteSpan bytes);

// --- Checkpoint file: `checkpoint`, two slots written in turn (slot_file.h) --------------------

inline constexpr std::string_view kCheckpointName = "checkpoint";

// The log is being cut: everything at and above `end` goes, and a new segment starts there.
struct Cut {
    Offset end;
    // Of the last batch that stays; -1 when none does.
    LeaderEpoch previous_epoch{-1};
    friend bool operator==(const Cut&, const Cut&) = default;
};

struct Checkpoint {
    LogIdentity identity;
    // Grows by one with every write; the slot is sequence % 2.
    std::uint64_t sequence = 0;
    // Written by close(), about a log of which every byte is synced.
    bool clean = false;
    Offset log_start;
    // Everything below this point was synced when the checkpoint was written.
    Offset segment_base;
    std::uint64_t position = 0;
    Offset next_offset;
    // Begun, perhaps not finished. The synced point is then that of the finished cut.
    std::optional<Cut> cut;
};
Bytes encode_checkpoint_slot(const Checkpoint& checkpoint);
Result<Checkpoint> decode_checkpoint_slot(ByteSpan bytes);

// --- Replica state file: `replica`, two slots --------------------------------------------------

inline constexpr std::string_view kReplicaStateName = "replica";

struct ReplicaState {
    LogIdentity identity;
    // Of the assignment that the replica was made for; zero: not known yet.
    Uid replica_uid;
    LeaderEpoch fence_epoch{-1};
    Offset high_watermark;
    // Of the record of that epoch; 0: unknown.
    RecordVersion fence_version;
    // Of the log; epoch -1: none.
    EnteredEpoch entered;
};
Bytes encode_replica_state(const ReplicaState& state);
Result<ReplicaState> decode_replica_state(ByteSpan bytes);

// --- Names -------------------------------------------------------------------------------------

std::string segment_file_name(Offset base_offset);
std::string index_file_name(Offset base_offset);
// The base offset when `name` is exactly 20 digits and `suffix`.
std::optional<Offset> parse_file_name(std::string_view name, std::string_view suffix);
inline constexpr std::string_view kSegmentSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";

}  // namespace weir::log
