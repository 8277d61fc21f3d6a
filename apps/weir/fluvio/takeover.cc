#include "apps/weir/fluvio/takeover.h"

#include "apps/weir/fluvio/copy_reader.h"
#include "core/base/endian.h"
#include "core/control/topic_machine.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

namespace weir::cli::fluvio {
namespace {

namespace fs = std::filesystem;

// One copy after it was read to its end.
struct ScannedCopy {
    SpuId spu;
    std::string dir;
    bool is_there = false;
    Offset start;
    Offset end;
    std::uint64_t size_bytes = 0;
    std::uint64_t torn_size_bytes = 0;
    std::vector<std::string> damages;
};

// The high watermark that the SPU noted last; 0 when there is none.
Offset noted_end(const std::string& dir) {
    std::ifstream file(dir + "/replication.chk", std::ios::binary);
    std::array<char, 8> bytes = {};
    file.read(bytes.data(), bytes.size());
    const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return file.good() ? Offset(load_be<std::int64_t>(first)) : Offset(0);
}

// `known_end`: what the metadata say that the leader had.
Result<ScannedCopy> scan_copy(const ReplicaKey& key, SpuId spu, const std::string& dir,
                              Offset known_end) {
    ScannedCopy copy;
    copy.spu = spu;
    copy.dir = dir;
    std::error_code error;
    copy.is_there = fs::is_directory(dir, error);
    const std::string where = fmt::format("{} on SPU {}", to_string(key), spu.value());
    WEIR_TRY(CopyReader reader, CopyReader::open(dir));
    while (true) {
        WEIR_TRY(const auto batch, reader.next());
        if (!batch.has_value()) {
            break;
        }
        copy.size_bytes += batch->bytes.size();
        if (!batch->crc_matches) {
            copy.damages.push_back(fmt::format(
                "{}: records {} to {} have a wrong checksum ({:08x}, should be {:08x})", where,
                batch->header.base_offset.value(), batch->header.next_offset().value() - 1,
                batch->header.crc, compute_batch_crc(batch->bytes)));
        }
    }
    copy.start = reader.start();
    copy.end = reader.end();
    copy.torn_size_bytes = reader.torn_size_bytes();
    if (!reader.damage().empty()) {
        copy.damages.push_back(fmt::format("{}: nothing can be read from offset {} on: {}", where,
                                           copy.end.value(), reader.damage()));
    }
    const Offset expected = std::max(known_end, noted_end(dir));
    if (copy.end < expected) {
        copy.damages.push_back(fmt::format("{}: records {} to {} are missing", where,
                                           copy.end.value(), expected.value() - 1));
    }
    return copy;
}

// The leader's, which is what clients saw; a follower's when that one is better.
const ScannedCopy& choose_copy(const std::vector<ScannedCopy>& copies) {
    const ScannedCopy& leader = copies.front();
    if (leader.damages.empty()) {
        return leader;
    }
    for (const ScannedCopy& copy : copies) {
        if (copy.damages.empty() && copy.start <= leader.start && copy.end >= leader.end) {
            return copy;
        }
    }
    return leader;
}

class Planner {
public:
    Planner(Folders folders, Takeover& takeover)
        : folders_(std::move(folders)), takeover_(takeover) {}

    Result<void> check_spus() const;
    Result<void> plan_topic(const TopicObject& topic);
    Result<void> check_no_orphans() const;
    Result<void> plan_consumer_offsets();
    void note_unknown_folders();

private:
    Result<void> plan_partition(PartitionLog log, const PartitionObject* known);
    void report(const ReplicaKey& key, const std::vector<ScannedCopy>& copies,
                const ScannedCopy& chosen);
    const PartitionObject* find_partition(const ReplicaKey& key) const;
    bool has_spu(SpuId id) const;

    Folders folders_;
    Takeover& takeover_;
    std::set<std::string> taken_dirs_;
};

const PartitionObject* Planner::find_partition(const ReplicaKey& key) const {
    for (const PartitionObject& partition : takeover_.metadata.partitions) {
        if (partition.name == to_string(key)) {
            return &partition;
        }
    }
    return nullptr;
}

bool Planner::has_spu(SpuId id) const {
    const auto& spus = takeover_.metadata.spus;
    return std::any_of(spus.begin(), spus.end(),
                       [id](const SpuObject& spu) { return spu.spec.id == id; });
}

Result<void> Planner::check_spus() const {
    std::set<SpuId> seen;
    for (const SpuObject& spu : takeover_.metadata.spus) {
        if (!seen.insert(spu.spec.id).second) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("two SPUs have the id {}", spu.spec.id.value()));
        }
    }
    return {};
}

Result<void> Planner::plan_topic(const TopicObject& topic) {
    for (const auto& [number, row] : topic.status.replica_map) {
        PartitionLog log;
        log.key = ReplicaKey{topic.name, number};
        if (row.empty()) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{} has no replicas", to_string(log.key)));
        }
        for (const SpuId spu : row) {
            if (!has_spu(spu)) {
                return fail(ErrorCode::invalid_argument,
                            fmt::format("{} is on SPU {}, which the metadata do not know",
                                        to_string(log.key), spu.value()));
            }
        }
        const PartitionObject* known = find_partition(log.key);
        if (known != nullptr) {
            log.spec = known->spec;
        } else {
            // Fluvio writes a topic first and its partitions one by one then.
            log.spec = control::partition_spec_for(topic.spec, row);
            const auto mirror = topic.status.mirror_map.find(number);
            if (mirror != topic.status.mirror_map.end()) {
                log.spec.mirror = mirror->second;
            }
        }
        // The topic's, because Fluvio never brings the partition's settings up to date.
        log.spec.replicas = row;
        WEIR_CHECK(plan_partition(std::move(log), known));
    }
    return {};
}

