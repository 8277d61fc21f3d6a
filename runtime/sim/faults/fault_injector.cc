#include "runtime/sim/faults/fault_injector.h"

#include "core/base/assert.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::int64_t kSlowFactor = 50;
// A process that ended by itself is started again after this.
constexpr std::int64_t kReviveMs = 500;

}  // namespace

void FaultInjector::add(Machine& machine, Role role, Main main) {
    auto member = std::make_unique<Member>();
    member->machine = &machine;
    member->role = role;
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

void FaultInjector::start(const std::vector<Fault>& plan) {
    active_ = true;
    for (const Fault& fault : plan) {
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
        if (member->role == role) {
            of_role.push_back(member.get());
        }
    }
    return of_role.empty() ? nullptr : of_role[index % of_role.size()];
}

void FaultInjector::apply(const Fault& fault) {
    Member* target = pick(fault.target, fault.target_index);
    Member* peer = pick(fault.peer, fault.peer_index);
    if (target == nullptr || peer == nullptr) {
        return;
    }
    const auto kind = static_cast<std::size_t>(fault.kind);
    world_.trace().event(EventKind::fault, target->machine->host(), world_.scheduler().now_ns(),
                         kind, fault.argument);
    switch (fault.kind) {
        case FaultKind::crash:
        case FaultKind::power_loss: end_machine(*target, fault); break;
        case FaultKind::restart:
            // Boots again `lasts` after it has ended, see ended().
            target->pause = fault.lasts;
            target->machine->request_stop();
            break;
        case FaultKind::block: block(*target, *peer, fault); break;
        case FaultKind::reset:
            if (world_.fabric().reset_streams(target->machine->host(), peer->machine->host()) ==
                0) {
                return;
            }
            break;
        case FaultKind::disk_full: fill_disk(*target, fault); break;
        case FaultKind::slow_disk: slow_disk(*target, fault); break;
        case FaultKind::wall_step:
            target->machine->step_wall(
                Duration::from_s(static_cast<std::int64_t>(fault.argument % 7'201) - 3'600));
            break;
    }
    ++counts_[kind];
}

void FaultInjector::end_machine(Member& member, const Fault& fault) {
    if (fault.kind == FaultKind::power_loss) {
        if (before_power_loss) {
            before_power_loss(*member.machine);
        }
        member.machine->power_loss(fault.loss);
        if (after_power_loss) {
            after_power_loss(*member.machine);
        }
    } else {
        member.machine->crash();
    }
    boot_later(member, fault.lasts);
}

void FaultInjector::block(Member& target, Member& peer, const Fault& fault) {
    const HostId a = target.machine->host();
    const HostId b = peer.machine->host();
    std::vector<std::pair<HostId, HostId>> links;
    const std::uint64_t direction = fault.argument % 3;
    if (direction != 2) {
        links.emplace_back(a, b);
    }
    if (direction != 1) {
        links.emplace_back(b, a);
    }
    for (const auto& [from, to] : links) {
        world_.fabric().block(from, to);
        blocks_.emplace_back(from, to);
    }
    const std::uint64_t epoch = epoch_;
    world_.after(fault.lasts, [this, links, epoch] {
        if (epoch != epoch_) {
            return;
        }
        for (const auto& link : links) {
            world_.fabric().unblock(link.first, link.second);
            blocks_.erase(std::find(blocks_.begin(), blocks_.end(), link));
        }
    });
}

void FaultInjector::fill_disk(Member& member, const Fault& fault) {
    DiskImage& image = member.machine->disk_image();
    if (member.full_count++ == 0) {
        member.capacity_bytes = image.capacity_bytes();
        image.set_capacity_bytes(image.used_bytes() + fault.argument % 4'096);
    }
    const std::uint64_t epoch = epoch_;
    Member* raw = &member;
    world_.after(fault.lasts, [this, raw, epoch] {
        if (epoch == epoch_ && --raw->full_count == 0) {
            raw->machine->disk_image().set_capacity_bytes(raw->capacity_bytes);
        }
    });
}

void FaultInjector::slow_disk(Member& member, const Fault& fault) {
    ++member.slow_count;
    member.machine->disk_faults().slow_factor = kSlowFactor;
    const std::uint64_t epoch = epoch_;
    Member* raw = &member;
    world_.after(fault.lasts, [this, raw, epoch] {
        if (epoch == epoch_ && --raw->slow_count == 0) {
            raw->machine->disk_faults().slow_factor = 1;
        }
    });
}

void FaultInjector::boot_later(Member& member, Duration delay) {
    const std::uint64_t ticket = ++member.boot_ticket;
    Member* raw = &member;
    world_.after(delay, [this, raw, ticket] {
        if (raw->boot_ticket == ticket && !raw->machine->running() && reviving_) {
            boot(*raw);
        }
    });
}

void FaultInjector::boot(Member& member) {
    ++member.boot_ticket;
    member.machine->boot(member.main);
}

void FaultInjector::ended(Member& member) {
    if (on_end) {
        on_end(*member.machine, member.role);
    }
    if (reviving_) {
        const Duration pause = std::exchange(member.pause, Duration());
        boot_later(member, pause.ns() > 0 ? pause : Duration::from_ms(kReviveMs));
    }
}

void FaultInjector::heal() {
    active_ = false;
    ++epoch_;
    for (const auto& [from, to] : blocks_) {
        world_.fabric().unblock(from, to);
    }
    blocks_.clear();
    for (const auto& member : members_) {
        if (member->full_count != 0) {
            member->machine->disk_image().set_capacity_bytes(member->capacity_bytes);
            member->full_count = 0;
        }
        member->slow_count = 0;
        member->machine->disk_faults().slow_factor = 1;
        if (!member->machine->running() && reviving_) {
            boot(*member);
        }
    }
}

}  // namespace weir::sim
