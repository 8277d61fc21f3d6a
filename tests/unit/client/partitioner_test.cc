#include "core/client/partitioner.h"

#include "core/client/siphash.h"

#include <gtest/gtest.h>

#include <string_view>

namespace weir::client {
namespace {

// data-plane spec 7.3, checked there against the reference's own implementation.
TEST(SipHash, HashesRecordKeysAsAllClientsDo) {
    EXPECT_EQ(hash_record_key(as_bytes("")), 0xe849e8bb6ffe2567ULL);
    EXPECT_EQ(hash_record_key(as_bytes("k")), 0x9178e6d5b39eb48aULL);
    EXPECT_EQ(hash_record_key(as_bytes("hello")), 0xd17f96bd0852ce12ULL);
    EXPECT_EQ(hash_record_key(as_bytes("key-1")), 0x486efe50d3cf75b7ULL);
}

// The vector of the authors' paper: key 00..0f, input 00..0e.
TEST(SipHash, GivesThePublishedVector) {
    Bytes input;
    for (std::uint8_t i = 0; i < 15; ++i) {
        input.push_back(i);
    }
    EXPECT_EQ(siphash_2_4(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, input),
              0xa129ca6149be45e5ULL);
}

TEST(Partitioner, TakesTheHashOfTheKey) {
    EXPECT_EQ(partition_for_key(as_bytes(""), 3), 2U);
    EXPECT_EQ(partition_for_key(as_bytes("k"), 3), 1U);
    EXPECT_EQ(partition_for_key(as_bytes("hello"), 3), 2U);
    EXPECT_EQ(partition_for_key(as_bytes("key-1"), 3), 1U);
    Partitioner partitioner;
    // Also when the partition is not online: the key decides.
    EXPECT_EQ(partitioner.choose(as_bytes("hello"), 3, {0}), 2U);
}

TEST(Partitioner, GoesRoundTheOnlinePartitions) {
    Partitioner partitioner;
    const std::vector<std::uint32_t> online = {1, 3};
    EXPECT_EQ(partitioner.choose(std::nullopt, 4, online), 1U);
    EXPECT_EQ(partitioner.choose(std::nullopt, 4, online), 3U);
    EXPECT_EQ(partitioner.choose(std::nullopt, 4, online), 1U);
    EXPECT_EQ(partitioner.choose(std::nullopt, 4, {}), 3U);
    EXPECT_EQ(partitioner.choose(std::nullopt, 4, {}), 0U);
}

}  // namespace
}  // namespace weir::client
