#include "core/log/epochs.h"

#include "core/base/mutant.h"
#include "core/log/log.h"

#include <algorithm>

namespace weir::log {

namespace {

// The first entry that starts above `offset`.
Lineage::const_iterator first_after(const Lineage& lineage, Offset offset) {
    return std::upper_bound(lineage.begin(), lineage.end(), offset,
                            [](Offset o, const EpochStart& entry) { return o < entry.start; });
}

}  // namespace

LeaderEpoch last_epoch(const Lineage& lineage) {
    return lineage.empty() ? kNoEpoch : lineage.back().epoch;
}

LeaderEpoch epoch_at(const Lineage& lineage, Offset offset) {
    const auto after = first_after(lineage, offset);
    return after == lineage.begin() ? kNoEpoch : (after - 1)->epoch;
}

void cut_lineage(Lineage& lineage, Offset end) {
    while (!lineage.empty() && lineage.back().start >= end && !mutant(Mutant::lineage_not_cut)) {
        lineage.pop_back();
    }
}

void trim_lineage(Lineage& lineage, Offset start) {
    const auto after = first_after(lineage, start);
    if (after == lineage.begin()) {
        return;
    }
    lineage.erase(lineage.begin(), after - 1);
    lineage.front().start = start;
}

Lineage lineage_within(const Lineage& lineage, Offset from, Offset to) {
    Lineage part(lineage.begin(), std::lower_bound(lineage.begin(), lineage.end(), to,
                                                   [](const EpochStart& entry, Offset o) {
                                                       return entry.start < o;
                                                   }));
    if (from >= to) {
        return Lineage();
    }
    trim_lineage(part, from);
    if (part.empty()) {
        part.push_back(EpochStart{lineage.empty() ? kNoEpoch : lineage.front().epoch, from});
    }
    part.front().start = from;
    return part;
}

Lineage with_epoch_before(Lineage lineage, Offset log_start, Offset leo, LeaderEpoch before) {
    const Offset next = lineage.size() > 1 ? lineage[1].start : leo;
    if (!lineage.empty() && lineage.front().start == log_start && next == log_start) {
        before = std::max(before, lineage.front().epoch);
        lineage.erase(lineage.begin());
    }
    if (before == kNoEpoch || log_start == Offset(0)) {
        return lineage;
    }
    if (lineage.empty() || lineage.front().epoch > before) {
        lineage.insert(lineage.begin(), EpochStart{before, log_start});
    }
    lineage.front().start = log_start - 1;
    return lineage;
}

}  // namespace weir::log
