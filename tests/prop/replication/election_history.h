// Logs as a random history of elections leaves them, for the properties of lineages (R1-R7).
//
// A value. Replicas append under leaders of rising epochs, copy prefixes of them after a true
// comparison of records, and lose tails. Written without any function of core/replication, so that
// it can judge them.
#pragma once

#include "core/base/prng.h"
#include "core/model/lineage.h"
#include "core/model/partition_record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::replication {

struct HistoryRecord {
    LeaderEpoch epoch;
    std::int64_t value = 0;
    // It is the first of its batch: a log can end before it.
    bool begins_batch = true;
    friend bool operator==(const HistoryRecord&, const HistoryRecord&) = default;
};

// From offset 0; the first `log_start` records were deleted.
struct HistoryLog {
    std::vector<HistoryRecord> records;
    std::size_t log_start = 0;

    Offset start() const { return Offset(static_cast<std::int64_t>(log_start)); }
    Offset leo() const { return Offset(static_cast<std::int64_t>(records.size())); }
    // Of the whole history; the entry of the record before the log start is kept.
    Lineage lineage() const {
        Lineage all;
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (all.empty() || all.back().epoch != records[i].epoch) {
                all.push_back({records[i].epoch, Offset(static_cast<std::int64_t>(i))});
            }
        }
        Lineage kept;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const bool reaches_start = i + 1 == all.size() || all[i + 1].start >= start();
            if (reaches_start) {
                kept.push_back(all[i]);
            }
        }
        return kept;
    }
};

struct History {
    std::vector<HistoryLog> logs;
    // The last leader; its epoch is above all that are in the logs.
    std::size_t leader = 0;
    // Records below this are on every log that counted for a commit.
    std::size_t committed = 0;
    // Those logs.
    std::vector<std::size_t> eligible;
};

inline std::size_t common_prefix(const HistoryLog& a, const HistoryLog& b) {
    std::size_t i = 0;
    while (i < std::min(a.records.size(), b.records.size()) && a.records[i] == b.records[i]) {
        ++i;
    }
    return i;
}

inline void append_batch(Prng& prng, HistoryLog& log, std::int32_t epoch, std::int64_t& value) {
    const std::int64_t size = prng.between(1, 3);
    for (std::int64_t i = 0; i < size; ++i) {
        log.records.push_back({LeaderEpoch(epoch), ++value, i == 0});
    }
}

// `to` is made a prefix of `from`, at a batch boundary at or above what they have in common.
inline void replicate(Prng& prng, const HistoryLog& from, HistoryLog& to) {
    std::size_t end = common_prefix(from, to);
    end += prng.below(from.records.size() - end + 1);
    while (end < from.records.size() && !from.records[end].begins_batch) {
        ++end;
    }
    to.records.assign(from.records.begin(),
                      from.records.begin() + static_cast<std::ptrdiff_t>(end));
}

// Records are committed when the leader and every eligible follower have them; the next leader is
// an eligible one. Others follow, stay behind and keep what was never committed.
inline History random_history(Prng& prng) {
    History history;
    history.logs.resize(static_cast<std::size_t>(prng.between(2, 4)));
    const std::size_t eligible_count = 1 + prng.below(history.logs.size());
    for (std::size_t i = 0; i < eligible_count; ++i) {
        history.eligible.push_back(i);
    }
    std::int64_t value = 0;
    const std::int32_t epochs = static_cast<std::int32_t>(prng.below(8));
    for (std::int32_t epoch = 0; epoch < epochs; ++epoch) {
        history.leader = history.eligible[prng.below(eligible_count)];
        HistoryLog& leader = history.logs[history.leader];
        for (std::uint64_t turn = prng.below(5); turn > 0; --turn) {
            if (prng.chance(1, 2)) {
                append_batch(prng, leader, epoch, value);
            } else {
                replicate(prng, leader, history.logs[prng.below(history.logs.size())]);
            }
        }
        std::size_t end = leader.records.size();
        for (const std::size_t member : history.eligible) {
            end = std::min(end, common_prefix(leader, history.logs[member]));
        }
        history.committed = std::max(history.committed, end);
    }
    history.leader = history.eligible[prng.below(eligible_count)];
    return history;
}

}  // namespace weir::replication
