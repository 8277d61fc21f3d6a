// What logs hold, recovered or read back, against what clients were promised.
#include "runtime/sim/check/oracle.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace weir::sim {

void Oracle::check_log(PartitionRef ref, const RecoveredLog& log, const char* source,
                       Allowance allowance) {
    const std::string where = name(ref);
    if (log.log_start > log.leo) {
        report(Invariant::a4_start_hw_leo, fmt::format("{} ({}): log start {} above log end {}",
                                                       where, source, log.log_start, log.leo));
    }
    if (log.log_start > 0 && !topics_[ref.topic].retention) {
        report(Invariant::a16_retention,
               fmt::format("{} ({}): the log starts at {}, but nothing of it may be deleted", where,
                           source, log.log_start));
    }
    if (log.leo - log.log_start != static_cast<std::int64_t>(log.records.size())) {
        report(Invariant::a6_dense,
               fmt::format("{} ({}): {} records between log start {} and log end {}", where, source,
                           log.records.size(), log.log_start, log.leo));
        return;
    }
    Partition& model = partition(ref);
    for (std::size_t i = 0; i < log.records.size(); ++i) {
        const std::int64_t offset = log.log_start + static_cast<std::int64_t>(i);
        const RecordId record = log.records[i];
        if (!may_be_in(ref, record)) {
            report(Invariant::a14_damage,
                   fmt::format("{} ({}) offset {}: the log holds bytes that nobody wrote there",
                               where, source, offset));
            return;
        }
        const auto index = static_cast<std::size_t>(offset);
        if (index >= model.offsets.size()) {
            continue;
        }
        const OffsetState& known = model.offsets[index];
        if (known.record == record || known.record == 0) {
            continue;
        }
        if (known.acked) {
            report(Invariant::a1_acked_survive,
                   fmt::format("{} ({}) offset {}: {} was acknowledged there, the log holds {}",
                               where, source, offset, describe(known.record), describe(record)));
            return;
        }
        if (known.seen_committed) {
            report(Invariant::a11_committed_only,
                   fmt::format("{} ({}) offset {}: {} was shown as committed, the log holds {}",
                               where, source, offset, describe(known.record), describe(record)));
            return;
        }
    }
    check_lost(ref, log, source, allowance);
}

void Oracle::check_lost(PartitionRef ref, const RecoveredLog& log, const char* source,
                        Allowance allowance) {
    const std::string where = name(ref);
    const Partition& model = partition(ref);
    for (auto index = static_cast<std::size_t>(log.leo); index < model.offsets.size(); ++index) {
        if (static_cast<std::int64_t>(index) >= allowance.from &&
            (!model.offsets[index].acked ||
             records_[model.offsets[index].record].acked_ns >= allowance.acked_ns)) {
            continue;
        }
        if (model.offsets[index].acked) {
            report(
                Invariant::a1_acked_survive,
                fmt::format("{} ({}): {} was acknowledged at offset {}, the log ends at {}", where,
                            source, describe(model.offsets[index].record), index, log.leo));
            return;
        }
        if (model.offsets[index].seen_committed) {
            report(
                Invariant::a11_committed_only,
                fmt::format("{} ({}): {} was shown as committed at offset {}, the log ends at "
                            "{}",
                            where, source, describe(model.offsets[index].record), index, log.leo));
            return;
        }
    }
    // Last: a loss of records says more than the watermark that it makes wrong.
    if (model.high_watermark.last() > log.leo && log.leo < allowance.from) {
        report(Invariant::a4_start_hw_leo,
               fmt::format("{} ({}): clients saw a high watermark of {}, the log ends at {}", where,
                           source, model.high_watermark.last(), log.leo));
    }
}

