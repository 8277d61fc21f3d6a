// What the runner and the client machines of one run share. It lives outside the simulated world:
// reading it costs no simulated time and survives crashes.
#pragma once

#include "core/base/ids.h"
#include "core/model/topic_settings.h"
#include "runtime/sim/check/oracle.h"
#include "runtime/sim/check/statistics.h"
#include "sim-scenarios/case.h"
#include "sim-scenarios/run_watch.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::sim {

inline constexpr std::uint16_t kScPublicPort = 9003;
inline constexpr std::uint16_t kScPrivatePort = 9004;
inline constexpr std::uint16_t kSpuPublicPort = 9010;
inline constexpr std::uint16_t kSpuPrivatePort = 9011;
inline constexpr std::int32_t kFirstSpuId = 5001;

struct RunState {
    RunState(Oracle& oracle_in, const Case& one)
        : oracle(oracle_in), scenario(one.scenario), kept(one.kept) {}

    // Whether the next operation of a worker shall take place, or is left out of this case. The
    // worker takes the same time over it either way.
    bool next_operation(std::uint32_t worker);

    Oracle& oracle;
    // Null: nobody.
    RunWatch* watch = nullptr;
    const Scenario& scenario;
    const std::optional<std::vector<OperationId>>& kept;
    // Those that took place.
    std::vector<OperationId> operations;
    std::map<std::uint32_t, std::uint32_t> operation_counts;

    // Set by client 0 when the topics are there, read by all.
    bool ready = false;
    // The runner's word: go on producing and consuming.
    bool load = true;
    std::vector<bool> clients_done;
    // Set by client 0 when everything was read back after the load.
    bool verified = false;
    // What client 0 is waiting for, for the text of a liveness violation.
    std::string waiting_for = "the cluster to start";

    // Filled in by the runner. The number of the process that leads a partition; what the disk of
    // its machine has to say to a log start; how long an SPU has been down (0: it is not).
    std::function<std::uint32_t(PartitionRef)> leader_incarnation;
    std::function<void(PartitionRef, std::int64_t)> check_log_start;
    std::function<Duration(SpuId)> down_for;
    // What is true of a partition now (nothing: nobody can say), and how many bytes of batches a
    // replica has on its disk.
    std::function<std::optional<RealPartition>(const std::string&)> real_partition;
    std::function<std::int64_t(const RealReplica&)> real_size_bytes;
    // Counts the ends of SC and SPUs, and of the sessions between them.
    std::function<std::uint64_t()> ends;

    // SPUs that came by an empty disk, in the order in which it happened; filled in by the runner.
    std::vector<SpuId> wiped;

    // Consumers that store offsets.
    struct Keeper {
        std::string id;
        PartitionRef partition;
        KeeperIndex index = 0;
    };
    std::vector<Keeper> keepers;

    // Topics of the scenario, by their place in it.
    std::vector<TopicIndex> topics;
    // When a client asked for something, and when it was told that it was done.
    struct Confirmed {
        std::int64_t asked_ns = 0;
        std::int64_t told_ns = 0;
    };
    // Topics of the churn that exist for certain; their producers are done.
    struct ChurnTopic {
        TopicIndex topic = 0;
        Confirmed created;
    };
    std::vector<ChurnTopic> churn_topics;
    // Churn topics of which it is certain that they do not exist any more.
    struct DeletedTopic {
        std::string name;
        Confirmed deleted;
    };
    std::vector<DeletedTopic> deleted_topics;
    // Metadata of `backup_ns` have replaced those of `at_ns`.
    struct Restore {
        std::int64_t backup_ns = 0;
        std::int64_t at_ns = 0;
    };
    std::vector<Restore> restores;
    // Whether a restore may have undone it.
    bool may_be_undone(const Confirmed& change) const;
    // Whether what was deleted may be back: undone, or adopted from an SPU that was away.
    bool may_be_back(const Confirmed& deletion) const;
    // Churn topics that the SC has forgotten so. Their records stay where they are.
    std::vector<TopicIndex> unlisted_topics;
    std::map<std::pair<TopicIndex, std::uint32_t>, SpuId> leaders;
    std::uint32_t next_producer = 0;
    std::uint64_t topics_created = 0;
    std::uint64_t topics_deleted = 0;
    // By name: what a topic of the scenario keeps, as the SC has confirmed it, and changes of which
    // nobody knows whether they took place.
    struct KnownSettings {
        TopicChanges confirmed;
        std::vector<TopicChanges> unknown;
    };
    std::map<std::string, KnownSettings> settings;
    std::uint64_t topics_updated = 0;
    std::uint64_t modules_created = 0;
};

}  // namespace weir::sim
