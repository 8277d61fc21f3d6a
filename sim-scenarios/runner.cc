#include "sim-scenarios/runner.h"

#include "runtime/sim/check/frame_tap.h"
#include "runtime/sim/sched/heap_account.h"
#include "sim-scenarios/cluster.h"
#include "sim-scenarios/disk_checks.h"
#include "sim-scenarios/sizes.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace weir::sim {

namespace {

CurrentRun g_current;

constexpr std::int64_t kSetUpSeconds = 60;
constexpr std::int64_t kStopSeconds = 30;
constexpr std::int64_t kSliceMs = 250;
// Of a case whose schedules are counted out: load and faults begin together.
constexpr std::int64_t kFineSliceMs = 1;
// For which a deposed leader may serve on: its lease by the slowest clock, and a turn.
constexpr Duration kLeaseMax = Duration::from_ms(2'700);

// A batch to the follower and the word back, and two syncs: one under way and its own. Zero: nobody
// knows.
Duration commit_time(const Scenario& scenario) {
    const LinkPlan& link = scenario.network;
    if (scenario.points || link.tail.ns() > 0 || link.lost_per_mille > 0 ||
        !scenario.links.empty()) {
        return Duration();
    }
    const Duration message = link.latency.high + link.jitter.high * 3;
    return message * 2 + scenario.sync_time_max() * 4 + Duration::from_ms(1);
}

// The machine is gone meanwhile, which shows, and nothing else is wrong.
bool ends_machine(FaultKind kind) {
    return kind == FaultKind::crash || kind == FaultKind::power_loss || kind == FaultKind::restart;
}

class Runner {
public:
    Runner(const Case& one, const RunOptions& options)
        : case_(one),
          scenario_(one.scenario),
          options_(options),
          deck_(make_deck(one, options)),
          probe_(&points_, replication_, options.watch),
          sizes_(draw_sizes(one.scenario, one.seed)),
          world_(one.seed, world_options(options)),
          oracle_(world_),
          replication_(world_, oracle_, kLeaseMax, commit_time(scenario_)),
          tap_(oracle_),
          watched_tap_(&tap_, options.watch),
          injector_(world_),
          run_(oracle_, one),
          cluster_(world_, injector_, Cluster::Checks{tap_, replication_, run_}),
          disks_(scenario_, cluster_, DiskChecks::Truth{oracle_, replication_, run_}) {
        run_.watch = options.watch;
        world_.trace().record_to(options.events);
        world_.scheduler().note_choices(options.choices);
        if (sizes_.priority_changes.has_value()) {
            world_.scheduler().bound_changes(*sizes_.priority_changes, scenario_.duration.ns());
        }
    }
    // Whoever still runs after a violation refers to the members below the world.
    ~Runner() {
        for (std::size_t i = 0; i < world_.machine_count(); ++i) {
            world_.machine(i).crash();
        }
        world_.fabric().set_tap(nullptr);
    }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    RunReport run();

private:
    static std::unique_ptr<TapeDeck> make_deck(const Case& one, const RunOptions& options);
    WorldOptions world_options(const RunOptions& options);
    void build();
    // What happens to machines, told to whom it concerns.
    void connect();

    bool failed() const { return !oracle_.violations().empty(); }
    bool broken_off() { return world_.trace().events() >= options_.events_max; }
    // Runs until `done` or for `limit`; a violation or an exhausted budget ends it too.
    template <typename Done>
    bool run_until(Duration limit, Done done);
    void liveness(std::string text);
    void stop_everything();
    // Of a run that is not healed: all that clients were promised must be on the disks.
    void cut_power();
    void stop_machines(const std::vector<Machine*>& machines, const char* what);
    void machine_ended(Machine& machine);
    void check_exit(Machine& machine);
    // B1 to B8, where nothing happens but the faults of the plan.
    void check_bounds();
    // Of one slice of time after another, so that what a log line takes for a moment is not in it.
    void check_memory();
    void run_load();
    RunReport report();

    const Case& case_;
    const Scenario& scenario_;
    const RunOptions& options_;
    std::unique_ptr<TapeDeck> deck_;
    PointProbe points_;
    WatchedProbe probe_;
    DrawnSizes sizes_;
    World world_;
    Oracle oracle_;
    ReplicationOracle replication_;
    FrameTap tap_;
    WatchedTap watched_tap_;
    FaultInjector injector_;
    RunState run_;
    Cluster cluster_;
    DiskChecks disks_;
    std::vector<Fault> fault_plan_;
    std::uint64_t memory_bytes_ = 0;
    std::int64_t load_begin_ns_ = 0;
    bool stopping_ = false;
};

std::unique_ptr<TapeDeck> Runner::make_deck(const Case& one, const RunOptions& options) {
    if (one.tape.has_value()) {
        return std::make_unique<TapeDeck>(*one.tape);
    }
    return options.record == nullptr ? nullptr : std::make_unique<TapeDeck>();
}

WorldOptions Runner::world_options(const RunOptions& options) {
    WorldOptions world;
    world.tape = deck_.get();
    world.probe = &probe_;
    world.chooser = sizes_.chooser;
    world.link = sizes_.link;
    world.log = options.log;
    world.log_level = options.log_level;
    return world;
}

void Runner::connect() {
    run_.leader_incarnation = [this](PartitionRef ref) {
        const SpuMachine* spu = cluster_.leader_of(ref);
        return spu == nullptr ? 0 : spu->machine->incarnation();
    };
    run_.check_log_start = [this](PartitionRef ref, std::int64_t log_start) {
        disks_.check_log_start(ref, log_start);
    };
    run_.down_for = [this](SpuId id) { return cluster_.down_for(id); };
    run_.real_partition = [this](const std::string& name) {
        return replication_.real_partition(name);
    };
    run_.real_size_bytes = [this](const RealReplica& replica) {
        return stored_batches_size_bytes(world_.machine(replica.host).disk_image(), replica.dir);
    };
    run_.ends = [this] {
        std::uint64_t count =
            points_.situations()[static_cast<std::size_t>(Sometimes::sc_spu_offline)] +
            points_.situations()[static_cast<std::size_t>(Sometimes::sc_session_replaced)] +
            cluster_.sc().incarnation();
        for (const SpuMachine& spu : cluster_.spus()) {
            count += spu.machine->incarnation();
        }
        return count;
    };
    injector_.before_power_loss = [this](Machine& machine) { disks_.before_power_loss(machine); };
    injector_.after_power_loss = [this](Machine& machine) { disks_.after_power_loss(machine); };
    injector_.before_boot = [this](Machine& machine) {
        cluster_.boots(machine);
        disks_.before_boot(machine);
    };
    injector_.charge = [this](Machine& machine, std::string_view path) {
        return disks_.charge(machine, path);
    };
    injector_.after_restore = [this](std::int64_t backup_ns) {
        replication_.store_restored();
        run_.restores.push_back(RunState::Restore{backup_ns, oracle_.now_ns()});
    };
    injector_.leader_index = [this] {
        const SpuId leader = replication_.leader_of_first();
        return static_cast<std::uint32_t>(std::max(leader.value() - kFirstSpuId, 0));
    };
    injector_.on_end = [this](Machine& machine, Role) { machine_ended(machine); };
}

void Runner::build() {
    world_.fabric().set_tap(&watched_tap_);
    disks_.begin(sizes_.log);
    connect();
    cluster_.build(scenario_, sizes_);
    if (options_.watch != nullptr) {
        options_.watch->begins(world_);
    }
}

template <typename Done>
bool Runner::run_until(Duration limit, Done done) {
    const std::int64_t end_ns = world_.scheduler().now_ns() + limit.ns();
    while (!done()) {
        if (failed() || broken_off()) {
            return false;
        }
        cluster_.note_down();
        check_bounds();
        check_memory();
        const std::int64_t now_ns = world_.scheduler().now_ns();
        if (now_ns >= end_ns) {
            return false;
        }
        const std::uint64_t used = world_.trace().events();
        if (used >= scenario_.events_max) {
            liveness(
                fmt::format("{} events were not enough: a livelock, or events_max is too "
                            "small",
                            scenario_.events_max));
            return false;
        }
        const bool fine = world_.options().chooser == Chooser::machine && !run_.ready;
        const std::int64_t slice_ms = fine ? kFineSliceMs : kSliceMs;
        const std::int64_t slice_ns = std::min<std::int64_t>(end_ns - now_ns, slice_ms * 1'000'000);
        const std::uint64_t last = std::min(scenario_.events_max, options_.events_max);
        world_.run_for(Duration::from_ns(slice_ns), last - used);
    }
    return true;
}

void Runner::check_bounds() {
    if (scenario_.points || load_begin_ns_ == 0 || !run_.load) {
        return;
    }
    const std::int64_t now_ns = world_.scheduler().now_ns();
    std::int64_t since_ns = load_begin_ns_;
    for (const Fault& fault : fault_plan_) {
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

void Runner::check_memory() {
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
    look(cluster_.sc());
    for (const SpuMachine& spu : cluster_.spus()) {
        look(*spu.machine);
    }
}

void Runner::liveness(std::string text) {
    if (!failed() && !broken_off()) {
        oracle_.report(Invariant::a12_progress, std::move(text));
    }
}

void Runner::machine_ended(Machine& machine) {
    // A process that ends by itself during the run: a start that failed, or a halt.
    if (!machine.exit_result().has_value() || stopping_) {
        return;
    }
    if (machine.leaks().any() && machine.exit_result()->has_value()) {
        check_exit(machine);
    }
    if (!machine.exit_result()->has_value() &&
        machine.exit_result()->error().code == ErrorCode::corrupt && !disks_.over_budget(machine)) {
        oracle_.report(Invariant::a13_recovery,
                       fmt::format("{} does not start: {}", machine.name(),
                                   to_string(machine.exit_result()->error())));
    }
}

void Runner::check_exit(Machine& machine) {
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
        check_exit(*machine);
        if (machine->exit_result().has_value() && !machine->exit_result()->has_value() &&
            !disks_.over_budget(*machine)) {
            liveness(fmt::format("{} ended with an error: {}", machine->name(),
                                 to_string(machine->exit_result()->error())));
        }
    }
}

void Runner::stop_everything() {
    stopping_ = true;
    injector_.stop_reviving();
    stop_machines(cluster_.clients(), "the clients");
    std::vector<Machine*> servers;
    servers.reserve(cluster_.spus().size());
    for (const SpuMachine& spu : cluster_.spus()) {
        servers.push_back(spu.machine);
    }
    if (!failed() && !broken_off()) {
        stop_machines(servers, "the SPUs");
    }
    if (!failed() && !broken_off()) {
        stop_machines({&cluster_.sc()}, "the SC");
    }
}

void Runner::cut_power() {
    stopping_ = true;
    injector_.stop_reviving();
    for (SpuMachine& spu : cluster_.spus()) {
        if (!spu.machine->running()) {
            continue;
        }
        if (scenario_.durability == Durability::fsync) {
            disks_.before_power_loss(*spu.machine);
            spu.machine->power_loss(LossMode::all);
        } else {
            spu.machine->crash();
        }
    }
}

RunReport Runner::run() {
    g_current = CurrentRun{&case_, &world_};
    build();
    const bool ready = run_until(Duration::from_s(kSetUpSeconds), [this] { return run_.ready; });
    if (ready) {
        run_load();
    } else {
        liveness(
            fmt::format("not set up within {} s: waiting for {}", kSetUpSeconds, run_.waiting_for));
    }
    if (!failed() && !broken_off()) {
        sizes_.heals ? stop_everything() : cut_power();
    }
    if (sizes_.heals) {
        disks_.all_stopped();
    }
    if (!failed() && !broken_off()) {
        DiskChecks::FoundLogs found;
        for (SpuMachine& spu : cluster_.spus()) {
            found.merge(disks_.inspect(spu, sizes_.heals ? "after the stop" : "unhealed"));
        }
        disks_.check_unlisted(found);
    }
    if (!sizes_.heals && !failed() && !broken_off()) {
        disks_.check_copies();
    }
    RunReport result = report();
    injector_.stop_reviving();
    g_current = CurrentRun();
    return result;
}

// Load and faults; then, if at all, everything heals and is read back.
void Runner::run_load() {
    fault_plan_ = case_.faults.has_value()
                      ? *case_.faults
                      : draw_faults(scenario_.faults, scenario_.duration,
                                    world_.stream("fault.plan"), scenario_.swarm_families);
    if (!case_.faults.has_value()) {
        fault_plan_.insert(fault_plan_.end(), scenario_.plan.begin(), scenario_.plan.end());
        std::sort(fault_plan_.begin(), fault_plan_.end(), [](const Fault& a, const Fault& b) {
            return a.at != b.at ? a.at < b.at : a.argument < b.argument;
        });
    }
    if (scenario_.points) {
        points_.start(world_);
    }
    load_begin_ns_ = world_.scheduler().now_ns();
    injector_.start(fault_plan_, scenario_.duration);
    run_until(scenario_.duration, [] { return false; });
    if (!sizes_.heals) {
        return;
    }
    injector_.heal();
    points_.stop();
    if (oracle_.budget().any_copy_damaged()) {
        // Somebody has to come by, and then the others send what they have.
        run_until(Duration::from_s(10), [] { return false; });
    }
    run_.load = false;
    const bool verified = run_until(scenario_.settle, [this] { return run_.verified; });
    if (!verified) {
        // What cannot be read may be lost or damaged, which says more.
        for (SpuMachine& spu : cluster_.spus()) {
            if (!failed() && !broken_off()) {
                disks_.inspect(spu, "after the time to settle");
            }
        }
        liveness(fmt::format("not finished {} s after the faults were healed: waiting for {}",
                             scenario_.settle.s(), run_.waiting_for));
        return;
    }
    const auto converged = [this] { return replication_.not_converged().empty(); };
    if (!run_until(scenario_.convergence, converged) && !failed() && !broken_off()) {
        oracle_.report(Invariant::i30_convergence,
                       fmt::format("{} s after everything was read: {}", scenario_.convergence.s(),
                                   replication_.not_converged()));
    }
}

RunReport Runner::report() {
    RunReport result;
    result.scenario = scenario_.name;
    result.seed = case_.seed;
    result.violations = oracle_.violations();
    if (failed()) {
        const InvariantKind kind = info(result.violations.front().invariant).kind;
        result.verdict = kind == InvariantKind::liveness ? Verdict::liveness : Verdict::safety;
    }
    result.memory_bytes = memory_bytes_;
    result.healed = sizes_.heals;
    result.trace_hash = world_.trace().hash();
    result.checkpoints = world_.trace().checkpoints();
    result.events = world_.trace().events();
    result.simulated_ns = world_.scheduler().now_ns();
    result.faults = injector_.counts();
    result.network = world_.fabric().counters();
    result.records = oracle_.counts();
    result.frames = tap_.frames();
    for (std::size_t i = 0; i < world_.machine_count(); ++i) {
        Machine& machine = world_.machine(i);
        result.machines.push_back(machine.name());
        result.syncs += machine.disk_faults().syncs;
        result.disk_full_errors += machine.disk_faults().disk_full_errors;
        result.sectors_lost += machine.disk_image().sectors_lost();
        result.entries_lost += machine.disk_image().entries_lost();
    }
    result.topics_created = run_.topics_created;
    result.topics_deleted = run_.topics_deleted;
    result.topics_updated = run_.topics_updated;
    result.modules_created = run_.modules_created;
    result.points = points_.fired();
    result.situations = points_.situations();
    result.load_begin_ns = load_begin_ns_;
    result.fault_plan = fault_plan_;
    result.operations = run_.operations;
    result.broken_off = broken_off() && !failed();
    if (deck_ != nullptr && case_.tape.has_value()) {
        result.tape_fit = deck_->fit();
    }
    if (deck_ != nullptr && options_.record != nullptr) {
        *options_.record = deck_->tape();
    }
    return result;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed: return "passed";
        case Verdict::safety: return "safety";
        case Verdict::liveness: return "liveness";
        case Verdict::assertion: return "assertion";
    }
    return "unknown";
}

const CurrentRun& current_run() {
    return g_current;
}

RunReport run_case(const Case& one, const RunOptions& options) {
    Runner runner(one, options);
    return runner.run();
}

}  // namespace weir::sim
