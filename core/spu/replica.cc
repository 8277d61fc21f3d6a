#include "core/spu/replica.h"

#include <fmt/core.h>

namespace weir::spu {

Replica::Replica(Context& context, std::string dir, wire::internal::ReplicaAssignment assignment)
    : context_(context),
      dir_(std::move(dir)),
      assignment_(std::move(assignment)),
      files_(context.env.executor) {}

void Replica::update(wire::internal::ReplicaAssignment assignment) {
    WEIR_ASSERT(assignment.key == assignment_.key);
    WEIR_ASSERT(assignment.topic_uid == assignment_.topic_uid);
    assignment_ = std::move(assignment);
    watchers_.for_each([](ReplicaWatcher& watcher) { watcher.replica_changed(); });
}

void Replica::mark_deleted() {
    deleted_ = true;
    watchers_.for_each([](ReplicaWatcher& watcher) { watcher.replica_changed(); });
}

log::LogConfig Replica::log_config() const {
    log::LogConfig config = context_.config.log;
    config.identity.uid = topic_uid();
    config.identity.partition = key().partition;
    if (spec().storage.has_value()) {
        if (spec().storage->segment_size_bytes.has_value()) {
            config.segment_size_bytes_max = *spec().storage->segment_size_bytes;
        }
        if (spec().storage->max_partition_size_bytes.has_value()) {
            config.retention_size_bytes = *spec().storage->max_partition_size_bytes;
        }
    }
    if (spec().cleanup_policy.has_value()) {
        config.retention_time = Duration::from_s(spec().cleanup_policy->time_in_seconds);
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
    Result<std::unique_ptr<log::Log>> opened =
        co_await log::Log::open(context_.env, dir_, log_config());
    if (!opened.has_value()) {
        const Logger logger = context_.logger("spu.replica");
        WEIR_LOG(logger, error, "{} cannot be opened: {}", to_string(key()),
                 to_string(opened.error()));
        open_error_ = opened.error();
        co_return fail(std::move(opened).error());
    }
    open_error_.reset();
    log_ = *std::move(opened);
    const log::RecoveryReport& recovery = log_->recovery();
    if (recovery.cut_bytes > 0) {
        const Logger logger = context_.logger("spu.replica");
        WEIR_LOG(logger, warn, "{}: removed an unfinished write of {} bytes at the end",
                 to_string(key()), recovery.cut_bytes);
    }
    co_return log_;
}

std::optional<wire::internal::ReplicaReport> Replica::report() const {
    if (log_ == nullptr && !open_error_.has_value()) {
        return std::nullopt;
    }
    wire::internal::ReplicaReport report;
    report.key = key();
    report.topic_uid = topic_uid();
    report.leader_epoch = assignment_.leader_epoch;
    if (log_ == nullptr) {
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
    return report;
}

Task<Result<void>> Replica::close() {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    closed_ = true;
    if (log_ == nullptr) {
        co_return Result<void>();
    }
    // The log stays where it is: requests that hold the replica find it closed.
    co_return co_await log_->close();
}

Task<Result<void>> Replica::remove() {
    WEIR_ASSERT(deleted_);
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    closed_ = true;
    if (log_ == nullptr) {
        co_return co_await log::Log::destroy(context_.env, dir_);
    }
    co_return co_await log_->remove();
}

}  // namespace weir::spu
