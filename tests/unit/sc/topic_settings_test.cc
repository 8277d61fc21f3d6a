// Topics with settings of replication, and the description of the cluster, through the public port.

#include "tests/support/sc_world.h"

#include <gtest/gtest.h>

namespace weir::sc {

namespace {

using test::ScClient;
using wire::Status;

const ReplicaKey kKey = {"hello", 0};
TopicSettings g_settings;
TopicChanges g_changes;
Status g_status;
wire::ClusterDescription g_described;
int g_kept_spu = 0;

wire::CreateTopic request_of_three() {
    wire::CreateTopic request;
    request.name = "hello";
    ComputedReplicas replicas;
    replicas.partition_count = 1;
    replicas.replication_factor = 3;
    request.spec.replicas = replicas;
    request.settings = g_settings;
    return request;
}

// SPUs 1 to 3, and a cluster that wants acknowledgements to be committed.
class ScTopicSettings : public test::ScTest {
protected:
    ScTopicSettings() {
        stop(*sc_);
        config_.new_topics.ack_floor = AckFloor::committed;
        config_.new_topics.min_live = 3;
        boot_sc();
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            for (int id = 1; id <= 3; ++id) {
                WEIR_CO_TRY(const Status status, co_await client.register_spu(id));
                EXPECT_TRUE(status.error.ok());
            }
            co_return Result<void>();
        });
        for (int id = 1; id <= 3; ++id) {
            test::FakeSpuOptions options = spu_options(id);
            options.reconnects = true;
            start_spu(options);
        }
        g_settings = TopicSettings();
        g_changes = TopicChanges();
    }
    Status create() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            wire::CreateTopic request = request_of_three();
            WEIR_CO_TRY(const BufferSlice body,
                        co_await client.call_own(wire::OwnApi::create_topic, std::move(request)));
            wire::Reader reader(body.span());
            WEIR_CO_TRY(g_status, wire::decode_status(reader, wire::kScVersionMax));
            co_return Result<void>();
        });
        return g_status;
    }
    Status alter() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            wire::AlterTopic request;
            request.name = "hello";
            request.settings = g_settings;
            request.changes = g_changes;
            WEIR_CO_TRY(const BufferSlice body,
                        co_await client.call_own(wire::OwnApi::alter_topic, std::move(request)));
            wire::Reader reader(body.span());
            WEIR_CO_TRY(g_status, wire::decode_status(reader, wire::kScVersionMax));
            co_return Result<void>();
        });
        world_.run_for(Duration::from_ms(200));
        return g_status;
    }
    const wire::ClusterDescription& describe() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            wire::DescribeCluster request;
            WEIR_CO_TRY(const BufferSlice body,
                        co_await client.call_own(wire::OwnApi::describe_cluster, request));
            wire::Reader reader(body.span());
            WEIR_CO_TRY(g_described,
                        wire::decode_cluster_description(reader, wire::kOwnVersionMax));
            co_return Result<void>();
        });
        return g_described;
    }
    const PartitionRecord& record() { return spus_[1].record(kKey); }
    // What the SPU has been told.
    const PartitionSpec& spec(const ReplicaKey& key = kKey) {
        return spus_[1].replicas.at(key).spec;
    }
};

}  // namespace

TEST_F(ScTopicSettings, ATopicSaysWhatItWantsAndTheClusterTheRest) {
    g_settings.min_live = 1;
    g_settings.durability = Durability::bounded;
    g_settings.unclean_policy = UncleanPolicy::never;
    g_settings.strict_reads = true;
    g_settings.ride_through = true;
    EXPECT_TRUE(create().error.ok());
    EXPECT_EQ(record().min_live, 1U);
    EXPECT_EQ(record().durability, Durability::bounded);
    EXPECT_EQ(record().unclean_policy, UncleanPolicy::never);
    EXPECT_EQ(record().ack_floor, AckFloor::committed);
    EXPECT_TRUE(record().strict_reads);
    EXPECT_TRUE(record().ride_through);
}

