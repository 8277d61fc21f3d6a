#include "sim-scenarios/runner.h"

#include "sim-scenarios/stage.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::sim {

namespace {

CurrentRun g_current;

constexpr std::int64_t kSetUpSeconds = 60;
constexpr std::int64_t kStopSeconds = 30;
constexpr std::int64_t kScrubSeconds = 10;
constexpr std::int64_t kSliceMs = 250;
// Of a case whose schedules are counted out: load and faults begin together.
constexpr std::int64_t kFineSliceMs = 1;

class Runner {
public:
    Runner(const Case& one, const RunOptions& options)
        : case_(one), scenario_(one.scenario), options_(options), stage_(one, options) {}
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    RunReport run();

private:
    bool failed() const { return !stage_.oracle.violations().empty(); }
    bool broken_off() { return stage_.world.trace().events() >= options_.events_max; }
    bool goes_on() { return !failed() && !broken_off(); }
    // Runs until `done` or for `limit`; a violation or an exhausted budget ends it too.
    template <typename Done>
    bool run_until(Duration limit, Done done);
    void run_for(Duration time) {
        run_until(time, [] { return false; });
    }
    void liveness(std::string text);

    // The phases.
    void run_load();
    void settle();
    std::vector<Machine*> running_scs() const;
    void stop_everything();
    void stop_scs();
    void stop_machines(const std::vector<Machine*>& machines, const char* what);
    // Of a run that is not healed: all that clients were promised must be on the disks.
    void cut_power();
    void inspect_disks();
    RunReport report();

