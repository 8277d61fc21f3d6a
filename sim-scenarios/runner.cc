#include "sim-scenarios/runner.h"

#include "core/log/format.h"
#include "core/sc/service.h"
#include "core/spu/replica_manager.h"
#include "core/spu/service.h"
#include "runtime/sim/check/frame_tap.h"
#include "runtime/sim/check/log_inspection.h"
#include "runtime/sim/check/watched_store.h"
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
// Of a case whose schedules are counted out: load and faults begin together.
constexpr std::int64_t kFineSliceMs = 1;
constexpr std::uint64_t kQueueSize = 64U << 10U;
// How much longer than its bound an acknowledgement may stay unsynced: a sync under way, another
// one before it, and the time that the process takes.
constexpr std::int64_t kBoundedSlackSyncs = 40;
constexpr std::int64_t kBoundedSlackMs = 20;
constexpr std::int64_t kRecoveredNs = 1'000'000'000;
// For which a deposed leader may serve on: its lease by the slowest clock, and a turn.
constexpr Duration kConvergenceLimit = Duration::from_s(30);
constexpr Duration kLeaseMax = Duration::from_ms(2'700);

// As sc::run, with faults before its store.
Task<Result<void>> sc_main(Env& env, sc::Config config, StoreFaults* faults,
                           ReplicationOracle* oracle, CancelToken stop) {
    WEIR_CO_TRY(const std::unique_ptr<sc::MetadataStore> store,
                co_await sc::open_store(env, config));
    WatchedStore watched(*store, *oracle);
    WEIR_CO_CHECK(co_await watched.tell_all());
    FaultyStore faulty(env, watched, *faults);
    Result<void> served = co_await sc::run_on(env, faulty, std::move(config), stop);
    Result<void> closed = co_await store->close();
    if (!served.has_value()) {
        co_return served;
    }
    co_return closed;
}

Task<Result<void>> spu_main(Env& env, spu::Config config, CancelToken stop) {
    co_return co_await spu::run(env, std::move(config), stop);
}

class Runner {
public:
    Runner(const Case& one, const RunOptions& options)
        : case_(one),
          scenario_(one.scenario),
          options_(options),
          deck_(make_deck(one, options)),
          probe_(&points_, replication_, options.watch),
          draw_(Prng::derive(one.seed, "scenario.draw")),
          swarm_(Prng::derive(one.seed, "scenario.swarm")),
          smallest_(scenario_.swarm_tiny && swarm_.chance(1, 4)),
          world_(one.seed, world_options(options)),
          oracle_(world_),
          replication_(world_, oracle_, kLeaseMax),
          tap_(oracle_),
          watched_tap_(&tap_, options.watch),
          injector_(world_),
          run_(oracle_, one) {
        run_.watch = options.watch;
        world_.trace().record_to(options.events);
        world_.scheduler().note_choices(options.choices);
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
    struct SpuMachine {
        Machine* machine = nullptr;
        SpuId id;
        // Of a power loss under way: where each log would end if everything unsynced were lost.
        std::map<Uid, std::map<std::uint32_t, std::int64_t>> synced_end;
        // Damage to stored bytes of this machine was charged to the budget.
        bool damaged = false;
        bool power_lost = false;  // just now
        // It ran when the power went, and for long enough to have recovered.
        bool syncing = false;
        std::int64_t boot_ns = 0;
        // Since when it has not been running, to within a slice.
        std::optional<std::int64_t> down_since_ns;
    };

    static std::unique_ptr<TapeDeck> make_deck(const Case& one, const RunOptions& options);
    WorldOptions world_options(const RunOptions& options);
    void build();
    void add_sc(const MachineOptions& options);
    void add_spus(const MachineOptions& options);
    void add_clients();
    log::LogConfig log_config() const;
    // Long enough for somebody to notice, where it matters; else soon.
    Duration unlisted_grace() const;
    // One more size of a swarm: whether it is as small as can be.
    // Topics that come and go have one replica.
    std::uint32_t replication_factor(TopicIndex topic) const {
        const auto place = std::find(run_.topics.begin(), run_.topics.end(), topic);
        return place == run_.topics.end()
                   ? 1
                   : scenario_.topics[static_cast<std::size_t>(place - run_.topics.begin())]
                         .replication_factor;
    }
    bool tiny() { return scenario_.swarm_tiny && (smallest_ || swarm_.chance(1, 2)); }

    bool failed() const { return !oracle_.violations().empty(); }
    bool broken_off() { return world_.trace().events() >= options_.events_max; }
    // Runs until `done` or for `limit`; a violation or an exhausted budget ends it too.
    template <typename Done>
    bool run_until(Duration limit, Done done);
    void liveness(std::string text);
    void stop_everything();
    void stop_machines(const std::vector<Machine*>& machines, const char* what);
    void machine_ended(Machine& machine);
    void check_exit(Machine& machine);

    SpuMachine* spu_of(const Machine& machine);
    SpuMachine* leader_of(PartitionRef ref);
    void note_down();
    void check_log_start(PartitionRef ref, std::int64_t log_start);
    void before_power_loss(Machine& machine);
    // Accounts for damage to a file of a machine, or to all of its disk; false: must not be.
    bool charge(Machine& machine, std::string_view path);
    bool over_budget(const Machine& machine) const;
    // What a log may have lost after what happened to its machine.
    Oracle::Allowance allowance(const SpuMachine& spu, PartitionRef ref, Uid uid) const;
    bool sync_in_time() const;
    using FoundLogs = std::map<std::pair<TopicIndex, std::uint32_t>, bool>;
    FoundLogs inspect(SpuMachine& spu, const char* when);
    // A damaged copy of several, which the others will repair.
    bool may_be_damaged(const SpuMachine& spu, PartitionRef ref) {
        return !stopped_ && oracle_.budget().copy_damaged(ref.topic, ref.partition, spu.id);
    }
    // A1 of topics that a restored SC does not know: their logs are still there.
    void check_unlisted(const FoundLogs& found);
    void check_inspected(SpuMachine& spu, const InspectedLog& log, const char* when,
                         FoundLogs& found);
    std::optional<TopicIndex> topic_of(const InspectedLog& log);
    void run_load();
    RunReport report();

    const Case& case_;
    const Scenario& scenario_;
    const RunOptions& options_;
    std::unique_ptr<TapeDeck> deck_;
    PointProbe points_;
    WatchedProbe probe_;
    Prng draw_;
    Prng swarm_;
    // All sizes are as small as can be.
    bool smallest_;
    World world_;
    Oracle oracle_;
    ReplicationOracle replication_;
    FrameTap tap_;
    WatchedTap watched_tap_;
    FaultInjector injector_;
    RunState run_;
    log::LogConfig log_config_;
    std::size_t chunk_bytes_ = 0;
    std::vector<Fault> fault_plan_;
    std::int64_t load_begin_ns_ = 0;
    bool stopping_ = false;
    Machine* sc_ = nullptr;
    std::vector<SpuMachine> spus_;
    std::vector<Machine*> clients_;
    // Which topic the files of a uid belong to, as far as records have shown.
    std::map<Uid, TopicIndex> topic_of_uid_;
    bool stopped_ = false;
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
    world.chooser = scenario_.chooser.any ? static_cast<Chooser>(draw_.below(kAnyChooserCount))
                                          : scenario_.chooser.chooser;
    world.log = options.log;
    world.log_level = options.log_level;
    world.link.latency_ns = draw(scenario_.latency, draw_).ns();
    world.link.jitter_ns = draw(scenario_.jitter, draw_).ns();
    world.link.ns_per_kib = static_cast<std::int64_t>(scenario_.ns_per_kib);
    world.link.buffer_bytes =
        static_cast<std::size_t>(std::max<std::uint64_t>(draw(scenario_.buffer_bytes, draw_), 256));
    world.link.tail_ns = scenario_.tail.ns();
    if (tiny()) {
        world.link.buffer_bytes = 256;
    }
    return world;
}

log::LogConfig Runner::log_config() const {
    return log_config_;
}

Duration Runner::unlisted_grace() const {
    return scenario_.has_fault(FaultKind::store_restored) ? Duration::from_s(3'600)
                                                          : Duration::from_s(2);
}

void Runner::add_sc(const MachineOptions& options) {
    sc_ = &world_.add_machine("sc", options);
    sc::Config config;
    config.public_bind = HostPort{"0.0.0.0", kScPublicPort};
    config.private_bind = HostPort{"0.0.0.0", kScPrivatePort};
    config.topic_wait = Duration::from_s(5);
    config.journal_segment_size_bytes = 4'096;
    config.snapshot_after_size_bytes = 8'192;
    config.new_topics.durability = scenario_.durability;
    config.new_topics.unclean_policy = scenario_.unclean_policy;
    if (scenario_.min_live > 0) {
        config.new_topics.min_live = scenario_.min_live;
    }
    tap_.follow(sc_->host(), kScPublicPort, {static_cast<std::uint16_t>(wire::ScApi::watch)});
    injector_.add(*sc_, Role::sc, Main(sc_main, config, &injector_.store_faults(), &replication_));
}

void Runner::add_spus(const MachineOptions& options) {
    for (std::uint32_t i = 0; i < scenario_.spu_count; ++i) {
        SpuMachine spu;
        spu.machine = &world_.add_machine(fmt::format("spu-{}", i), options);
        spu.id = SpuId(kFirstSpuId + static_cast<std::int32_t>(i));
        replication_.follow(spu.machine->host());
        spu::Config config;
        config.id = spu.id;
        config.public_bind = HostPort{"0.0.0.0", kSpuPublicPort};
        config.private_bind = HostPort{"0.0.0.0", kSpuPrivatePort};
        config.sc_private = HostPort{"sc", kScPrivatePort};
        config.log = log_config();
        config.tick_interval = Duration::from_ms(500);
        config.unlisted_grace = unlisted_grace();
        config.scrub_interval = Duration::from_s(2);
        config.replication.chunk_bytes = chunk_bytes_;
        config.replication.window_bytes = 4 * chunk_bytes_;
        config.push_frame_bytes = 4 * chunk_bytes_;
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
    world_.fabric().set_tap(&watched_tap_);
    MachineOptions options;
    options.disk.capacity_bytes = scenario_.capacity_bytes;
    options.disk.sync_ns = draw(scenario_.sync_time, draw_).ns();
    options.disk.access_ns = draw(scenario_.access_time, draw_).ns();
    log_config_.durability = scenario_.durability;
    log_config_.segment_size_bytes_max =
        std::max<std::uint64_t>(draw(scenario_.segment_bytes, draw_), 256);
    log_config_.index_interval_bytes =
        std::max<std::uint64_t>(draw(scenario_.index_interval_bytes, draw_), 64);
    log_config_.preallocate_bytes_max = draw(scenario_.preallocate_bytes, draw_);
    log_config_.checkpoint_interval_bytes = draw(scenario_.checkpoint_interval_bytes, draw_);
    log_config_.tail_cache_bytes_max =
        static_cast<std::size_t>(draw(scenario_.tail_cache_bytes, draw_));
    if (tiny()) {
        log_config_.segment_size_bytes_max = 512;
    }
    if (tiny()) {
        log_config_.index_interval_bytes = 64;
        log_config_.checkpoint_interval_bytes = 64;
    }
    if (tiny()) {
        log_config_.preallocate_bytes_max = 0;
        log_config_.tail_cache_bytes_max = 0;
    }
    chunk_bytes_ =
        static_cast<std::size_t>(std::max<std::uint64_t>(draw(scenario_.chunk_bytes, draw_), 1));
    if (tiny()) {
        chunk_bytes_ = 1;
    }
    // An overload is refused instead of being worked off for longer than a run takes.
    log_config_.queue_size_bytes_max =
        std::max(kQueueSize, 4 * scenario_.workload.record_size_bytes.high);
    log_config_.disk_full_retry_interval = Duration::from_ms(200);
    log_config_.idle_after = Duration::from_s(2);
    run_.leader_incarnation = [this](PartitionRef ref) {
        const SpuMachine* spu = leader_of(ref);
        return spu == nullptr ? 0 : spu->machine->incarnation();
    };
    run_.check_log_start = [this](PartitionRef ref, std::int64_t log_start) {
        check_log_start(ref, log_start);
    };
    run_.down_for = [this](SpuId id) {
        for (const SpuMachine& spu : spus_) {
            if (spu.id == id && spu.down_since_ns.has_value() && !spu.machine->running()) {
                return Duration::from_ns(world_.scheduler().now_ns() - *spu.down_since_ns);
            }
        }
        return Duration();
    };
    injector_.before_power_loss = [this](Machine& machine) { before_power_loss(machine); };
    injector_.after_power_loss = [this](Machine& machine) {
        if (SpuMachine* spu = spu_of(machine)) {
            inspect(*spu, "after a power loss");
        }
    };
    // Damage shows when a log is recovered: from then on the oracle knows what is left.
    injector_.before_boot = [this](Machine& machine) {
        SpuMachine* spu = spu_of(machine);
        if (spu != nullptr) {
            // It may be down again before anybody looks.
            spu->down_since_ns.reset();
            spu->boot_ns = oracle_.now_ns();
        }
        if (spu != nullptr && spu->damaged && !failed()) {
            inspect(*spu, "before a start");
        }
    };
    injector_.charge = [this](Machine& machine, std::string_view path) {
        return charge(machine, path);
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
    add_sc(options);
    add_spus(options);
    add_clients();
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
        note_down();
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
        machine.exit_result()->error().code == ErrorCode::corrupt && !over_budget(machine)) {
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
            !over_budget(*machine)) {
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
    if (!failed() && !broken_off()) {
        stop_machines(servers, "the SPUs");
    }
    if (!failed() && !broken_off()) {
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

bool Runner::over_budget(const Machine& machine) const {
    return std::any_of(spus_.begin(), spus_.end(), [&machine](const SpuMachine& spu) {
        return spu.machine == &machine && spu.damaged;
    });
}

bool Runner::charge(Machine& machine, std::string_view path) {
    SpuMachine* spu = spu_of(machine);
    if (spu == nullptr) {
        return false;
    }
    if (path.empty()) {
        if (!replication_.may_lose_disk(machine.host())) {
            return false;
        }
        replication_.disk_lost(machine.host());
        for (const auto& [key, leader] : run_.leaders) {
            if (leader == spu->id && replication_factor(key.first) == 1) {
                oracle_.budget().charge(key.first, key.second);
            }
        }
        spu->damaged = true;
        return true;
    }
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
        return false;
    }
    const std::string_view dir = path.substr(0, slash);
    const std::size_t parent = dir.rfind('/');
    const auto ref = spu::parse_replica_folder_name(
        dir.substr(parent == std::string_view::npos ? 0 : parent + 1));
    if (!ref.has_value()) {
        return false;
    }
    for (const TopicIndex topic : run_.topics) {
        if (oracle_.topic_name(topic) == ref->key.topic && replication_factor(topic) > 1) {
            // One copy of several may be damaged, again and again, and nothing is lost.
            const bool charged = oracle_.budget().charge_copy(topic, ref->key.partition, spu->id);
            spu->damaged = spu->damaged || charged;
            if (charged) {
                replication_.copy_damaged(machine.host());
            }
            return charged;
        }
        if (oracle_.topic_name(topic) == ref->key.topic) {
            oracle_.budget().charge(topic, ref->key.partition);
            spu->damaged = true;
            return true;
        }
    }
    return false;
}

// Whether nothing in the scenario keeps an SPU from a sync that is due, but for its end.
bool Runner::sync_in_time() const {
    return std::all_of(scenario_.faults.begin(), scenario_.faults.end(), [](const auto& spec) {
        return spec.target == Role::spu && spec.peer == Role::client &&
               (spec.kind == FaultKind::crash || spec.kind == FaultKind::power_loss ||
                spec.kind == FaultKind::restart || spec.kind == FaultKind::reset);
    });
}

Oracle::Allowance Runner::allowance(const SpuMachine& spu, PartitionRef ref, Uid uid) const {
    Oracle::Allowance allowed;
    if (oracle_.over_budget(ref)) {
        allowed.from = 0;
        return allowed;
    }
    // Only a power loss loses anything (`synced_end` is empty otherwise), and only where an
    // acknowledgement does not wait for the sync.
    if (scenario_.durability == Durability::fsync || !spu.power_lost) {
        return allowed;
    }
    if (scenario_.durability == Durability::bounded && spu.syncing && sync_in_time()) {
        allowed.acked_ns = oracle_.now_ns() - log_config_.bounded_delay_max.ns() -
                           kBoundedSlackSyncs * scenario_.sync_time.high.ns() -
                           kBoundedSlackMs * 1'000'000;
    }
    allowed.from = 0;
    const auto synced = spu.synced_end.find(uid);
    if (synced != spu.synced_end.end()) {
        const auto end = synced->second.find(ref.partition);
        allowed.from = end == synced->second.end() ? 0 : end->second;
    }
    return allowed;
}

Runner::SpuMachine* Runner::leader_of(PartitionRef ref) {
    const auto leader = run_.leaders.find({ref.topic, ref.partition});
    for (SpuMachine& spu : spus_) {
        if (leader != run_.leaders.end() && spu.id == leader->second) {
            return &spu;
        }
    }
    return nullptr;
}

void Runner::note_down() {
    for (SpuMachine& spu : spus_) {
        if (spu.machine->running()) {
            spu.down_since_ns.reset();
        } else if (!spu.down_since_ns.has_value()) {
            spu.down_since_ns = world_.scheduler().now_ns();
        }
    }
}

// A16: the log starts where a segment does, so that only whole segments were removed.
void Runner::check_log_start(PartitionRef ref, std::int64_t log_start) {
    const SpuMachine* spu = leader_of(ref);
    // Who leads a partition with several replicas changes; an operator deletes inside segments,
    // too.
    if (spu == nullptr || log_start <= 0 || replication_factor(ref.topic) > 1 ||
        run_.scenario.workload.deletion_interval.has_value()) {
        return;
    }
    const std::string& topic = oracle_.topic_name(ref.topic);
    bool begins = false;
    bool inside = false;
    for (const auto& [path, node] : spu->machine->disk_image().files()) {
        const std::size_t slash = path.rfind('/');
        const std::size_t parent = slash == std::string::npos ? slash : path.rfind('/', slash - 1);
        if (parent == std::string::npos) {
            continue;
        }
        const std::string_view folder(path.data() + parent + 1, slash - parent - 1);
        const auto base =
            log::parse_file_name(std::string_view(path).substr(slash + 1), log::kSegmentSuffix);
        const auto replica = spu::parse_replica_folder_name(folder);
        if (base.has_value() && replica.has_value() && replica->key.topic == topic &&
            replica->key.partition == ref.partition) {
            begins = begins || base->value() == log_start;
            inside = inside || base->value() < log_start;
        }
    }
    if (inside && !begins) {
        oracle_.report(Invariant::a16_retention,
                       fmt::format("{}-{} starts at {}, which is inside a segment", topic,
                                   ref.partition, log_start));
    }
}

void Runner::before_power_loss(Machine& machine) {
    SpuMachine* spu = spu_of(machine);
    if (spu == nullptr) {
        return;
    }
    // What is certainly on the platter: what remains when everything unsynced is lost.
    DiskImage image = machine.disk_image().clone();
    Draws unused{Prng(0)};
    image.power_loss(unused, LossMode::all);
    spu->power_lost = true;
    spu->syncing = machine.running() && oracle_.now_ns() - spu->boot_ns > kRecoveredNs;
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
                             FoundLogs& found) {
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
    if (topic.has_value() && may_be_damaged(spu, {*topic, log.identity.partition})) {
        return;
    }
    const bool over =
        topic.has_value() && oracle_.over_budget(PartitionRef{*topic, log.identity.partition});
    if (over && (log.open_error.has_value() || log.read_error.has_value())) {
        // Detected, which is all that can be asked for.
        if (!log.open_error.has_value() && !oracle_.deleted(*topic)) {
            Oracle::RecoveredLog ends;
            ends.log_start = log.log_start;
            ends.leo = log.leo;
            oracle_.accept_loss(PartitionRef{*topic, log.identity.partition}, ends);
        }
        return;
    }
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
        if (end != synced->second.end() && log.leo < end->second && !over) {
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
    // One copy of several may lag behind or hold what was never committed: what was promised about
    // all of them shows in what is read.
    if (topic.has_value() && replication_factor(*topic) == 1) {
        Oracle::RecoveredLog recovered;
        recovered.log_start = log.log_start;
        recovered.leo = log.leo;
        for (const Bytes& value : log.values) {
            recovered.records.push_back(decode_payload(value));
        }
        const PartitionRef ref{*topic, log.identity.partition};
        oracle_.recovered(ref, recovered, allowance(spu, ref, log.identity.uid));
    }
}

Runner::FoundLogs Runner::inspect(SpuMachine& spu, const char* when) {
    FoundLogs found;
    for (const InspectedLog& log : inspect_logs(spu.machine->disk_image(), "data/", log_config_)) {
        check_inspected(spu, log, when, found);
    }
    // A partition without any log must not have promised anything.
    for (const auto& [key, leader] : run_.leaders) {
        if (leader == spu.id && !found.contains(key) && !oracle_.deleted(key.first) &&
            replication_factor(key.first) == 1) {
            const PartitionRef ref{key.first, key.second};
            oracle_.recovered(ref, Oracle::RecoveredLog(), allowance(spu, ref, Uid()));
        }
    }
    spu.synced_end.clear();
    spu.power_lost = false;
    return found;
}

void Runner::check_unlisted(const FoundLogs& found) {
    for (const TopicIndex topic : run_.unlisted_topics) {
        for (std::uint32_t i = 0; i < oracle_.partition_count(topic); ++i) {
            if (!found.contains({topic, i})) {
                oracle_.recovered(PartitionRef{topic, i}, Oracle::RecoveredLog(),
                                  Oracle::Allowance());
            }
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
        stop_everything();
    }
    stopped_ = true;
    if (!failed() && !broken_off()) {
        FoundLogs found;
        for (SpuMachine& spu : spus_) {
            found.merge(inspect(spu, "after the stop"));
        }
        check_unlisted(found);
    }
    RunReport result = report();
    injector_.stop_reviving();
    g_current = CurrentRun();
    return result;
}

// Load and faults; then all heals and is read back.
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
    injector_.start(fault_plan_);
    run_until(scenario_.duration, [] { return false; });
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
        for (SpuMachine& spu : spus_) {
            if (!failed() && !broken_off()) {
                inspect(spu, "after the time to settle");
            }
        }
        liveness(fmt::format("not finished {} s after the faults were healed: waiting for {}",
                             scenario_.settle.s(), run_.waiting_for));
        return;
    }
    const auto converged = [this] { return replication_.not_converged().empty(); };
    if (!run_until(kConvergenceLimit, converged) && !failed() && !broken_off()) {
        oracle_.report(Invariant::i30_convergence,
                       fmt::format("{} s after everything was read: {}", kConvergenceLimit.s(),
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