// The disks of two live replicas are lost, and the third was out of the live ones: nobody knows of
// a replica that may be complete. The operator gives up what only the two had.
TEST_F(ScTopicSettings, TheLastOneWithRecordsLeadsWhenThePolicySaysSo) {
    g_settings.min_live = 2;
    ASSERT_TRUE(create().error.ok());
    const int leader = record().leader.value();
    const int last = leader % 3 + 1;
    spu_machines_[last]->crash();
    world_.run_for(Duration::from_s(5));
    start_spu(last);
    ASSERT_EQ(spus_[last].record(kKey).lrs.size(), 2U);
    for (int id = 1; id <= 3; ++id) {
        if (id != last) {
            spu_machines_[id]->crash();
            spus_[id].disk.clear();
        }
    }
    g_kept_spu = last;
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        for (int id = 1; id <= 3; ++id) {
            if (id == g_kept_spu) {
                continue;
            }
            wire::DeleteRequest request;
            wire::DeleteTarget target;
            target.kind = ObjectKind::custom_spu;
            target.key = "custom-spu-" + std::to_string(id);
            request.target = std::move(target);
            WEIR_CO_TRY(const Status gone,
                        co_await client.call(wire::ScApi::remove, std::move(request)));
            EXPECT_TRUE(gone.error.ok());
            WEIR_CO_TRY(const Status back, co_await client.register_spu(id));
            EXPECT_TRUE(back.error.ok());
        }
        co_return Result<void>();
    });
    for (int id = 1; id <= 3; ++id) {
        if (id != last) {
            start_spu(id, Uid{2, static_cast<std::uint64_t>(id)});
        }
    }
    world_.run_for(Duration::from_s(30));
    ASSERT_EQ(spus_[last].record(kKey).leader, kNoSpu);
    g_settings = TopicSettings();
    g_settings.unclean_policy = UncleanPolicy::availability;
    ASSERT_TRUE(alter().error.ok());
    world_.run_for(Duration::from_s(15));
    EXPECT_EQ(spus_[last].record(kKey).leader, SpuId(last));
}

TEST_F(ScTopicSettings, MoreLiveReplicasThanThereAreIsRefused) {
    g_settings.min_live = 4;
    EXPECT_EQ(create().error.tag, wire::ErrorTag::topic_invalid_configuration);
    EXPECT_EQ(g_status.message, "min_live is 4, and must be from 1 to the number of replicas, 3");
    g_settings.min_live = 3;
    EXPECT_TRUE(create().error.ok());
    g_settings.min_live = 4;
    EXPECT_EQ(alter().error.tag, wire::ErrorTag::topic_invalid_configuration);
    EXPECT_EQ(record().min_live, 3U);
}

// What a topic has asked for survives the SC, and partitions that come later have it too.
TEST_F(ScTopicSettings, AChangeIsOfAllPartitionsThoseToComeIncluded) {
    EXPECT_EQ(alter().error.tag, wire::ErrorTag::topic_not_found);
    EXPECT_TRUE(create().error.ok());
    EXPECT_EQ(record().min_live, 3U);
    g_settings.min_live = 2;
    g_settings.strict_reads = true;
    const RecordVersion before = record().version;
    EXPECT_TRUE(alter().error.ok());
    EXPECT_EQ(record().min_live, 2U);
    EXPECT_TRUE(record().strict_reads);
    EXPECT_EQ(record().version.value(), before.value() + 1);
    stop(*sc_);
    boot_sc();
    world_.run_for(Duration::from_s(1));
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        wire::AddPartition action;
        action.count = 1;
        wire::UpdateTopic target;
        target.name = "hello";
        target.action = action;
        wire::UpdateRequest request;
        request.target = std::move(target);
        WEIR_CO_TRY(const Status status,
                    co_await client.call(wire::ScApi::update, std::move(request)));
        EXPECT_TRUE(status.error.ok());
        co_return Result<void>();
    });
    world_.run_for(Duration::from_ms(200));
    const PartitionRecord& added = spus_[1].record({"hello", 1});
    EXPECT_EQ(added.min_live, 2U);
    EXPECT_TRUE(added.strict_reads);
    EXPECT_EQ(added.ack_floor, AckFloor::committed);
}

