// The steps of replication: epochs and roles, what a follower refuses, cuts.

#include "core/log/epochs.h"
#include "tests/support/log_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

namespace weir::test {

namespace {

constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 40;

}  // namespace

LeaderEpoch LogModel::last_item_epoch() const {
    return items_.empty() ? start_epoch_ : items_.back().epoch;
}

// Of a batch that a follower gets: not below `last`, not above the current one.
LeaderEpoch LogModel::draw_epoch(LeaderEpoch last) {
    const auto span = static_cast<std::uint64_t>(epoch_.value() - last.value());
    return choose_(2) == 0
               ? last
               : LeaderEpoch(last.value() + static_cast<std::int32_t>(choose_(span + 1)));
}

// After an open: the epoch goes on, perhaps with another role, since this is another start.
LogModel::Violation LogModel::begin_epoch() {
    role_ = log::AppendRole::leader;
    if (!replicated_) {
        return std::nullopt;
    }
    epoch_ = std::max(epoch_, last_item_epoch());
    if (epoch_ != log::kNoEpoch && choose_(2) == 0) {
        role_ = log::AppendRole::follower;
    }
    const auto begun = node_->run(log_->begin_epoch(epoch_, role_));
    return begun.has_value() && begun->has_value() ? Violation() : "an epoch does not begin";
}

LogModel::Violation LogModel::change_epoch() {
    if (!replicated_) {
        return std::nullopt;
    }
    const LeaderEpoch old_epoch = epoch_;
    const log::AppendRole old_role = role_;
    epoch_ = LeaderEpoch(epoch_.value() + 1 + static_cast<std::int32_t>(choose_(3)));
    role_ = choose_(2) == 0 ? log::AppendRole::leader : log::AppendRole::follower;
    const auto begun = node_->run(log_->begin_epoch(epoch_, role_));
    if (!begun.has_value() || !begun->has_value()) {
        return std::string("an epoch does not begin");
    }
    if (node_->run(log_->begin_epoch(old_epoch, old_role))->has_value()) {
        return std::string("an old epoch began again");
    }
    // Somebody still holds the log from before.
    const auto late =
        old_role == log::AppendRole::leader
            ? log_->append(batch_of("late"), old_epoch)
            : log_->append_replicated(
                  BufferSlice(Buffer::copy_of(stored_batch(end_, old_epoch, "late"))), old_epoch);
    if (late.has_value() || late.error().code != ErrorCode::not_leader) {
        return std::string("an append of an old epoch was taken");
    }
    return std::nullopt;
}

// What a follower must not store.
LogModel::Violation LogModel::refused_appends() {
    if (role_ != log::AppendRole::follower) {
        return log_->append_replicated(
                       BufferSlice(Buffer::copy_of(stored_batch(end_, epoch_, "x"))), epoch_)
                       .has_value()
                   ? Violation("a leader took a follower's append")
                   : Violation();
    }
    const auto offered = [&](const Bytes& bytes) {
        const auto appended = log_->append_replicated(BufferSlice(Buffer::copy_of(bytes)), epoch_);
        return appended.has_value() ? std::optional<ErrorCode>() : appended.error().code;
    };
    const Offset above = end_ + static_cast<std::int64_t>(1 + choose_(3));
    if (offered(stored_batch(above, epoch_, "gap")) != ErrorCode::offset_out_of_range) {
        return std::string("a follower stored batches that do not begin at its end");
    }
    if (end_ > Offset(0) &&
        offered(stored_batch(end_ - 1, epoch_, "overlap")) != ErrorCode::offset_out_of_range) {
        return std::string("a follower stored batches that do not begin at its end");
    }
    const LeaderEpoch later(epoch_.value() + 1);
    if (offered(stored_batch(end_, later, "later")) != ErrorCode::corrupt) {
        return std::string("a follower stored a batch of a later epoch");
    }
    const LeaderEpoch last = last_item_epoch();
    if (last > log::kNoEpoch && offered(stored_batch(end_, LeaderEpoch(last.value() - 1),
                                                     "earlier")) != ErrorCode::corrupt) {
        return std::string("a follower stored a batch of an earlier epoch");
    }
    Bytes bad = stored_batch(end_, epoch_, "bad");
    bad.back() ^= 1U;
    if (offered(bad) != ErrorCode::corrupt) {
        return std::string("a follower stored a batch with a wrong checksum");
    }
    return std::nullopt;
}

Offset LogModel::draw_cut_end() {
    const std::uint64_t number = choose_(items_.size() + 1);
    return number == items_.size() ? end_ : items_[static_cast<std::size_t>(number)].base_offset;
}

// A truncation or a reset, with appends queued before it, and perhaps with a crash in the middle.
LogModel::Violation LogModel::cut() {
    PendingCut cut{draw_cut_end(), choose_(4) == 0};
    if (cut.reset) {
        cut.end = Offset(
            static_cast<std::int64_t>(choose_(static_cast<std::uint64_t>(end_.value()) + 20)));
    } else if (cut.end < end_ && !items_.empty() && items_.back().record_count > 1) {
        const auto inside = node_->run(log_->truncate(end_ - 1));
        if (!inside.has_value() || inside->has_value() ||
            inside->error().code != ErrorCode::invalid_argument) {
            return std::string("a batch was cut in two");
        }
    }
    std::optional<log::Appended> queued;
    std::vector<Item> items;
    if (choose_(3) == 0) {
        Offset next = end_;
        LeaderEpoch last = last_item_epoch();
        BufferSlice batches = draw_append(items, last, next);
        const auto appended = offer(std::move(batches));
        if (!appended.has_value()) {
            return "append refused: " + to_string(appended.error());
        }
        queued = *appended;
    }
    const std::uint64_t step_limit = choose_(2) == 0 ? choose_(80) : kNoLimit;
    cut_since_open_ = true;
    const auto done =
        node_->run(cut.reset ? log_->reset_to(cut.end) : log_->truncate(cut.end), step_limit);
    if (!done.has_value()) {
        if (step_limit == kNoLimit) {
            return std::string("a cut hangs");
        }
        uncertain_ = std::move(items);
        pending_cut_ = cut;
        const bool power = choose_(3) != 0;
        if (Violation violation =
                crash(power ? std::optional(sim::LossMode::sectors) : std::nullopt)) {
            return violation;
        }
        return choose_(2) == 0 ? interrupted_open() : open();
    }
    if (!done->has_value()) {
        return "a cut failed: " + to_string(done->error());
    }
    if (queued.has_value()) {
        const auto waited = node_->run(log_->wait_committed(*queued, CancelToken()));
        if (!waited.has_value() || waited->has_value() ||
            waited->error().code != ErrorCode::not_leader) {
            return std::string("an append that was cut off is not told so");
        }
    }
    apply_cut(cut);
    if (log_->synced_end() != cut.end || log_->log_start() != start_) {
        return std::string("a cut is not synced, or moved the start");
    }
    if (choose_(3) != 0) {
        return check();
    }
    if (Violation violation = crash(sim::LossMode::all)) {
        return violation;
    }
    return open();
}

void LogModel::apply_cut(PendingCut cut) {
    if (cut.reset) {
        items_.clear();
        deleted_.clear();
        start_ = cut.end;
        start_epoch_ = log::kNoEpoch;
    } else if (cut.end == start_ && !items_.empty()) {
        start_epoch_ = log::kNoEpoch;
    }
    while (!items_.empty() && items_.back().base_offset >= cut.end) {
        items_.pop_back();
    }
    end_ = cut.end;
}

// After a crash in a cut: it has happened, or everything is as if it had not been asked for.
void LogModel::adopt_cut(Offset& end_min, Offset& start_min) {
    if (!pending_cut_.has_value()) {
        return;
    }
    const PendingCut cut = *std::exchange(pending_cut_, std::nullopt);
    const bool cut_off = log_->leo() == cut.end;
    if (!cut_off || (cut.reset && log_->log_start() != cut.end)) {
        return;
    }
    const LeaderEpoch before = start_epoch_;
    items_.insert(items_.end(), uncertain_.begin(), uncertain_.end());
    uncertain_.clear();
    apply_cut(cut);
    if (items_.empty() && !log_->lineage().empty()) {
        start_epoch_ = before;  // it ends there without the cut
    }
    end_min = cut.end;
    start_min = std::min(start_min, start_);
}

LogModel::Violation LogModel::check_lineage() const {
    Lineage expected;
    for (const Item& item : items_) {
        log::note_batch(expected, item.epoch, item.base_offset);
    }
    if (expected.empty() && start_epoch_ != log::kNoEpoch) {
        expected.push_back(EpochStart{start_epoch_, start_});
    }
    if (log_->lineage() == expected) {
        return std::nullopt;
    }
    std::string text = "lineage is";
    for (const EpochStart& entry : log_->lineage()) {
        text += fmt::format(" {}@{}", entry.epoch.value(), entry.start.value());
    }
    text += ", expected";
    for (const EpochStart& entry : expected) {
        text += fmt::format(" {}@{}", entry.epoch.value(), entry.start.value());
    }
    return text;
}

// I25: what the log knows of producers is in its batches, and the newest is the last there is; a
// truncation may have made it forget the rest, or all, and then it knows that.
LogModel::Violation LogModel::check_producers() const {
    std::map<std::int64_t, Offset> ends;
    std::map<Offset, std::int64_t> owners;
    for (const Item& item : items_) {
        const BatchHeader header = numbered_header(item.base_offset, 1);
        if (header.producer_id >= 0) {
            ends[header.producer_id] = item.next_offset();
        }
        for (Offset at = item.base_offset; at < item.next_offset(); at += 1) {
            owners[at] = header.producer_id;
        }
    }
    const auto& known = log_->producers().entries();
    for (const auto& [id, end] : ends) {
        if (!known.contains(id)) {
            return fmt::format("producer {} is forgotten", id);
        }
    }
    for (const auto& [id, entry] : known) {
        for (const log::SequenceRun& run : entry.runs) {
            for (Offset at = run.base_offset; at < run.next_offset(); at += 1) {
                const auto owner = owners.find(at);
                if (owner == owners.end() || owner->second != id ||
                    run.first_sequence != run.base_offset.value()) {
                    return fmt::format("producer {} is known to be at {}", id, at.value());
                }
            }
        }
        if (!entry.runs.empty() && entry.runs.back().next_offset() != ends[id]) {
            return fmt::format("producer {} is known up to {}", id, entry.end.value());
        }
    }
    return std::nullopt;
}

// A slice that was read stays as it was, whatever has happened to the log.
LogModel::Violation LogModel::check_held() {
    if (!held_.has_value()) {
        return std::nullopt;
    }
    const auto bytes = bytes_of(held_->slice);
    return bytes.has_value() && *bytes == held_->bytes ? Violation()
                                                       : "a slice that is held has changed";
}

LogModel::Violation LogModel::scrub() {
    const auto step = node_->run(log_->scrub(scrub_cursor_, choose_(3'000)));
    if (!step.has_value() || !step->has_value()) {
        return "a scrub failed: " + (step.has_value() ? to_string(step->error()) : "hangs");
    }
    scrub_cursor_ = (*step)->next;
    return std::nullopt;
}

}  // namespace weir::test