    const Case& case_;
    const Scenario& scenario_;
    const RunOptions& options_;
    std::vector<Fault> fault_plan_;
    std::int64_t load_begin_ns_ = 0;
    Stage stage_;
};

// The faults of the case or of the seed, and those that the scenario plans, by time.
std::vector<Fault> plan_faults(const Case& one, const World& world) {
    if (one.faults.has_value()) {
        return *one.faults;
    }
    const Scenario& scenario = one.scenario;
    std::vector<Fault> plan = draw_faults(scenario.faults, scenario.duration,
                                          world.stream("fault.plan"), scenario.swarm_families);
    plan.insert(plan.end(), scenario.plan.begin(), scenario.plan.end());
    std::sort(plan.begin(), plan.end(), [](const Fault& a, const Fault& b) {
        return a.at != b.at ? a.at < b.at : a.argument < b.argument;
    });
    return plan;
}

template <typename Done>
bool Runner::run_until(Duration limit, Done done) {
    const std::int64_t end_ns = stage_.world.scheduler().now_ns() + limit.ns();
    while (!done()) {
        if (failed() || broken_off()) {
            return false;
        }
        stage_.cluster.note_down();
        stage_.machines.look();
        const std::int64_t now_ns = stage_.world.scheduler().now_ns();
        if (now_ns >= end_ns) {
            return false;
        }
        const std::uint64_t used = stage_.world.trace().events();
        if (used >= scenario_.events_max) {
            liveness(
                fmt::format("{} events were not enough: a livelock, or events_max is too "
                            "small",
                            scenario_.events_max));
            return false;
        }
        const bool fine = stage_.world.options().chooser == Chooser::machine && !stage_.run.ready;
        const std::int64_t slice_ms = fine ? kFineSliceMs : kSliceMs;
        const std::int64_t slice_ns = std::min<std::int64_t>(end_ns - now_ns, slice_ms * 1'000'000);
        const std::uint64_t last = std::min(scenario_.events_max, options_.events_max);
        stage_.world.run_for(Duration::from_ns(slice_ns), last - used);
    }
    return true;
}

void Runner::liveness(std::string text) {
    if (goes_on()) {
        stage_.oracle.report(Invariant::a12_progress, std::move(text));
    }
}

RunReport Runner::run() {
    g_current = CurrentRun{&case_, &stage_.world};
    stage_.begin();
    const bool ready =
        run_until(Duration::from_s(kSetUpSeconds), [this] { return stage_.run.ready; });
    if (ready) {
        run_load();
    } else {
        liveness(fmt::format("not set up within {} s: waiting for {}", kSetUpSeconds,
                             stage_.run.waiting_for));
    }
    const bool heals = stage_.sizes.heals;
    if (goes_on()) {
        heals ? stop_everything() : cut_power();
    }
    if (heals) {
        stage_.disks.all_stopped();
    }
    inspect_disks();
    RunReport result = report();
    stage_.injector.stop_reviving();
    g_current = CurrentRun();
    return result;
}

// Load and faults; then, if at all, everything heals and is read back.
void Runner::run_load() {
    fault_plan_ = plan_faults(case_, stage_.world);
    if (scenario_.points) {
        stage_.points.start(stage_.world);
    }
    load_begin_ns_ = stage_.world.scheduler().now_ns();
    stage_.machines.begin_load(fault_plan_);
    stage_.injector.start(fault_plan_, scenario_.duration);
    run_for(scenario_.duration);
    if (stage_.sizes.heals) {
        settle();
    }
}

void Runner::settle() {
    stage_.injector.heal();
    stage_.points.stop();
    // One whose term is over tells clients what it remembers until its store has answered, which
    // may still take as long as it took when the question was asked.
    if (!run_until(Duration::from_s(kStopSeconds), [this] { return running_scs().size() <= 1; })) {
        liveness("an SC goes on whose term is over");
        return;
    }
    if (stage_.oracle.budget().any_copy_damaged()) {
        // Somebody has to come by, and then the others send what they have.
        run_for(Duration::from_s(kScrubSeconds));
    }
    stage_.run.load = false;
    const bool verified = run_until(scenario_.settle, [this] { return stage_.run.verified; });
    if (!verified) {
        // What cannot be read may be lost or damaged, which says more.
        for (SpuMachine& spu : stage_.cluster.spus()) {
            if (goes_on()) {
                stage_.disks.inspect(spu, "after the time to settle");
            }
        }
        liveness(fmt::format("not finished {} s after the faults were healed: waiting for {}",
                             scenario_.settle.s(), stage_.run.waiting_for));
        return;
    }
    const auto converged = [this] { return stage_.replication.not_converged().empty(); };
    if (!run_until(scenario_.convergence, converged) && goes_on()) {
        stage_.oracle.report(
            Invariant::i30_convergence,
            fmt::format("{} s after everything was read: {}", scenario_.convergence.s(),
                        stage_.replication.not_converged()));
    }
}

std::vector<Machine*> Runner::running_scs() const {
    std::vector<Machine*> running;
    const std::vector<Machine*>& all = stage_.cluster.scs();
    std::copy_if(all.begin(), all.end(), std::back_inserter(running),
                 [](const Machine* sc) { return sc->running(); });
    return running;
}

void Runner::stop_machines(const std::vector<Machine*>& machines, const char* what) {
    for (Machine* machine : machines) {
        machine->request_stop();
    }
    const auto stopped = [&machines] {
        return std::none_of(machines.begin(), machines.end(),
                            [](const Machine* machine) { return machine->running(); });
    };
    if (!run_until(Duration::from_s(kStopSeconds), stopped)) {
        liveness(fmt::format("{} did not stop within {} s", what, kStopSeconds));
        return;
    }
    for (Machine* machine : machines) {
        stage_.machines.check_leaks(*machine);
        if (machine->exit_result().has_value() && !machine->exit_result()->has_value() &&
            !stage_.disks.over_budget(*machine)) {
            liveness(fmt::format("{} ended with an error: {}", machine->name(),
                                 to_string(machine->exit_result()->error())));
        }
    }
}

void Runner::stop_everything() {
    stage_.machines.all_stop();
    stage_.injector.stop_reviving();
    stop_machines(stage_.cluster.clients(), "the clients");
    std::vector<Machine*> servers;
    servers.reserve(stage_.cluster.spus().size());
    for (const SpuMachine& spu : stage_.cluster.spus()) {
        servers.push_back(spu.machine);
    }
    if (goes_on()) {
        stop_machines(servers, "the SPUs");
    }
    if (goes_on()) {
        stop_scs();
    }
}

// Of two only the one that began its term last is left.
void Runner::stop_scs() {
    const std::vector<Machine*> running = running_scs();
    stop_machines(running.empty() ? stage_.cluster.scs() : running, "the SC");
}

void Runner::cut_power() {
    stage_.machines.all_stop();
    stage_.injector.stop_reviving();
    for (SpuMachine& spu : stage_.cluster.spus()) {
        if (!spu.machine->running()) {
            continue;
        }
        if (scenario_.durability == Durability::fsync) {
            stage_.disks.before_power_loss(*spu.machine);
            spu.machine->power_loss(LossMode::all);
        } else {
            spu.machine->crash();
        }
    }
}

void Runner::inspect_disks() {
    const bool heals = stage_.sizes.heals;
    if (goes_on()) {
        DiskChecks::FoundLogs found;
        for (SpuMachine& spu : stage_.cluster.spus()) {
            found.merge(stage_.disks.inspect(spu, heals ? "after the stop" : "unhealed"));
        }
        stage_.disks.check_unlisted(found);
    }
    if (!heals && goes_on()) {
        stage_.disks.check_copies();
    }
}

RunReport Runner::report() {
    RunReport result;
    result.scenario = scenario_.name;
    result.seed = case_.seed;
    result.violations = stage_.oracle.violations();
    if (failed()) {
        const InvariantKind kind = info(result.violations.front().invariant).kind;
        result.verdict = kind == InvariantKind::liveness ? Verdict::liveness : Verdict::safety;
    }
    result.memory_bytes = stage_.machines.memory_bytes();
    result.healed = stage_.sizes.heals;
    result.trace_hash = stage_.world.trace().hash();
    result.checkpoints = stage_.world.trace().checkpoints();
    result.events = stage_.world.trace().events();
    result.simulated_ns = stage_.world.scheduler().now_ns();
    result.faults = stage_.injector.counts();
    result.network = stage_.world.fabric().counters();
    result.records = stage_.oracle.counts();
    result.frames = stage_.tap.frames();
    for (std::size_t i = 0; i < stage_.world.machine_count(); ++i) {
        Machine& machine = stage_.world.machine(i);
        result.machines.push_back(machine.name());
        result.syncs += machine.disk_faults().syncs;
        result.disk_full_errors += machine.disk_faults().disk_full_errors;
        result.sectors_lost += machine.disk_image().sectors_lost();
        result.entries_lost += machine.disk_image().entries_lost();
    }
    result.topics_created = stage_.run.topics_created;
    result.topics_deleted = stage_.run.topics_deleted;
    result.topics_updated = stage_.run.topics_updated;
    result.modules_created = stage_.run.modules_created;
    result.points = stage_.points.fired();
    result.situations = stage_.points.situations();
    result.load_begin_ns = load_begin_ns_;
    result.fault_plan = fault_plan_;
    result.fault_hits = stage_.injector.hits();
    result.operations = stage_.run.operations;
    result.broken_off = broken_off() && !failed();
    if (stage_.deck != nullptr && case_.tape.has_value()) {
        result.tape_fit = stage_.deck->fit();
    }
    if (stage_.deck != nullptr && options_.record != nullptr) {
        *options_.record = stage_.deck->tape();
    }
    return result;
}

}  // namespace

const CurrentRun& current_run() {
    return g_current;
}

RunReport run_case(const Case& one, const RunOptions& options) {
    Runner runner(one, options);
    return runner.run();
}

}  // namespace weir::sim
