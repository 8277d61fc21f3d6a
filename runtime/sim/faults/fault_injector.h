// Applies a fault plan to the machines of a run, and brings machines back.
//
// Owned by the runner of a scenario, for one run; machines and world outlive it. A machine that
// ends by itself is booted again after a moment, as a service manager does, until `heal()`, which
// ends every fault that is still in force and boots whatever is down. Damage to stored bytes is not
// undone, except that lost sectors can be read again.
#pragma once

#include "runtime/sim/cluster/world.h"
#include "runtime/sim/faults/fault_plan.h"
#include "runtime/sim/faults/faulty_store.h"

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::sim {

// A fault that came: at which event of the trace, and to which machine. The peer of a fault of a
// link is the other end, else the machine itself.
struct FaultHit {
    std::uint64_t event = 0;
    HostId target = 0;
    HostId peer = 0;
};

class FaultInjector {
public:
    explicit FaultInjector(World& world) : world_(world) {}
    FaultInjector(const FaultInjector&) = delete;
    FaultInjector& operator=(const FaultInjector&) = delete;

    // The machine boots with `main` now and after every fault. SPUs may be in racks, numbered from
    // 0; another one is in none.
    static constexpr std::uint32_t kNoRack = UINT32_MAX;
    void add(Machine& machine, Role role, Main main, std::uint32_t rack = kNoRack);
    // An SC that is not there until a fault has it take over. The other one is not brought back
    // from then on.
    void add_standby(Machine& machine, Main main);
    // Schedules the faults of the plan, from now on. heal() may come after `heal_after`.
    void start(const std::vector<Fault>& plan, Duration heal_after);
    void heal();
    // No more automatic boots: machines that end stay down.
    void stop_reviving() { reviving_ = false; }

    // The index of the SPU that leads the first partition.
    std::function<std::uint32_t()> leader_index;
    // Called around each power loss, with the disk before and after it.
    std::function<void(Machine&)> before_power_loss;
    std::function<void(Machine&)> after_power_loss;
    // Called when a machine has got an empty disk instead of its own.
    std::function<void(Machine&)> after_wipe;
    // Called when the metadata of an SC were replaced by what they were at `backup_ns`.
    std::function<void(std::int64_t backup_ns)> after_restore;
    // Called before each boot but the first one.
    std::function<void(Machine&)> before_boot;
    // Called when a machine ended by itself (its exit_result or halt_reason says how), before it is
    // booted again.
    std::function<void(Machine&, Role)> on_end;
    // Asked before a file is damaged, or with an empty path before all of the disk is: whether the
    // damage is accounted for and may happen.
    std::function<bool(Machine&, std::string_view path)> charge;

    // For the way of an SC to its store.
    StoreFaults& store_faults(const Machine& sc) { return store_faults_[sc.host()]; }

    const FaultCounts& counts() const { return counts_; }
    // Whom the faults of the plan have hit, by time.
    const std::vector<FaultHit>& hits() const { return hits_; }
    std::uint64_t total() const;

private:
    struct Member {
        Machine* machine = nullptr;
        Role role = Role::spu;
        std::uint32_t rack = kNoRack;
        Main main;
        bool booted = false;
        // It serves, or is to come back: no standby, and not replaced by one.
        bool in_service = true;
        // Boots that were planned before the last fault are void.
        std::uint64_t boot_ticket = 0;
        // Of a restart that was asked for.
        Duration pause;
        std::uint32_t full_count = 0;
        std::uint64_t capacity_bytes = 0;
        std::uint32_t slow_count = 0;
        std::uint32_t lie_count = 0;
    };
    using Links = std::vector<std::pair<HostId, HostId>>;

    // Of those in service.
    Member* pick(Role role, std::uint32_t index);
    std::vector<Member*> all_of(Role role, std::uint32_t rack);
    std::vector<Member*> targets_of(const Fault& fault);
    // The other ends of a link from this target.
    std::vector<Member*> peers_of(const Member& target, const Fault& fault);
    void apply(const Fault& fault);
    // Each answers whether the fault took effect.
    bool apply_to(Member& target, Member& peer, const Fault& fault);
    bool apply_to_process(Member& target, const Fault& fault);
    bool apply_to_link(Member& target, Member& peer, const Fault& fault);
    bool apply_to_disk(Member& target, const Fault& fault);
    bool apply_to_clock(Member& target, const Fault& fault);
    bool apply_to_store(Member& target, const Fault& fault);

    // --- processes
    void end_machine(Member& member, const Fault& fault);
    bool black_out(const Fault& fault);
    bool wipe(Member& member, const Fault& fault);
    bool pause(Member& member, const Fault& fault);
    bool slow_cpu(Member& member, const Fault& fault);
    // --- links
    void block(const Links& links, Duration lasts);
    bool slow_link(Member& target, Member& peer, const Fault& fault);
    bool hang_connects(Member& target, Member& peer, const Fault& fault);
    bool fail_names(Member& target, const Fault& fault);
    bool partition(const Fault& fault);
    bool clog(const Fault& fault);
    // --- disks
    bool fill_disk(Member& member, const Fault& fault);
    bool slow_disk(Member& member, const Fault& fault);
    bool lie(Member& member, const Fault& fault);
    bool damage(Member& member, const Fault& fault);

    // --- the metadata store
    void back_up(const Fault& fault);
    bool restore(Member& member, const Fault& fault);
    void slow_store(Member& member, Duration before, Duration after, Duration lasts);

    // --- two SCs
    bool take_over(Member& old, const Fault& fault);
    void trouble(Member& member, const Fault& fault, Prng& prng);
    void switch_over(Member& old, Member& next, std::uint64_t broken);

    // Calls `end` after `lasts`, or when all faults are healed.
    void hold(Duration lasts, std::function<void()> end);
    void boot_later(Member& member, Duration delay);
    void boot(Member& member);
    void ended(Member& member);

    World& world_;
    std::uint32_t rack_count_ = 0;
    bool active_ = false;
    std::int64_t heal_ns_ = 0;
    bool reviving_ = true;
    std::vector<std::unique_ptr<Member>> members_;
    // Ends of the faults in force, by their number.
    std::map<std::uint64_t, std::function<void()>> ends_;
    std::uint64_t next_end_ = 0;
    std::map<HostId, StoreFaults> store_faults_;
    struct Backup {
        std::int64_t time_ns = 0;
        DiskImage image;
    };
    // For the restores to come, by the arguments of their faults.
    std::map<std::uint64_t, Backup> backups_;
    FaultCounts counts_{};
    std::vector<FaultHit> hits_;
};

}  // namespace weir::sim
