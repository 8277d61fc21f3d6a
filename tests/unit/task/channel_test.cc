#include "core/task/channel.h"

#include "core/task/task_scope.h"
#include "tests/support/rapidcheck.h"
#include "tests/support/test_executor.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace weir {
namespace {

Task<void> produce(Channel<int>& channel, int from, int to, int& sent) {
    for (int i = from; i < to; ++i) {
        const Result<void> result = co_await channel.send(i);
        if (!result.has_value()) {
            EXPECT_EQ(result.error().code, ErrorCode::connection_closed);
            co_return;
        }
        ++sent;
    }
}

Task<void> drain(Channel<int>& channel, std::vector<int>& received) {
    while (true) {
        const Result<int> item = co_await channel.receive();
        if (!item.has_value()) {
            EXPECT_EQ(item.error().code, ErrorCode::connection_closed);
            co_return;
        }
        received.push_back(*item);
    }
}

TEST(Channel, FullOneHoldsTheSender) {
    TestExecutor executor;
    Channel<int> channel(executor, 3);
    int sent = 0;
    std::vector<int> received;
    TaskScope scope(executor);
    scope.spawn(produce(channel, 0, 100, sent));
    executor.run();
    EXPECT_EQ(sent, 3);
    EXPECT_EQ(channel.size(), 3U);
    EXPECT_FALSE(channel.try_send(1));
    scope.spawn(drain(channel, received));
    executor.run();
    EXPECT_EQ(sent, 100);
    std::vector<int> expected;
    expected.reserve(100);
    for (int i = 0; i < 100; ++i) {
        expected.push_back(i);
    }
    EXPECT_EQ(received, expected);
    channel.close();
    executor.run();
    EXPECT_EQ(scope.task_count(), 0U);
}

TEST(Channel, CloseDrainsWhatIsLeft) {
    TestExecutor executor;
    Channel<int> channel(executor, 2);
    int sent = 0;
    std::vector<int> received;
    TaskScope scope(executor);
    scope.spawn(produce(channel, 0, 5, sent));
    executor.run();
    channel.close();
    executor.run();
    EXPECT_EQ(sent, 2);
    EXPECT_FALSE(channel.try_send(9));
    scope.spawn(drain(channel, received));
    executor.run();
    EXPECT_EQ(received, (std::vector<int>{0, 1}));
}

Task<void> receive_one(Channel<int>& channel, CancelToken token, std::vector<int>& got) {
    const Result<int> item = co_await channel.receive(token);
    got.push_back(item.has_value() ? *item : -1);
}

TEST(Channel, CancelledReceiverTakesNothing) {
    TestExecutor executor;
    Channel<int> channel(executor, 2);
    CancelSource source;
    std::vector<int> got;
    TaskScope scope(executor);
    scope.spawn(receive_one(channel, source.token(), got));
    executor.run();
    source.cancel();
    EXPECT_TRUE(channel.try_send(7));
    executor.run();
    EXPECT_EQ(got, (std::vector<int>{-1}));
    EXPECT_EQ(channel.size(), 1U);
    scope.spawn(receive_one(channel, CancelToken(), got));
    executor.run();
    EXPECT_EQ(got, (std::vector<int>{-1, 7}));
}

RC_GTEST_PROP(Channel, every_item_arrives_once_whoever_takes_it, ()) {
    const auto capacity = *rc::gen::inRange<std::size_t>(1, 8);
    const int senders = *rc::gen::inRange(1, 5);
    const int receivers = *rc::gen::inRange(1, 5);
    TestExecutor executor;
    Channel<int> channel(executor, capacity);
    int sent = 0;
    std::vector<int> received;
    TaskScope scope(executor);
    for (int i = 0; i < senders; ++i) {
        scope.spawn(produce(channel, i * 50, i * 50 + 50, sent));
    }
    for (int i = 0; i < receivers; ++i) {
        scope.spawn(drain(channel, received));
    }
    executor.run();
    channel.close();
    executor.run();
    RC_ASSERT(scope.task_count() == 0U);
    std::sort(received.begin(), received.end());
    RC_ASSERT(received.size() == static_cast<std::size_t>(senders) * 50);
    RC_ASSERT(std::adjacent_find(received.begin(), received.end()) == received.end());
}

}  // namespace
}  // namespace weir
