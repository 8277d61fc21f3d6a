// One SPU's connection to the private port (core/wire/internal.h says what is spoken).
//
// Lives in the frame of serve_spu(). Reads registration, reports and heartbeats; a second task
// pushes assignments: the difference between what the catalog holds and what was sent before.
#pragma once

#include "core/rpc/frame.h"
#include "core/sc/services.h"
#include "core/task/task_scope.h"
#include "core/wire/internal.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace weir::sc {

class SpuSession final : public Spus::Session {
public:
    SpuSession(Services& services, Connection& connection, CancelToken token);

    // Until the SPU leaves, is silent for too long, end(), or the token is cancelled.
    Task<void> run();
    void end() override { scope_.cancel(); }
    void probe(const wire::internal::ProbePartitions& message) override;
    bool has_smartmodules(std::uint64_t epoch) const override {
        return smartmodules_applied_.has_value() && *smartmodules_applied_ >= epoch;
    }

private:
    Task<Result<BufferSlice>> read_frame();
    Task<Result<void>> register_spu();
    Task<Result<void>> serve();
    Result<void> take(const BufferSlice& frame);
    bool may_lease(Instant heard) const;
    void note_applied(std::uint64_t sequence);
    Task<void> push_assignments();
    void enqueue_probes();
    // What changed since the last call; everything at the first.
    wire::internal::Assignments next_assignments();
    void add_replicas(wire::internal::Assignments& message);
    void add_topics(wire::internal::Assignments& message);
    void add_spus(wire::internal::Assignments& message);
    void add_smartmodules(wire::internal::Assignments& message);
    SpuId offsets_leader() const;
    // What this SPU gets no lease for, if it ever leads it. All that are in doubt: the record that
    // it obeys may be another than this SC's.
    std::vector<wire::internal::PartitionRef> doubted() const;
    std::vector<wire::internal::PartitionRef> doubted_until_told() const;
    template <typename T>
    void enqueue(const T& message, CorrelationId correlation_id);
    Task<Result<void>> flush();

    Services& services_;
    Connection& connection_;
    Logger log_;
    TaskScope scope_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    std::optional<SpuId> spu_;
    wire::Version version_ = wire::internal::kInternalHelloVersion;

    PartitionTable::Watcher partitions_;
    TopicTable::Watcher topics_;
    SpuTable::Watcher spus_;
    SmartModuleTable::Watcher smartmodules_;
    // By the name of the partition and of the topic.
    std::map<std::string, wire::internal::ReplicaAssignment> sent_replicas_;
    std::map<std::string, Uid> sent_topics_;
    std::map<SpuId, wire::internal::SpuAddress> sent_spus_;
    SpuId sent_offsets_leader_ = SpuId(-1);
    // In the last assignments.
    std::vector<wire::internal::PartitionRef> told_doubted_;
    std::uint64_t sequence_ = 0;
    // Lists of SmartModules that the SPU has not confirmed, oldest first.
    struct SentSmartModules {
        std::uint64_t sequence = 0;
        std::uint64_t epoch = 0;
    };
    std::deque<SentSmartModules> smartmodules_sent_;
    // The epoch of the last list that it has confirmed.
    std::optional<std::uint64_t> smartmodules_applied_;
    // Not sent yet; one question per partition.
    std::map<wire::internal::PartitionRef, LeaderEpoch> probes_;
};

// Owns the connection.
Task<void> serve_spu(Services& services, std::unique_ptr<Connection> connection, CancelToken token);

}  // namespace weir::sc
