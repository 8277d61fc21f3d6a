// What the rules of a replica want done, and what follows from its role.

#include "core/base/mutant.h"
#include "core/spu/replica.h"
#include "core/spu/replica_manager.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::spu {

using replication::Effect;

namespace {

std::string_view text_of(replication::AlarmKind kind) {
    switch (kind) {
        case replication::AlarmKind::truncation_below_hw:
            return "its leader lacks what was committed; it serves nothing any more";
        case replication::AlarmKind::metadata_regression:
            return "a follower's log is of an epoch that the SC has not given out";
        case replication::AlarmKind::lrs_member_out_of_reach:
            return "a member of the live set lacks records that are deleted here";
    }
    return "unknown";
}

// An erased prefix of the marks of what is written keeps them about this many.
constexpr std::uint64_t kMarksMax = 64;

}  // namespace

// Everything that can be done at once; a task does the rest.
void Replica::carry_out() {
    if (!working_) {
        while (effects_done_ < effects_.size() && carry_out_now(effects_[effects_done_])) {
            ++effects_done_;
        }
        if (effects_done_ < effects_.size()) {
            start_work();
            return;
        }
        effects_.clear();
        effects_done_ = 0;
    }
    update_role();
}

// False: it has to wait for the disk.
bool Replica::carry_out_now(Effect& effect) {
    if (std::holds_alternative<replication::StopLeading>(effect)) {
        stop_leading();
    } else if (const auto* version = std::get_if<replication::NoteVersion>(&effect)) {
        manager_.spawn(note_version(shared_from_this(), *version));
    } else if (std::holds_alternative<replication::WriteBatches>(effect)) {
        write_batches();
    } else if (const auto* advanced = std::get_if<replication::HwAdvanced>(&effect)) {
        note_committed(advanced->hw);
    } else if (auto* to_peer = std::get_if<replication::ToPeer>(&effect)) {
        update_followed();
        // What it would say that it has may be about to go.
        if (!deleted_) {
            tell_message(to_peer->message);
            context_.peers.send(to_peer->to, {partition(), std::move(to_peer->message), {}});
        }
    } else if (auto* to_sc = std::get_if<replication::ToSc>(&effect)) {
        tell_message(to_sc->message);
        context_.sc_outbox.put(partition(), std::move(to_sc->message));
    } else if (const auto* alarm = std::get_if<replication::Alarm>(&effect)) {
        WEIR_LOG(logger_, error, "{}, offset {}: {}", to_string(key()), alarm->offset.value(),
                 text_of(alarm->kind));
        if (alarm->kind == replication::AlarmKind::truncation_below_hw) {
            ask_for_replacement();
        }
        manager_.note_change(*this);
    } else {
        return false;
    }
    return true;
}

Task<Result<void>> Replica::carry_out_waiting(Effect effect) {
    if (closed_ || deleted_) {
        co_return fail(ErrorCode::unavailable, "the replica is closed");
    }
    if (const auto* state = std::get_if<replication::PersistState>(&effect)) {
        WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
        if (mutant(Mutant::fence_not_persisted)) {
            co_return Result<void>();
        }
        co_return co_await state_file_.store_epochs(state->epoch, state->version, state->entered);
    }
    const std::shared_ptr<log::Log> log = log_;
    if (const auto* evict = std::get_if<replication::EvictBelow>(&effect)) {
        const Result<void> trimmed = co_await log->trim(evict->log_start);
        if (!trimmed.has_value()) {
            WEIR_LOG(logger_, warn, "{}: deleting below {}: {}", to_string(key()),
                     evict->log_start.value(), to_string(trimmed.error()));
        }
        co_return Result<void>();
    }
    if (const auto* cut = std::get_if<replication::TruncateLog>(&effect)) {
        WEIR_LOG(logger_, info, "{} is cut at {}: its leader went on from there", to_string(key()),
                 cut->to.value());
        if (cut->to < state_file_.high_watermark()) {
            WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
            WEIR_CO_CHECK(co_await state_file_.set_high_watermark(cut->to));
        }
        WEIR_CO_CHECK(co_await log->truncate(cut->to));
    } else if (const auto* reset = std::get_if<replication::ResetLog>(&effect)) {
        WEIR_LOG(logger_, info, "{} starts again at {}", to_string(key()), reset->start.value());
        deleted_before_ = Offset(0);
        const LeaderEpoch preceding = state_->log().last_epoch();
        WEIR_CO_CHECK(co_await log->reset_to(reset->start, preceding));
    }
    --cut_count_;
    last_append_.reset();
    if (cut_count_ == 0) {
        state_->synced(log->synced_end(), context_.moment(partition()), effects_);
    }
    co_return Result<void>();
}

