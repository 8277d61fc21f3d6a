// The SPUs: their objects, who is connected, and since when the others are not heard of.
//
// An SPU is online while a session (its connection to the private port) is registered. A second
// connection of one SPU replaces the first. Being taken for gone (fenced) is another thing: it is
// stored, and Partitions decides it. Owned by the service; one shard; sessions are destroyed before
// it.
#pragma once

#include "core/control/registration.h"
#include "core/sc/partition_reports.h"
#include "core/wire/control_plane.h"
#include "core/wire/internal.h"

#include <map>
#include <string>

namespace weir::sc {

class Spus {
public:
    // What a session is to the registry.
    class Session {
    public:
        virtual ~Session() = default;
        // End soon: another connection has taken its place, or is to take it.
        virtual void end() = 0;
        // Sends it, later.
        virtual void probe(const wire::internal::ProbePartitions& message) = 0;
        // The SPU has said that it works by the SmartModules as they were at this epoch of their
        // table, or later.
        virtual bool has_smartmodules(std::uint64_t epoch) const = 0;
    };

    // Whether an SPU is there, from this SC's view.
    struct Presence {
        Session* session = nullptr;
        // When something came from it last; at first, when this SC began to wait for it: a new SC
        // takes every SPU for alive for one full session (replication.md 5.11).
        Instant heard;
        // A connection of it has ended, and what it holds has not been looked at since.
        bool has_left = false;
        control::HeartbeatStreak streak;
    };

    Spus(Context& context, PartitionReports& reports);

    // Control-plane spec 8.8.
    Task<wire::Status> create_custom(wire::CreateRequest request);
    Task<wire::Status> remove_custom(wire::DeleteTarget target);

    // The session serves from now on; its SPU is online.
    void attach(SpuId spu, Session& session);
    // The session has ended; without another one the SPU is offline.
    void detach(SpuId spu, Session& session);
    bool attached(SpuId spu, const Session& session) const;
    // What it has is to be heard anew: its connection ends, which means nothing, and it comes
    // again.
    void register_again(SpuId spu);
    // A heartbeat has come on the session that is attached.
    void heard(SpuId spu);

    // Begins to wait for an SPU that it has not seen yet. Valid until the SPU is removed.
    Presence& presence(SpuId spu);
    bool connected(SpuId spu) const;
    // Those connected that have not said yet that they have the SmartModules of this epoch.
    SpuSet without_smartmodules(std::uint64_t epoch) const;
    // Unfenced, but not connected.
    SpuSet away(const control::SpuStates& states) const;

private:
    void set_resolution(SpuId spu, SpuResolution resolution);
    // nullptr with `name` set to what the answer names.
    const SpuTable::Entry* find_target(const wire::DeleteTarget& target, std::string& name) const;

    Context& context_;
    PartitionReports& reports_;
    Logger log_;
    std::map<SpuId, Presence> presences_;
};

}  // namespace weir::sc
