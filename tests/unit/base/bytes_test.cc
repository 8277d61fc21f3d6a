#include "core/base/bytes.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Buffer, IsUniqueUntilSharedAndAgainAfterwards) {
    Buffer buffer = Buffer::copy_of(as_bytes("hello"));
    EXPECT_TRUE(buffer.unique());
    {
        const BufferSlice slice(buffer, 1, 3);
        EXPECT_FALSE(buffer.unique());
        EXPECT_EQ(as_text(slice.span()), "ell");
    }
    EXPECT_TRUE(buffer.unique());
}

TEST(Buffer, SliceKeepsTheBytesAlive) {
    BufferSlice slice;
    {
        Buffer buffer = Buffer::copy_of(as_bytes("0123456789"));
        slice = BufferSlice(buffer, 2, 6).sub(1, 4);
    }
    EXPECT_EQ(as_text(slice.span()), "3456");
}

TEST(Buffer, AssignmentReleasesTheOldBytes) {
    Buffer a = Buffer::copy_of(as_bytes("a"));
    Buffer b = a;
    EXPECT_FALSE(a.unique());
    b = Buffer::copy_of(as_bytes("b"));
    EXPECT_TRUE(a.unique());
    EXPECT_TRUE(b.unique());
}

TEST(Buffer, EmptySliceHasAnEmptySpan) {
    const BufferSlice none;
    EXPECT_TRUE(none.empty());
    EXPECT_TRUE(none.span().empty());
}

TEST(BufferDeathTest, SliceOutsideTheBufferIsAProgrammerError) {
    const Buffer buffer = Buffer::allocate(4);
    EXPECT_DEATH(BufferSlice(buffer, 3, 2), "assertion failed");
}

}  // namespace
}  // namespace weir
