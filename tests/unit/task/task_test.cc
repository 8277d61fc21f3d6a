#include "core/task/task.h"

#include "core/base/result.h"
#include "tests/support/rapidcheck.h"
#include "tests/support/test_executor.h"

#include <memory>
#include <string>
namespace weir {
namespace {

// Counts how often it was made and destroyed, to find a frame that is destroyed twice or never.
struct Counted {
    static inline int alive = 0;
    std::string text;
    explicit Counted(std::string text_in) : text(std::move(text_in)) { ++alive; }
    Counted(const Counted& other) : text(other.text) { ++alive; }
    Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++alive; }
    Counted& operator=(const Counted&) = default;
    Counted& operator=(Counted&&) = default;
    ~Counted() { --alive; }
};

Task<int> answer(int value) {
    co_return value;
}

Task<int> add(int a, int b) {
    const int left = co_await answer(a);
    const int right = co_await answer(b);
    co_return left + right;
}

TEST(Task, GivesItsValueToTheAwaiter) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(add(2, 3)), 5);
}

Task<int> note_start(bool& started) {
    started = true;
    co_return 1;
}

TEST(Task, StartsOnlyWhenAwaited) {
    bool started = false;
    {
        const Task<int> dropped = note_start(started);
        EXPECT_TRUE(dropped.valid());
    }
    EXPECT_FALSE(started);
    EXPECT_FALSE(Task<int>().valid());
}

Task<std::string> use_by_value(Counted counted, TestExecutor& executor) {
    co_await yield(executor);
    co_return counted.text;
}

Task<std::string> pass_on(Counted counted, TestExecutor& executor) {
    // Aggregates and temporaries in one await expression are what g++ 12 gets wrong; the guide
    // asks for a named local that is moved.
    Counted named(counted.text + "!");
    std::string text = co_await use_by_value(std::move(named), executor);
    co_return text;
}

TEST(Task, DestroysParametersOnce) {
    Counted::alive = 0;
    {
        TestExecutor executor;
        Counted outer("a long enough text to live on the heap");
        EXPECT_EQ(executor.run_to_end(pass_on(outer, executor)),
                  "a long enough text to live on the heap!");
        EXPECT_EQ(Counted::alive, 1);
    }
    EXPECT_EQ(Counted::alive, 0);
}

TEST(Task, DroppedWithoutRunningDestroysParameters) {
    Counted::alive = 0;
    TestExecutor executor;
    {
        Task<std::string> first = pass_on(Counted("x"), executor);
        Task<std::string> second = pass_on(Counted("y"), executor);
        second = std::move(first);
        EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is the fact
        EXPECT_EQ(Counted::alive, 1);
    }
    EXPECT_EQ(Counted::alive, 0);
}

Task<std::unique_ptr<int>> make_move_only() {
    co_return std::make_unique<int>(7);
}
Task<int> use_move_only() {
    std::unique_ptr<int> value = co_await make_move_only();
    co_return *value;
}

TEST(Task, CarriesMoveOnlyValues) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(use_move_only()), 7);
}

Task<Result<int>> check_positive(int value) {
    if (value <= 0) {
        co_return fail(ErrorCode::invalid_argument, "not positive");
    }
    co_return value;
}

Task<Result<int>> twice(int value) {
    WEIR_CO_TRY(const int checked, co_await check_positive(value));
    WEIR_CO_CHECK(co_await check_positive(checked));
    co_return checked * 2;
}

TEST(Task, PropagatesErrors) {
    TestExecutor executor;
    EXPECT_EQ(**executor.run_to_end(twice(4)), 8);
    EXPECT_EQ(executor.run_to_end(twice(-4))->error().code, ErrorCode::invalid_argument);
}

Task<void> ready_at_once(std::uint64_t& sum) {
    ++sum;
    co_return;
}

Task<std::uint64_t> ten_million_ready_tasks() {
    std::uint64_t sum = 0;
    for (int i = 0; i < 10'000'000; ++i) {
        co_await ready_at_once(sum);
    }
    co_return sum;
}

// Would need gigabytes if symmetric transfer were not a tail call.
TEST(Task, TenMillionReadyTasksDoNotGrowTheStack) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(ten_million_ready_tasks()), 10'000'000U);
}

Task<int> yield_often(TestExecutor& executor, int count) {
    int done = 0;
    for (int i = 0; i < count; ++i) {
        co_await yield(executor);
        ++done;
    }
    co_return done;
}

TEST(Task, YieldsDoNotGrowTheStack) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(yield_often(executor, 1'000'000)), 1'000'000);
}

// A chain that suspends at its far end is resumed from there to the near end.
Task<int> deep(TestExecutor& executor, int depth) {
    if (depth == 0) {
        co_await yield(executor);
        co_return 0;
    }
    const int below = co_await deep(executor, depth - 1);
    co_return below + 1;
}

TEST(Task, DeepChainsUnwindWithoutRecursion) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(deep(executor, 100'000)), 100'000);
}

}  // namespace
}  // namespace weir
