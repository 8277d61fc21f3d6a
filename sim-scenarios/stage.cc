#include "sim-scenarios/stage.h"

#include "runtime/sim/check/ghost_log.h"

#include <algorithm>

namespace weir::sim {

namespace {

// For which a deposed leader may serve on: its lease by the slowest clock, and a turn.
constexpr Duration kLeaseMax = Duration::from_ms(2'700);

// Beside the record, in a message that carries it.
constexpr std::uint64_t kAroundRecord = 128;

// A batch to the follower, in as many pieces as a buffer makes of it, and the word back; two syncs
// here and there, one under way and its own, and as many more when each batch begins a segment.
// Zero: nobody knows.
Duration commit_time(const Scenario& scenario, const DrawnSizes& sizes) {
    const LinkPlan& link = scenario.network;
    if (scenario.points || link.tail.ns() > 0 || link.lost_per_mille > 0 ||
        !scenario.links.empty()) {
        return Duration();
    }
    const Duration message = link.latency.high + link.jitter.high * 3;
    const std::uint64_t size = scenario.workload.record_size_bytes.high + kAroundRecord;
    const auto piece_count = static_cast<std::int64_t>(1 + size / sizes.link.buffer_bytes);
    const std::int64_t sync_count = 2 * size > sizes.log.segment_size_bytes_max ? 8 : 4;
    return message * (piece_count + 1) + scenario.sync_time_max() * sync_count +
           Duration::from_ms(1);
}

std::unique_ptr<TapeDeck> make_deck(const Case& one, const RunOptions& options) {
    if (one.tape.has_value()) {
        return std::make_unique<TapeDeck>(*one.tape);
    }
    return options.record == nullptr ? nullptr : std::make_unique<TapeDeck>();
}

WorldOptions world_options(Stage& stage, const RunOptions& options) {
    WorldOptions world;
    world.tape = stage.deck.get();
    world.probe = &stage.probe;
    world.chooser = stage.sizes.chooser;
    world.link = stage.sizes.link;
    world.log = options.log;
    world.log_level = options.log_level;
    return world;
}

}  // namespace

Stage::Stage(const Case& one, const RunOptions& options)
    : scenario(one.scenario),
      watch(options.watch),
      deck(make_deck(one, options)),
      probe(&points, replication, options.watch),
      sizes(draw_sizes(one.scenario, one.seed)),
      world(one.seed, world_options(*this, options)),
      oracle(world),
      replication(world, oracle, kLeaseMax, commit_time(scenario, sizes)),
      tap(oracle),
      watched_tap(&tap, options.watch),
      injector(world),
      run(oracle, one),
      cluster(world, injector, Cluster::Checks{tap, replication, run}),
      disks(scenario, cluster, DiskChecks::Truth{oracle, replication, run}),
      machines(scenario, cluster, disks, DiskChecks::Truth{oracle, replication, run}) {
    run.watch = options.watch;
    world.trace().record_to(options.events);
    world.scheduler().note_choices(options.choices);
    if (sizes.priority_changes.has_value()) {
        world.scheduler().bound_changes(*sizes.priority_changes, scenario.duration.ns());
    }
    answer_clients();
    connect_faults();
}

Stage::~Stage() {
    for (std::size_t i = 0; i < world.machine_count(); ++i) {
        world.machine(i).crash();
    }
    world.fabric().set_tap(nullptr);
}

void Stage::begin() {
    world.fabric().set_tap(&watched_tap);
    disks.begin(sizes.log);
    cluster.build(scenario, sizes);
    if (watch != nullptr) {
        watch->begins(world);
    }
}

void Stage::answer_clients() {
    run.leader_incarnation = [this](PartitionRef ref) {
        const SpuMachine* spu = cluster.leader_of(ref);
        return spu == nullptr ? 0 : spu->machine->incarnation();
    };
    run.check_log_start = [this](PartitionRef ref, std::int64_t log_start) {
        disks.check_log_start(ref, log_start);
    };
    run.down_for = [this](SpuId id) { return cluster.down_for(id); };
    run.real_partition = [this](const std::string& name) {
        return replication.real_partition(name);
    };
    run.real_size_bytes = [this](const RealReplica& replica) {
        return stored_batches_size_bytes(world.machine(replica.host).disk_image(), replica.dir);
    };
    run.ends = [this] {
        std::uint64_t count =
            points.situations()[static_cast<std::size_t>(Sometimes::sc_spu_offline)] +
            points.situations()[static_cast<std::size_t>(Sometimes::sc_session_replaced)];
        for (const Machine* sc : cluster.scs()) {
            count += sc->incarnation();
        }
        for (const SpuMachine& spu : cluster.spus()) {
            count += spu.machine->incarnation();
        }
        return count;
    };
}

void Stage::connect_faults() {
    injector.before_power_loss = [this](Machine& machine) { disks.before_power_loss(machine); };
    injector.after_power_loss = [this](Machine& machine) { disks.after_power_loss(machine); };
    injector.after_wipe = [this](Machine& machine) {
        run.wiped.push_back(cluster.spu_of(machine)->id);
    };
    injector.before_boot = [this](Machine& machine) {
        cluster.boots(machine);
        disks.before_boot(machine);
    };
    injector.charge = [this](Machine& machine, std::string_view path) {
        return disks.charge(machine, path);
    };
    injector.after_restore = [this](std::int64_t backup_ns) {
        replication.store_restored();
        run.restores.push_back(RunState::Restore{backup_ns, oracle.now_ns()});
    };
    injector.leader_index = [this] {
        const SpuId leader = replication.leader_of_first();
        return static_cast<std::uint32_t>(std::max(leader.value() - kFirstSpuId, 0));
    };
    injector.on_end = [this](Machine& machine, Role) { machines.machine_ended(machine); };
}

}  // namespace weir::sim
