// The machines of one run: the SC, its SPUs and the clients, as their scenario wants them.
//
// Owned by the runner; all that it is given outlives it. The production programs run here, with the
// faults and the checks of the run before their metadata store.
#pragma once

#include "runtime/sim/check/frame_tap.h"
#include "runtime/sim/check/replication_oracle.h"
#include "runtime/sim/faults/fault_injector.h"
#include "runtime/sim/faults/shared_store.h"
#include "sim-scenarios/sizes.h"
#include "sim-scenarios/workloads/run_state.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::sim {

struct SpuMachine {
    Machine* machine = nullptr;
    SpuId id;
    // Since when it has not been running, to within a slice of the run.
    std::optional<std::int64_t> down_since_ns;
};

class Cluster {
public:
    struct Checks {
        FrameTap& frames;
        ReplicationOracle& replication;
        RunState& run;
    };
    Cluster(World& world, FaultInjector& injector, Checks checks)
        : world_(world), injector_(injector), checks_(checks) {}
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    // Adds all machines and boots them. Once.
    void build(const Scenario& scenario, const DrawnSizes& sizes);

    // The one that serves at first, and its standby if there is one.
    const std::vector<Machine*>& scs() const { return scs_; }
    std::vector<SpuMachine>& spus() { return spus_; }
    const std::vector<Machine*>& clients() const { return clients_; }

    // Null: it is no SPU.
    SpuMachine* spu_of(const Machine& machine);
    // Of a partition that clients know; null: nobody has heard of one.
    SpuMachine* leader_of(PartitionRef ref);
    // To be called between slices of the run, and before a machine boots again.
    void note_down();
    void boots(const Machine& machine);
    // Zero: it is not down.
    Duration down_for(SpuId id) const;

private:
    void add_scs(const Scenario& scenario, const DrawnSizes& sizes);
    void add_spus(const Scenario& scenario, const DrawnSizes& sizes);
    void add_clients(const Scenario& scenario);
    void set_links(const Scenario& scenario, const DrawnSizes& sizes);

    World& world_;
    FaultInjector& injector_;
    Checks checks_;
    // Of two SCs; one has a store of its own.
    SharedMetadata shared_metadata_;
    std::vector<Machine*> scs_;
    std::vector<SpuMachine> spus_;
    std::vector<Machine*> clients_;
};

}  // namespace weir::sim
