#include "sim-scenarios/cluster.h"

#include "core/sc/service.h"
#include "core/spu/service.h"
#include "core/wire/control_plane.h"
#include "runtime/sim/check/watched_store.h"
#include "sim-scenarios/workloads/clients.h"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::sim {

namespace {

// Of a store that several SCs reach.
constexpr Duration kSharedStoreTime = Duration::from_ms(5);

// As sc::run, with faults before its store; `shared` is null when it has one of its own.
Task<Result<void>> sc_main(Env& env, sc::Config config, SharedMetadata* shared, StoreFaults* faults,
                           ReplicationOracle* oracle, CancelToken stop) {
    std::unique_ptr<sc::MetadataStore> store;
    if (shared != nullptr) {
        store = std::make_unique<SharedStore>(env, *shared);
    } else {
        WEIR_CO_TRY(store, co_await sc::open_store(env, config));
    }
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

// Whether a name of a scenario means this machine: its own, or its role.
bool means(std::string_view name, std::string_view machine) {
    return machine == name || (machine.starts_with(name) && machine[name.size()] == '-');
}

MachineOptions server_of(const Scenario& scenario, const DrawnSizes& sizes,
                         std::string_view machine) {
    MachineOptions options = sizes.server;
    for (std::size_t i = 0; i < scenario.disks.size(); ++i) {
        if (means(scenario.disks[i].machine, machine)) {
            options.disk = sizes.disks[i];
        }
    }
    return options;
}

// Long enough for somebody to notice, where it matters; else soon.
Duration unlisted_grace(const Scenario& scenario) {
    return scenario.has_fault(FaultKind::store_restored) ? Duration::from_s(3'600)
                                                         : Duration::from_s(2);
}

}  // namespace

void Cluster::add_scs(const Scenario& scenario, const DrawnSizes& sizes) {
    sc::Config config;
    config.public_bind = HostPort{"0.0.0.0", kScPublicPort};
    config.private_bind = HostPort{"0.0.0.0", kScPrivatePort};
    config.topic_wait = Duration::from_s(5);
    config.journal_segment_size_bytes = 4'096;
    config.snapshot_after_size_bytes = 8'192;
    config.new_topics.durability = scenario.durability;
    config.new_topics.unclean_policy = scenario.unclean_policy;
    config.new_topics.strict_reads = scenario.strict_reads;
    if (scenario.min_live > 0) {
        config.new_topics.min_live = scenario.min_live;
    }
    const bool has_standby = scenario.has_fault(FaultKind::second_sc);
    SharedMetadata* shared = has_standby ? &shared_metadata_ : nullptr;
    const auto add = [&](const char* name) {
        Machine& machine = world_.add_machine(name, server_of(scenario, sizes, name));
        checks_.frames.follow(machine.host(), kScPublicPort,
                              {static_cast<std::uint16_t>(wire::ScApi::watch)});
        scs_.push_back(&machine);
        StoreFaults& faults = injector_.store_faults(machine);
        if (has_standby) {
            faults.before = kSharedStoreTime;
            faults.after = kSharedStoreTime;
        }
        return Main(sc_main, config, shared, &faults, &checks_.replication);
    };
    const Main main = add("sc");
    injector_.add(*scs_.front(), Role::sc, main);
    if (has_standby) {
        const Main standby = add("sc-1");
        injector_.add_standby(*scs_.back(), standby);
    }
}

void Cluster::add_spus(const Scenario& scenario, const DrawnSizes& sizes) {
    for (std::uint32_t i = 0; i < scenario.spu_count; ++i) {
        SpuMachine spu;
        const std::string name = fmt::format("spu-{}", i);
        spu.machine = &world_.add_machine(name, server_of(scenario, sizes, name));
        spu.id = SpuId(kFirstSpuId + static_cast<std::int32_t>(i));
        checks_.replication.follow(spu.machine->host());
        spu::Config config;
        config.id = spu.id;
        config.public_bind = HostPort{"0.0.0.0", kSpuPublicPort};
        config.private_bind = HostPort{"0.0.0.0", kSpuPrivatePort};
        config.sc_private = HostPort{"sc", kScPrivatePort};
        config.log = sizes.log;
        config.tick_interval = Duration::from_ms(500);
        config.unlisted_grace = unlisted_grace(scenario);
        config.scrub_interval = Duration::from_s(2);
        config.replication.chunk_bytes = sizes.chunk_bytes;
        config.replication.window_bytes = 4 * sizes.chunk_bytes;
        config.push_frame_bytes = 4 * sizes.chunk_bytes;
        checks_.frames.follow(spu.machine->host(), kSpuPublicPort,
                              {static_cast<std::uint16_t>(wire::SpuApi::stream_fetch)});
        const std::uint32_t rack =
            scenario.rack_count == 0 ? FaultInjector::kNoRack : i % scenario.rack_count;
        injector_.add(*spu.machine, Role::spu, Main(spu_main, config), rack);
        spus_.push_back(spu);
    }
}

void Cluster::add_clients(const Scenario& scenario) {
    checks_.run.clients_done.assign(scenario.client_count, false);
    for (std::uint32_t i = 0; i < scenario.client_count; ++i) {
        Machine& client = world_.add_machine(fmt::format("client-{}", i));
        clients_.push_back(&client);
        injector_.add(client, Role::client, Main(client_main, &checks_.run, i));
    }
}

void Cluster::build(const Scenario& scenario, const DrawnSizes& sizes) {
    WEIR_ASSERT(scs_.empty());
    add_scs(scenario, sizes);
    add_spus(scenario, sizes);
    add_clients(scenario);
    set_links(scenario, sizes);
}

void Cluster::set_links(const Scenario& scenario, const DrawnSizes& sizes) {
    for (std::size_t i = 0; i < scenario.links.size(); ++i) {
        const auto& ends = scenario.links[i].ends;
        for (std::size_t a = 0; a < world_.machine_count(); ++a) {
            for (std::size_t b = 0; b < world_.machine_count(); ++b) {
                const Machine& from = world_.machine(a);
                const Machine& to = world_.machine(b);
                if (a != b && means(ends[0], from.name()) && means(ends[1], to.name())) {
                    world_.fabric().set_link(from.host(), to.host(), sizes.links[i]);
                }
            }
        }
    }
}

SpuMachine* Cluster::spu_of(const Machine& machine) {
    for (SpuMachine& spu : spus_) {
        if (spu.machine == &machine) {
            return &spu;
        }
    }
    return nullptr;
}

SpuMachine* Cluster::leader_of(PartitionRef ref) {
    const auto leader = checks_.run.leaders.find({ref.topic, ref.partition});
    for (SpuMachine& spu : spus_) {
        if (leader != checks_.run.leaders.end() && spu.id == leader->second) {
            return &spu;
        }
    }
    return nullptr;
}

void Cluster::note_down() {
    for (SpuMachine& spu : spus_) {
        if (spu.machine->running()) {
            spu.down_since_ns.reset();
        } else if (!spu.down_since_ns.has_value()) {
            spu.down_since_ns = world_.scheduler().now_ns();
        }
    }
}

// It may be down again before anybody looks.
void Cluster::boots(const Machine& machine) {
    if (SpuMachine* spu = spu_of(machine)) {
        spu->down_since_ns.reset();
    }
}

Duration Cluster::down_for(SpuId id) const {
    for (const SpuMachine& spu : spus_) {
        if (spu.id == id && spu.down_since_ns.has_value() && !spu.machine->running()) {
            return Duration::from_ns(world_.scheduler().now_ns() - *spu.down_since_ns);
        }
    }
    return Duration();
}

}  // namespace weir::sim