void Oracle::accept_loss(PartitionRef ref, const RecoveredLog& log) {
    Partition& model = partition(ref);
    const std::int64_t leo = log.leo;
    bool any = model.high_watermark.last() > leo || model.log_start > log.log_start;
    for (auto index = static_cast<std::size_t>(leo); index < model.offsets.size(); ++index) {
        const OffsetState& known = model.offsets[index];
        any = any || known.acked || known.seen_committed;
        if (known.acked) {
            records_[known.record].state = State::indeterminate;
            ++counts_.lost;
        }
    }
    // What is on its way to a client may be gone here, though nobody has heard of it yet.
    ++model.losses;
    model.loss_ns = world_.scheduler().now_ns();
    model.loss_record = records_.size();
    if (!any) {
        return;
    }
    model.offsets.resize(std::min(model.offsets.size(), static_cast<std::size_t>(leo)));
    model.high_watermark.fall(leo);
    model.acked_end.fall(leo);
    model.log_start = std::min(model.log_start, log.log_start);
    model.deleted_before = std::min(model.deleted_before, leo);
    model.latest_of_producer.clear();
}

void Oracle::recovered(PartitionRef ref, const RecoveredLog& log, Allowance allowance) {
    ++counts_.recoveries_checked;
    if (topics_[ref.topic].deleted) {
        return;
    }
    check_log(ref, log, "recovered log", allowance);
    if (allowance.any() && log.leo >= 0) {
        accept_loss(ref, log);
    }
    // What an uncommitted reader saw and the power loss took: another record may come there.
    Partition& model = partition(ref);
    for (auto index = static_cast<std::size_t>(std::max<std::int64_t>(log.leo, 0));
         index < model.offsets.size(); ++index) {
        if (!model.offsets[index].acked && !model.offsets[index].seen_committed) {
            model.offsets[index].record = 0;
        }
    }
}

void Oracle::copies(PartitionRef ref, const std::vector<RecoveredLog>& logs) {
    if (topics_[ref.topic].deleted || over_budget(ref)) {
        return;
    }
    ++counts_.recoveries_checked;
    const Partition& model = partition(ref);
    for (std::size_t index = 0; index < model.offsets.size(); ++index) {
        const OffsetState& known = model.offsets[index];
        if (!known.acked && !known.seen_committed) {
            continue;
        }
        const auto offset = static_cast<std::int64_t>(index);
        const bool kept = std::any_of(logs.begin(), logs.end(), [&](const RecoveredLog& log) {
            // What one copy has deleted by its age or size, all may have.
            if (offset < log.log_start) {
                return topics_[ref.topic].retention;
            }
            const auto place = static_cast<std::size_t>(offset - log.log_start);
            return place < log.records.size() && log.records[place] == known.record;
        });
        if (!kept) {
            report(known.acked ? Invariant::a1_acked_survive : Invariant::a11_committed_only,
                   fmt::format("{}: {} was {} at offset {}, no copy of {} has it", name(ref),
                               describe(known.record),
                               known.acked ? "acknowledged" : "shown as committed", offset,
                               logs.size()));
            return;
        }
    }
}

void Oracle::final_contents(PartitionRef ref, const RecoveredLog& log) {
    if (topics_[ref.topic].deleted) {
        return;
    }
    Allowance allowance;
    if (over_budget(ref)) {
        allowance.from = 0;
    }
    check_log(ref, log, "final read", allowance);
    count_copies(ref, log);
}

void Oracle::count_copies(PartitionRef ref, const RecoveredLog& log) {
    std::map<std::uint32_t, RecordId> newest_of_producer;
    for (std::size_t i = 0; i < log.records.size(); ++i) {
        const RecordId record = log.records[i];
        if (record == 0 || record >= records_.size()) {
            continue;
        }
        RecordState& state = records_[record];
        ++state.copies;
        const std::int64_t offset = log.log_start + static_cast<std::int64_t>(i);
        if (state.state == State::acked && state.offset == offset) {
            RecordId& newest = newest_of_producer[state.producer];
            if (record < newest) {
                report(Invariant::a10_order_and_copies,
                       fmt::format("{} is at {} offset {}, after {} of the same producer",
                                   describe(record), name(ref), offset, describe(newest)));
            }
            newest = std::max(newest, record);
        }
        if (state.state == State::failed) {
            report(Invariant::a10_order_and_copies,
                   fmt::format("{} failed definitely and is at {} offset {}", describe(record),
                               name(ref), offset));
        }
        if (state.state == State::acked && state.attempt_count == 1 && state.copies > 1) {
            report(Invariant::a10_order_and_copies,
                   fmt::format("{} was acknowledged after one attempt and is at {} offset {} once "
                               "more",
                               describe(record), name(ref), offset));
        }
    }
}

}  // namespace weir::sim
