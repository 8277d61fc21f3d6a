#include "core/base/fifo.h"

#include "core/base/prng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <vector>

namespace weir {
namespace {

TEST(Fifo, IsADequeWhateverIsDoneWithIt) {
    Prng prng(1);
    Fifo<std::uint32_t> fifo;
    std::deque<std::uint32_t> twin;
    std::uint32_t next = 0;
    for (int step = 0; step < 20'000; ++step) {
        switch (prng.below(6)) {
            case 0: {
                std::vector<std::uint32_t> some(prng.below(20));
                std::iota(some.begin(), some.end(), next);
                next += static_cast<std::uint32_t>(some.size());
                fifo.append(some);
                twin.insert(twin.end(), some.begin(), some.end());
                break;
            }
            case 1:
                fifo.push_back(next);
                twin.push_back(next++);
                break;
            case 2:
                if (!twin.empty()) {
                    EXPECT_EQ(fifo.pop_front(), twin.front());
                    twin.pop_front();
                }
                break;
            case 3: {
                const std::size_t gone = prng.below(twin.size() + 1);
                fifo.drop_front(gone);
                twin.erase(twin.begin(), twin.begin() + static_cast<std::ptrdiff_t>(gone));
                break;
            }
            case 4:
                if (prng.chance(1, 4)) {
                    const std::size_t kept = prng.below(twin.size() + 1);
                    fifo.truncate(kept);
                    twin.resize(kept);
                }
                break;
            default:
                if (prng.chance(1, 50)) {
                    fifo.clear();
                    twin.clear();
                }
        }
        ASSERT_EQ(fifo.size(), twin.size());
        ASSERT_EQ(fifo.empty(), twin.empty());
        ASSERT_TRUE(std::equal(twin.begin(), twin.end(), fifo.items().begin(), fifo.items().end()));
        if (!twin.empty()) {
            ASSERT_EQ(fifo.front(), twin.front());
            ASSERT_EQ(fifo.back(), twin.back());
        }
    }
}

TEST(Fifo, StaysInItsMemoryWhileWhatItHoldsIsBounded) {
    Fifo<int> fifo;
    for (int i = 0; i < 64; ++i) {
        fifo.push_back(i);
    }
    const int* memory = fifo.items().data();
    for (int i = 0; i < 1'000; ++i) {
        fifo.drop_front(33);
        for (int k = 0; k < 33; ++k) {
            fifo.push_back(k);
        }
        ASSERT_EQ(fifo.items().data(), memory);
    }
}

TEST(Fifo, GivesUpWhatWasTaken) {
    Fifo<std::shared_ptr<int>> fifo;
    const auto item = std::make_shared<int>(1);
    fifo.push_back(item);
    fifo.push_back(item);
    EXPECT_EQ(fifo.pop_front(), item);
    EXPECT_EQ(item.use_count(), 2);
}

}  // namespace
}  // namespace weir
