// What must hold of each machine of a run: how much memory it takes, how soon it commits while
// nothing holds it up, what it leaves behind when it ends.
//
// Owned by the stage of a run; all that it is given outlives it.
#pragma once

#include "sim-scenarios/disk_checks.h"

#include <cstdint>
#include <span>

namespace weir::sim {

class MachineChecks {
public:
    MachineChecks(const Scenario& scenario, Cluster& cluster, const DiskChecks& disks,
                  DiskChecks::Truth truth)
        : scenario_(scenario),
          cluster_(cluster),
          disks_(disks),
          oracle_(truth.oracle),
          replication_(truth.replication),
          run_(truth.run) {}
    MachineChecks(const MachineChecks&) = delete;
    MachineChecks& operator=(const MachineChecks&) = delete;

    // Load and these faults begin now. They outlive this.
    void begin_load(std::span<const Fault> faults);
    // Between slices of the run.
    void look();
    // From here on all end because they are asked to.
    void all_stop() { stopping_ = true; }
    void machine_ended(Machine& machine);
    // A17, of a machine that ended in order.
    void check_leaks(Machine& machine);

    // The most that an SC or SPU held, in bytes; 0 in a program that does not count.
    std::uint64_t memory_bytes() const { return memory_bytes_; }

private:
    // B1 to B8, where nothing happens but the faults of the plan.
    void check_bounds();
    // Of one slice of time after another, so that what a log line takes for a moment is not in it.
    void check_memory();

    const Scenario& scenario_;
    Cluster& cluster_;
    const DiskChecks& disks_;
    Oracle& oracle_;
    ReplicationOracle& replication_;
    RunState& run_;
    std::span<const Fault> faults_;
    // 0: no load yet.
    std::int64_t load_begin_ns_ = 0;
    std::uint64_t memory_bytes_ = 0;
    bool stopping_ = false;
};

}  // namespace weir::sim
