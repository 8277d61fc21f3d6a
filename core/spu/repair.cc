#include "core/spu/repair.h"

#include "core/log/replica_state.h"
#include "core/spu/replica_manager.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace weir::spu {

namespace {

using wire::internal::ReplicaRef;

Task<Result<ReplicaRef>> find_replica(Env& env, std::string dir, ReplicaKey key) {
    WEIR_CO_TRY(const std::vector<DirectoryEntry> entries, co_await env.disk.list(dir));
    std::optional<ReplicaRef> found;
    for (const DirectoryEntry& entry : entries) {
        std::optional<ReplicaRef> ref = parse_replica_folder_name(entry.name);
        if (!ref.has_value() || ref->key != key) {
            continue;
        }
        if (found.has_value()) {
            co_return fail(ErrorCode::already_exists,
                           fmt::format("{} has more than one replica of {}: start the SPU, which "
                                       "removes that of the deleted topic",
                                       dir, to_string(key)));
        }
        found = std::move(ref);
    }
    if (!found.has_value()) {
        co_return fail(ErrorCode::not_found,
                       fmt::format("{} has no replica of {}", dir, to_string(key)));
    }
    co_return *std::move(found);
}

// Before the cut, so that no crash leaves a log that is short and does not know it.
Task<Result<void>> mark_short(Env& env, std::string dir, log::LogIdentity identity, Offset end) {
    log::ReplicaStateFile state(env.disk, std::move(dir), identity);
    WEIR_CO_CHECK(co_await state.load());
    co_return co_await state.set_high_watermark(std::max(end, state.high_watermark()));
}

}  // namespace

Task<Result<ReplicaRepair>> repair_replica(Env& env, std::string spu_dir, ReplicaKey key,
                                           RepairMode mode) {
    const std::string replicas_dir = fmt::format("{}/replicas", spu_dir);
    WEIR_CO_TRY(const ReplicaRef ref, co_await find_replica(env, replicas_dir, std::move(key)));
    Result<std::unique_ptr<DirectoryLock>> lock = co_await env.disk.lock_directory(spu_dir);
    if (!lock.has_value()) {
        co_return fail(ErrorCode::unavailable, fmt::format("{} is in use, stop the SPU first: {}",
                                                           spu_dir, to_string(lock.error())));
    }
    log::LogConfig config;
    config.identity.uid = ref.topic_uid;
    config.identity.partition = ref.key.partition;
    ReplicaRepair repair;
    repair.dir = fmt::format("{}/{}", replicas_dir, replica_folder_name(ref));
    WEIR_CO_TRY(repair.log, co_await log::Log::find_damage(env, repair.dir, config));
    if (mode == RepairMode::look || repair.log.damage.empty()) {
        co_return repair;
    }
    WEIR_CO_CHECK(co_await mark_short(env, repair.dir, config.identity, repair.log.known_end));
    WEIR_CO_TRY(repair.log, co_await log::Log::repair(env, repair.dir, config));
    co_return repair;
}

}  // namespace weir::spu
