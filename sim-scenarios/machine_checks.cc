#include "sim-scenarios/machine_checks.h"

#include "runtime/sim/sched/heap_account.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sim {

namespace {

// The machine is gone meanwhile, which shows, and nothing else is wrong.
bool ends_machine(FaultKind kind) {
    return kind == FaultKind::crash || kind == FaultKind::power_loss || kind == FaultKind::restart;
}

}  // namespace

void MachineChecks::begin_load(std::span<const Fault> faults) {
    faults_ = faults;
    load_begin_ns_ = oracle_.now_ns();
}

void MachineChecks::look() {
    check_bounds();
    check_memory();
}

void MachineChecks::check_bounds() {
    if (scenario_.points || load_begin_ns_ == 0 || !run_.load) {
        return;
    }
    const std::int64_t now_ns = oracle_.now_ns();
    std::int64_t since_ns = load_begin_ns_;
    for (const Fault& fault : faults_) {
        const std::int64_t begin_ns = load_begin_ns_ + fault.at.ns();
        const std::int64_t end_ns = begin_ns + fault.lasts.ns();
        if (begin_ns <= now_ns && now_ns <= end_ns && !ends_machine(fault.kind)) {
            replication_.no_calm();
            return;
        }
        if (begin_ns <= now_ns) {
            since_ns = std::max(since_ns, end_ns <= now_ns ? end_ns : begin_ns);
        }
    }
    replication_.look(since_ns);
}

void MachineChecks::check_memory() {
    const auto look = [this](const Machine& machine) {
        const auto bytes =
            static_cast<std::uint64_t>(std::max<std::int64_t>(heap_bytes(machine.host()), 0));
        memory_bytes_ = std::max(memory_bytes_, bytes);
        if (bytes > scenario_.memory_bytes_max) {
            oracle_.report(
                Invariant::a17_leaks,
                fmt::format("{} holds {} KiB of memory, and {} KiB are enough", machine.name(),
                            bytes >> 10, scenario_.memory_bytes_max >> 10));
        }
    };
    for (const Machine* sc : cluster_.scs()) {
        look(*sc);
    }
    for (const SpuMachine& spu : cluster_.spus()) {
        look(*spu.machine);
    }
}

// A process that ends by itself during the run: a start that failed, or a halt.
void MachineChecks::machine_ended(Machine& machine) {
    if (!machine.exit_result().has_value() || stopping_) {
        return;
    }
    if (machine.leaks().any() && machine.exit_result()->has_value()) {
        check_leaks(machine);
    }
    if (!machine.exit_result()->has_value() &&
        machine.exit_result()->error().code == ErrorCode::corrupt && !disks_.over_budget(machine)) {
        oracle_.report(Invariant::a13_recovery,
                       fmt::format("{} does not start: {}", machine.name(),
                                   to_string(machine.exit_result()->error())));
    }
}

void MachineChecks::check_leaks(Machine& machine) {
    const Leaks& leaks = machine.leaks();
    if (leaks.any()) {
        oracle_.report(
            Invariant::a17_leaks,
            fmt::format("{} ended with {} tasks, {} timers, {} files, {} locks, {} connections, "
                        "{} listeners left",
                        machine.name(), leaks.tasks, leaks.timers, leaks.files, leaks.locks,
                        leaks.connections, leaks.listeners));
    }
}

}  // namespace weir::sim
