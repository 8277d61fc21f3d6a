// The contract of core/env/clock.h, for any implementation. See world.h.
#pragma once

#include "tests/unit/env/contract/world.h"

namespace weir::contract {

template <typename W>
class ClockContract : public ::testing::Test {
protected:
    W world_;
};
TYPED_TEST_SUITE_P(ClockContract);

namespace clock_cases {

inline Task<void> sleep_through(Env& env, Instant until) {
    const Result<void> slept = co_await sleep_until(env.clock, env.executor, until);
    EXPECT_TRUE(slept.has_value());
}

inline Task<void> time_goes_forward(World& world) {
    Clock& clock = world.env().clock;
    Instant last = clock.now();
    for (int i = 0; i < 1000; ++i) {
        const Instant now = clock.now();
        EXPECT_GE(now, last);
        last = now;
    }
    // Some time in this century.
    EXPECT_GT(clock.wall_now().s(), 946'684'800);
    EXPECT_LT(clock.wall_now().s(), 4'102'444'800);
    co_return;
}

inline Task<void> sleep_is_never_early(World& world) {
    Env& env = world.env();
    for (const std::int64_t us : {0, 1, 50, 999, 1001, 3000}) {
        const Instant until = env.clock.now() + Duration::from_us(us);
        const Result<void> slept = co_await sleep_until(env.clock, env.executor, until);
        EXPECT_TRUE(slept.has_value());
        EXPECT_GE(env.clock.now(), until);
    }
    // In the past: soon, but still through the loop.
    const Result<void> slept =
        co_await sleep_until(env.clock, env.executor, env.clock.now() - Duration::from_s(1));
    EXPECT_TRUE(slept.has_value());
}

inline Task<void> sleep_is_cancelled(World& world) {
    Env& env = world.env();
    const Instant start = env.clock.now();
    CancelSource before;
    before.cancel();
    const Result<void> never =
        co_await sleep_for(env.clock, env.executor, Duration::from_s(3600), before.token());
    EXPECT_FALSE(never.has_value());
    Deadline deadline(env.clock, env.clock.now() + Duration::from_ms(2));
    const Result<void> cut =
        co_await sleep_for(env.clock, env.executor, Duration::from_s(3600), deadline.token());
    WEIR_CO_ASSERT(!cut.has_value());
    EXPECT_EQ(cut.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(deadline.expired());
    EXPECT_EQ(deadline.translate(cut.error()).code, ErrorCode::timed_out);
    EXPECT_LT((env.clock.now() - start).s(), 600);
}

// Notes that it fired, and in which place.
struct Mark {
    std::vector<int>* order;
    int name;
    Timer timer;
    Mark(Clock& clock, std::vector<int>& order_in, int name_in)
        : order(&order_in), name(name_in), timer(clock, &Mark::fire, this) {}
    static void fire(void* self) {
        auto* mark = static_cast<Mark*>(self);
        mark->order->push_back(mark->name);
    }
};

inline Task<void> timers_fire_in_order(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    const Instant base = env.clock.now() + Duration::from_ms(5);
    Mark late(env.clock, order, 4);
    Mark first(env.clock, order, 0);
    Mark same_a(env.clock, order, 1);
    Mark same_b(env.clock, order, 2);
    Mark same_c(env.clock, order, 3);
    late.timer.arm(base + Duration::from_us(20));
    same_a.timer.arm(base + Duration::from_us(10));
    same_b.timer.arm(base + Duration::from_us(10));
    same_c.timer.arm(base + Duration::from_us(10));
    first.timer.arm(base);
    EXPECT_TRUE(order.empty());  // never from inside arm()
    const Result<void> slept =
        co_await sleep_until(env.clock, env.executor, base + Duration::from_ms(1));
    EXPECT_TRUE(slept.has_value());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_FALSE(late.timer.armed());
}

inline Task<void> arming_again_replaces(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    const Instant base = env.clock.now();
    Mark earlier(env.clock, order, 1);
    Mark later(env.clock, order, 2);
    earlier.timer.arm(base + Duration::from_s(3600));
    earlier.timer.arm(base + Duration::from_ms(2));
    later.timer.arm(base + Duration::from_ms(1));
    later.timer.arm(base + Duration::from_ms(4));
    co_await sleep_through(env, base + Duration::from_ms(6));
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

inline Task<void> disarmed_timers_are_silent(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    const Instant base = env.clock.now();
    Mark disarmed(env.clock, order, 1);
    disarmed.timer.arm(base + Duration::from_ms(1));
    {
        Mark destroyed(env.clock, order, 2);
        destroyed.timer.arm(base + Duration::from_ms(1));
    }
    disarmed.timer.disarm();
    disarmed.timer.disarm();
    EXPECT_FALSE(disarmed.timer.armed());
    co_await sleep_through(env, base + Duration::from_ms(3));
    EXPECT_TRUE(order.empty());
}

// A heap that loses one of its timers when another is removed shows here.
inline Task<void> many_timers_with_removals(World& world) {
    Env& env = world.env();
    std::vector<int> order;
    std::vector<int> expected;
    std::vector<std::unique_ptr<Mark>> marks;
    const Instant base = env.clock.now() + Duration::from_ms(20);
    constexpr int kCount = 500;
    for (int i = 0; i < kCount; ++i) {
        marks.push_back(std::make_unique<Mark>(env.clock, order, i * 7919 % kCount));
        marks.back()->timer.arm(base + Duration::from_us(i * 7919 % kCount));
    }
    for (int i = 0; i < kCount; i += 3) {
        marks[static_cast<std::size_t>(i)]->timer.disarm();
        marks[static_cast<std::size_t>(i)]->name = -1;
    }
    for (int name = 0; name < kCount; ++name) {
        for (const auto& mark : marks) {
            if (mark->name == name) {
                expected.push_back(name);
            }
        }
    }
    co_await sleep_through(env, base + Duration::from_ms(2));
    EXPECT_EQ(order, expected);
}

// A timer that arms itself for "now" must not keep others, or the ready queue, from running.
struct Restless {
    Clock& clock;
    int count = 0;
    Timer timer;
    explicit Restless(Clock& clock_in) : clock(clock_in), timer(clock_in, &Restless::fire, this) {}
    static void fire(void* self) {
        auto* restless = static_cast<Restless*>(self);
        if (++restless->count < 1'000'000) {
            restless->timer.arm(restless->clock.now());
        }
    }
};

inline Task<void> restless_timer_starves_nobody(World& world) {
    Env& env = world.env();
    Restless restless(env.clock);
    restless.timer.arm(env.clock.now());
    for (int i = 0; i < 5; ++i) {
        co_await yield(env.executor);
    }
    EXPECT_LT(restless.count, 1'000'000);
}

}  // namespace clock_cases

TYPED_TEST_P(ClockContract, TimeGoesForward) {
    run_body(this->world_, clock_cases::time_goes_forward);
}
TYPED_TEST_P(ClockContract, SleepIsNeverEarly) {
    run_body(this->world_, clock_cases::sleep_is_never_early);
}
TYPED_TEST_P(ClockContract, SleepIsCancelled) {
    run_body(this->world_, clock_cases::sleep_is_cancelled);
}
TYPED_TEST_P(ClockContract, TimersFireInOrder) {
    run_body(this->world_, clock_cases::timers_fire_in_order);
}
TYPED_TEST_P(ClockContract, ArmingAgainReplaces) {
    run_body(this->world_, clock_cases::arming_again_replaces);
}
TYPED_TEST_P(ClockContract, DisarmedTimersAreSilent) {
    run_body(this->world_, clock_cases::disarmed_timers_are_silent);
}
TYPED_TEST_P(ClockContract, ManyTimersWithRemovals) {
    run_body(this->world_, clock_cases::many_timers_with_removals);
}
TYPED_TEST_P(ClockContract, RestlessTimerStarvesNobody) {
    run_body(this->world_, clock_cases::restless_timer_starves_nobody);
}

REGISTER_TYPED_TEST_SUITE_P(ClockContract, TimeGoesForward, SleepIsNeverEarly, SleepIsCancelled,
                            TimersFireInOrder, ArmingAgainReplaces, DisarmedTimersAreSilent,
                            ManyTimersWithRemovals, RestlessTimerStarvesNobody);

}  // namespace weir::contract
