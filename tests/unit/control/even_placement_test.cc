// The tables of Fluvio's documentation of replica assignment, as numbers.

#include "core/control/even_placement.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace weir::control {

namespace {

using Rows = std::vector<std::vector<int>>;

// `racks`: one list of SPUs for each rack; the names are a, b, c, ...
EvenPlacementInput in_racks(std::initializer_list<std::initializer_list<int>> racks) {
    EvenPlacementInput input;
    char name = 'a';
    for (const auto& rack : racks) {
        for (const int id : rack) {
            input.spus.emplace_back(id);
            input.racks[SpuId(id)] = std::string(1, name);
        }
        ++name;
    }
    return input;
}

EvenPlacementInput without_racks(std::initializer_list<int> ids) {
    EvenPlacementInput input = in_racks({ids});
    input.racks.clear();
    return input;
}

Rows rows_of(EvenPlacementInput input, std::uint32_t row_count, std::uint32_t replication_factor,
             std::uint32_t start_index) {
    input.row_count = row_count;
    input.replication_factor = replication_factor;
    input.start_index = start_index;
    Rows rows;
    const auto placed = place_evenly(input);
    EXPECT_TRUE(placed.has_value());
    for (const auto& row : placed.value_or(std::vector<std::vector<SpuId>>())) {
        std::vector<int> ids;
        for (const SpuId spu : row) {
            ids.push_back(spu.value());
        }
        rows.push_back(ids);
    }
    return rows;
}

}  // namespace

TEST(EvenPlacement, GapsGrowWithEveryRound) {
    const Rows expected = {{0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 0}, {4, 0, 1}, {0, 2, 3},
                           {1, 3, 4}, {2, 4, 0}, {3, 0, 1}, {4, 1, 2}, {0, 3, 4}, {1, 4, 0},
                           {2, 0, 1}, {3, 1, 2}, {4, 2, 3}, {0, 1, 2}};
    EXPECT_EQ(rows_of(without_racks({0, 1, 2, 3, 4}), 16, 3, 0), expected);
}

TEST(EvenPlacement, StartsWhereTheLastPlacementEnded) {
    EXPECT_EQ(rows_of(without_racks({0, 1, 2, 4, 5000}), 4, 1, 8), (Rows{{4}, {5000}, {0}, {1}}));
    EXPECT_EQ(rows_of(without_racks({0, 1, 2, 3, 4}), 4, 2, 3),
              (Rows{{3, 4}, {4, 0}, {0, 2}, {1, 3}}));
    EXPECT_EQ(rows_of(without_racks({0, 1, 2, 3, 4}), 4, 3, 12),
              (Rows{{2, 0, 1}, {3, 1, 2}, {4, 2, 3}, {0, 1, 2}}));
}

TEST(EvenPlacement, FourRacksOfThree) {
    const Rows expected = {{0, 4, 8, 9},  {4, 8, 9, 1},  {8, 9, 1, 5},  {9, 1, 5, 6},
                           {1, 5, 6, 10}, {5, 6, 10, 2}, {6, 10, 2, 3}, {10, 2, 3, 7},
                           {2, 3, 7, 11}, {3, 7, 11, 0}, {7, 11, 0, 4}, {11, 0, 4, 8}};
    EXPECT_EQ(rows_of(in_racks({{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 10, 11}}), 12, 4, 0),
              expected);
}

TEST(EvenPlacement, ThreeRacksOfOneTwoAndThree) {
    const Rows expected = {{3, 2, 0}, {2, 0, 4}, {0, 4, 1}, {4, 1, 5}, {1, 5, 3}, {5, 3, 2}};
    EXPECT_EQ(rows_of(in_racks({{0}, {1, 2}, {3, 4, 5}}), 6, 3, 0), expected);
}

TEST(EvenPlacement, RefusesTooFewSpusAndSpusWithoutARack) {
    EvenPlacementInput input = in_racks({{1}, {2}});
    input.row_count = 1;
    input.replication_factor = 3;
    EXPECT_EQ(place_evenly(input).error().code, ErrorCode::unavailable);
    input.replication_factor = 2;
    input.racks.erase(SpuId(2));
    EXPECT_EQ(place_evenly(input).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(place_evenly(EvenPlacementInput()).error().code, ErrorCode::unavailable);
}

}  // namespace weir::control
