#include "core/sc/object_table.h"

#include "core/sc/catalog.h"

#include <gtest/gtest.h>

namespace weir::sc {

namespace {

using Table = ObjectTable<SpuSpec, SpuExtra>;

void put(Table& table, const std::string& name, int id) {
    SpuObject object;
    object.name = name;
    object.spec.id = SpuId(id);
    table.put(std::move(object), SpuExtra());
}

// "-name" for each removal, then "name" for each update.
std::string text_of(const Table::Delta& delta) {
    std::string text = delta.full ? "full:" : "";
    for (const auto* removed : delta.removed) {
        text += " -" + removed->object.name;
    }
    for (const auto* entry : delta.updated) {
        text += " " + entry->object.name + "=" + std::to_string(entry->object.spec.id.value());
    }
    return text;
}

std::string next(Table::Watcher& watcher) {
    const std::string text = text_of(watcher.look());
    watcher.advance();
    return text;
}

}  // namespace

TEST(ObjectTable, FirstLookGivesEverythingAndLaterOnesChanges) {
    Table table;
    put(table, "b", 2);
    put(table, "a", 1);
    Table::Watcher watcher(table);
    EXPECT_TRUE(watcher.behind());
    EXPECT_EQ(next(watcher), "full: a=1 b=2");
    EXPECT_FALSE(watcher.behind());
    put(table, "c", 3);
    put(table, "a", 4);
    EXPECT_TRUE(watcher.behind());
    EXPECT_EQ(next(watcher), " c=3 a=4");
    EXPECT_FALSE(watcher.behind());
}

TEST(ObjectTable, FirstLookAtAnEmptyTableIsAMessageToo) {
    Table table;
    Table::Watcher watcher(table);
    EXPECT_TRUE(watcher.behind());
    EXPECT_EQ(next(watcher), "full:");
    EXPECT_FALSE(watcher.behind());
}

TEST(ObjectTable, PuttingTheSameIsNoChange) {
    Table table;
    put(table, "a", 1);
    Table::Watcher watcher(table);
    next(watcher);
    put(table, "a", 1);
    EXPECT_FALSE(watcher.behind());
    EXPECT_EQ(table.epoch(), 1U);
}

TEST(ObjectTable, ChangesOfOneObjectCoalesce) {
    Table table;
    Table::Watcher watcher(table);
    next(watcher);
    put(table, "a", 1);
    put(table, "a", 2);
    put(table, "a", 3);
    EXPECT_EQ(next(watcher), " a=3");
}

// A client that got the update first and the deletion after it would lose the object.
TEST(ObjectTable, RecreationIsADeletionAndThenAnUpdate) {
    Table table;
    put(table, "a", 1);
    Table::Watcher watcher(table);
    next(watcher);
    table.remove("a");
    put(table, "a", 2);
    EXPECT_EQ(next(watcher), " -a a=2");
}

TEST(ObjectTable, DeletionsAreRememberedUntilEveryWatcherHasPassed) {
    Table table;
    put(table, "a", 1);
    put(table, "b", 2);
    Table::Watcher quick(table);
    auto slow = std::make_unique<Table::Watcher>(table);
    next(quick);
    next(*slow);
    table.remove("a");
    EXPECT_EQ(next(quick), " -a");
    EXPECT_EQ(table.remembered_count_for_test(), 1U);
    table.remove("b");
    EXPECT_EQ(next(*slow), " -a -b");
    EXPECT_EQ(next(quick), " -b");
    EXPECT_EQ(table.remembered_count_for_test(), 0U);
    put(table, "c", 3);
    table.remove("c");
    EXPECT_EQ(table.remembered_count_for_test(), 1U);
    next(quick);
    // One that does not come any more holds nothing once it is gone.
    slow.reset();
    EXPECT_EQ(table.remembered_count_for_test(), 0U);
}

TEST(ObjectTable, WithoutWatchersNothingIsRemembered) {
    Table table;
    put(table, "a", 1);
    table.remove("a");
    EXPECT_EQ(table.remembered_count_for_test(), 0U);
    EXPECT_FALSE(table.remove("a"));
}

}  // namespace weir::sc
