#include "core/replication/lineage.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"

#include <algorithm>

namespace weir::replication {

LeaderEpoch last_epoch(const Lineage& lineage) {
    return lineage.empty() ? kNoEpoch : lineage.back().epoch;
}

LeaderEpoch epoch_before(const Lineage& lineage, Offset offset) {
    for (auto entry = lineage.rbegin(); entry != lineage.rend(); ++entry) {
        if (entry->start < offset) {
            return entry->epoch;
        }
    }
    return kNoEpoch;
}

EpochEnd end_of_epoch(const Lineage& lineage, const LogExtent& log, LeaderEpoch epoch) {
    Offset end = log.leo;
    for (auto entry = lineage.rbegin(); entry != lineage.rend(); ++entry) {
        if (entry->epoch <= epoch) {
            return {entry->epoch, end};
        }
        end = entry->start;
    }
    return {kNoEpoch, lineage.empty() ? log.log_start : end};
}

bool is_lineage(const Lineage& lineage, Offset leo) {
    EpochStart before{kNoEpoch, Offset(-1)};
    for (const EpochStart& entry : lineage) {
        if (entry.epoch <= before.epoch || entry.start <= before.start) {
            return false;
        }
        before = entry;
    }
    return lineage.empty() ? leo >= Offset(0) : before.start < leo;
}

void note_batch(Lineage& lineage, LeaderEpoch epoch, Offset base) {
    WEIR_ASSERT(epoch >= last_epoch(lineage));
    if (epoch == last_epoch(lineage)) {
        return;
    }
    WEIR_ASSERT(lineage.empty() || lineage.back().start < base);
    lineage.push_back({epoch, base});
}

void truncate(Lineage& lineage, Offset leo) {
    while (!lineage.empty() && lineage.back().start >= leo) {
        lineage.pop_back();
    }
}

void trim(Lineage& lineage, Offset log_start) {
    auto first_kept = lineage.begin();
    for (auto entry = lineage.begin(); entry != lineage.end(); ++entry) {
        if (entry->start < log_start) {
            first_kept = entry;
        }
    }
    lineage.erase(lineage.begin(), first_kept);
}

Lineage tail_of(const Lineage& lineage, std::size_t entries_max) {
    const std::size_t skipped = lineage.size() - std::min(lineage.size(), entries_max);
    return Lineage(lineage.begin() + static_cast<std::ptrdiff_t>(skipped), lineage.end());
}

Comparison compare_logs(const Lineage& lineage, const LogExtent& log, const Lineage& tail,
                        Offset follower_leo) {
    if (mutant(Mutant::no_truncation)) {
        return InSync();
    }
    if (follower_leo < log.log_start) {
        return OutOfReach();
    }
    if (tail.empty()) {
        // It has no record, and its start was committed when it got there.
        return follower_leo <= log.leo ? Comparison(InSync()) : Comparison(OutOfReach());
    }
    WEIR_ASSERT(is_lineage(tail, follower_leo));
    Lineage left = tail;
    Offset end = follower_leo;
    EpochEnd common;
    while (!left.empty()) {
        const LeaderEpoch epoch = left.back().epoch;
        const EpochEnd ours = end_of_epoch(lineage, log, epoch);
        if ((ours.epoch == epoch || mutant(Mutant::unknown_epoch_fits)) && ours.end >= end) {
            break;
        }
        // Each turn drops the follower's newest epoch, or cuts it to where ours ends; the turn
        // after the cut is the last.
        const EpochEnd theirs = end_of_epoch(left, {left.front().start, end}, ours.epoch);
        common.epoch = ours.epoch;
        end = std::min(ours.end, theirs.end);
        truncate(left, end);
    }
    if (end < log.log_start) {
        // Where they part is deleted here, and who wrote it perhaps forgotten: `end` may be too
        // low, and what the follower has above the log start is not ours all the same.
        return OutOfReach();
    }
    if (end == follower_leo) {
        return InSync();
    }
    common.end = end;
    return DivergedAt{common};
}

Offset truncation_point(const Lineage& lineage, const LogExtent& log, const DivergedAt& diverged) {
    const EpochEnd own = end_of_epoch(lineage, log, diverged.common.epoch);
    return std::min(own.end, diverged.common.end);
}

}  // namespace weir::replication
