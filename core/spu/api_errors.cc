#include "core/spu/api_errors.h"

#include "core/base/mutant.h"
#include "core/model/smartmodule_name.h"
#include "core/wire/api_key.h"

#include <fmt/core.h>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;

ApiError append_error(const Error& error, const Replica& replica) {
    if (!replica.leads() || error.code == ErrorCode::not_leader) {
        return ApiError(ErrorTag::not_leader_for_partition);
    }
    if (error.code == ErrorCode::disk_full) {
        return ApiError(ErrorTag::partition_full, replica.key());
    }
    if (error.code == ErrorCode::unavailable) {
        return ApiError(ErrorTag::partition_short_circuited);
    }
    if (error.code == ErrorCode::message_too_large) {
        return ApiError(ErrorTag::message_too_large);
    }
    if (error.code == ErrorCode::invalid_argument) {
        return ApiError::other(error.context);
    }
    return ApiError(ErrorTag::storage_error);
}

ApiError read_error(const Error& error, Offset offset, const Replica& replica,
                    const log::Log& log) {
    if (!replica.leads()) {
        return ApiError(ErrorTag::not_leader_for_partition);
    }
    if (error.code == ErrorCode::offset_evicted) {
        wire::ErrorEvicted evicted;
        evicted.offset = offset.value();
        evicted.next_available = log.log_start().value();
        if (mutant(Mutant::eviction_skips_record)) {
            ++evicted.next_available;
        }
        return ApiError(ErrorTag::offset_evicted, evicted);
    }
    if (error.code == ErrorCode::offset_out_of_range) {
        return ApiError::other(fmt::format("start offset: {} is greater than leo: {}",
                                           offset.value(), log.leo().value()));
    }
    return ApiError(ErrorTag::storage_error);
}

ApiError open_error(const Error& error, const Replica& replica) {
    if (!replica.leads()) {
        return ApiError(ErrorTag::not_leader_for_partition);
    }
    if (error.code == ErrorCode::disk_full) {
        return ApiError(ErrorTag::partition_full, replica.key());
    }
    return ApiError(ErrorTag::storage_error);
}

ApiError smartmodule_refusal(const std::vector<wire::SmartModuleInvocation>& chain,
                             const ClusterView& cluster) {
    WEIR_ASSERT(!chain.empty());
    for (const wire::SmartModuleInvocation& invocation : chain) {
        const auto* named = std::get_if<wire::PredefinedModule>(&invocation.source);
        if (named != nullptr &&
            !cluster.smartmodules.contains(smartmodule_key(named->name).value_or(named->name))) {
            return ApiError::with_text(ErrorTag::smartmodule_not_found, named->name);
        }
    }
    return ApiError::with_text(ErrorTag::smartmodule_chain_init_error,
                               "SmartModules are not supported by this server");
}

ApiError version_refusal(wire::Version version) {
    return ApiError::other(
        fmt::format("version {} is not supported, 0 to {} are", version, wire::kVersionMax));
}

}  // namespace weir::spu
