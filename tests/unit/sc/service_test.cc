// The SC as a whole in the simulator, against a scripted client and scripted SPUs.

#include "core/sc/service.h"

#include "tests/support/sc_world.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace weir::sc {

namespace {

using test::ScClient;
using test::ScTest;
using wire::ErrorTag;
using wire::Status;

}  // namespace

TEST_F(ScTest, ApiVersionsSaysWhatIsServed) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        wire::ApiVersionsRequest request;
        WEIR_CO_TRY(const std::int32_t id,
                    co_await client.send(wire::ScApi::api_versions, request));
        WEIR_CO_TRY(const BufferSlice body, co_await client.receive_for(id));
        wire::Reader reader(body.span());
        WEIR_CO_TRY(const auto response, wire::decode_api_versions_response(reader, 2));
        EXPECT_EQ(response.platform_version, "0.18.1");
        EXPECT_EQ(response.api_keys.size(), 6U);
        const auto watch = wire::find_range(response, 1004);
        EXPECT_TRUE(watch.has_value());
        EXPECT_LE(watch->version_min, 16);
        EXPECT_EQ(watch->version_max, 19);
        co_return Result<void>();
    });
}

TEST_F(ScTest, TopicGoesToAnSpuAndIsOnlineWhenItIsAnswered) {
    register_and_start_spus();
    run([](Env& env, ScClient& client) -> Task<Result<void>> {
        const Instant before = env.clock.now();
        WEIR_CO_TRY(const Status status, co_await client.create_topic("hello", 2));
        EXPECT_TRUE(status.error.ok()) << to_string(status.error) << *status.message;
        EXPECT_EQ(status.name, "hello");
        EXPECT_LT((env.clock.now() - before).ms(), 40);
        WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::partition, false));
        const auto& partitions = std::get<std::vector<PartitionObject>>(list.objects);
        EXPECT_EQ(partitions.size(), 2U);
        EXPECT_EQ(partitions[0].name, "hello-0");
        // consumer-offset-0 is led by SPU 1 already.
        EXPECT_EQ(partitions[0].spec.leader, SpuId(2));
        EXPECT_EQ(partitions[1].spec.leader, SpuId(1));
        EXPECT_EQ(partitions[0].status.resolution, PartitionResolution::online);
        EXPECT_EQ(partitions[0].status.leader.leo, Offset(20));
        EXPECT_GE(partitions[0].status.size_bytes, 0);
        WEIR_CO_TRY(const auto topics, co_await client.list(ObjectKind::topic, false));
        EXPECT_EQ(std::get<std::vector<TopicObject>>(topics.objects).size(), 1U);
        WEIR_CO_TRY(const auto system, co_await client.list(ObjectKind::topic, true));
        EXPECT_EQ(std::get<std::vector<TopicObject>>(system.objects).at(0).name, "consumer-offset");
        co_return Result<void>();
    });
    EXPECT_EQ(spus_[1].offsets_leader, SpuId(1));
    EXPECT_EQ(spus_[2].offsets_leader, SpuId(1));
    EXPECT_EQ(spus_[1].replicas.size(), 2U);
    EXPECT_EQ(spus_[2].replicas.size(), 1U);
    EXPECT_EQ(spus_[2].topics.size(), 2U);
    EXPECT_TRUE(spus_[2].spus.at(SpuId(1)).online);
    EXPECT_EQ(spus_[2].registered.cluster_id, spus_[1].registered.cluster_id);
    EXPECT_FALSE(spus_[2].registered.cluster_id.is_none());
}

