// What a replica must remember besides its log: which replica it is, its fence (the highest leader
// epoch that it has accepted, and the version of that epoch's record), and the newest epoch that
// its log has entered.
//
// That is durable before anybody acts on it: store_epochs() writes it twice, each with a sync, so
// that one damaged slot does not lose it. The high watermark beside it is a hint for the next start
// and may be old (design: replication, 5.2 and 5.8).
//
// Lives in the log's folder, so it goes with it; the folder exists. Owned by whoever serves the
// replica, one task at a time, Disk outlives it. Errors are those of the disk.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/env/disk.h"
#include "core/log/format.h"
#include "core/log/slot_file.h"
#include "core/model/entered_epoch.h"
#include "core/task/task.h"

#include <string>

namespace weir::log {

class ReplicaStateFile {
public:
    ReplicaStateFile(Disk& disk, std::string dir, LogIdentity identity);

    // First of all; makes durable what an interrupted store_epochs() left. Without a file: no fence
    // (kNoEpoch) and 0. `corrupt` when the fence was written and cannot be read any more: the
    // replica does not know whom it may obey. `already_exists`: of another identity.
    // `not_supported`: of a newer version.
    Task<Result<void>> load();

    LeaderEpoch fence_epoch() const { return state_.fence_epoch; }
    // 0 when an earlier program stored the fence.
    RecordVersion fence_version() const { return state_.fence_version; }
    EnteredEpoch entered() const { return state_.entered; }
    Uid replica_uid() const { return state_.replica_uid; }
    // At the last note; may be above the log's end.
    Offset high_watermark() const { return state_.high_watermark; }

    // Durable when this returns. Never lowers the fence: a record that is not newer does not change
    // it. After an error all is as before here, and perhaps as wanted on disk.
    Task<Result<void>> raise_fence(LeaderEpoch epoch, RecordVersion version);
    Task<Result<void>> store_epochs(LeaderEpoch epoch, RecordVersion version, EnteredEpoch entered);
    // The replica is that of another assignment from now on. Durable when this returns.
    Task<Result<void>> set_replica_uid(Uid uid);
    // The log is going to be cut. Durable when this returns.
    Task<Result<void>> set_high_watermark(Offset high_watermark);
    // Lazily: without a sync.
    Task<Result<void>> note_high_watermark(Offset high_watermark);
    void close_file() { file_.close_file(); }

private:
    Task<Result<void>> write_both(ReplicaState state);

    Task<Result<void>> store(ReplicaState state);

    Disk& disk_;
    std::string dir_;
    SlotFile file_;
    ReplicaState state_;
    // The hint's slot may be torn by a power loss.
    bool hint_unsynced_ = false;
};

}  // namespace weir::log