// When it fails, the next one may do, or the next epoch.
Task<void> Replica::note_version(std::shared_ptr<Replica> self, replication::NoteVersion version) {
    WEIR_ASSERT(self.get() == this);
    const Result<AsyncMutex::Guard> guard = co_await files_.lock();
    if (guard.has_value() && !closed_ && !deleted_) {
        const Result<void> stored =
            co_await state_file_.raise_fence(version.epoch, version.version);
        WEIR_MAYBE(stored.has_value());
    }
}

void Replica::count_cuts(std::size_t first) {
    for (std::size_t i = first; i < effects_.size(); ++i) {
        if (std::holds_alternative<replication::TruncateLog>(effects_[i]) ||
            std::holds_alternative<replication::ResetLog>(effects_[i])) {
            ++cut_count_;
        }
    }
}

// The disk did not do what the rules rely on: nothing more is done until the files are opened anew.
void Replica::give_up(const Error& error) {
    stop_leading();
    effects_.clear();
    effects_done_ = 0;
    to_write_.clear();
    if (closed_ || deleted_) {
        return;
    }
    WEIR_LOG(logger_, error, "{} is out of order: {}", to_string(key()), to_string(error));
    const PartitionRecord& record = state_->record();
    if (record.leader == context_.config.id) {
        context_.sc_outbox.put(
            partition(), replication::PromoteFailed{state_->self().boot, record.leader_epoch});
    }
    state_->damaged(effects_);
    gave_up_ = true;
    manager_.note_change(*this);
}

// A disk that refuses is not reported: the follower stays where it is.
void Replica::write_batches() {
    WEIR_ASSERT(!to_write_.empty());
    const std::vector<BufferSlice> slices = std::move(to_write_.front());
    to_write_.pop_front();
    for (const BufferSlice& batches : slices) {
        const auto appended = log_->append_replicated(batches, state_->record().leader_epoch);
        if (!appended.has_value()) {
            WEIR_LOG(logger_, warn, "{}: what the leader sent is refused: {}", to_string(key()),
                     to_string(appended.error()));
            refuse_appends_until_ =
                context_.env.clock.now() + context_.config.log.disk_full_retry_interval;
            return;
        }
        last_append_ = *appended;
    }
}

// --- Roles ---------------------------------------------------------------------------------------

void Replica::stop_leading() {
    if (leadership_ != nullptr && !mutant(Mutant::old_leader_serves)) {
        leadership_->cancel();
        leadership_.reset();
    }
}

// Which SPU's leader link this replica needs.
void Replica::update_followed() {
    const bool follows = state_.has_value() && state_->follower() != nullptr && !deleted_;
    const SpuId followed = follows ? state_->record().leader : kNoSpu;
    if (followed == followed_) {
        return;
    }
    if (followed_ != kNoSpu) {
        context_.peers.unfollow(followed_);
    }
    if (followed != kNoSpu) {
        context_.peers.follow(followed);
    }
    followed_ = followed;
}

void Replica::update_role() {
    update_followed();
    const bool is_leader = state_.has_value() && state_->leader() != nullptr && !deleted_;
    if (is_leader && effects_.empty()) {
        if (leadership_ == nullptr) {
            leadership_ = std::make_shared<CancelSource>();
            uncommitted_.clear();
            committed_bytes_ = log_->stats().written_bytes;
        }
        make_followers();
    } else if (!is_leader) {
        followers_.clear();
    }
    if (state_.has_value() && state_->follower() != nullptr && cut_count_ == 0) {
        note_committed(state_->log().hw);
    }
    start_deleting();
    tell_state();
    const bool leads_now = leads();
    if (leads_now != led_) {
        led_ = leads_now;
        manager_.role_changed(*this);
        watchers_.for_each([](ReplicaWatcher& watcher) { watcher.replica_changed(); });
    }
}

