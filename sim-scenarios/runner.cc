#include "sim-scenarios/runner.h"

#include "core/sc/service.h"
#include "core/spu/replica_manager.h"
#include "core/spu/service.h"
#include "runtime/sim/check/frame_tap.h"
#include "runtime/sim/check/log_inspection.h"
#include "sim-scenarios/payload.h"
#include "sim-scenarios/workloads/clients.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace weir::sim {

namespace {

CurrentRun g_current;

constexpr std::int64_t kSetUpSeconds = 60;
constexpr std::int64_t kStopSeconds = 30;
constexpr std::int64_t kSliceMs = 250;

Task<Result<void>> sc_main(Env& env, sc::Config config, CancelToken stop) {
    co_return co_await sc::run(env, std::move(config), stop);
}

Task<Result<void>> spu_main(Env& env, spu::Config config, CancelToken stop) {
    co_return co_await spu::run(env, std::move(config), stop);
}

class Runner {
public:
    Runner(const Scenario& scenario, std::uint64_t seed, const RunOptions& options)
        : scenario_(scenario),
          seed_(seed),
          draw_(Prng::derive(seed, "scenario.draw")),
          world_(seed, world_options(options)),
          oracle_(world_),
          tap_(oracle_),
          injector_(world_),
          run_(oracle_, scenario) {}
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
    struct SpuMachine {
        Machine* machine = nullptr;
        SpuId id;
        // Of a power loss under way: where each log would end if everything unsynced were lost.
        std::map<Uid, std::map<std::uint32_t, std::int64_t>> synced_end;
    };

    WorldOptions world_options(const RunOptions& options);
    void build();
    void add_sc(const MachineOptions& options);
    void add_spus(const MachineOptions& options);
    void add_clients();
    log::LogConfig log_config() const;

    bool failed() const { return !oracle_.violations().empty(); }
    // Runs until `done` or for `limit`; a violation or an exhausted budget ends it too.
    template <typename Done>
    bool run_until(Duration limit, Done done);
    void liveness(std::string text);
    void stop_everything();
    void stop_machines(const std::vector<Machine*>& machines, const char* what);
    void machine_ended(Machine& machine);
    void check_exit(Machine& machine);

    SpuMachine* spu_of(const Machine& machine);
    void before_power_loss(Machine& machine);
    void inspect(SpuMachine& spu, const char* when);
    void check_inspected(SpuMachine& spu, const InspectedLog& log, const char* when,
                         std::map<std::pair<TopicIndex, std::uint32_t>, bool>& found);
    std::optional<TopicIndex> topic_of(const InspectedLog& log);
    RunReport report();

