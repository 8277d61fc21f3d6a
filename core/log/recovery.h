// What open() does before a log can serve: looks at every file, decides, and only then repairs.
//
// A cut that was begun (Checkpoint::cut) is finished first. Then, the decision: closed segments are
// taken from their index when it is intact and fits to the next segment, else scanned whole; the
// last segment is scanned unless the log was closed in order. An end that is not clean is cut when
// it is in the last segment and not below the checkpoint; anything else is `corrupt`, and then
// nothing on disk has been changed. Doing it twice gives the same log. Repairs are synced before
// the log serves. docs/internals/log-format.md, "Recovery".
#pragma once

#include "core/base/result.h"
#include "core/env/env.h"
#include "core/log/checkpoint.h"
#include "core/log/config.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/segment.h"
#include "core/task/task.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::log {

struct Recovered {
    // Oldest first, at least one; the last is the active one, open, with its index.
    std::vector<std::shared_ptr<Segment>> segments;
    Offset log_start;
    // Log::epoch_before_start.
    LeaderEpoch before_start{-1};
    Lineage lineage;
    ProducerTable producers;
    // The size of the active segment's file.
    std::uint64_t active_file_size = 0;
    RecoveryReport report;
};

// `checkpoint` has the path of the folder's checkpoint file; env and checkpoint outlive the call.
Task<Result<Recovered>> recover(Env& env, std::string dir, LogConfig config,
                                CheckpointFile& checkpoint);

std::string join_path(const std::string& dir, const std::string& name);

struct FoundSegment {
    Offset base_offset;
    std::uint64_t file_size = 0;
    // Of its batches, once they are known.
    IndexSummary summary;
};
// By offset.
std::vector<FoundSegment> find_segments(const std::vector<DirectoryEntry>& entries);

// Creates an empty segment file with its header, synced; the entry in the folder is not.
Task<Result<std::shared_ptr<File>>> create_segment_file(Disk& disk, std::string dir,
                                                        SegmentHeader header);
// Writes bytes [from, to) of a file once more, as they are; not synced. `file` outlives the call.
Task<Result<void>> rewrite(File& file, std::uint64_t from, std::uint64_t to);
// Writes the index file of a closed segment that has its index in memory. `summary` is that of the
// segment. The entry in the folder is not synced.
Task<Result<void>> write_index_file(Disk& disk, std::string dir, LogIdentity identity,
                                    std::shared_ptr<Segment> segment, IndexSummary summary,
                                    CheckpointFile::Sync sync = CheckpointFile::Sync::no);
struct FoundIndex {
    IndexHeader header;
    IndexSummary summary;
};
// Header and summary of an index file; nothing when there is none, or none that is intact and of
// this log and segment.
Task<Result<std::optional<FoundIndex>>> read_index(Disk& disk, std::string dir,
                                                   LogIdentity identity, Offset base_offset);
// The index of a closed segment, from its file, or by a scan of the segment (and written again).
Task<Result<void>> load_index(Disk& disk, std::string dir, LogConfig config,
                              std::shared_ptr<Segment> segment);

}  // namespace weir::log