TEST_F(ScTest, CreateAnswersTheErrorsOfTheSpec) {
    register_and_start_spus();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status created, co_await client.create_topic("one", 1));
        EXPECT_TRUE(created.error.ok());
        WEIR_CO_TRY(const Status again, co_await client.create_topic("one", 1));
        EXPECT_EQ(again.error.tag, ErrorTag::topic_already_exists);
        EXPECT_EQ(again.message, "Topic 'one' already exists");
        WEIR_CO_TRY(const Status name, co_await client.create_topic("Bad", 1));
        EXPECT_EQ(name.error.tag, ErrorTag::topic_invalid_name);
        WEIR_CO_TRY(const Status zero, co_await client.create_topic("zero", 0));
        EXPECT_EQ(zero.error.tag, ErrorTag::topic_error);
        EXPECT_EQ(zero.message, "partition must be greater than 0");

        wire::CreateRequest dry;
        dry.name = "dry";
        dry.dry_run = true;
        ComputedReplicas replicas;
        replicas.partition_count = 1;
        replicas.replication_factor = 1;
        TopicSpec spec;
        spec.replicas = replicas;
        dry.spec = spec;
        WEIR_CO_TRY(const Status dried, co_await client.call(wire::ScApi::create, dry));
        EXPECT_TRUE(dried.error.ok());
        EXPECT_EQ(dried.name, "dry");
        WEIR_CO_TRY(const auto topics, co_await client.list(ObjectKind::topic, false));
        EXPECT_EQ(std::get<std::vector<TopicObject>>(topics.objects).size(), 1U);

        wire::CreateRequest unknown;
        wire::UnknownObject object;
        object.label = "DerivedStream";
        unknown.spec = object;
        WEIR_CO_TRY(const Status refused, co_await client.call(wire::ScApi::create, unknown));
        EXPECT_EQ(refused.name, "create error");
        EXPECT_EQ(refused.error, wire::ApiError::other("unknown admin object type"));
        co_return Result<void>();
    });
}

TEST_F(ScTest, TopicWithoutSpusIsPlacedWhenOneComes) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status status, co_await client.register_spu(1));
        EXPECT_TRUE(status.error.ok());
        WEIR_CO_TRY(const Status created, co_await client.create_topic("later", 1));
        EXPECT_EQ(created.error.tag, ErrorTag::topic_not_provisioned);
        EXPECT_EQ(created.message, "only 0 out of 1 provisioned");
        co_return Result<void>();
    });
    start_spu(1);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const auto topics, co_await client.list(ObjectKind::topic, false));
        const auto& topic = std::get<std::vector<TopicObject>>(topics.objects).at(0);
        EXPECT_EQ(topic.status.resolution, TopicResolution::provisioned);
        WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::partition, false));
        EXPECT_EQ(std::get<std::vector<PartitionObject>>(list.objects).at(0).status.resolution,
                  PartitionResolution::online);
        co_return Result<void>();
    });
}

TEST_F(ScTest, DeleteTakesPartitionsAlongAndRecreationHasANewUid) {
    register_and_start_spus();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status created, co_await client.create_topic("gone", 2));
        EXPECT_TRUE(created.error.ok());
        co_return Result<void>();
    });
    const ReplicaKey key = {"gone", 0};
    const int holder = spus_[1].replicas.contains(key) ? 1 : 2;
    const Uid first_uid = spus_[holder].record(key).topic_uid;
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status deleted, co_await client.delete_topic("gone"));
        EXPECT_TRUE(deleted.error.ok());
        WEIR_CO_TRY(const Status again, co_await client.delete_topic("gone"));
        EXPECT_EQ(again.error.tag, ErrorTag::topic_not_found);
        EXPECT_EQ(again.message, "not found");
        WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::partition, false));
        EXPECT_TRUE(std::get<std::vector<PartitionObject>>(list.objects).empty());
        WEIR_CO_TRY(const Status system, co_await client.delete_topic("consumer-offset"));
        EXPECT_EQ(system.error.tag, ErrorTag::system_spec_deletion_attempt);
        EXPECT_FALSE(system.message.has_value());
        WEIR_CO_TRY(const Status created, co_await client.create_topic("gone", 1));
        EXPECT_TRUE(created.error.ok());
        co_return Result<void>();
    });
    EXPECT_EQ(spus_[1].removed.size() + spus_[2].removed.size(), 2U);
    EXPECT_EQ(spus_[1].replicas.size() + spus_[2].replicas.size(), 2U);
    const int holder_now = spus_[1].replicas.contains(key) ? 1 : 2;
    EXPECT_NE(spus_[holder_now].record(key).topic_uid, first_uid);
}

