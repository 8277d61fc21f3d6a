// Metadata objects as the YAML files of a Fluvio local cluster (control-plane spec 12.2).
//
// Pure, any executor. A file is a map under the tag of the format ("!1.0.0") with `meta` (key,
// revision, parent, children), `key`, `status` and `spec`; names are camelCase, a variant with
// content is a tag. Keys that are not known are skipped, as Fluvio does.
// Errors of reading: not_supported (another format), invalid_argument with the line.
#pragma once

#include "core/base/result.h"
#include "core/model/mirror.h"
#include "core/model/partition.h"
#include "core/model/smartmodule.h"
#include "core/model/spu.h"
#include "core/model/spu_group.h"
#include "core/model/table_format.h"
#include "core/model/topic.h"

#include <optional>
#include <string>
#include <vector>

namespace weir::cli::fluvio {

// What `meta` says about other objects: the topic of a partition, the partitions of a topic.
struct Kin {
    std::optional<std::string> parent;
    std::vector<std::string> children;
};

// For the seven specs that are stored: TopicSpec, PartitionSpec, SpuSpec, SmartModuleSpec,
// TableFormatSpec, SpuGroupSpec, MirrorSpec. The revision is written as 0.
template <typename Spec>
std::string to_yaml(const Object<Spec>& object, const Kin& kin);
template <typename Spec>
Result<Object<Spec>> from_yaml(const std::string& text);

// A specification alone, without tag and envelope, as `table-format create` takes it.
Result<TableFormatSpec> table_format_from_yaml(const std::string& text);

}  // namespace weir::cli::fluvio
