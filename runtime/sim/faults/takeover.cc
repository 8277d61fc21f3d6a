// Two SCs that both believe to be active: the standby begins its term on the store that both reach,
// while the one before is paused, cut off, or simply there.
#include "runtime/sim/faults/fault_injector.h"

#include <utility>

namespace weir::sim {

namespace {

// What SPUs and clients connect to.
constexpr const char* kScName = "sc";
constexpr std::uint64_t kStaleLookupsMax = 4;

}  // namespace

void FaultInjector::add_standby(Machine& machine, Main main) {
    auto member = std::make_unique<Member>();
    member->machine = &machine;
    member->role = Role::sc;
    member->main = std::move(main);
    member->in_service = false;
    Member* raw = member.get();
    members_.push_back(std::move(member));
    machine.on_end([this, raw](Machine&) { ended(*raw); });
}

void FaultInjector::trouble(Member& member, const Fault& fault, Prng& prng) {
    enum class Trouble : std::uint8_t { none, paused, cut_off, deaf, without_store, count };
    const auto kind = static_cast<Trouble>(prng.below(static_cast<std::uint64_t>(Trouble::count)));
    if (kind == Trouble::paused) {
        pause(member, fault);
    } else if (kind == Trouble::without_store) {
        // What it asks of the store gets there after this.
        slow_store(member, fault.lasts, Duration(), fault.lasts);
    }
    Links links;
    for (const auto& other : members_) {
        const bool apart = kind == Trouble::cut_off || kind == Trouble::deaf;
        if (apart && other->role != Role::sc) {
            links.emplace_back(other->machine->host(), member.machine->host());
            if (kind == Trouble::cut_off) {
                links.emplace_back(member.machine->host(), other->machine->host());
            }
        }
    }
    if (!links.empty()) {
        block(links, fault.lasts);
    }
}

bool FaultInjector::take_over(Member& old, const Fault& fault) {
    Member* next = nullptr;
    for (const auto& member : members_) {
        next = member->role == Role::sc && !member->in_service ? member.get() : next;
    }
    // One that was replaced and has not noticed yet is no standby.
    if (next == nullptr || next->machine->running()) {
        return false;
    }
    Prng prng(fault.argument);
    trouble(old, fault, prng);
    const std::int64_t half_ns = fault.lasts.ns() / 2;
    const std::int64_t begin_ns = prng.between(0, half_ns);
    const std::uint64_t broken = prng.next();
    world_.after(Duration::from_ns(begin_ns), [this, &old, next, broken] {
        if (active_) {
            switch_over(old, *next, broken);
        }
    });
    // Who looks the name up is led astray for a while.
    for (std::uint64_t i = prng.below(kStaleLookupsMax); i > 0; --i) {
        const Duration at = Duration::from_ns(begin_ns + prng.between(0, half_ns));
        const HostId host = prng.chance(1, 2) ? old.machine->host() : next->machine->host();
        world_.after(at, [this, host] {
            if (active_) {
                world_.fabric().set_name(kScName, host);
            }
        });
    }
    hold(fault.lasts, [this, &old, next] {
        Member& serving = next->in_service ? *next : old;
        world_.fabric().set_name(kScName, serving.machine->host());
    });
    return true;
}

// Some connections break, as their number in `broken` says; the others stay.
void FaultInjector::switch_over(Member& old, Member& next, std::uint64_t broken) {
    if (next.machine->running()) {
        return;  // another fault was quicker
    }
    old.in_service = false;
    next.in_service = true;
    world_.fabric().set_name(kScName, next.machine->host());
    boot(next);
    for (const auto& member : members_) {
        if (member->role != Role::sc && broken % 2 == 1) {
            world_.fabric().reset_streams(member->machine->host(), old.machine->host());
        }
        broken /= 2;
    }
}

}  // namespace weir::sim
