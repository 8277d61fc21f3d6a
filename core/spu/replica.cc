// The files of a replica, and what is told about them.

#include "core/spu/replica.h"

#include "core/base/mutant.h"
#include "core/spu/replica_manager.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::spu {

using wire::internal::ReplicaReport;
using wire::internal::StoredReplica;

namespace {

// Whether the watermark on disk may follow the log's. What tells that the log lacks something stays
// until that was told (contradiction()), and without rules nobody knows.
bool is_whole(const std::optional<replication::ReplicaState>& state) {
    return state.has_value() && !state->is_suspect();
}

}  // namespace

Replica::Replica(Context& context, ReplicaManager& manager, std::string dir,
                 const wire::internal::ReplicaRef& ref)
    : context_(context),
      manager_(manager),
      logger_(context.logger("spu.replica")),
      dir_(std::move(dir)),
      ref_(ref),
      files_(context.env.executor),
      state_file_(context.env.disk, dir_, log::LogIdentity{ref.topic_uid, ref.key.partition}),
      settled_(context.env.executor) {}

void Replica::mark_deleted() {
    deleted_ = true;
    stop_leading();
    update_role();
    watchers_.for_each([](ReplicaWatcher& watcher) { watcher.replica_changed(); });
}

log::LogConfig Replica::log_config() const {
    log::LogConfig config = context_.config.log;
    config.identity.uid = topic_uid();
    config.identity.partition = key().partition;
    config.durability = durability_;
    config.high_watermark = state_file_.high_watermark();
    if (spec_.storage.has_value()) {
        if (spec_.storage->segment_size_bytes.has_value()) {
            config.segment_size_bytes_max = *spec_.storage->segment_size_bytes;
        }
        if (spec_.storage->max_partition_size_bytes.has_value()) {
            config.retention_size_bytes = *spec_.storage->max_partition_size_bytes;
        }
    }
    if (spec_.cleanup_policy.has_value()) {
        const std::int64_t time = spec_.cleanup_policy->time_in_seconds;
        config.retention_time =
            mutant(Mutant::retention_in_ms) ? Duration::from_ms(time) : Duration::from_s(time);
    }
    return config;
}

Task<Result<std::shared_ptr<log::Log>>> Replica::open_log() {
    if (log_ != nullptr) {
        co_return log_;
    }
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    if (log_ != nullptr) {
        co_return log_;
    }
    if (closed_ || deleted_) {
        co_return fail(ErrorCode::unavailable, fmt::format("{} is closed", to_string(key())));
    }
    if (open_error_.has_value() && open_error_->code == ErrorCode::corrupt) {
        co_return fail(*open_error_);
    }
    const Result<void> opened = co_await open_files();
    if (!opened.has_value()) {
        WEIR_LOG(logger_, error, "{} cannot be opened: {}", to_string(key()),
                 to_string(opened.error()));
        open_error_ = opened.error();
        co_return fail(opened.error());
    }
    co_return log_;
}

Task<Result<void>> Replica::open_files() {
    WEIR_CO_CHECK(co_await state_file_.load());
    WEIR_CO_TRY(log_, co_await log::Log::open(context_.env, dir_, log_config()));
    open_error_.reset();
    // Before it may become longer again.
    EnteredEpoch entered = state_file_.entered();
    entered.found(log_->leo());
    WEIR_CO_CHECK(co_await state_file_.store_epochs(state_file_.fence_epoch(),
                                                    state_file_.fence_version(), entered));
    log_->set_observer(this);
    deleted_before_ = Offset(0);
    scrub_cursor_ = log::ScrubCursor();
    const log::RecoveryReport& recovery = log_->recovery();
    if (recovery.cut_bytes > 0) {
        WEIR_LOG(logger_, warn, "{}: removed an unfinished write of {} bytes at the end",
                 to_string(key()), recovery.cut_bytes);
    }
    co_return Result<void>();
}

// The files must be those of this assignment; what another one has left is void.
Task<Result<void>> Replica::settle_uid(Uid replica_uid) {
    const bool is_other =
        state_file_.replica_uid() != Uid() && state_file_.replica_uid() != replica_uid;
    if (is_other) {
        if (is_damaged_) {
            co_return co_await replace_damaged(replica_uid);
        }
        WEIR_LOG(logger_, warn, "{} was taken away and given back: it starts empty",
                 to_string(key()));
        co_return co_await void_files(replica_uid);
    }
    if (state_file_.replica_uid() == replica_uid) {
        co_return Result<void>();
    }
    co_return co_await state_file_.set_replica_uid(replica_uid);
}

Task<Result<void>> Replica::void_files(Uid replica_uid) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    if (closed_ || deleted_ || log_ == nullptr) {
        co_return fail(ErrorCode::unavailable, fmt::format("{} is closed", to_string(key())));
    }
    tell_dropped();
    log_->set_observer(nullptr);
    state_file_.close_file();
    WEIR_CO_CHECK(co_await log_->remove());
    log_.reset();
    WEIR_CO_CHECK(co_await open_files());
    co_return co_await state_file_.set_replica_uid(replica_uid);
}

