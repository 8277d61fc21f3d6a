// Opening and deleting logs.

#include "core/base/mutant.h"
#include "core/log/log_impl.h"

#include <algorithm>
#include <utility>

namespace weir::log {

std::string_view to_string(LogState state) {
    switch (state) {
        case LogState::normal: return "normal";
        case LogState::disk_full: return "disk full";
        case LogState::failed: return "failed";
        case LogState::closed: return "closed";
    }
    return "unknown";
}

LogImpl::LogImpl(Env& env, std::string dir, LogConfig config,
                 std::unique_ptr<CheckpointFile> checkpoint, Recovered recovered)
    : env_(env),
      dir_(std::move(dir)),
      config_(std::move(config)),
      logger_(env.log, "log"),
      checkpoint_(std::move(checkpoint)),
      report_(recovered.report),
      segments_(std::move(recovered.segments)),
      active_file_size_(recovered.active_file_size),
      log_start_(recovered.log_start),
      before_start_(recovered.before_start),
      leo_(active()->next_offset),
      committed_(std::clamp(config_.high_watermark.value_or(leo_), log_start_, leo_)),
      tail_(config_.tail_cache_bytes_max),
      lineage_(std::move(recovered.lineage)),
      producers_(std::move(recovered.producers)),
      assigned_end_(leo_),
      assigned_epoch_(last_epoch(lineage_)),
      assigned_producers_(producers_),
      cut_mutex_(env.executor),
      sync_mutex_(env.executor),
      checkpoint_mutex_(env.executor),
      checkpoint_start_(log_start_),
      delete_mutex_(env.executor),
      changed_(env.executor),
      on_written_(env.executor),
      on_committed_(env.executor),
      on_idle_(env.executor),
      scope_(env.executor) {
    synced_.end = leo_;
    synced_.segment_base = active()->base_offset;
    synced_.position = active()->end_position;
    checkpointed_ = synced_;
    note_use();
    tell([this] {
        const LogIdentity& identity = config_.identity;
        const PartitionIdentity partition{identity.uid.high, identity.uid.low,
                                          PartitionId(identity.partition)};
        return LogOpened{dir_, partition, log_start_, leo_};
    });
    tell_position();
}

Task<Result<std::unique_ptr<Log>>> Log::open(Env& env, std::string dir, LogConfig config) {
    if (dir.empty()) {
        co_return fail(ErrorCode::invalid_argument, "a log needs a folder of its own");
    }
    if (mutant(Mutant::closed_damage_cut)) {
        WEIR_MAYBE((co_await repair(env, dir, config)).has_value());
    }
    auto checkpoint =
        std::make_unique<CheckpointFile>(env.disk, join_path(dir, std::string(kCheckpointName)));
    WEIR_CO_TRY(Recovered recovered, co_await recover(env, dir, config, *checkpoint));
    std::unique_ptr<Log> log = std::make_unique<LogImpl>(
        env, std::move(dir), std::move(config), std::move(checkpoint), std::move(recovered));
    co_return log;
}

namespace {

Task<Result<void>> remove_tree_if_there(Disk& disk, std::string path) {
    auto removed = co_await disk.remove_tree(path);
    if (!removed.has_value() && removed.error().code != ErrorCode::not_found) {
        co_return fail(std::move(removed).error());
    }
    co_return Result<void>();
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

Task<Result<void>> Log::destroy(Env& env, std::string dir) {
    const std::string removed_dir = dir + std::string(kRemovedSuffix);
    WEIR_CO_CHECK(co_await remove_tree_if_there(env.disk, removed_dir));
    auto renamed = co_await env.disk.rename(dir, removed_dir);
    if (!renamed.has_value()) {
        if (renamed.error().code == ErrorCode::not_found) {
            co_return Result<void>();
        }
        co_return fail(std::move(renamed).error());
    }
    WEIR_CO_CHECK(co_await env.disk.sync_directory(parent_of(dir)));
    co_return co_await remove_tree_if_there(env.disk, removed_dir);
}

Task<Result<void>> Log::destroy_leftovers(Env& env, std::string parent_dir) {
    auto listed = co_await env.disk.list(parent_dir);
    if (!listed.has_value()) {
        if (listed.error().code == ErrorCode::not_found) {
            co_return Result<void>();
        }
        co_return fail(std::move(listed).error());
    }
    for (const DirectoryEntry& entry : *listed) {
        if (entry.is_directory && entry.name.ends_with(kRemovedSuffix)) {
            WEIR_CO_CHECK(
                co_await remove_tree_if_there(env.disk, join_path(parent_dir, entry.name)));
        }
    }
    co_return Result<void>();
}

}  // namespace weir::log
