// Applies a fault plan to the machines of a run, and brings machines back.
//
// Owned by the runner of a scenario, for one run; machines and world outlive it. A machine that
// ends by itself is booted again after a moment, as a service manager does, until `heal()`, which
// undoes every fault that is still in force and boots whatever is down.
#pragma once

#include "runtime/sim/cluster/world.h"
#include "runtime/sim/faults/fault_plan.h"

#include <functional>
#include <memory>
#include <vector>

namespace weir::sim {

class FaultInjector {
public:
    explicit FaultInjector(World& world) : world_(world) {}
    FaultInjector(const FaultInjector&) = delete;
    FaultInjector& operator=(const FaultInjector&) = delete;

    // The machine boots with `main` now and after every fault.
    void add(Machine& machine, Role role, Main main);
    // Schedules the faults of the plan, from now on.
    void start(const std::vector<Fault>& plan);
    void heal();
    // No more automatic boots: machines that end stay down.
    void stop_reviving() { reviving_ = false; }

    // Called around each power loss, with the disk before and after it.
    std::function<void(Machine&)> before_power_loss;
    std::function<void(Machine&)> after_power_loss;
    // Called when a machine ended by itself (its exit_result or halt_reason says how), before it is
    // booted again.
    std::function<void(Machine&, Role)> on_end;

    const FaultCounts& counts() const { return counts_; }
    std::uint64_t total() const;

private:
    struct Member {
        Machine* machine = nullptr;
        Role role = Role::spu;
        Main main;
        // Boots that were planned before the last fault are void.
        std::uint64_t boot_ticket = 0;
        // Of a restart that was asked for.
        Duration pause;
        std::uint32_t full_count = 0;
        std::uint64_t capacity_bytes = 0;
        std::uint32_t slow_count = 0;
    };

    Member* pick(Role role, std::uint32_t index);
    void apply(const Fault& fault);
    void end_machine(Member& member, const Fault& fault);
    void block(Member& target, Member& peer, const Fault& fault);
    void fill_disk(Member& member, const Fault& fault);
    void slow_disk(Member& member, const Fault& fault);
    void boot_later(Member& member, Duration delay);
    void boot(Member& member);
    void ended(Member& member);

    World& world_;
    bool active_ = false;
    bool reviving_ = true;
    // Raised by heal(): ends of faults that were planned before do nothing any more.
    std::uint64_t epoch_ = 0;
    std::vector<std::unique_ptr<Member>> members_;
    std::vector<std::pair<HostId, HostId>> blocks_;
    FaultCounts counts_{};
};

}  // namespace weir::sim