TEST_F(ScTest, AddPartitionsKeepsTheOldOnes) {
    register_and_start_spus();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status created, co_await client.create_topic("grow", 1));
        EXPECT_TRUE(created.error.ok());
        WEIR_CO_TRY(const std::int32_t watch, co_await client.watch(ObjectKind::topic));
        WEIR_CO_TRY(const BufferSlice first, co_await client.receive_for(watch));
        EXPECT_FALSE(first.empty());
        wire::AddPartition action;
        action.count = 2;
        wire::UpdateTopic topic;
        topic.name = "grow";
        topic.action = action;
        wire::UpdateRequest request;
        request.target = topic;
        WEIR_CO_TRY(const Status updated, co_await client.call(wire::ScApi::update, request));
        EXPECT_TRUE(updated.error.ok());
        // The delta with the new rows came before the answer.
        EXPECT_EQ(client.passed().size(), 1U);
        wire::Reader reader(client.passed().at(0).body.span());
        WEIR_CO_TRY(const auto delta, wire::decode_watch_response(reader, 19));
        const auto& changes = std::get<wire::WatchUpdate<TopicSpec>>(delta.update).changes;
        EXPECT_EQ(changes.at(0).object.status.replica_map.size(), 3U);
        topic.name = "nothing";
        request.target = topic;
        WEIR_CO_TRY(const Status unknown, co_await client.call(wire::ScApi::update, request));
        EXPECT_EQ(unknown.error.tag, ErrorTag::topic_not_found);
        topic.name = "consumer-offset";
        request.target = topic;
        WEIR_CO_TRY(const Status system, co_await client.call(wire::ScApi::update, request));
        EXPECT_EQ(system.error.tag, ErrorTag::system_spec_updating_attempt);
        co_return Result<void>();
    });
}

TEST_F(ScTest, WatchGivesAFullListThenChangesThatPrecedeTheAnswer) {
    register_and_start_spus();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const std::int32_t spus, co_await client.watch(ObjectKind::spu));
        WEIR_CO_TRY(const BufferSlice spu_body, co_await client.receive_for(spus));
        wire::Reader spu_reader(spu_body.span());
        WEIR_CO_TRY(const auto spu_full, wire::decode_watch_response(spu_reader, 19));
        EXPECT_EQ(std::get<wire::WatchUpdate<SpuSpec>>(spu_full.update).all.size(), 2U);
        WEIR_CO_TRY(const std::int32_t watch, co_await client.watch(ObjectKind::partition));
        WEIR_CO_TRY(const BufferSlice body, co_await client.receive_for(watch));
        wire::Reader reader(body.span());
        WEIR_CO_TRY(const auto full, wire::decode_watch_response(reader, 19));
        const auto& update = std::get<wire::WatchUpdate<PartitionSpec>>(full.update);
        EXPECT_EQ(update.all.size(), 1U);
        EXPECT_TRUE(update.changes.empty());

        WEIR_CO_TRY(const Status created, co_await client.create_topic("hello", 1));
        EXPECT_TRUE(created.error.ok());
        // By the time of the answer the connection has seen the partition online.
        std::map<std::string, PartitionResolution> seen;
        for (const ScClient::Response& response : client.passed()) {
            EXPECT_EQ(response.id, watch);
            wire::Reader delta_reader(response.body.span());
            WEIR_CO_TRY(const auto delta, wire::decode_watch_response(delta_reader, 19));
            const auto& changes = std::get<wire::WatchUpdate<PartitionSpec>>(delta.update);
            EXPECT_TRUE(changes.all.empty());
            for (const auto& change : changes.changes) {
                EXPECT_EQ(change.kind, wire::ChangeKind::update);
                seen[change.object.name] = change.object.status.resolution;
            }
        }
        EXPECT_EQ(seen["hello-0"], PartitionResolution::online);

        client.passed().clear();
        WEIR_CO_TRY(const Status deleted, co_await client.delete_topic("hello"));
        EXPECT_TRUE(deleted.error.ok());
        EXPECT_EQ(client.passed().size(), 1U);
        wire::Reader last_reader(client.passed().at(0).body.span());
        WEIR_CO_TRY(const auto last, wire::decode_watch_response(last_reader, 19));
        const auto& removal = std::get<wire::WatchUpdate<PartitionSpec>>(last.update).changes.at(0);
        EXPECT_EQ(removal.kind, wire::ChangeKind::remove);
        EXPECT_EQ(removal.object.name, "hello-0");
        co_return Result<void>();
    });
}