    const Scenario& scenario_;
    std::uint64_t seed_;
    Prng draw_;
    World world_;
    Oracle oracle_;
    FrameTap tap_;
    FaultInjector injector_;
    RunState run_;
    log::LogConfig log_config_;
    bool stopping_ = false;
    Machine* sc_ = nullptr;
    std::vector<SpuMachine> spus_;
    std::vector<Machine*> clients_;
    // Which topic the files of a uid belong to, as far as records have shown.
    std::map<Uid, TopicIndex> topic_of_uid_;
};

WorldOptions Runner::world_options(const RunOptions& options) {
    WorldOptions world;
    world.chooser = scenario_.chooser;
    world.log = options.log;
    world.log_level = options.log_level;
    world.link.latency_ns = draw(scenario_.latency, draw_).ns();
    world.link.jitter_ns = draw(scenario_.jitter, draw_).ns();
    world.link.ns_per_kib = static_cast<std::int64_t>(scenario_.ns_per_kib);
    world.link.buffer_bytes =
        static_cast<std::size_t>(std::max<std::uint64_t>(draw(scenario_.buffer_bytes, draw_), 256));
    return world;
}

log::LogConfig Runner::log_config() const {
    return log_config_;
}

void Runner::add_sc(const MachineOptions& options) {
    sc_ = &world_.add_machine("sc", options);
    sc::Config config;
    config.public_bind = HostPort{"0.0.0.0", kScPublicPort};
    config.private_bind = HostPort{"0.0.0.0", kScPrivatePort};
    config.topic_wait = Duration::from_s(5);
    config.journal_segment_size_bytes = 4'096;
    config.snapshot_after_size_bytes = 8'192;
    tap_.follow(sc_->host(), kScPublicPort, {static_cast<std::uint16_t>(wire::ScApi::watch)});
    injector_.add(*sc_, Role::sc, Main(sc_main, config));
}

void Runner::add_spus(const MachineOptions& options) {
    for (std::uint32_t i = 0; i < scenario_.spu_count; ++i) {
        SpuMachine spu;
        spu.machine = &world_.add_machine(fmt::format("spu-{}", i), options);
        spu.id = SpuId(kFirstSpuId + static_cast<std::int32_t>(i));
        spu::Config config;
        config.id = spu.id;
        config.public_bind = HostPort{"0.0.0.0", kSpuPublicPort};
        config.private_bind = HostPort{"0.0.0.0", kSpuPrivatePort};
        config.sc_private = HostPort{"sc", kScPrivatePort};
        config.log = log_config();
        config.tick_interval = Duration::from_ms(500);
        tap_.follow(spu.machine->host(), kSpuPublicPort,
                    {static_cast<std::uint16_t>(wire::SpuApi::stream_fetch)});
        injector_.add(*spu.machine, Role::spu, Main(spu_main, config));
        spus_.push_back(std::move(spu));
    }
}

void Runner::add_clients() {
    run_.clients_done.assign(scenario_.client_count, false);
    for (std::uint32_t i = 0; i < scenario_.client_count; ++i) {
        Machine& client = world_.add_machine(fmt::format("client-{}", i));
        clients_.push_back(&client);
        injector_.add(client, Role::client, Main(client_main, &run_, i));
    }
}

void Runner::build() {
    world_.fabric().set_tap(&tap_);
    MachineOptions options;
    options.disk.capacity_bytes = scenario_.capacity_bytes;
    options.disk.sync_ns = draw(scenario_.sync_time, draw_).ns();
    options.disk.access_ns = scenario_.access_time.ns();
    log_config_.durability = scenario_.durability;
    log_config_.segment_size_bytes_max =
        std::max<std::uint64_t>(draw(scenario_.segment_bytes, draw_), 256);
    log_config_.index_interval_bytes =
        std::max<std::uint64_t>(draw(scenario_.index_interval_bytes, draw_), 64);
    log_config_.preallocate_bytes_max = draw(scenario_.preallocate_bytes, draw_);
    log_config_.checkpoint_interval_bytes = draw(scenario_.checkpoint_interval_bytes, draw_);
    log_config_.tail_cache_bytes_max =
        static_cast<std::size_t>(draw(scenario_.tail_cache_bytes, draw_));
    log_config_.disk_full_retry_interval = Duration::from_ms(200);
    log_config_.idle_after = Duration::from_s(2);
    injector_.before_power_loss = [this](Machine& machine) { before_power_loss(machine); };
    injector_.after_power_loss = [this](Machine& machine) {
        if (SpuMachine* spu = spu_of(machine)) {
            inspect(*spu, "after a power loss");
        }
    };
    injector_.on_end = [this](Machine& machine, Role) { machine_ended(machine); };
    add_sc(options);
    add_spus(options);
    add_clients();
}

template <typename Done>
bool Runner::run_until(Duration limit, Done done) {
    const std::int64_t end_ns = world_.scheduler().now_ns() + limit.ns();
    while (!done()) {
        if (failed()) {
            return false;
        }
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
        const std::int64_t slice_ns = std::min<std::int64_t>(end_ns - now_ns, kSliceMs * 1'000'000);
        world_.run_for(Duration::from_ns(slice_ns), scenario_.events_max - used);
    }
    return true;
}

void Runner::liveness(std::string text) {
    if (!failed()) {
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
        machine.exit_result()->error().code == ErrorCode::corrupt) {
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
        if (machine->exit_result().has_value() && !machine->exit_result()->has_value()) {
            liveness(fmt::format("{} ended with an error: {}", machine->name(),
                                 to_string(machine->exit_result()->error())));
        }
    }
}

void Runner::stop_everything() {
    stopping_ = true;
    injector_.stop_reviving();
    stop_machines(clients_, "the clients");
    std::vector<Machine*> servers;
    servers.reserve(spus_.size() + 1);
    for (const SpuMachine& spu : spus_) {
        servers.push_back(spu.machine);
    }
    if (!failed()) {
        stop_machines(servers, "the SPUs");
    }
    if (!failed()) {
        stop_machines({sc_}, "the SC");
    }
}

Runner::SpuMachine* Runner::spu_of(const Machine& machine) {
    for (SpuMachine& spu : spus_) {
        if (spu.machine == &machine) {
            return &spu;
        }
    }
    return nullptr;
}

void Runner::before_power_loss(Machine& machine) {
    SpuMachine* spu = spu_of(machine);
    if (spu == nullptr) {
        return;
    }
    // What is certainly on the platter: what remains when everything unsynced is lost.
    DiskImage image = machine.disk_image().clone();
    Prng unused(0);
    image.power_loss(unused, LossMode::all);
    spu->synced_end.clear();
    for (const WalkedLog& log : walk_logs(image, "data/")) {
        spu->synced_end[log.identity.uid][log.identity.partition] = log.end;
    }
}

std::optional<TopicIndex> Runner::topic_of(const InspectedLog& log) {
    for (const Bytes& value : log.values) {
        if (const auto topic = oracle_.topic_of(decode_payload(value))) {
            topic_of_uid_.emplace(log.identity.uid, *topic);
            return *topic;
        }
    }
    const auto known = topic_of_uid_.find(log.identity.uid);
    if (known != topic_of_uid_.end()) {
        return known->second;
    }
    // Topics of the scenario exist once: their name is enough.
    const std::size_t slash = log.dir.rfind('/');
    const auto ref = spu::parse_replica_folder_name(
        std::string_view(log.dir).substr(slash == std::string::npos ? 0 : slash + 1));
    for (const TopicIndex topic : run_.topics) {
        if (ref.has_value() && oracle_.topic_name(topic) == ref->key.topic) {
            return topic;
        }
    }
    return std::nullopt;
}

void Runner::check_inspected(SpuMachine& spu, const InspectedLog& log, const char* when,
                             std::map<std::pair<TopicIndex, std::uint32_t>, bool>& found) {
    if (log.dir.find(kConsumerOffsetTopic) != std::string::npos) {
        return;
    }
    const std::optional<TopicIndex> topic = topic_of(log);
    if (topic.has_value() && oracle_.deleted(*topic)) {
        return;
    }
    if (topic.has_value()) {
        found[{*topic, log.identity.partition}] = true;
    }
    const std::string where = fmt::format("{}: {} {}", spu.machine->name(), log.dir, when);
    if (log.open_error.has_value()) {
        oracle_.report(Invariant::a13_recovery, fmt::format("{} cannot be recovered: {}", where,
                                                            to_string(*log.open_error)));
        return;
    }
    if (!log.second_difference.empty()) {
        oracle_.report(Invariant::a13_recovery, fmt::format("{}: recovery is not idempotent: {}",
                                                            where, log.second_difference));
    }
    const auto synced = spu.synced_end.find(log.identity.uid);
    if (synced != spu.synced_end.end()) {
        const auto end = synced->second.find(log.identity.partition);
        if (end != synced->second.end() && log.leo < end->second) {
            oracle_.report(
                Invariant::a13_recovery,
                fmt::format("{}: recovery ends at {}, but everything below {} was synced", where,
                            log.leo, end->second));
        }
    }
    if (log.read_error.has_value()) {
        oracle_.report(Invariant::a14_damage,
                       fmt::format("{}: recovery accepted what cannot be read: {}", where,
                                   to_string(*log.read_error)));
        return;
    }
    if (topic.has_value()) {
        Oracle::RecoveredLog recovered;
        recovered.log_start = log.log_start;
        recovered.leo = log.leo;
        for (const Bytes& value : log.values) {
            recovered.records.push_back(decode_payload(value));
        }
        oracle_.recovered(PartitionRef{*topic, log.identity.partition}, recovered);
    }
}

void Runner::inspect(SpuMachine& spu, const char* when) {
    std::map<std::pair<TopicIndex, std::uint32_t>, bool> found;
    for (const InspectedLog& log : inspect_logs(spu.machine->disk_image(), "data/", log_config_)) {
        check_inspected(spu, log, when, found);
    }
    spu.synced_end.clear();
    // A partition without any log must not have promised anything.
    for (const auto& [key, leader] : run_.leaders) {
        if (leader == spu.id && !found.contains(key) && !oracle_.deleted(key.first)) {
            oracle_.recovered(PartitionRef{key.first, key.second}, Oracle::RecoveredLog());
        }
    }
}

RunReport Runner::run() {
    g_current = CurrentRun{&scenario_, seed_, &world_};
    build();
    const bool ready = run_until(Duration::from_s(kSetUpSeconds), [this] { return run_.ready; });
    if (ready) {
        injector_.start(
            draw_faults(scenario_.faults, scenario_.duration, world_.stream("fault.plan")));
        run_until(scenario_.duration, [] { return false; });
        injector_.heal();
        run_.load = false;
        const bool verified = run_until(scenario_.settle, [this] { return run_.verified; });
        if (!verified) {
            liveness(fmt::format("not finished {} s after the faults were healed: waiting for {}",
                                 scenario_.settle.s(), run_.waiting_for));
        }
    } else {
        liveness(
            fmt::format("not set up within {} s: waiting for {}", kSetUpSeconds, run_.waiting_for));
    }
    if (!failed()) {
        stop_everything();
    }
    if (!failed()) {
        for (SpuMachine& spu : spus_) {
            inspect(spu, "after the stop");
        }
    }
    RunReport result = report();
    injector_.stop_reviving();
    g_current = CurrentRun();
    return result;
}

RunReport Runner::report() {
    RunReport result;
    result.scenario = scenario_.name;
    result.seed = seed_;
    result.violations = oracle_.violations();
    if (failed()) {
        const InvariantKind kind = info(result.violations.front().invariant).kind;
        result.verdict = kind == InvariantKind::liveness ? Verdict::liveness : Verdict::safety;
    }
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
        result.syncs += machine.disk_faults().syncs;
        result.disk_full_errors += machine.disk_faults().disk_full_errors;
        result.sectors_lost += machine.disk_image().sectors_lost();
        result.entries_lost += machine.disk_image().entries_lost();
    }
    result.topics_created = run_.topics_created;
    result.topics_deleted = run_.topics_deleted;
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

RunReport run_scenario(const Scenario& scenario, std::uint64_t seed, const RunOptions& options) {
    Runner runner(scenario, seed, options);
    return runner.run();
}

}  // namespace weir::sim
