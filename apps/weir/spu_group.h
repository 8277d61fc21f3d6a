// `weir cluster spg ...`: groups of SPUs (control-plane spec 9). They are kept; an orchestrator
// would start their SPUs.
#pragma once

#include "apps/weir/output.h"
#include "apps/weir/target.h"
#include "core/model/spu_group.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

struct SpuGroupCreateOptions {
    std::string name;
    std::uint16_t replicas = 1;
    std::int32_t min_id = 1;
    std::optional<std::string> rack;
    // Kept as it is written, such as "10Gi".
    std::optional<std::string> storage_size;
};

struct SpuGroupListOptions {
    std::string output = "table";
};

struct SpuGroupDeleteOptions {
    std::string name;
};

SpuGroupSpec make_spu_group_spec(const SpuGroupCreateOptions& options);
Table spu_group_table(const std::vector<SpuGroupObject>& groups);

int spu_group_create(const Target& target, const SpuGroupCreateOptions& options);
int spu_group_list(const Target& target, const SpuGroupListOptions& options);
int spu_group_delete(const Target& target, const SpuGroupDeleteOptions& options);

}  // namespace weir::cli
