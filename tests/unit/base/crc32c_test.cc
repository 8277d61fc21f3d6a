#include "core/base/crc32c.h"

#include "tests/support/rapidcheck.h"

namespace weir {
namespace {

TEST(Crc32c, KnownValues) {
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
    EXPECT_EQ(crc32c({}), 0U);
    EXPECT_EQ(crc32c(Bytes(32, 0)), 0x8a9136aaU);
    EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43U);
}

RC_GTEST_PROP(Crc32c, equals_the_table_version, (std::uint32_t start)) {
    const auto size = *rc::gen::inRange<std::size_t>(0, 20'000);
    const auto seed = *rc::gen::arbitrary<std::uint8_t>();
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>((i * 131) ^ (i >> 8) ^ seed);
    }
    RC_ASSERT(crc32c_extend(start, bytes) == crc32c_portable_for_test(start, bytes));
}

RC_GTEST_PROP(Crc32c, extending_equals_the_whole, (const Bytes& a, const Bytes& b)) {
    Bytes whole = a;
    whole.insert(whole.end(), b.begin(), b.end());
    RC_ASSERT(crc32c_extend(crc32c(a), b) == crc32c(whole));
}

}  // namespace
}  // namespace weir
