// The faults of disks, and damage to what they hold.
#include "runtime/sim/faults/fault_injector.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::int64_t kSlowFactor = 50;
constexpr std::string_view kLogRoot = "data/";
constexpr std::string_view kSegmentSuffix = ".log";

}  // namespace

bool FaultInjector::apply_to_disk(Member& target, const Fault& fault) {
    DiskFaults& faults = target.machine->disk_faults();
    if (fault.kind == FaultKind::disk_full) {
        return fill_disk(target, fault);
    }
    if (fault.kind == FaultKind::slow_disk) {
        return slow_disk(target, fault);
    }
    if (fault.kind == FaultKind::sync_lie) {
        return lie(target, fault);
    }
    if (fault.kind == FaultKind::sync_error) {
        ++faults.syncs_to_fail;
        return true;
    }
    if (fault.kind == FaultKind::hung_disk) {
        // An operation that hangs knows from its begin when it ends.
        const std::int64_t end_ns =
            std::min(world_.scheduler().now_ns() + fault.lasts.ns(), heal_ns_);
        faults.hung_until_ns = std::max(faults.hung_until_ns, end_ns);
        return true;
    }
    return damage(target, fault);
}

bool FaultInjector::fill_disk(Member& member, const Fault& fault) {
    DiskImage& image = member.machine->disk_image();
    if (member.full_count++ == 0) {
        member.capacity_bytes = image.capacity_bytes();
        image.set_capacity_bytes(image.used_bytes() + fault.argument % 4'096);
    }
    Member* raw = &member;
    hold(fault.lasts, [raw] {
        if (--raw->full_count == 0) {
            raw->machine->disk_image().set_capacity_bytes(raw->capacity_bytes);
        }
    });
    return true;
}

bool FaultInjector::slow_disk(Member& member, const Fault& fault) {
    ++member.slow_count;
    member.machine->disk_faults().slow_factor = kSlowFactor;
    Member* raw = &member;
    hold(fault.lasts, [raw] {
        if (--raw->slow_count == 0) {
            raw->machine->disk_faults().slow_factor = 1;
        }
    });
    return true;
}

bool FaultInjector::lie(Member& member, const Fault& fault) {
    if (!charge || !charge(*member.machine, {})) {
        return false;
    }
    ++member.lie_count;
    member.machine->disk_faults().lies = true;
    Member* raw = &member;
    hold(fault.lasts, [raw] {
        if (--raw->lie_count == 0) {
            raw->machine->disk_faults().lies = false;
        }
    });
    return true;
}

bool FaultInjector::damage(Member& member, const Fault& fault) {
    Prng prng(fault.argument);
    // Segments only, but for rot, which may be anywhere in the folder of a log.
    const bool any_file = fault.kind == FaultKind::bit_rot && prng.chance(1, 4);
    std::vector<std::pair<std::string, DiskNodePtr>> files = member.machine->disk_image().files();
    std::erase_if(files, [any_file](const auto& entry) {
        const auto& [path, node] = entry;
        return !path.starts_with(kLogRoot) || node->size() == 0 ||
               (!any_file && !path.ends_with(kSegmentSuffix));
    });
    if (files.empty()) {
        return false;
    }
    const auto first = static_cast<std::size_t>(prng.below(files.size()));
    std::rotate(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(first), files.end());
    const std::uint64_t place = prng.next();
    const auto bit = static_cast<unsigned>(prng.below(8));
    for (const auto& [path, node] : files) {
        if (!charge || !charge(*member.machine, path)) {
            continue;
        }
        const std::uint64_t at = place % node->size();
        if (fault.kind == FaultKind::bit_rot) {
            std::uint8_t& byte = node->content_for_damage()[static_cast<std::size_t>(at)];
            byte = static_cast<std::uint8_t>(byte ^ (1U << bit));
        } else if (fault.kind == FaultKind::lost_sector) {
            node->lose_sector(at / kSectorBytes);
        } else {
            node->misdirect_next((1 + place % 8) * kSectorBytes);
        }
        return true;
    }
    return false;
}

}  // namespace weir::sim