std::optional<StoredReplica> Replica::stored() const {
    const bool is_broken = open_error_.has_value() && is_damage(*open_error_);
    if (deleted_ || (log_ == nullptr && !is_broken && !new_uid_.has_value())) {
        return std::nullopt;
    }
    StoredReplica stored;
    stored.partition = partition();
    stored.topic = key().topic;
    if (new_uid_.has_value()) {
        stored.uid = *new_uid_;
        return stored;
    }
    stored.uid = state_file_.replica_uid();
    stored.fence_epoch = state_file_.fence_epoch();
    stored.fence_version = state_file_.fence_version();
    if (state_.has_value() && state_->record().leader_epoch == stored.fence_epoch) {
        stored.fence_version = std::max(stored.fence_version, state_->record().version);
    }
    stored.is_healthy = log_ != nullptr && !(state_.has_value() && state_->is_suspect());
    stored.is_unlisted = is_unlisted_;
    if (log_ != nullptr) {
        stored.last_epoch = replication::newest_epoch(log_->lineage(), state_file_.entered());
        stored.leo = log_->leo();
        stored.log_start = log_->log_start();
    }
    return stored;
}

std::vector<ReplicaStatus> Replica::follower_statuses() const {
    std::vector<ReplicaStatus> statuses;
    for (const auto& news : followers_) {
        ReplicaStatus status;
        status.spu = news->follower;
        status.leo = news->acked;
        status.hw = std::min(news->acked, log_->committed_end());
        statuses.push_back(status);
    }
    return statuses;
}

std::optional<ReplicaReport> Replica::report() const {
    const bool is_broken = open_error_.has_value() || (state_.has_value() && state_->is_suspect());
    if (!is_to_lead() || (!led_ && !is_broken)) {
        return std::nullopt;
    }
    ReplicaReport report;
    report.key = key();
    report.topic_uid = topic_uid();
    report.leader_epoch = state_.has_value() ? state_->record().leader_epoch : kNoEpoch;
    if (is_broken || log_ == nullptr) {
        report.resolution = PartitionResolution::offline;
        report.leo = report.hw = report.log_start = Offset(-1);
        report.size_bytes = kPartitionSizeError;
        return report;
    }
    report.resolution = log_->state() == log::LogState::disk_full
                            ? PartitionResolution::out_of_storage
                            : PartitionResolution::online;
    report.leo = log_->leo();
    report.hw = log_->committed_end();
    report.log_start = log_->log_start();
    report.size_bytes = static_cast<std::int64_t>(log_->size_bytes());
    report.followers = follower_statuses();
    return report;
}

void Replica::forget_rules() {
    stop_leading();
    if (state_.has_value()) {
        last_nonce_ = state_->last_nonce();
    }
    state_.reset();
    effects_.clear();
    effects_done_ = 0;
    cut_count_ = 0;
    to_write_.clear();
    last_append_.reset();
    update_role();
}

// What is on the disk counts again, as at a start. A follower goes on, and so does who had not even
// begun; a leader that failed waits for the SC, because it may have done something in its epoch.
Task<Result<void>> Replica::start_over() {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    if (working_ || closed_ || deleted_) {
        co_return Result<void>();
    }
    working_ = true;  // what comes meanwhile waits
    const bool had_begun = state_.has_value();
    forget_rules();
    state_file_.close_file();
    if (log_ != nullptr) {
        log_->set_observer(nullptr);
        const Result<void> closed = co_await log_->close();
        WEIR_MAYBE(closed.has_value());
        log_.reset();
    }
    const Result<void> opened = co_await open_files();
    gave_up_ = !opened.has_value();
    working_ = false;
    settled_.notify_all();
    if (opened.has_value() && last_leader_.has_value() &&
        (!had_begun || last_leader_->record.leader != context_.config.id)) {
        inputs_.push_front(*last_leader_);
    }
    if (opened.has_value() && !inputs_.empty()) {
        start_work();
    }
    co_return opened;
}

Task<Result<void>> Replica::upkeep() {
    if (gave_up_ && !working_) {
        co_return co_await start_over();
    }
    if (log_ == nullptr || !state_.has_value() || closed_) {
        co_return Result<void>();
    }
    start_deleting();
    const std::shared_ptr<log::Log> log = log_;
    WEIR_CO_CHECK(co_await log->tick(state_->retention_limit()));
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    // Of what is on disk, so that a log that ends below it has lost something.
    const Offset hw = std::min(log->committed_end(), log->synced_end());
    if (!closed_ && log == log_ && !working_ && is_whole(state_) &&
        hw != state_file_.high_watermark()) {
        WEIR_CO_CHECK(co_await state_file_.note_high_watermark(hw));
    }
    co_return Result<void>();
}

Task<Result<void>> Replica::close() {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    if (log_ == nullptr) {
        closed_ = true;
        co_return Result<void>();
    }
    // With the observer, so that what a leader has written is committed.
    const Result<void> synced = co_await log_->sync();
    closed_ = true;
    log_->set_observer(nullptr);
    Result<void> noted;
    if (synced.has_value() && is_whole(state_) &&
        log_->committed_end() != state_file_.high_watermark()) {
        noted = co_await state_file_.note_high_watermark(log_->committed_end());
    }
    state_file_.close_file();
    // The log stays where it is: requests that hold the replica find it closed.
    WEIR_CO_CHECK(co_await log_->close());
    co_return noted;
}

Task<Result<void>> Replica::remove() {
    WEIR_ASSERT(deleted_);
    tell_dropped();
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    closed_ = true;
    state_file_.close_file();
    if (log_ == nullptr) {
        co_return co_await log::Log::destroy(context_.env, dir_);
    }
    log_->set_observer(nullptr);
    co_return co_await log_->remove();
}

}  // namespace weir::spu