Result<void> Planner::plan_partition(PartitionLog log, const PartitionObject* known) {
    if (takeover_.scope == Scope::metadata_only) {
        takeover_.logs.push_back(std::move(log));
        return {};
    }
    const Offset known_end = known == nullptr ? Offset(0) : known->status.leader.leo;
    // The leader first.
    std::vector<SpuId> spus = {log.spec.leader};
    for (const SpuId spu : log.spec.replicas) {
        if (spu != log.spec.leader) {
            spus.push_back(spu);
        }
    }
    std::vector<ScannedCopy> copies;
    for (const SpuId spu : spus) {
        const auto folder = folders_.spu_logs.find(spu);
        const std::string base = folder == folders_.spu_logs.end() ? "" : folder->second;
        const std::string dir = base.empty() ? "" : base + "/" + to_string(log.key);
        taken_dirs_.insert(dir);
        WEIR_TRY(ScannedCopy copy, scan_copy(log.key, spu, dir, known_end));
        copies.push_back(std::move(copy));
    }
    const ScannedCopy& chosen = choose_copy(copies);
    report(log.key, copies, chosen);
    log.source_dir = chosen.is_there ? chosen.dir : "";
    log.source_spu = chosen.spu;
    log.start = chosen.start;
    log.end = chosen.end;
    log.size_bytes = chosen.size_bytes;
    takeover_.logs.push_back(std::move(log));
    return {};
}

void Planner::report(const ReplicaKey& key, const std::vector<ScannedCopy>& copies,
                     const ScannedCopy& chosen) {
    const ScannedCopy& leader = copies.front();
    takeover_.damages.insert(takeover_.damages.end(), chosen.damages.begin(), chosen.damages.end());
    if (&chosen != &leader) {
        for (const std::string& damage : leader.damages) {
            takeover_.notes.push_back(fmt::format("{}; the copy of SPU {} is good and is taken",
                                                  damage, chosen.spu.value()));
        }
    }
    if (chosen.torn_size_bytes > 0) {
        takeover_.notes.push_back(fmt::format(
            "{} on SPU {}: the last {} bytes are of a write that was not finished; left out",
            to_string(key), chosen.spu.value(), chosen.torn_size_bytes));
    }
    for (const ScannedCopy& copy : copies) {
        if (copy.end > chosen.end) {
            takeover_.notes.push_back(fmt::format(
                "{}: SPU {} has records {} to {}, which the leader's copy has not; left out",
                to_string(key), copy.spu.value(), chosen.end.value(), copy.end.value() - 1));
        }
    }
}

// A partition that no topic has would be lost without a word.
Result<void> Planner::check_no_orphans() const {
    for (const PartitionObject& partition : takeover_.metadata.partitions) {
        const auto& logs = takeover_.logs;
        const bool known = std::any_of(logs.begin(), logs.end(), [&](const PartitionLog& log) {
            return to_string(log.key) == partition.name;
        });
        if (!known) {
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("no topic of the metadata has the partition '{}'", partition.name));
        }
    }
    return {};
}

Result<void> Planner::plan_consumer_offsets() {
    for (const PartitionLog& log : takeover_.logs) {
        if (log.key != ReplicaKey{kConsumerOffsetTopic, 0} || log.source_dir.empty()) {
            continue;
        }
        WEIR_TRY(takeover_.consumer_offsets,
                 read_consumer_offsets(log.source_dir, takeover_.damages));
    }
    const auto is_left = [this](const StoredConsumerOffset& stored) {
        const auto& logs = takeover_.logs;
        return std::none_of(logs.begin(), logs.end(),
                            [&](const PartitionLog& log) { return log.key == stored.replica; });
    };
    for (const StoredConsumerOffset& stored : takeover_.consumer_offsets) {
        if (is_left(stored)) {
            takeover_.notes.push_back(
                fmt::format("the offset {} of consumer '{}' is for {}, which does not exist; left "
                            "out",
                            stored.offset, stored.consumer_id, to_string(stored.replica)));
        }
    }
    std::erase_if(takeover_.consumer_offsets, is_left);
    return {};
}

void Planner::note_unknown_folders() {
    for (const auto& [spu, folder] : folders_.spu_logs) {
        std::error_code error;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
            if (entry.is_directory(error) && !taken_dirs_.contains(entry.path().string())) {
                takeover_.notes.push_back(
                    fmt::format("{} is of no partition that the metadata know; left out",
                                entry.path().string()));
            }
        }
    }
}

}  // namespace

Result<Takeover> plan_takeover(const std::string& dir, Scope scope) {
    WEIR_TRY(Folders folders, find_folders(dir));
    Takeover takeover;
    takeover.scope = scope;
    WEIR_TRY(takeover.metadata, load_metadata(folders.metadata));
    Planner planner(std::move(folders), takeover);
    WEIR_CHECK(planner.check_spus());
    for (const TopicObject& topic : takeover.metadata.topics) {
        WEIR_CHECK(planner.plan_topic(topic));
    }
    WEIR_CHECK(planner.check_no_orphans());
    if (scope == Scope::everything) {
        WEIR_CHECK(planner.plan_consumer_offsets());
        planner.note_unknown_folders();
    }
    return takeover;
}

}  // namespace weir::cli::fluvio
