#include "core/base/small_vector.h"

#include "core/base/prng.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

// Longer than what a string holds inside: a use of a dead or of a moved one is found.
std::string text_of(std::uint64_t number) {
    return "an element that owns memory of its own: " + std::to_string(number);
}

std::vector<std::string> plain(const SmallVector<std::string, 2>& items) {
    return {items.begin(), items.end()};
}

TEST(SmallVector, IsAVectorWhateverIsDoneWithIt) {
    Prng prng(1);
    SmallVector<std::string, 2> items;
    std::vector<std::string> twin;
    for (std::uint64_t step = 0; step < 20'000; ++step) {
        switch (prng.below(8)) {
            case 0:
                items.push_back(text_of(step));
                twin.push_back(text_of(step));
                break;
            case 1: {
                std::string& item = items.emplace_back();
                item = text_of(step);
                twin.push_back(text_of(step));
                break;
            }
            case 2:
                if (prng.below(3) == 0) {
                    items.clear();
                    twin.clear();
                }
                break;
            case 3: {
                SmallVector<std::string, 2> moved = std::move(items);
                EXPECT_EQ(plain(moved), twin);
                EXPECT_TRUE(items.empty());  // moved from
                items = std::move(moved);
                break;
            }
            case 4: {
                const SmallVector<std::string, 2> copy = items;
                EXPECT_EQ(copy, items);
                SmallVector<std::string, 2> other;
                other.push_back("overwritten");
                other = copy;
                EXPECT_EQ(other, items);
                other.push_back("one more");
                EXPECT_FALSE(other == items);
                break;
            }
            case 5: {
                // Of another size, inside or not, under what it takes over.
                const std::vector<std::string> some(prng.below(5), text_of(step));
                SmallVector<std::string, 2> fresh(some.begin(), some.end());
                items = std::move(fresh);
                twin = some;
                break;
            }
            case 6:
                if (!twin.empty()) {
                    const std::size_t index = prng.below(twin.size());
                    items[index] = twin[index] = text_of(step);
                }
                break;
            default:
                ASSERT_EQ(items.empty(), twin.empty());
                if (!twin.empty()) {
                    EXPECT_EQ(items.front(), twin.front());
                    EXPECT_EQ(items.back(), twin.back());
                }
                break;
        }
        ASSERT_EQ(plain(items), twin);
        ASSERT_EQ(items.size(), twin.size());
    }
}

TEST(SmallVector, HoldsWhatCanOnlyBeMoved) {
    SmallVector<std::unique_ptr<int>, 1> items;
    for (int i = 0; i < 5; ++i) {
        items.push_back(std::make_unique<int>(i));
    }
    const SmallVector<std::unique_ptr<int>, 1> taken = std::move(items);
    ASSERT_EQ(taken.size(), 5U);
    EXPECT_EQ(*taken[4], 4);
}

TEST(SmallVector, LeavesNothingBehindWhenItIsMoved) {
    const auto shared = std::make_shared<int>(1);
    {
        SmallVector<std::shared_ptr<int>, 1> items;
        items.push_back(shared);
        SmallVector<std::shared_ptr<int>, 1> taken = std::move(items);
        EXPECT_EQ(shared.use_count(), 2);
        taken.push_back(shared);
        items = std::move(taken);
        EXPECT_EQ(shared.use_count(), 3);
        items.clear();
        EXPECT_EQ(shared.use_count(), 1);
        items.push_back(shared);
    }
    EXPECT_EQ(shared.use_count(), 1);
}

// How many there are, moved ones included.
struct Counted {
    explicit Counted(int& live) : live_(&live) { ++*live_; }
    Counted(const Counted& other) : live_(other.live_) { ++*live_; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { --*live_; }

private:
    int* live_;
};

TEST(SmallVector, EachElementIsDestroyedOnce) {
    int live = 0;
    {
        SmallVector<Counted, 2> items;
        for (int count = 1; count <= 9; ++count) {
            items.emplace_back(live);
            EXPECT_EQ(live, count);
            SmallVector<Counted, 2> moved = std::move(items);
            EXPECT_EQ(live, count);
            items = std::move(moved);
            EXPECT_EQ(live, count);
        }
        items.clear();
        EXPECT_EQ(live, 0);
        items.emplace_back(live);
    }
    EXPECT_EQ(live, 0);
}

TEST(SmallVector, TheFirstLieInside) {
    SmallVector<std::uint64_t, 2> items;
    const auto lies_inside = [&items] {
        const auto* at = reinterpret_cast<const std::byte*>(items.data());
        const auto* begin = reinterpret_cast<const std::byte*>(&items);
        return at >= begin && at < begin + sizeof(items);
    };
    items.push_back(1);
    items.push_back(2);
    EXPECT_TRUE(lies_inside());
    items.push_back(3);
    EXPECT_FALSE(lies_inside());
    EXPECT_EQ(items[2], 3U);
}

}  // namespace
}  // namespace weir
