// `weir partition list`, `weir spu ...`, `weir consumer ...`: listings and small changes.
#pragma once

#include "apps/weir/output.h"
#include "apps/weir/target.h"
#include "core/model/partition.h"
#include "core/model/partition_record.h"
#include "core/model/replica_key.h"
#include "core/model/spu.h"
#include "core/wire/consumer_offsets.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

struct PartitionListOptions {
    std::string output = "table";
    bool system = false;
};

struct SpuListOptions {
    std::string output = "table";
    bool custom = false;
};

struct SpuRegisterOptions {
    std::int32_t id = -1;
    std::string public_server;
    std::string private_server;
    std::optional<std::string> public_server_local;
    std::optional<std::string> name;
    std::optional<std::string> rack;
};

struct SpuUnregisterOptions {
    std::optional<std::int32_t> id;
    std::optional<std::string> name;
};

struct ConsumerListOptions {
    std::string output = "table";
};

struct ConsumerDeleteOptions {
    std::string consumer_id;
    std::optional<std::string> topic;
    std::optional<std::uint32_t> partition;
};

// By the name of the partition; empty when the SC is not Weir's. Where there is a record, its live
// replicas are listed instead of counted.
using PartitionRecords = std::map<std::string, PartitionRecord>;
Table partition_table(const std::vector<PartitionObject>& partitions,
                      const PartitionRecords& records);
Table spu_table(const std::vector<SpuObject>& spus);
// By partition: the offset after the last committed record.
using CommittedEnds = std::map<ReplicaKey, std::int64_t>;
// `now_s`: seconds since 1970. LAG: committed records that the consumer has not stored as read.
Table consumer_table(const std::vector<wire::ConsumerOffset>& consumers, const CommittedEnds& ends,
                     std::uint64_t now_s);

int partition_list(const Target& target, const PartitionListOptions& options);
int spu_list(const Target& target, const SpuListOptions& options);
int spu_register(const Target& target, const SpuRegisterOptions& options);
int spu_unregister(const Target& target, const SpuUnregisterOptions& options);
int consumer_list(const Target& target, const ConsumerListOptions& options);
int consumer_delete(const Target& target, const ConsumerDeleteOptions& options);

}  // namespace weir::cli
