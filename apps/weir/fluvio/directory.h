// The folders of a Fluvio local cluster: where its parts are, and its metadata files.
//
// Plain file reading and writing on the calling thread; nothing is kept open. Loading changes
// nothing on the disk. Errors: not_found (not the folder of a Fluvio cluster), not_supported and
// invalid_argument with the file (yaml.h), already_exists (the folder to write to is not empty),
// io_error.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/model/mirror.h"
#include "core/model/partition.h"
#include "core/model/smartmodule.h"
#include "core/model/spu.h"
#include "core/model/spu_group.h"
#include "core/model/table_format.h"
#include "core/model/topic.h"

#include <map>
#include <string>
#include <vector>

namespace weir::cli::fluvio {

struct Folders {
    std::string metadata;
    // `spu-logs-<id>` by id.
    std::map<SpuId, std::string> spu_logs;
};

// `dir` is the data folder (~/.fluvio/data), or one that has it as `data` (~/.fluvio).
Result<Folders> find_folders(const std::string& dir);

// Every kind sorted by name.
struct Metadata {
    std::vector<TopicObject> topics;
    std::vector<PartitionObject> partitions;
    std::vector<SpuObject> spus;
    std::vector<SmartModuleObject> smartmodules;
    std::vector<TableFormatObject> table_formats;
    std::vector<SpuGroupObject> spu_groups;
    std::vector<MirrorObject> mirrors;
    friend bool operator==(const Metadata&, const Metadata&) = default;
};

Result<Metadata> load_metadata(const std::string& metadata_dir);
// Into an empty folder, or one that is not there yet.
Result<void> save_metadata(const Metadata& metadata, const std::string& metadata_dir);

}  // namespace weir::cli::fluvio
