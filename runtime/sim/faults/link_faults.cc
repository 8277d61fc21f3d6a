// The faults of links between machines.
#include "runtime/sim/faults/fault_injector.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::int64_t kDelayNsMin = 10'000'000;
constexpr std::int64_t kDelayNsMax = 2'000'000'000;
constexpr std::int64_t kThrottledNsPerKibMin = 1'000'000;
constexpr std::int64_t kThrottledNsPerKibMax = 62'500'000;

template <typename T>
void shuffle(std::vector<T>& values, Prng& prng) {
    for (std::size_t i = values.size(); i > 1; --i) {
        const auto other = static_cast<std::size_t>(prng.below(i));
        std::swap(values[i - 1], values[other]);
    }
}

}  // namespace

bool FaultInjector::apply_to_link(Member& target, Member& peer, const Fault& fault) {
    Fabric& fabric = world_.fabric();
    const HostId a = target.machine->host();
    const HostId b = peer.machine->host();
    if (fault.kind == FaultKind::block) {
        const std::uint64_t direction = fault.argument % 3;
        Links links;
        if (direction != 2) {
            links.emplace_back(a, b);
        }
        if (direction != 1) {
            links.emplace_back(b, a);
        }
        block(links, fault.lasts);
        return true;
    }
    if (fault.kind == FaultKind::reset) {
        return fabric.reset_streams(a, b) != 0;
    }
    if (fault.kind == FaultKind::one_sided_reset) {
        const bool at_target = fault.argument % 2 == 0;
        return fabric.reset_one_side(at_target ? a : b, at_target ? b : a) != 0;
    }
    if (fault.kind == FaultKind::half_open) {
        return fabric.forget_streams(a, b) != 0;
    }
    if (fault.kind == FaultKind::connect_hang) {
        return hang_connects(target, peer, fault);
    }
    if (fault.kind == FaultKind::name_failure) {
        return fail_names(target, fault);
    }
    if (fault.kind == FaultKind::partition) {
        return partition(fault);
    }
    return fault.kind == FaultKind::clog ? clog(fault) : slow_link(target, peer, fault);
}

void FaultInjector::block(const Links& links, Duration lasts) {
    for (const auto& [from, to] : links) {
        world_.fabric().block(from, to);
    }
    hold(lasts, [this, links] {
        for (const auto& [from, to] : links) {
            world_.fabric().unblock(from, to);
        }
    });
}

bool FaultInjector::slow_link(Member& target, Member& peer, const Fault& fault) {
    Prng prng(fault.argument);
    std::int64_t latency_ns = 0;
    std::int64_t ns_per_kib = 0;
    if (fault.kind == FaultKind::delay) {
        latency_ns = prng.between(kDelayNsMin, kDelayNsMax);
    } else {
        ns_per_kib = prng.between(kThrottledNsPerKibMin, kThrottledNsPerKibMax);
    }
    const HostId a = target.machine->host();
    const HostId b = peer.machine->host();
    Links links{{a, b}};
    if (prng.chance(1, 2)) {
        links.emplace_back(b, a);
    }
    for (const auto& [from, to] : links) {
        world_.fabric().slow_down(from, to, latency_ns, ns_per_kib);
    }
    hold(fault.lasts, [this, links, latency_ns, ns_per_kib] {
        for (const auto& [from, to] : links) {
            world_.fabric().slow_down(from, to, -latency_ns, -ns_per_kib);
        }
    });
    return true;
}

bool FaultInjector::hang_connects(Member& target, Member& peer, const Fault& fault) {
    const HostId from = peer.machine->host();
    const HostId to = target.machine->host();
    world_.fabric().hang_connects(from, to);
    hold(fault.lasts, [this, from, to] { world_.fabric().unhang_connects(from, to); });
    return true;
}

bool FaultInjector::fail_names(Member& target, const Fault& fault) {
    const HostId host = target.machine->host();
    world_.fabric().fail_names(host);
    hold(fault.lasts, [this, host] { world_.fabric().unfail_names(host); });
    return true;
}

// Machines of the third set reach both others: a partition that is not one for them.
bool FaultInjector::partition(const Fault& fault) {
    Prng prng(fault.argument);
    std::vector<HostId> sets[3];
    for (const auto& member : members_) {
        sets[prng.below(3)].push_back(member->machine->host());
    }
    Links links;
    for (const HostId a : sets[0]) {
        for (const HostId b : sets[1]) {
            links.emplace_back(a, b);
            links.emplace_back(b, a);
        }
    }
    if (links.empty()) {
        return false;
    }
    block(links, fault.lasts);
    return true;
}

bool FaultInjector::clog(const Fault& fault) {
    Prng prng(fault.argument);
    Links links;
    for (const auto& from : members_) {
        for (const auto& to : members_) {
            if (from != to && prng.chance(1, 2)) {
                links.emplace_back(from->machine->host(), to->machine->host());
            }
        }
    }
    if (links.empty()) {
        return false;
    }
    shuffle(links, prng);
    std::vector<std::int64_t> ends;
    const std::int64_t half_ns = fault.lasts.ns() / 2;
    const auto count = static_cast<std::int64_t>(links.size());
    for (std::int64_t i = 0; i < count; ++i) {
        ends.push_back(half_ns + half_ns * i / count);
    }
    shuffle(ends, prng);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto index = static_cast<std::size_t>(i);
        const std::int64_t begin_ns = half_ns * i / count;
        const Links link{links[index]};
        const Duration lasts = Duration::from_ns(ends[index] - begin_ns);
        world_.after(Duration::from_ns(begin_ns), [this, link, lasts] {
            if (active_) {
                block(link, lasts);
            }
        });
    }
    return true;
}

}  // namespace weir::sim
