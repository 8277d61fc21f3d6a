#include "core/task/sync.h"

#include "core/task/cancel.h"
#include "core/task/task_scope.h"
#include "tests/support/rapidcheck.h"
#include "tests/support/test_executor.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace weir {
namespace {

Task<void> wait_event(Event& event, CancelToken token, std::vector<int>& order, int name) {
    const Result<void> waited = co_await event.wait(token);
    order.push_back(waited.has_value() ? name : -name);
}

TEST(Event, WakesAllInOrderAndLatersPass) {
    TestExecutor executor;
    Event event(executor);
    std::vector<int> order;
    TaskScope scope(executor);
    for (int i = 1; i <= 3; ++i) {
        scope.spawn(wait_event(event, CancelToken(), order, i));
    }
    executor.run();
    EXPECT_TRUE(order.empty());
    event.set();
    EXPECT_TRUE(order.empty());
    event.set();
    executor.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    scope.spawn(wait_event(event, CancelToken(), order, 4));
    executor.run();
    EXPECT_EQ(order.back(), 4);
}

TEST(Event, CancellingOneLeavesTheOthers) {
    TestExecutor executor;
    Event event(executor);
    std::vector<int> order;
    CancelSource source;
    TaskScope scope(executor);
    scope.spawn(wait_event(event, CancelToken(), order, 1));
    scope.spawn(wait_event(event, source.token(), order, 2));
    scope.spawn(wait_event(event, CancelToken(), order, 3));
    executor.run();
    source.cancel();
    source.cancel();
    executor.run();
    EXPECT_EQ(order, (std::vector<int>{-2}));
    event.set();
    executor.run();
    EXPECT_EQ(order, (std::vector<int>{-2, 1, 3}));
}

// Woken first, cancelled before it could run: the wake-up counts, and it runs once.
TEST(Event, WakeThenCancelResumesOnce) {
    TestExecutor executor;
    Event event(executor);
    std::vector<int> order;
    CancelSource source;
    TaskScope scope(executor);
    scope.spawn(wait_event(event, source.token(), order, 1));
    executor.run();
    event.set();
    source.cancel();
    executor.run();
    EXPECT_EQ(order, (std::vector<int>{1}));
}

TEST(Event, CancelThenWakeResumesOnce) {
    TestExecutor executor;
    Event event(executor);
    std::vector<int> order;
    CancelSource source;
    TaskScope scope(executor);
    scope.spawn(wait_event(event, source.token(), order, 1));
    executor.run();
    source.cancel();
    event.set();
    executor.run();
    EXPECT_EQ(order, (std::vector<int>{-1}));
}

Task<void> wait_notifier(Notifier& notifier, int rounds, std::vector<int>& order, int name) {
    for (int i = 0; i < rounds; ++i) {
        const Result<void> waited = co_await notifier.wait();
        EXPECT_TRUE(waited.has_value());
        order.push_back(name);
    }
}

TEST(Notifier, WakesOnlyThoseWhoWait) {
    TestExecutor executor;
    Notifier notifier(executor);
    std::vector<int> order;
    TaskScope scope(executor);
    notifier.notify_all();  // remembers nothing
    scope.spawn(wait_notifier(notifier, 2, order, 1));
    scope.spawn(wait_notifier(notifier, 1, order, 2));
    executor.run();
    EXPECT_TRUE(order.empty());
    notifier.notify_all();
    executor.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
    notifier.notify_all();
    executor.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 1}));
}

struct Inside {
    int now = 0;
    int most = 0;
    std::vector<int> order;
};

Task<void> use_mutex(TestExecutor& executor, AsyncMutex& mutex, CancelToken token, Inside& inside,
                     int name) {
    Result<AsyncMutex::Guard> guard = co_await mutex.lock(token);
    if (!guard.has_value()) {
        inside.order.push_back(-name);
        co_return;
    }
    ++inside.now;
    inside.most = std::max(inside.most, inside.now);
    inside.order.push_back(name);
    co_await yield(executor);
    co_await yield(executor);
    --inside.now;
}

TEST(AsyncMutex, LetsOneInAtATimeInOrder) {
    TestExecutor executor;
    AsyncMutex mutex(executor);
    Inside inside;
    TaskScope scope(executor);
    for (int i = 1; i <= 5; ++i) {
        scope.spawn(use_mutex(executor, mutex, CancelToken(), inside, i));
    }
    executor.run();
    EXPECT_EQ(inside.most, 1);
    EXPECT_EQ(inside.order, (std::vector<int>{1, 2, 3, 4, 5}));
}

// The lock is handed over, so a newcomer between unlock and wake-up cannot overtake; one who was
// cancelled in line is skipped.
TEST(AsyncMutex, CancelledWaiterIsSkipped) {
    TestExecutor executor;
    AsyncMutex mutex(executor);
    Inside inside;
    CancelSource source;
    TaskScope scope(executor);
    scope.spawn(use_mutex(executor, mutex, CancelToken(), inside, 1));
    scope.spawn(use_mutex(executor, mutex, source.token(), inside, 2));
    scope.spawn(use_mutex(executor, mutex, CancelToken(), inside, 3));
    EXPECT_TRUE(executor.step());
    EXPECT_TRUE(executor.step());
    EXPECT_TRUE(executor.step());
    source.cancel();
    executor.run();
    EXPECT_EQ(inside.order, (std::vector<int>{1, -2, 3}));
    // Free again at the end.
    scope.spawn(use_mutex(executor, mutex, CancelToken(), inside, 4));
    executor.run();
    EXPECT_EQ(inside.order.back(), 4);
}

// Given the lock, then cancelled before it ran: it has the lock and must release it.
TEST(AsyncMutex, HandedOverThenCancelledStillUnlocks) {
    TestExecutor executor;
    AsyncMutex mutex(executor);
    CancelSource source;
    Inside inside;
    TaskScope scope(executor);
    scope.spawn(use_mutex(executor, mutex, CancelToken(), inside, 1));
    scope.spawn(use_mutex(executor, mutex, source.token(), inside, 2));
    while (inside.now == 1 || inside.order.empty()) {
        ASSERT_TRUE(executor.step());
    }
    source.cancel();
    executor.run();
    EXPECT_EQ(inside.order, (std::vector<int>{1, 2}));
    scope.spawn(use_mutex(executor, mutex, CancelToken(), inside, 3));
    executor.run();
    EXPECT_EQ(inside.order.back(), 3);
}

}  // namespace
}  // namespace weir
