#include "core/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace weir {
namespace {

struct Item : ListNode {
    explicit Item(int v) : value(v) {}
    int value;
};

std::vector<int> values(IntrusiveList<Item>& list) {
    std::vector<int> all;
    list.for_each([&all](Item& item) { all.push_back(item.value); });
    return all;
}

TEST(IntrusiveList, KeepsOrderAndUnlinksFromTheMiddle) {
    IntrusiveList<Item> list;
    Item a(1);
    Item b(2);
    Item c(3);
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    b.unlink();
    EXPECT_EQ(values(list), (std::vector<int>{1, 3}));
    EXPECT_FALSE(b.linked());
}

TEST(IntrusiveList, NodeMayDieBeforeTheList) {
    IntrusiveList<Item> list;
    Item a(1);
    {
        Item b(2);
        list.push_back(b);
        list.push_back(a);
    }
    EXPECT_EQ(values(list), (std::vector<int>{1}));
}

TEST(IntrusiveList, ListMayDieBeforeTheNode) {
    Item a(1);
    {
        IntrusiveList<Item> list;
        list.push_back(a);
        EXPECT_TRUE(a.linked());
    }
    EXPECT_FALSE(a.linked());
}

TEST(IntrusiveList, TakeAllMovesInOrder) {
    IntrusiveList<Item> from;
    IntrusiveList<Item> to;
    Item a(1);
    Item b(2);
    Item c(3);
    to.push_back(a);
    from.push_back(b);
    from.push_back(c);
    to.take_all(from);
    EXPECT_TRUE(from.empty());
    EXPECT_EQ(values(to), (std::vector<int>{1, 2, 3}));
}

}  // namespace
}  // namespace weir