TEST_F(ScTest, LostSpuIsOfflineAtOnceAndItsPartitionsHaveNoLeader) {
    register_and_start_spus();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status created, co_await client.create_topic("hello", 1));
        EXPECT_TRUE(created.error.ok());
        co_return Result<void>();
    });
    spu_machines_[2]->crash();
    world_.run_for(Duration::from_ms(100));
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::spu, false));
        const auto& spus = std::get<std::vector<SpuObject>>(list.objects);
        EXPECT_EQ(spus.at(0).status.resolution, SpuResolution::online);
        EXPECT_EQ(spus.at(1).status.resolution, SpuResolution::offline);
        WEIR_CO_TRY(const auto partitions, co_await client.list(ObjectKind::partition, false));
        EXPECT_EQ(
            std::get<std::vector<PartitionObject>>(partitions.objects).at(0).status.resolution,
            PartitionResolution::leader_offline);
        co_return Result<void>();
    });
    start_spu(2);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const auto partitions, co_await client.list(ObjectKind::partition, false));
        EXPECT_EQ(
            std::get<std::vector<PartitionObject>>(partitions.objects).at(0).status.resolution,
            PartitionResolution::online);
        co_return Result<void>();
    });
}

// A half-open connection: nothing arrives any more, and nobody says so.
TEST_F(ScTest, SilentSpuIsOfflineAfterTheHeartbeatTimeout) {
    register_and_start_spus();
    world_.run_for(Duration::from_s(30));
    EXPECT_GT(spus_[2].acks, 50U);
    world_.fabric().block(spu_machines_[2]->host(), sc_->host());
    world_.run_for(Duration::from_s(12));
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::spu, false));
        const auto& spus = std::get<std::vector<SpuObject>>(list.objects);
        EXPECT_EQ(spus.at(0).status.resolution, SpuResolution::online);
        EXPECT_EQ(spus.at(1).status.resolution, SpuResolution::offline);
        co_return Result<void>();
    });
    world_.fabric().unblock(spu_machines_[2]->host(), sc_->host());
}

TEST_F(ScTest, UnknownSpuAndForeignStorageAreRefused) {
    start_spu(1);
    EXPECT_EQ(spus_[1].registered.result, wire::internal::RegisterResult::unknown_spu);
    EXPECT_FALSE(spu_machines_[1]->running());
    register_and_start_spus();
    EXPECT_EQ(spus_[1].registered.result, wire::internal::RegisterResult::accepted);
    EXPECT_EQ(spus_[1].registered.spu_name, "custom-spu-1");
    stop(*spu_machines_[1]);
    start_spu(1, Uid{2, 2});
    EXPECT_EQ(spus_[1].registered.result, wire::internal::RegisterResult::storage_mismatch);
    // Unregistered and registered again, the new disk is welcome.
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        wire::DeleteTarget target;
        target.kind = ObjectKind::custom_spu;
        target.key = SpuId(1);
        wire::DeleteRequest request;
        request.target = target;
        WEIR_CO_TRY(const Status removed, co_await client.call(wire::ScApi::remove, request));
        EXPECT_TRUE(removed.error.ok());
        EXPECT_EQ(removed.name, "custom-spu-1");
        WEIR_CO_TRY(const Status unknown, co_await client.call(wire::ScApi::remove, request));
        EXPECT_EQ(unknown.error.tag, ErrorTag::spu_not_found);
        EXPECT_EQ(unknown.name, "spu-1");
        WEIR_CO_TRY(const Status created, co_await client.register_spu(1));
        EXPECT_TRUE(created.error.ok());
        WEIR_CO_TRY(const Status twice, co_await client.register_spu(1));
        EXPECT_EQ(twice.error.tag, ErrorTag::spu_already_exists);
        EXPECT_EQ(twice.message, "spu 'custom-spu-1(1)' already defined");
        co_return Result<void>();
    });
    start_spu(1, Uid{2, 2});
    EXPECT_EQ(spus_[1].registered.result, wire::internal::RegisterResult::accepted);
}

