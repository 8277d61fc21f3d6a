// An SC in the simulator with scripted SPUs and a scripted client: the fixture of the tests of
// core/sc.
#pragma once

#include "core/sc/service.h"
#include "runtime/sim/cluster/world.h"
#include "tests/support/sc_client.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace weir::test {

inline const HostPort kScPublic = {"sc", 9003};
inline const HostPort kScPrivate = {"sc", 9004};

inline Task<Result<void>> serve_sc(Env& env, sc::Config config, CancelToken stop) {
    co_return co_await sc::run(env, std::move(config), stop);
}

using ScScript = Task<Result<void>> (*)(Env&, ScClient&);

// Connects and runs the script; `failed` says what went wrong.
inline Task<Result<void>> run_sc_script(Env& env, ScScript script, std::string* failed,
                                        CancelToken) {
    auto client = co_await ScClient::connect(env, kScPublic);
    if (!client.has_value()) {
        *failed = "connect: " + to_string(client.error());
        co_return Result<void>();
    }
    const Result<void> done = co_await script(env, **client);
    if (!done.has_value()) {
        *failed = to_string(done.error());
    }
    co_return Result<void>();
}

// One SC, SPUs 1 to 5 (started on demand), one client machine.
class ScTest : public testing::Test {
public:
    ~ScTest() override {
        if (sc_->running()) {
            stop(*sc_);
            EXPECT_TRUE(sc_->exit_result().has_value() && sc_->exit_result()->has_value());
            EXPECT_FALSE(sc_->leaks().any());
        }
    }

protected:
    explicit ScTest(std::uint64_t seed = 5) : world_(seed) {
        sc_ = &world_.add_machine("sc");
        for (int id = 1; id <= 5; ++id) {
            spu_machines_[id] = &world_.add_machine("spu-" + std::to_string(id));
        }
        client_ = &world_.add_machine("client");
        boot_sc();
    }

    void boot_sc() {
        sc_->boot(sim::Main(serve_sc, config_));
        world_.run_for(Duration::from_ms(200));
        ASSERT_TRUE(sc_->running());
    }
    void stop(sim::Machine& machine) {
        machine.request_stop();
        for (int i = 0; i < 100 && machine.running(); ++i) {
            world_.run_for(Duration::from_ms(100));
        }
        EXPECT_FALSE(machine.running());
    }
    void start_spu(int id, Uid storage_id = {1, 1}, bool reports = true) {
        FakeSpuOptions options = spu_options(id);
        options.storage_id = storage_id;
        options.reports = reports;
        start_spu(options);
    }
    // Higher ids have longer logs.
    static FakeSpuOptions spu_options(int id) {
        FakeSpuOptions options;
        options.sc = kScPrivate;
        options.id = id;
        options.leo = std::int64_t{10} * id;
        return options;
    }
    void start_spu(const FakeSpuOptions& options) {
        const int id = options.id;
        spu_machines_[id]->boot(sim::Main(run_fake_spu, options, &spus_[id]));
        world_.run_for(Duration::from_ms(200));
    }
    // Runs the script to its end on the client machine.
    void run(ScScript script, Duration limit = Duration::from_s(120)) {
        std::string failed;
        client_->boot(sim::Main(run_sc_script, script, &failed));
        for (std::int64_t i = 0; i < limit.ms() / 10 && client_->running(); ++i) {
            world_.run_for(Duration::from_ms(10));
        }
        EXPECT_FALSE(client_->running());
        EXPECT_EQ(failed, "");
    }
    void register_and_start_spus() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            WEIR_CO_TRY(const wire::Status first, co_await client.register_spu(1));
            WEIR_CO_TRY(const wire::Status second, co_await client.register_spu(2));
            EXPECT_TRUE(first.error.ok());
            EXPECT_TRUE(second.error.ok());
            EXPECT_EQ(first.name, "custom-spu-1");
            co_return Result<void>();
        });
        start_spu(1);
        start_spu(2);
    }

    sc::Config config_;
    sim::World world_;
    sim::Machine* sc_ = nullptr;
    std::map<int, sim::Machine*> spu_machines_;
    sim::Machine* client_ = nullptr;
    std::map<int, FakeSpuState> spus_;
};

}  // namespace weir::test
