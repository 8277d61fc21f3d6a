// The simulated environment keeps the contracts of core/env.

#include "runtime/sim/cluster/world.h"
#include "tests/unit/env/contract/clock_contract.h"
#include "tests/unit/env/contract/disk_contract.h"
#include "tests/unit/env/contract/executor_contract.h"
#if __has_include("tests/unit/env/contract/network_contract.h")
#include "tests/unit/env/contract/network_contract.h"
#define WEIR_NETWORK_CONTRACT 1
#endif

namespace weir::contract {
namespace {

Task<Result<void>> idle(Env& env, CancelToken stop) {
    Event never(env.executor);
    static_cast<void>(co_await never.wait(stop));
    co_return Result<void>();
}

template <sim::Chooser kChooser>
class SimWorld final : public World {
public:
    SimWorld() : world_(next_seed++, options()), machine_(world_.add_machine("node")) {
        machine_.boot(sim::Main(idle));
    }
    ~SimWorld() override {
        machine_.request_stop();
        world_.run_until_stopped(Duration::from_s(60));
        EXPECT_TRUE(machine_.exit_result().has_value());
        EXPECT_FALSE(machine_.leaks().any());
    }
    Env& env() override { return machine_.env(); }
    std::string host() const override { return "node"; }
    void run(Task<void> task) override {
        TaskScope scope(env().executor);
        scope.spawn(std::move(task));
        for (int hour = 0; hour < 100 && scope.task_count() != 0; ++hour) {
            world_.run_for(Duration::from_s(3'600), 50'000'000);
        }
        EXPECT_EQ(scope.task_count(), 0U);
    }
    std::size_t size_beyond_buffers() const override { return 1U << 20; }

private:
    static sim::WorldOptions options() {
        sim::WorldOptions options;
        options.chooser = kChooser;
        return options;
    }
    static inline std::uint64_t next_seed = 0;
    sim::World world_;
    sim::Machine& machine_;
};

using Worlds = ::testing::Types<SimWorld<sim::Chooser::fifo>, SimWorld<sim::Chooser::random>>;

INSTANTIATE_TYPED_TEST_SUITE_P(Sim, ClockContract, Worlds);
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, ExecutorContract, Worlds);
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, DiskContract, Worlds);
#ifdef WEIR_NETWORK_CONTRACT
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, NetworkContract, Worlds);
#endif

}  // namespace
}  // namespace weir::contract