TEST_F(ScTest, MetadataSurviveAPowerLossOfTheSc) {
    register_and_start_spus();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        for (int i = 0; i < 5; ++i) {
            std::string name = "t" + std::to_string(i);
            WEIR_CO_TRY(const Status created, co_await client.create_topic(name, 2));
            EXPECT_TRUE(created.error.ok());
        }
        WEIR_CO_TRY(const Status deleted, co_await client.delete_topic("t3"));
        EXPECT_TRUE(deleted.error.ok());
        co_return Result<void>();
    });
    const Uid cluster = spus_[1].registered.cluster_id;
    const std::size_t replica_count = spus_[1].replicas.size();
    sc_->power_loss(sim::LossMode::all);
    // Nobody tells the SPUs that the SC's machine is gone; the scripted ones start again.
    spu_machines_[1]->crash();
    spu_machines_[2]->crash();
    boot_sc();
    start_spu(1);
    start_spu(2);
    EXPECT_EQ(spus_[1].registered.cluster_id, cluster);
    EXPECT_EQ(spus_[1].replicas.size(), replica_count);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::partition, false));
        const auto& partitions = std::get<std::vector<PartitionObject>>(list.objects);
        EXPECT_EQ(partitions.size(), 8U);
        for (const PartitionObject& partition : partitions) {
            EXPECT_EQ(partition.status.resolution, PartitionResolution::online);
        }
        co_return Result<void>();
    });
}

TEST_F(ScTest, OtherKindsAreStoredAndServedOrRefusedClearly) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        SmartModuleSpec module;
        module.payload = Bytes(1'000, 7);
        wire::CreateRequest request;
        request.name = "sm1";
        request.spec = module;
        WEIR_CO_TRY(const Status created, co_await client.call(wire::ScApi::create, request));
        EXPECT_TRUE(created.error.ok());
        wire::ListRequest list;
        list.kind = ObjectKind::smartmodule;
        list.summary = true;
        WEIR_CO_TRY(const std::int32_t id, co_await client.send(wire::ScApi::list, list));
        WEIR_CO_TRY(const BufferSlice body, co_await client.receive_for(id));
        wire::Reader reader(body.span());
        WEIR_CO_TRY(const auto listed, wire::decode_list_response(reader, 19));
        const auto& modules = std::get<std::vector<SmartModuleObject>>(listed.objects);
        EXPECT_EQ(modules.at(0).spec.summary_wasm_size_bytes, 1'000U);
        EXPECT_TRUE(modules.at(0).spec.payload.empty());

        wire::DeleteTarget target;
        target.kind = ObjectKind::smartmodule;
        target.key = std::string("sm2");
        wire::DeleteRequest remove;
        remove.target = target;
        WEIR_CO_TRY(const Status unknown, co_await client.call(wire::ScApi::remove, remove));
        EXPECT_EQ(unknown.error, wire::ApiError::with_text(ErrorTag::smartmodule_not_found, "sm2"));

        TableFormatSpec format;
        format.name = "mytable";
        request.name = "mytable";
        request.spec = format;
        WEIR_CO_TRY(const Status table, co_await client.call(wire::ScApi::create, request));
        EXPECT_TRUE(table.error.ok());
        WEIR_CO_TRY(const Status again, co_await client.call(wire::ScApi::create, request));
        EXPECT_EQ(again.error.tag, ErrorTag::table_format_already_exists);
        EXPECT_EQ(again.message, "tableformat 'mytable' already defined");

        request.spec = MirrorSpec();
        WEIR_CO_TRY(const Status mirror, co_await client.call(wire::ScApi::create, request));
        EXPECT_TRUE(mirror.error.ok());
        WEIR_CO_TRY(const Status twice, co_await client.call(wire::ScApi::create, request));
        EXPECT_EQ(twice.error.tag, ErrorTag::mirror_already_exists);
        request.spec = SpuGroupSpec();
        WEIR_CO_TRY(const Status group, co_await client.call(wire::ScApi::create, request));
        EXPECT_TRUE(group.error.ok());
        co_return Result<void>();
    });
}

