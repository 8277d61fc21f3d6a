#include "runtime/sim/faults/fault_injector.h"

#include "core/base/assert.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

// A process that ended by itself is started again after this.
constexpr std::int64_t kReviveMs = 500;
constexpr std::int64_t kDriftPpmMax = 20'000;

}  // namespace

void FaultInjector::add(Machine& machine, Role role, Main main, std::uint32_t rack) {
    auto member = std::make_unique<Member>();
    member->machine = &machine;
    member->role = role;
    member->rack = rack;
    if (rack != kNoRack) {
        rack_count_ = std::max(rack_count_, rack + 1);
    }
    member->main = std::move(main);
    Member* raw = member.get();
    members_.push_back(std::move(member));
    machine.on_end([this, raw](Machine&) { ended(*raw); });
    boot(*raw);
}

std::uint64_t FaultInjector::total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) {
        sum += count;
    }
    return sum;
}

void FaultInjector::start(const std::vector<Fault>& plan, Duration heal_after) {
    active_ = true;
    heal_ns_ = world_.scheduler().now_ns() + heal_after.ns();
    for (const Fault& fault : plan) {
        if (fault.kind == FaultKind::store_restored) {
            back_up(fault);
        }
        world_.after(fault.at, [this, fault] {
            if (active_) {
                apply(fault);
            }
        });
    }
}

FaultInjector::Member* FaultInjector::pick(Role role, std::uint32_t index) {
    std::vector<Member*> of_role;
    for (const auto& member : members_) {
        if (member->role == role && member->in_service) {
            of_role.push_back(member.get());
        }
    }
    if (role == Role::spu && index >= kLeaderIndex && leader_index) {
        index = index - kLeaderIndex + leader_index();
    }
    return of_role.empty() ? nullptr : of_role[index % of_role.size()];
}

std::vector<FaultInjector::Member*> FaultInjector::all_of(Role role, std::uint32_t rack) {
    std::vector<Member*> all;
    for (const auto& member : members_) {
        const bool is_one = role == Role::rack ? member->rack == rack : member->role == role;
        if (is_one) {
            all.push_back(member.get());
        }
    }
    return all;
}

std::vector<FaultInjector::Member*> FaultInjector::targets_of(const Fault& fault) {
    if (fault.target == Role::rack) {
        return rack_count_ == 0 ? std::vector<Member*>()
                                : all_of(Role::rack, fault.target_index % rack_count_);
    }
    Member* one = pick(fault.target, fault.target_index);
    return one == nullptr ? std::vector<Member*>() : std::vector<Member*>{one};
}

std::vector<FaultInjector::Member*> FaultInjector::peers_of(const Member& target,
                                                            const Fault& fault) {
    std::vector<Member*> peers;
    if (fault.target != Role::rack && fault.peer != Role::rack) {
        if (Member* one = pick(fault.peer, fault.peer_index)) {
            peers.push_back(one);
        }
        return peers;
    }
    // A rack is cut off as a whole: from all peers that are not in it.
    const std::uint32_t rack = rack_count_ == 0 ? 0 : fault.peer_index % rack_count_;
    for (Member* peer : all_of(fault.peer, rack)) {
        if (peer != &target && (peer->rack == kNoRack || peer->rack != target.rack)) {
            peers.push_back(peer);
        }
    }
    return peers;
}

void FaultInjector::apply(const Fault& fault) {
    const std::vector<Member*> targets = targets_of(fault);
    if (targets.empty()) {
        return;
    }
    const auto kind = static_cast<std::size_t>(fault.kind);
    world_.trace().event(EventKind::fault, targets.front()->machine->host(),
                         world_.scheduler().now_ns(), kind, fault.argument);
    const std::uint64_t event = world_.trace().events();
    bool effective = false;
    for (Member* target : targets) {
        const std::vector<Member*> peers =
            of_link(fault.kind) ? peers_of(*target, fault) : std::vector<Member*>{target};
        for (Member* peer : peers) {
            hits_.push_back(FaultHit{event, target->machine->host(), peer->machine->host()});
            // The drawn peer may be the target: applied all the same, so that the run is the one
            // that this seed has always had, but nothing comes of it.
            const bool is_real = !of_link(fault.kind) || peer != target;
            effective = (apply_to(*target, *peer, fault) && is_real) || effective;
        }
    }
    counts_[kind] += effective ? 1 : 0;
}

