#include "core/task/task_scope.h"

#include "core/base/result.h"
#include "core/task/sync.h"
#include "tests/support/rapidcheck.h"
#include "tests/support/test_executor.h"

#include <memory>
#include <vector>

namespace weir {
namespace {

Task<void> count_up(TestExecutor& executor, int yields, int& done) {
    for (int i = 0; i < yields; ++i) {
        co_await yield(executor);
    }
    ++done;
}

Task<int> join_three(TestExecutor& executor) {
    int done = 0;
    TaskScope scope(executor);
    scope.spawn(count_up(executor, 0, done));
    scope.spawn(count_up(executor, 5, done));
    scope.spawn(count_up(executor, 2, done));
    EXPECT_EQ(scope.task_count(), 3U);
    EXPECT_EQ(done, 0);
    co_await scope.join();
    EXPECT_EQ(scope.task_count(), 0U);
    co_return done;
}

TEST(TaskScope, JoinWaitsForAll) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(join_three(executor)), 3);
}

Task<void> until_cancelled(TestExecutor& executor, CancelToken token,
                           std::vector<ErrorCode>& ends) {
    Event never(executor);
    const Result<void> waited = co_await never.wait(token);
    EXPECT_FALSE(waited.has_value());
    ends.push_back(waited.error().code);
}

Task<int> close_cancels(TestExecutor& executor) {
    std::vector<ErrorCode> ends;
    TaskScope scope(executor);
    scope.spawn(until_cancelled(executor, scope.token(), ends));
    scope.spawn(until_cancelled(executor, scope.token(), ends));
    co_await yield(executor);
    co_await yield(executor);
    EXPECT_TRUE(ends.empty());
    co_await scope.close();
    EXPECT_EQ(ends, (std::vector<ErrorCode>{ErrorCode::cancelled, ErrorCode::cancelled}));
    co_return 1;
}

TEST(TaskScope, CloseCancelsAndWaits) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(close_cancels(executor)), 1);
}

Task<int> parent_cancels(TestExecutor& executor) {
    CancelSource parent;
    std::vector<ErrorCode> ends;
    TaskScope scope(executor, parent.token());
    scope.spawn(until_cancelled(executor, scope.token(), ends));
    co_await yield(executor);
    parent.cancel();
    co_await scope.join();
    EXPECT_EQ(ends.size(), 1U);
    // Born cancelled.
    TaskScope late(executor, parent.token());
    late.spawn(until_cancelled(executor, late.token(), ends));
    co_await late.join();
    EXPECT_EQ(ends.size(), 2U);
    co_return 1;
}

TEST(TaskScope, FollowsItsParentToken) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(parent_cancels(executor)), 1);
}

Task<void> spawn_more(TaskScope& scope, TestExecutor& executor, int depth, int& done) {
    if (depth > 0) {
        scope.spawn(spawn_more(scope, executor, depth - 1, done));
        scope.spawn(spawn_more(scope, executor, depth - 1, done));
    }
    co_await yield(executor);
    ++done;
}

Task<int> tasks_spawn_tasks(TestExecutor& executor) {
    int done = 0;
    TaskScope scope(executor);
    scope.spawn(spawn_more(scope, executor, 6, done));
    co_await scope.join();
    co_return done;
}

TEST(TaskScope, TasksMaySpawnWhileItIsJoined) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(tasks_spawn_tasks(executor)), 127);
}

Task<void> hold(std::shared_ptr<int> held, Event& event) {
    const Result<void> waited = co_await event.wait();
    EXPECT_TRUE(waited.has_value());
    ++*held;
}

// The frame, with what it holds, is gone when join() returns.
Task<int> frames_are_freed(TestExecutor& executor) {
    auto held = std::make_shared<int>(0);
    Event event(executor);
    TaskScope scope(executor);
    scope.spawn(hold(held, event));
    co_await yield(executor);
    EXPECT_EQ(held.use_count(), 2);
    event.set();
    co_await scope.join();
    EXPECT_EQ(held.use_count(), 1);
    co_return *held;
}

TEST(TaskScope, FramesAreFreedBeforeJoinReturns) {
    TestExecutor executor;
    EXPECT_EQ(executor.run_to_end(frames_are_freed(executor)), 1);
}

// A crash drops suspended frames without running them.
TEST(TaskScope, TeardownDropsFrames) {
    TestExecutor executor;
    auto held = std::make_shared<int>(0);
    {
        Event event(executor);
        TaskScope scope(executor);
        scope.spawn(hold(held, event));
        scope.spawn(hold(held, event));
        executor.run();
        scope.spawn(hold(held, event));  // never started
        EXPECT_EQ(held.use_count(), 4);
        executor.tear_down();
    }
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(*held, 0);
}

TEST(TaskScopeDeathTest, DestroyedWithTasksAborts) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            TestExecutor executor;
            Event event(executor);
            TaskScope scope(executor);
            scope.spawn(hold(std::make_shared<int>(0), event));
        },
        "task_count_ == 0");
}

}  // namespace
}  // namespace weir