TEST_F(ScTest, BadFramesCloseTheConnectionAndWrongVersionsAreAnswered) {
    run([](Env& env, ScClient& client) -> Task<Result<void>> {
        client.version = 20;
        wire::DeleteRequest request;
        request.target = wire::UnknownObject();
        WEIR_CO_TRY(const Status status, co_await client.call(wire::ScApi::remove, request));
        EXPECT_EQ(status.error.tag, ErrorTag::other);
        client.version = 19;
        WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::topic, false));
        EXPECT_TRUE(std::get<std::vector<TopicObject>>(list.objects).empty());

        const std::vector<Bytes> bad = {
            {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4},                   // negative length
            {0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4},                   // oversized
            {0, 0, 0, 2, 1, 2},                                     // too short for a header
            {0, 0, 0, 10, 0, 99, 0, 19, 0, 0, 0, 1, 0, 0},          // unknown key
            {0, 0, 0, 12, 3, 0xeb, 0, 19, 0, 0, 0, 1, 0, 0, 0, 5},  // cut body
        };
        for (const Bytes& bytes : bad) {
            WEIR_CO_TRY(const auto other, co_await ScClient::connect(env, test::kScPublic));
            WEIR_CO_CHECK(co_await other->send_bytes(bytes));
            const auto answer = co_await other->receive(Duration::from_s(5));
            EXPECT_FALSE(answer.has_value());
            EXPECT_EQ(answer.error().code, ErrorCode::connection_closed);
        }
        WEIR_CO_TRY(const auto still, co_await client.list(ObjectKind::topic, false));
        EXPECT_TRUE(std::get<std::vector<TopicObject>>(still.objects).empty());
        co_return Result<void>();
    });
}

// Two clients ask for the same name at the same time: exactly one gets it.
TEST_F(ScTest, OneNameIsGivenOnce) {
    register_and_start_spus();
    run([](Env& env, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const auto other, co_await ScClient::connect(env, test::kScPublic));
        ComputedReplicas replicas;
        replicas.partition_count = 1;
        replicas.replication_factor = 1;
        TopicSpec spec;
        spec.replicas = replicas;
        wire::CreateRequest request;
        request.name = "same";
        request.spec = spec;
        WEIR_CO_TRY(const std::int32_t a, co_await client.send(wire::ScApi::create, request));
        WEIR_CO_TRY(const std::int32_t b, co_await other->send(wire::ScApi::create, request));
        WEIR_CO_TRY(const BufferSlice body_a, co_await client.receive_for(a));
        WEIR_CO_TRY(const BufferSlice body_b, co_await other->receive_for(b));
        wire::Reader reader_a(body_a.span());
        wire::Reader reader_b(body_b.span());
        WEIR_CO_TRY(const Status status_a, wire::decode_status(reader_a, 19));
        WEIR_CO_TRY(const Status status_b, wire::decode_status(reader_b, 19));
        EXPECT_NE(status_a.error.ok(), status_b.error.ok());
        co_return Result<void>();
    });
}

}  // namespace weir::sc
