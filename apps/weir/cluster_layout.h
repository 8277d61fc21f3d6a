// Where a local cluster's files and ports are.
#pragma once

#include "apps/weir/cluster.h"
#include "core/base/result.h"
#include "core/env/network.h"

#include <string>

namespace weir::cli {

struct ClusterLayout {
    // Absolute.
    std::string data_dir;
    std::string log_dir;
    HostPort sc_public;
    HostPort sc_private;

    static constexpr std::int32_t kFirstSpuId = 5001;
    std::int32_t spu_id(std::uint32_t index) const {
        return kFirstSpuId + static_cast<std::int32_t>(index);
    }
    // 9003 gives 9010, 9020, ... and 9011, 9021, ...
    HostPort spu_public(std::uint32_t index) const;
    HostPort spu_private(std::uint32_t index) const;
    std::string log_path(const std::string& daemon) const;
};

// Empty: the default under the home folder. Absolute and without a slash at the end.
std::string resolve_data_dir(const std::string& given);
Result<ClusterLayout> make_layout(const ClusterStartOptions& options);

}  // namespace weir::cli
