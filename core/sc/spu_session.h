// One SPU's connection to the private port (core/wire/internal.h says what is spoken).
//
// Lives in the frame of serve_spu(). Reads registration, reports and heartbeats; a second task
// pushes assignments: the difference between what the catalog holds and what was sent before.
#pragma once

#include "core/rpc/frame.h"
#include "core/sc/services.h"
#include "core/task/task_scope.h"
#include "core/wire/internal.h"

#include <map>
#include <memory>
#include <string>

namespace weir::sc {

class SpuSession final : public Spus::Session {
public:
    SpuSession(Services& services, Connection& connection, CancelToken token);

    // Until the SPU leaves, is silent for too long, is replaced, or the token is cancelled.
    Task<void> run();
    void replaced() override { scope_.cancel(); }
    void probe(const wire::internal::ProbePartitions& message) override;

private:
    Task<Result<BufferSlice>> read_frame();
    Task<Result<void>> register_spu();
    Task<Result<void>> serve();
    Result<void> take(const BufferSlice& frame);
    Task<void> push_assignments();
    void enqueue_probes();
    // What changed since the last call; everything at the first.
    wire::internal::Assignments next_assignments();
    void add_replicas(wire::internal::Assignments& message);
    void add_topics(wire::internal::Assignments& message);
    void add_spus(wire::internal::Assignments& message);
    void add_smartmodules(wire::internal::Assignments& message);
    SpuId offsets_leader() const;
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
    std::uint64_t sequence_ = 0;
    // Not sent yet; one question per partition.
    std::map<wire::internal::PartitionRef, LeaderEpoch> probes_;
};

// Owns the connection.
Task<void> serve_spu(Services& services, std::unique_ptr<Connection> connection, CancelToken token);

}  // namespace weir::sc
