#include "core/sc/records.h"

#include "core/base/prng.h"
#include "core/wire/own_api_fields.h"
#include "tests/support/control_worlds.h"
#include "tests/support/random_fields.h"

#include <gtest/gtest.h>

namespace weir::sc {

namespace {

template <typename T>
T random_value(Prng& prng) {
    T value;
    wire::detail::RandomFields filler(prng, wire::kObjectVersion);
    filler(value);
    return value;
}

template <typename T, typename Decode>
void expect_round_trip(const T& record, const Bytes& bytes, Decode decode) {
    const Result<T> decoded = decode(bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, record);
    Bytes longer = bytes;
    longer.push_back(0);
    ASSERT_FALSE(decode(longer).has_value());
    EXPECT_EQ(decode(longer).error().code, ErrorCode::corrupt);
    ASSERT_FALSE(decode(ByteSpan(bytes).first(bytes.size() - 1)).has_value());
    Bytes other_format = bytes;
    other_format[0] = 99;
    ASSERT_FALSE(decode(other_format).has_value());
    EXPECT_NE(decode(other_format).error().context.find("format 99"), std::string::npos);
}

}  // namespace

TEST(MetadataRecords, RoundTrip) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Prng prng(seed);
        TopicRecord topic;
        topic.uid = draw_uid(prng);
        topic.settings = random_value<TopicSettings>(prng);
        topic.spec = random_value<TopicSpec>(prng);
        topic.status = random_value<TopicStatus>(prng);
        expect_round_trip(topic, encode_record(topic), &decode_topic_record);
        StoredPartition partition;
        partition.record = test::random_record(prng);
        partition.spec = random_value<PartitionSpec>(prng);
        partition.in_doubt = prng.chance(1, 2);
        expect_round_trip(partition, encode_record(partition), &decode_stored_partition);
        SpuRecord spu;
        spu.spec = random_value<SpuSpec>(prng);
        spu.storage_id = draw_uid(prng);
        spu.boot_id = draw_uid(prng);
        spu.boot = BootEpoch(prng.below(1'000));
        spu.fenced = prng.chance(1, 2);
        spu.draining = prng.chance(1, 2);
        expect_round_trip(spu, encode_record(spu), &decode_spu_record);
        ClusterRecord cluster;
        cluster.cluster_id = draw_uid(prng);
        cluster.sc_epoch = ScEpoch(prng.below(1'000));
        cluster.boot_counter = BootEpoch(prng.below(1'000));
        expect_round_trip(cluster, encode_record(cluster), &decode_cluster_record);
        const auto module = random_value<SmartModuleSpec>(prng);
        expect_round_trip(module, encode_spec_record(module), &decode_spec_record<SmartModuleSpec>);
    }
}

}  // namespace weir::sc