// What the record says is deleted, once it is known to be committed here.
void Replica::start_deleting() {
    if (deleting_ || !state_.has_value() || log_ == nullptr || cut_count_ != 0 || closed_ ||
        deleted_ || manager_.is_closed()) {
        return;
    }
    const Offset before = state_->record().delete_before;
    // The log deletes what it has been told is committed, which comes after the rules know it.
    if (before > deleted_before_ && log_->committed_end() >= before) {
        deleting_ = true;
        manager_.spawn(delete_records(shared_from_this(), before));
    }
}

// An error is met again with the next upkeep. `before` is committed; what the record says by now
// need not be.
Task<void> Replica::delete_records(std::shared_ptr<Replica> self, Offset before) {
    WEIR_ASSERT(self.get() == this);
    const std::shared_ptr<log::Log> log = log_;
    const Result<void> done = co_await log->delete_before(before);
    deleting_ = false;
    if (!done.has_value()) {
        WEIR_LOG(logger_, warn, "{}: deleting below {}: {}", to_string(key()), before.value(),
                 to_string(done.error()));
        co_return;
    }
    if (log == log_ && cut_count_ == 0) {
        deleted_before_ = std::max(deleted_before_, before);
        WEIR_LOG(logger_, info, "{}: records below {} are deleted", to_string(key()),
                 log->log_start().value());
        manager_.note_news(*this);
        // The record may say more by now.
        start_deleting();
    }
}

void Replica::note_committed(Offset hw) {
    log_->commit_to(hw);
    std::size_t count = 0;
    while (count < uncommitted_.size() && uncommitted_[count].end <= hw) {
        committed_bytes_ = uncommitted_[count].written_bytes;
        ++count;
    }
    uncommitted_.erase(uncommitted_.begin(),
                       uncommitted_.begin() + static_cast<std::ptrdiff_t>(count));
}

// Marks in steps of a part of what may be uncommitted: enough to know when there is room again.
void Replica::note_uncommitted(Offset leo) {
    if (!has_peers() || state_->leader() == nullptr) {
        return;
    }
    const std::uint64_t bytes = log_->stats().written_bytes;
    const std::uint64_t step = context_.config.uncommitted_bytes_max / kMarksMax;
    const std::size_t count = uncommitted_.size();
    const std::uint64_t before =
        count < 2 ? committed_bytes_ : uncommitted_[count - 2].written_bytes;
    if (count > 0 && bytes - before <= step) {
        uncommitted_.back() = WrittenMark{leo, bytes};
    } else {
        uncommitted_.push_back(WrittenMark{leo, bytes});
    }
}

std::uint64_t Replica::uncommitted_size_bytes() const {
    return uncommitted_.empty() ? 0 : uncommitted_.back().written_bytes - committed_bytes_;
}

// --- For clients ---------------------------------------------------------------------------------

bool Replica::may_read(replication::Isolation isolation) const {
    if (!state_.has_value() || deleted_ || !effects_.empty()) {
        return false;
    }
    // The rules hear of another leader only after the disk has done what came before, which may
    // take long, and the lease goes on.
    if (leader_ != context_.config.id && !mutant(Mutant::old_leader_serves)) {
        return false;
    }
    return state_->may_read(isolation, context_.moment(partition())) ==
           replication::Permission::granted;
}

bool Replica::leads() const {
    return may_read(replication::Isolation::read_uncommitted);
}

replication::Permission Replica::may_produce(replication::Isolation isolation) const {
    if (!leads()) {
        return replication::Permission::not_leader;
    }
    return state_->may_produce(isolation, context_.moment(partition()));
}

Result<log::Appended> Replica::append(BufferSlice batches) {
    WEIR_ASSERT(state_.has_value());
    return log_->append(std::move(batches), state_->record().leader_epoch);
}

Task<bool> Replica::wait_committed_end(Duration limit, CancelToken token) {
    Clock& clock = context_.env.clock;
    std::optional<Deadline> deadline;
    while (leads() && !state_->leader()->knows_committed_end(state_->log())) {
        if (!deadline.has_value()) {
            deadline.emplace(clock, clock.now() + limit, token);
        }
        const std::shared_ptr<log::Log> log = log_;
        const Result<void> changed = co_await log->changed().wait(deadline->token());
        if (!changed.has_value()) {
            co_return false;
        }
    }
    co_return leads();
}

}  // namespace weir::spu
