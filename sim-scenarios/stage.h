// All that one run is made of, put together: the world, its machines, what goes wrong and who looks
// on, each told of the others.
//
// Owned by the runner, which tells the story on it. The case and the options outlive it.
#pragma once

#include "runtime/sim/check/frame_tap.h"
#include "runtime/sim/check/point_probe.h"
#include "sim-scenarios/machine_checks.h"
#include "sim-scenarios/run_options.h"

#include <memory>

namespace weir::sim {

struct Stage {
    Stage(const Case& one, const RunOptions& options);
    // Ends all processes: those that still run after a violation refer to what is here.
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    // Adds all machines and boots them. Once.
    void begin();

    // Built in this order. The probe is told of nothing before all are there.
    const Scenario& scenario;
    RunWatch* watch;
    // Null: nothing is recorded or played.
    std::unique_ptr<TapeDeck> deck;
    PointProbe points;
    WatchedProbe probe;
    DrawnSizes sizes;
    World world;
    Oracle oracle;
    ReplicationOracle replication;
    FrameTap tap;
    WatchedTap watched_tap;
    FaultInjector injector;
    RunState run;
    Cluster cluster;
    DiskChecks disks;
    MachineChecks machines;

private:
    // What clients ask the runner's side about the truth.
    void answer_clients();
    // What happens to machines, told to whom it concerns.
    void connect_faults();
};

}  // namespace weir::sim