bool FaultInjector::apply_to(Member& target, Member& peer, const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::crash:
        case FaultKind::power_loss:
        case FaultKind::restart:
        case FaultKind::pause:
        case FaultKind::slow_cpu:
        case FaultKind::blackout:
        case FaultKind::wipe: return apply_to_process(target, fault);
        case FaultKind::block:
        case FaultKind::reset:
        case FaultKind::delay:
        case FaultKind::throttle:
        case FaultKind::one_sided_reset:
        case FaultKind::half_open:
        case FaultKind::connect_hang:
        case FaultKind::name_failure:
        case FaultKind::partition:
        case FaultKind::clog: return apply_to_link(target, peer, fault);
        case FaultKind::disk_full:
        case FaultKind::slow_disk:
        case FaultKind::sync_error:
        case FaultKind::sync_lie:
        case FaultKind::lost_sector:
        case FaultKind::bit_rot:
        case FaultKind::misdirected_write:
        case FaultKind::hung_disk: return apply_to_disk(target, fault);
        case FaultKind::wall_step:
        case FaultKind::clock_drift:
        case FaultKind::clock_freeze:
        case FaultKind::clock_leap: return apply_to_clock(target, fault);
        case FaultKind::store_latency:
        case FaultKind::store_conflict:
        case FaultKind::store_foreign:
        case FaultKind::store_restored:
        case FaultKind::second_sc: return apply_to_store(target, fault);
    }
    return false;
}

bool FaultInjector::apply_to_process(Member& target, const Fault& fault) {
    if (fault.kind == FaultKind::pause) {
        return pause(target, fault);
    }
    if (fault.kind == FaultKind::slow_cpu) {
        return slow_cpu(target, fault);
    }
    if (fault.kind == FaultKind::blackout) {
        return black_out(fault);
    }
    if (fault.kind == FaultKind::wipe) {
        return wipe(target, fault);
    }
    if (fault.kind == FaultKind::restart) {
        // Boots again `lasts` after it has ended, see ended().
        target.pause = fault.lasts;
        target.machine->request_stop();
        return true;
    }
    end_machine(target, fault);
    return true;
}

void FaultInjector::end_machine(Member& member, const Fault& fault) {
    if (fault.kind == FaultKind::crash) {
        member.machine->crash();
    } else {
        if (before_power_loss) {
            before_power_loss(*member.machine);
        }
        member.machine->power_loss(fault.loss);
        if (fault.kind == FaultKind::wipe) {
            const DiskImage& old = member.machine->disk_image();
            const std::uint64_t capacity =
                member.full_count != 0 ? member.capacity_bytes : old.capacity_bytes();
            member.machine->replace_disk(DiskImage(capacity));
            if (after_wipe) {
                after_wipe(*member.machine);
            }
        }
        if (after_power_loss) {
            after_power_loss(*member.machine);
        }
    }
    boot_later(member, fault.lasts);
}

bool FaultInjector::black_out(const Fault& fault) {
    Prng prng(fault.argument);
    const bool all = prng.chance(1, 2);
    bool any = false;
    for (const auto& member : members_) {
        // Each comes back in its own time.
        const bool hit = all || prng.chance(1, 2);
        Fault own = fault;
        own.lasts = fault.lasts + Duration::from_ns(prng.between(0, fault.lasts.ns()));
        if (member->role != Role::client && hit) {
            end_machine(*member, own);
            any = true;
        }
    }
    return any;
}

