// The faults of the metadata store.
#include "runtime/sim/faults/fault_injector.h"

#include <utility>

namespace weir::sim {

namespace {

constexpr std::int64_t kStoreLatencyMaxNs = 3'000'000'000;
constexpr std::uint32_t kStoreConflictsMax = 3;

}  // namespace

bool FaultInjector::apply_to_store(Member& target, const Fault& fault) {
    Prng prng(fault.argument);
    if (fault.kind == FaultKind::store_restored) {
        return restore(target, fault);
    }
    if (fault.kind == FaultKind::second_sc) {
        return take_over(target, fault);
    }
    if (fault.kind == FaultKind::store_conflict) {
        store_faults(*target.machine).conflicts +=
            1 + static_cast<std::uint32_t>(prng.below(kStoreConflictsMax));
        return true;
    }
    if (fault.kind == FaultKind::store_foreign) {
        ++store_faults(*target.machine).foreign_changes;
        return true;
    }
    const std::int64_t before_ns = prng.between(0, kStoreLatencyMaxNs);
    const std::int64_t after_ns = prng.between(0, kStoreLatencyMaxNs - before_ns);
    slow_store(target, Duration::from_ns(before_ns), Duration::from_ns(after_ns), fault.lasts);
    return true;
}

void FaultInjector::slow_store(Member& member, Duration before, Duration after, Duration lasts) {
    StoreFaults& faults = store_faults(*member.machine);
    faults.before = faults.before + before;
    faults.after = faults.after + after;
    hold(lasts, [&faults, before, after] {
        faults.before = faults.before - before;
        faults.after = faults.after - after;
    });
}

// What a copy of the disk at a time between the begin and the restore would hold: all that was
// synced until then.
void FaultInjector::back_up(const Fault& fault) {
    Prng prng(fault.argument);
    const Duration at = Duration::from_ns(prng.between(0, fault.at.ns()));
    world_.after(at, [this, fault] {
        Member* target = pick(fault.target, fault.target_index);
        if (!active_ || target == nullptr) {
            return;
        }
        DiskImage image = target->machine->disk_image().clone();
        Draws unused{Prng(0)};
        image.power_loss(unused, LossMode::all);
        backups_.insert_or_assign(fault.argument,
                                  Backup{world_.scheduler().now_ns(), std::move(image)});
    });
}

bool FaultInjector::restore(Member& member, const Fault& fault) {
    const auto backup = backups_.find(fault.argument);
    if (backup == backups_.end()) {
        return false;
    }
    member.machine->power_loss(LossMode::all);
    member.machine->replace_disk(backup->second.image.clone());
    if (after_restore) {
        after_restore(backup->second.time_ns);
    }
    backups_.erase(backup);
    boot_later(member, fault.lasts);
    return true;
}

}  // namespace weir::sim
