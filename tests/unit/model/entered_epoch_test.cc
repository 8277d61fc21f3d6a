#include "core/model/entered_epoch.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

EnteredEpoch entered_at(std::int32_t epoch, std::int64_t start) {
    return {LeaderEpoch(epoch), Offset(start)};
}

TEST(EnteredEpoch, OnlyWhatIsNewerIsEntered) {
    EnteredEpoch entered;
    EXPECT_EQ(entered.epoch, LeaderEpoch(-1));
    EXPECT_TRUE(entered.enter(entered_at(3, 10)));
    EXPECT_FALSE(entered.enter(entered_at(3, 12)));
    EXPECT_FALSE(entered.enter(entered_at(2, 12)));
    EXPECT_EQ(entered, entered_at(3, 10));
    EXPECT_TRUE(entered.enter(entered_at(4, 8)));
    EXPECT_EQ(entered, entered_at(4, 8));
}

TEST(EnteredEpoch, NothingIsStoredOfAnEpochThatBeganEmpty) {
    EnteredEpoch entered;
    EXPECT_FALSE(entered.enter(entered_at(3, 0)));
    EXPECT_EQ(entered, EnteredEpoch());
}

TEST(EnteredEpoch, ACutLeavesItAndALossDoesNot) {
    EnteredEpoch entered = entered_at(3, 10);
    entered.cut(Offset(12));
    EXPECT_EQ(entered, entered_at(3, 10));
    entered.cut(Offset(7));
    EXPECT_EQ(entered, entered_at(3, 7));
    entered.found(Offset(7));
    EXPECT_EQ(entered, entered_at(3, 7));
    entered.found(Offset(6));
    EXPECT_EQ(entered, EnteredEpoch());
}

}  // namespace
}  // namespace weir
