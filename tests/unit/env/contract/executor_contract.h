// The contract of core/task/executor.h, for any implementation. See world.h. The order of what is
// ready at one time is the executor's own business and not tested here.
#pragma once

#include "core/task/channel.h"
#include "core/task/sync.h"
#include "tests/unit/env/contract/world.h"

namespace weir::contract {

template <typename W>
class ExecutorContract : public ::testing::Test {
protected:
    W world_;
};
TYPED_TEST_SUITE_P(ExecutorContract);

namespace executor_cases {

inline Task<void> append(std::vector<int>& order, int name) {
    order.push_back(name);
    co_return;
}

inline Task<void> spawn_starts_later(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    TaskScope scope(env.executor);
    scope.spawn(append(order, 1));
    EXPECT_TRUE(order.empty());
    co_await scope.join();
    EXPECT_EQ(order, std::vector<int>{1});
    co_await scope.join();
    co_await scope.close();
}

inline Task<void> yield_some(Executor& executor, int count, std::vector<int>& order, int name) {
    for (int i = 0; i < count; ++i) {
        co_await yield(executor);
    }
    order.push_back(name);
}

inline Task<void> at_turn_end(Executor& executor, std::vector<int>& order, int name) {
    co_await turn_end(executor);
    order.push_back(name);
}

inline Task<void> turn_end_comes_after_all_that_is_ready(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    TaskScope scope(env.executor);
    scope.spawn(at_turn_end(env.executor, order, 9));
    // Becomes ready again and again within the turn.
    scope.spawn(yield_some(env.executor, 20, order, 1));
    co_await scope.join();
    EXPECT_EQ(order, (std::vector<int>{1, 9}));
}

inline Task<void> every_spinner_gets_its_turn(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    TaskScope scope(env.executor);
    for (int i = 0; i < 10; ++i) {
        scope.spawn(yield_some(env.executor, 1000, order, i));
    }
    co_await scope.join();
    EXPECT_EQ(order.size(), 10U);
}

inline Task<void> spin_until(Executor& executor, const bool& stop, std::uint64_t& rounds) {
    while (!stop) {
        ++rounds;
        co_await yield(executor);
    }
}

// A task that is always ready does not keep time from passing.
inline Task<void> spinner_does_not_stop_timers(World& world) {
    if (!world.time_passes_while_busy()) {
        co_return;
    }
    Env& env = world.env();
    bool stop = false;
    std::uint64_t rounds = 0;
    TaskScope scope(env.executor);
    scope.spawn(spin_until(env.executor, stop, rounds));
    const Result<void> slept = co_await sleep_for(env.clock, env.executor, Duration::from_us(200));
    EXPECT_TRUE(slept.has_value());
    stop = true;
    co_await scope.join();
    EXPECT_GT(rounds, 0U);
}

inline Task<void> ready_at_once(std::uint64_t& sum, std::uint64_t i) {
    sum += i;
    co_return;
}

inline Task<void> a_million_ready_tasks(World&) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        co_await ready_at_once(sum, i);
    }
    EXPECT_EQ(sum, 499'999'500'000U);
}

inline Task<void> wait_for(Event& event, std::vector<int>& order, int name) {
    const Result<void> waited = co_await event.wait();
    EXPECT_TRUE(waited.has_value());
    order.push_back(name);
}

inline Task<void> waking_is_not_inline(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    Event event(env.executor);
    TaskScope scope(env.executor);
    scope.spawn(wait_for(event, order, 1));
    co_await yield(env.executor);
    co_await yield(env.executor);
    event.set();
    EXPECT_TRUE(order.empty());
    co_await scope.join();
    EXPECT_EQ(order, std::vector<int>{1});
}

}  // namespace executor_cases

TYPED_TEST_P(ExecutorContract, SpawnStartsLater) {
    run_body(this->world_, executor_cases::spawn_starts_later);
}
TYPED_TEST_P(ExecutorContract, TurnEndComesAfterAllThatIsReady) {
    run_body(this->world_, executor_cases::turn_end_comes_after_all_that_is_ready);
}
TYPED_TEST_P(ExecutorContract, EverySpinnerGetsItsTurn) {
    run_body(this->world_, executor_cases::every_spinner_gets_its_turn);
}
TYPED_TEST_P(ExecutorContract, SpinnerDoesNotStopTimers) {
    run_body(this->world_, executor_cases::spinner_does_not_stop_timers);
}
TYPED_TEST_P(ExecutorContract, AMillionReadyTasks) {
    run_body(this->world_, executor_cases::a_million_ready_tasks);
}
TYPED_TEST_P(ExecutorContract, WakingIsNotInline) {
    run_body(this->world_, executor_cases::waking_is_not_inline);
}

REGISTER_TYPED_TEST_SUITE_P(ExecutorContract, SpawnStartsLater, TurnEndComesAfterAllThatIsReady,
                            EverySpinnerGetsItsTurn, SpinnerDoesNotStopTimers, AMillionReadyTasks,
                            WakingIsNotInline);

}  // namespace weir::contract
