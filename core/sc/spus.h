// The SPUs: their objects, who is connected, and what they report.
//
// An SPU is online while a session (its connection to the private port) is registered. A second
// connection of one SPU replaces the first. Owned by the service; one shard; sessions are destroyed
// before it.
#pragma once

#include "core/sc/context.h"
#include "core/task/task_scope.h"
#include "core/wire/control_plane.h"
#include "core/wire/internal.h"

#include <map>
#include <set>
#include <string>

namespace weir::sc {

class Spus {
public:
    // What a session is to the registry.
    class Session {
    public:
        virtual ~Session() = default;
        // Another connection has taken its place: end soon.
        virtual void replaced() = 0;
    };

    explicit Spus(Context& context);

    // Control-plane spec 8.8.
    Task<wire::Status> create_custom(wire::CreateRequest request);
    Task<wire::Status> remove_custom(wire::DeleteTarget target);

    // Whether the SPU may work here; notes its storage at the first time. Everything but the
    // intervals and the version is filled in.
    Task<wire::internal::Registered> check_registration(wire::internal::RegisterSpu request);

    // The session serves from now on; its SPU is online.
    void attach(SpuId spu, Session& session);
    // The session has ended. The SPU is offline after the grace period unless it has come back:
    // call offline_if_gone() then.
    void detach(SpuId spu, Session& session);
    void offline_if_gone(SpuId spu);
    bool attached(SpuId spu, const Session& session) const;

    void report(SpuId spu, const wire::internal::SpuReport& report);
    // Offsets change all the time; watchers are told of them now and then. Call it on a timer.
    void publish_offsets();
    bool offsets_waiting() const { return !unpublished_.empty(); }
    // The status that is current, published or not.
    PartitionStatus current_status(const PartitionTable::Entry& entry) const;

private:
    void set_resolution(SpuId spu, SpuResolution resolution);
    void leader_gone(SpuId spu);
    void report_one(SpuId spu, const wire::internal::ReplicaReport& report);
    Task<Result<void>> note_storage(std::string name, Uid storage_id);

    Context& context_;
    Logger log_;
    std::map<SpuId, Session*> sessions_;
    struct Unpublished {
        Uid topic_uid;
        PartitionStatus status;
    };
    // By partition name; void when the uid is not the topic's any more.
    std::map<std::string, Unpublished> unpublished_;
};

}  // namespace weir::sc