bool FaultInjector::wipe(Member& member, const Fault& fault) {
    if (!charge || !charge(*member.machine, {})) {
        return false;
    }
    end_machine(member, fault);
    return true;
}

bool FaultInjector::pause(Member& member, const Fault& fault) {
    Machine* machine = member.machine;
    if (!machine->running()) {
        return false;
    }
    machine->pause();
    const std::uint32_t incarnation = machine->incarnation();
    hold(fault.lasts, [machine, incarnation] {
        if (machine->running() && machine->incarnation() == incarnation) {
            machine->resume();
        }
    });
    return true;
}

bool FaultInjector::slow_cpu(Member& member, const Fault& fault) {
    Prng prng(fault.argument);
    Machine* machine = member.machine;
    machine->set_cpu_factor(prng.between(10, 1'000));
    hold(fault.lasts, [machine] { machine->set_cpu_factor(1); });
    return true;
}

bool FaultInjector::apply_to_clock(Member& target, const Fault& fault) {
    Machine* machine = target.machine;
    Prng prng(fault.argument);
    if (fault.kind == FaultKind::clock_leap) {
        machine->step_wall(Duration::from_s(prng.chance(1, 2) ? -1 : 1));
    } else if (fault.kind == FaultKind::clock_drift) {
        machine->set_drift(prng.between(-kDriftPpmMax, kDriftPpmMax));
        hold(fault.lasts, [machine] { machine->set_drift(machine->normal_drift()); });
    } else if (fault.kind == FaultKind::clock_freeze) {
        const bool catch_up = prng.chance(1, 2);
        machine->freeze_wall();
        hold(fault.lasts, [machine, catch_up] { machine->thaw_wall(catch_up); });
    } else {
        machine->step_wall(
            Duration::from_s(static_cast<std::int64_t>(fault.argument % 7'201) - 3'600));
    }
    return true;
}

void FaultInjector::hold(Duration lasts, std::function<void()> end) {
    const std::uint64_t number = next_end_++;
    ends_.emplace(number, std::move(end));
    world_.after(lasts, [this, number] {
        const auto found = ends_.find(number);
        if (found != ends_.end()) {
            const std::function<void()> action = std::move(found->second);
            ends_.erase(found);
            action();
        }
    });
}

void FaultInjector::boot_later(Member& member, Duration delay) {
    const std::uint64_t ticket = ++member.boot_ticket;
    Member* raw = &member;
    world_.after(delay, [this, raw, ticket] {
        const bool wanted = raw->boot_ticket == ticket && raw->in_service && reviving_;
        if (wanted && !raw->machine->running()) {
            boot(*raw);
        }
    });
}

void FaultInjector::boot(Member& member) {
    ++member.boot_ticket;
    if (std::exchange(member.booted, true) && before_boot) {
        before_boot(*member.machine);
    }
    member.machine->boot(member.main);
}

void FaultInjector::ended(Member& member) {
    if (on_end) {
        on_end(*member.machine, member.role);
    }
    if (reviving_ && member.in_service) {
        const Duration pause = std::exchange(member.pause, Duration());
        boot_later(member, pause.ns() > 0 ? pause : Duration::from_ms(kReviveMs));
    }
}

void FaultInjector::heal() {
    active_ = false;
    while (!ends_.empty()) {
        const std::function<void()> end = std::move(ends_.begin()->second);
        ends_.erase(ends_.begin());
        end();
    }
    for (auto& [host, faults] : store_faults_) {
        faults.conflicts = 0;
    }
    for (const auto& member : members_) {
        member->machine->disk_faults().syncs_to_fail = 0;
        member->machine->disk_faults().hung_until_ns = 0;
        for (const auto& [path, node] : member->machine->disk_image().files()) {
            node->mend_sectors();
        }
        if (!member->machine->running() && member->in_service && reviving_) {
            boot(*member);
        }
    }
}

}  // namespace weir::sim
