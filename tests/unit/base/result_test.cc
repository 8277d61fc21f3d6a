#include "core/base/result.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) {
        return fail(ErrorCode::invalid_argument, "odd");
    }
    return value / 2;
}

Result<int> quarter(int value) {
    WEIR_TRY(const int first, half(value));
    WEIR_TRY(const int second, half(first));
    return second;
}

Result<void> check_both(int a, int b) {
    WEIR_CHECK(half(a));
    WEIR_CHECK(half(b));
    return {};
}

TEST(Result, TryPassesValuesOn) {
    EXPECT_EQ(*quarter(12), 3);
}

TEST(Result, TryReturnsTheFirstError) {
    const Result<int> result = quarter(6);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(to_string(result.error()), "invalid_argument: odd");
}

TEST(Result, CheckStopsAtTheFirstError) {
    EXPECT_TRUE(check_both(2, 4).has_value());
    EXPECT_FALSE(check_both(2, 3).has_value());
    EXPECT_FALSE(check_both(3, 2).has_value());
}

}  // namespace
}  // namespace weir
