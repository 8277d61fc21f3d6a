// A SmartModule is there for the clients of every SPU when its creation is answered.
#include "tests/support/sc_world.h"

namespace weir::test {
namespace {

using wire::ErrorTag;
using wire::Status;

wire::CreateRequest module_request(std::string name) {
    SmartModuleSpec module;
    module.payload = Bytes(100, 7);
    wire::CreateRequest request;
    request.name = std::move(name);
    request.spec = std::move(module);
    return request;
}

Task<Result<void>> create_module(Env&, ScClient& client) {
    WEIR_CO_TRY(const Status created,
                co_await client.call(wire::ScApi::create, module_request("filter")));
    EXPECT_TRUE(created.error.ok());
    EXPECT_EQ(created.name, "filter");
    co_return Result<void>();
}

class SmartModuleTest : public ScTest {
protected:
    void start_silent_spu(int id) {
        FakeSpuOptions options = spu_options(id);
        options.confirms = false;
        start_spu(options);
    }
    void register_spus() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            for (int id = 1; id <= 2; ++id) {
                WEIR_CO_TRY(const Status status, co_await client.register_spu(id));
                EXPECT_TRUE(status.error.ok());
            }
            co_return Result<void>();
        });
    }
    std::int64_t now_ms() { return world_.scheduler().now_ns() / 1'000'000; }
};

TEST_F(SmartModuleTest, IsKnownToEverySpuWhenItsCreationIsAnswered) {
    register_spus();
    start_spu(1);
    start_spu(2);
    const std::int64_t before_ms = now_ms();
    run(create_module);
    EXPECT_LE(now_ms() - before_ms, 100);
    EXPECT_EQ(spus_[1].smartmodules, std::vector<std::string>{"filter"});
    EXPECT_EQ(spus_[2].smartmodules, std::vector<std::string>{"filter"});
    // The same once more changes nothing that an SPU would have to hear of.
    run(create_module);
}

TEST_F(SmartModuleTest, NobodyIsOnlineAndNobodyIsWaitedFor) {
    register_spus();
    run(create_module);
}

TEST_F(SmartModuleTest, AnswersWithAnErrorWhenAnSpuDoesNotSaySoInTime) {
    register_spus();
    start_spu(1);
    start_silent_spu(2);
    const std::int64_t before_ms = now_ms();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        wire::CreateRequest request = module_request("filter");
        request.timeout_ms = 700;
        WEIR_CO_TRY(const Status created, co_await client.call(wire::ScApi::create, request));
        EXPECT_EQ(created.error.tag, ErrorTag::smartmodule_error);
        EXPECT_EQ(created.message, "stored, but after 700 ms not known yet at spu 2");
        WEIR_CO_TRY(const auto listed, co_await client.list(ObjectKind::smartmodule, false));
        EXPECT_EQ(std::get<std::vector<SmartModuleObject>>(listed.objects).size(), 1U);
        co_return Result<void>();
    });
    EXPECT_GE(now_ms() - before_ms, 700);
    EXPECT_LE(now_ms() - before_ms, 800);
}

TEST_F(SmartModuleTest, AnSpuThatGoesAwayMeanwhileIsNotWaitedFor) {
    register_spus();
    start_spu(1);
    start_silent_spu(2);
    const std::int64_t before_ms = now_ms();
    world_.after(Duration::from_ms(2'000), [this] { spu_machines_[2]->crash(); });
    run(create_module);
    EXPECT_GE(now_ms() - before_ms, 2'000);
    EXPECT_LE(now_ms() - before_ms, 2'100);
}

TEST_F(SmartModuleTest, AnSpuThatComesMeanwhileIsWaitedFor) {
    register_spus();
    start_silent_spu(2);
    world_.after(Duration::from_ms(500), [this] {
        spu_machines_[1]->boot(sim::Main(run_fake_spu, spu_options(1), &spus_[1]));
    });
    world_.after(Duration::from_ms(2'000), [this] { spu_machines_[2]->crash(); });
    run(create_module);
    EXPECT_EQ(spus_[1].smartmodules, std::vector<std::string>{"filter"});
}

}  // namespace
}  // namespace weir::test