TEST_F(ScTopicSettings, DurabilityIsNotChanged) {
    EXPECT_TRUE(create().error.ok());
    g_settings.durability = Durability::async;
    EXPECT_EQ(alter().error.tag, wire::ErrorTag::topic_invalid_configuration);
    EXPECT_EQ(record().durability, Durability::fsync);
}

TEST_F(ScTopicSettings, WhatIsKeptChangesInPlaceAndSurvivesTheSc) {
    EXPECT_TRUE(create().error.ok());
    EXPECT_EQ(spec().cleanup_policy, std::nullopt);
    const RecordVersion before = record().version;
    g_changes.retention_seconds = 60;
    g_changes.segment_size_bytes = 4'096;
    EXPECT_TRUE(alter().error.ok());
    g_changes = TopicChanges();
    g_changes.max_partition_size_bytes = 8'192;
    g_changes.compression_type = CompressionAlgorithm::zstd;
    EXPECT_TRUE(alter().error.ok());
    // The first SPU is told by the SC that made the change, and again by the next one.
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(spec().cleanup_policy->time_in_seconds, 60U);
        EXPECT_EQ(spec().storage->segment_size_bytes, 4'096U);
        EXPECT_EQ(spec().storage->max_partition_size_bytes, 8'192U);
        EXPECT_EQ(spec().compression_type, CompressionAlgorithm::zstd);
        EXPECT_EQ(record().version, before);
        spus_[1].replicas.clear();
        stop(*sc_);
        boot_sc();
        world_.run_for(Duration::from_s(1));
    }
}

TEST_F(ScTopicSettings, AChangeIsJudgedAsACreationIs) {
    EXPECT_TRUE(create().error.ok());
    g_changes.retention_seconds = 1;
    EXPECT_EQ(alter().error.tag, wire::ErrorTag::topic_invalid_configuration);
    EXPECT_EQ(g_status.message, "retention_secs 1 is less than minimum 10");
    g_changes = TopicChanges();
    g_changes.max_partition_size_bytes = 4'096;
    EXPECT_EQ(alter().error.tag, wire::ErrorTag::topic_invalid_configuration);
    EXPECT_EQ(g_status.message, "max_partition_size 4096 is less than segment size 1073741824");
    g_changes.segment_size_bytes = 2'048;
    // All of it or nothing.
    g_settings.min_live = 4;
    EXPECT_EQ(alter().error.tag, wire::ErrorTag::topic_invalid_configuration);
    EXPECT_EQ(spec().storage, std::nullopt);
    g_settings = TopicSettings();
    EXPECT_TRUE(alter().error.ok());
    EXPECT_EQ(spec().storage->max_partition_size_bytes, 4'096U);
}

TEST_F(ScTopicSettings, TheDescriptionSaysWhoIsThereAndWhoHoldsWhat) {
    EXPECT_TRUE(create().error.ok());
    spu_machines_[3]->crash();
    world_.run_for(Duration::from_s(5));
    ASSERT_EQ(describe().spus.size(), 3U);
    EXPECT_TRUE(g_described.doubts.empty());
    EXPECT_TRUE(g_described.spus[0].online);
    EXPECT_FALSE(g_described.spus[2].online);
    EXPECT_TRUE(g_described.spus[2].fenced);
    ASSERT_EQ(g_described.partitions.size(), 1U);
    EXPECT_EQ(g_described.partitions[0].key, kKey);
    EXPECT_EQ(g_described.partitions[0].record, record());
    EXPECT_EQ(g_described.partitions[0].record.lrs.size(), 2U);
}

}  // namespace weir::sc
