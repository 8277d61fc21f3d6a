// What would be taken over from a stopped Fluvio local cluster: everything is read and checked, and
// nothing is written.
//
// A value; reading blocks the calling thread. Why it is as it is: docs/decisions/0011.
#pragma once

#include "apps/weir/fluvio/consumer_offsets.h"
#include "apps/weir/fluvio/directory.h"
#include "core/model/replica_key.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli::fluvio {

// The log of one partition. All its replicas get the same one.
struct PartitionLog {
    ReplicaKey key;
    PartitionSpec spec;
    // The copy that is taken; empty: there is none, and the log is empty.
    std::string source_dir;
    SpuId source_spu;
    Offset start;
    Offset end;
    std::uint64_t size_bytes = 0;
};

enum class Scope : std::uint8_t { everything, metadata_only };

struct Takeover {
    Scope scope = Scope::everything;
    Metadata metadata;
    // Of every partition of every topic that has partitions, by key.
    std::vector<PartitionLog> logs;
    // By replica and consumer.
    std::vector<StoredConsumerOffset> consumer_offsets;
    // For the user to know; nothing is lost by them.
    std::vector<std::string> notes;
    // Each says what cannot be taken over, or not as it was written.
    std::vector<std::string> damages;
};

// Errors: those of directory.h and CopyReader, and invalid_argument when the metadata contradict
// themselves.
Result<Takeover> plan_takeover(const std::string& dir, Scope scope);

}  // namespace weir::cli::fluvio
