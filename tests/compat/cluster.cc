#include "tests/compat/cluster.h"

#include "core/wire/control_plane.h"
#include "tests/compat/peer.h"

namespace weir::test {
namespace {

Task<Result<void>> serve_sc(Env& env, sc::Config config, CancelToken stop) {
    co_return co_await sc::run(env, std::move(config), stop);
}

Task<Result<void>> serve_spu(Env& env, std::int32_t id, CancelToken stop) {
    spu::Config config;
    config.id = SpuId(id);
    config.sc_private = HostPort{"sc", 9004};
    co_return co_await spu::run(env, std::move(config), stop);
}

Bytes registration(std::int32_t id, const SpuAddresses& addresses) {
    CustomSpuSpec spec;
    spec.id = SpuId(id);
    IngressAddress ingress;
    ingress.hostname = addresses.public_address.host;
    spec.public_endpoint.ingress.push_back(ingress);
    spec.public_endpoint.port = addresses.public_address.port;
    spec.private_endpoint.host = addresses.private_address.host;
    spec.private_endpoint.port = addresses.private_address.port;
    wire::CreateRequest request;
    request.name = "custom-spu-" + std::to_string(id);
    request.spec = std::move(spec);
    wire::RequestHeader header;
    header.api_key = static_cast<std::uint16_t>(wire::ScApi::create);
    header.api_version = 19;
    header.correlation_id = CorrelationId(id);
    wire::Writer writer;
    encode(writer, header);
    encode(writer, request, 19);
    return std::move(writer).take();
}

Task<Result<void>> register_spus(Env& env, AddressMap addresses, CancelToken) {
    WEIR_CO_TRY(const auto peer, co_await Peer::connect(env, kScAddress));
    for (const auto& [id, where] : addresses) {
        const Bytes payload = registration(id, where);
        WEIR_CO_CHECK(co_await peer->send(&payload));
        WEIR_CO_TRY(const BufferSlice answer, co_await peer->next(Duration::from_s(10)));
        wire::Reader reader(answer.span());
        WEIR_CO_CHECK(wire::decode_response_header(reader));
        WEIR_CO_TRY(const wire::Status status, wire::decode_status(reader, 19));
        EXPECT_TRUE(status.error.ok()) << status.message.value_or("");
    }
    co_return Result<void>();
}

}  // namespace

CompatCluster::CompatCluster(std::uint64_t seed, std::vector<std::int32_t> spus, sc::Config sc,
                             const sim::MachineOptions& spu_machines)
    : world_(seed), sc_config_(std::move(sc)) {
    sc_ = &world_.add_machine("sc");
    for (const std::int32_t id : spus) {
        spus_[id] = &world_.add_machine(host(id), spu_machines);
        addresses_[id] = {{host(id), 9005}, {host(id), 9006}};
    }
    sc_->boot(sim::Main(serve_sc, sc_config_));
    world_.run_for(Duration::from_ms(200));
    run(sim::Main(register_spus, addresses_));
    // One after another, so that the first one gets `consumer-offset`.
    for (const std::int32_t id : spus) {
        boot_spu(id);
        world_.run_for(Duration::from_s(2));
    }
}

CompatCluster::~CompatCluster() {
    for (auto& [id, machine] : spus_) {
        stop(*machine);
    }
    stop(*sc_);
}

void CompatCluster::boot_spu(std::int32_t id) {
    spus_.at(id)->boot(sim::Main(serve_spu, id));
}

void CompatCluster::restart(std::int32_t server) {
    if (server == 0) {
        sc_->crash();
        sc_->boot(sim::Main(serve_sc, sc_config_));
    } else {
        spus_.at(server)->crash();
        boot_spu(server);
    }
}

void CompatCluster::stop(sim::Machine& machine) {
    if (!machine.running()) {
        return;
    }
    machine.request_stop();
    for (int i = 0; i < 300 && machine.running(); ++i) {
        world_.run_for(Duration::from_ms(100));
    }
    EXPECT_FALSE(machine.running()) << machine.name();
    EXPECT_TRUE(machine.exit_result().has_value() && machine.exit_result()->has_value())
        << machine.name();
    EXPECT_FALSE(machine.leaks().any()) << machine.name();
}

sim::Machine& CompatCluster::client(std::size_t index) {
    while (clients_.size() <= index) {
        clients_.push_back(&world_.add_machine("client-" + std::to_string(clients_.size())));
    }
    return *clients_[index];
}

void CompatCluster::run(const sim::Main& main, Duration limit) {
    run_all({main}, limit);
}

void CompatCluster::run_all(const std::vector<sim::Main>& mains, Duration limit) {
    for (std::size_t i = 0; i < mains.size(); ++i) {
        client(i).boot(mains[i]);
    }
    const std::int64_t step_count = limit.ns() / Duration::from_ms(100).ns();
    for (std::size_t i = 0; i < mains.size(); ++i) {
        for (std::int64_t step = 0; step < step_count && client(i).running(); ++step) {
            world_.run_for(Duration::from_ms(100));
        }
        ASSERT_FALSE(client(i).running()) << "a client does not end";
        ASSERT_TRUE(client(i).exit_result().has_value());
        EXPECT_TRUE(client(i).exit_result()->has_value())
            << to_string(client(i).exit_result()->error());
        EXPECT_FALSE(client(i).leaks().any());
    }
}

}  // namespace weir::test
