// The SPU as a whole on a simulated machine, with a scripted SC and raw client frames.
#include "core/spu/service.h"

#include "core/spu/replica_manager.h"
#include "core/wire/api_versions.h"
#include "core/wire/consumer_offsets.h"
#include "core/wire/fetch_offsets.h"
#include "core/wire/stream_fetch.h"
#include "core/wire/update_offsets.h"
#include "tests/unit/spu/spu_node.h"

namespace weir {
namespace {

using test::batch_of;
using test::config_of;
using test::FakeSc;
using test::garble;
using test::produce_of;
using test::RawClient;
using test::replica_dir_of_a;
using test::run;
using wire::ErrorTag;
using wire::SpuApi;

constexpr SpuId kSpu = test::kA;
constexpr SpuId kOther = test::kB;

// One SPU with its scripted SC, for one test.
class Rig {
public:
    explicit Rig(Env& env_in) : env(env_in), sc(env_in, {"node", 9004}), node_(env_in, kSpu) {}

    Env& env;
    FakeSc sc;
    spu::Config& config() { return node_.config; }

    // Until the SPU leads what the SC has told it to lead.
    Task<Result<void>> start() {
        if (!sc_started_) {
            WEIR_CO_CHECK(sc.start());
            sc_started_ = true;
        }
        sc.reports.clear();
        WEIR_CO_CHECK(co_await node_.start());
        for (const auto& assignment : sc.state.replicas) {
            while (assignment.record.leader == kSpu && !sc.reports.contains(assignment.key)) {
                WEIR_CO_CHECK(co_await sc.changed().wait());
            }
        }
        co_return Result<void>();
    }
    // Clean stop of the SPU; its result.
    Task<Result<void>> stop_spu() { co_return co_await node_.stop(); }
    Task<Result<void>> close() {
        const Result<void> result = co_await node_.stop();
        co_await sc.close();
        co_return result;
    }
    Task<Result<std::unique_ptr<RawClient>>> connect() {
        co_return co_await RawClient::connect(env, node_.config.public_bind);
    }

private:
    test::SpuNode node_;
    bool sc_started_ = false;
};

Task<Result<wire::ProducePartitionResponse>> produce(RawClient& client,
                                                     wire::ProduceRequest request,
                                                     wire::Version version = 25) {
    WEIR_CO_TRY(const CorrelationId id,
                co_await client.send(SpuApi::produce, std::move(request), version));
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next());
    EXPECT_EQ(answer.id, id);
    wire::Reader reader(answer.body.span());
    WEIR_CO_TRY(const auto response, wire::decode_produce_response(reader, 25));
    CO_REQUIRE(response.topics.size() == 1);
    CO_REQUIRE(response.topics[0].partitions.size() == 1);
    co_return response.topics[0].partitions[0];
}

Task<Result<wire::StreamFetchResponse>> next_stream(RawClient& client,
                                                    Duration limit = Duration::from_s(30)) {
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next(limit));
    wire::Reader reader(answer.body.span());
    co_return wire::decode_stream_fetch_response(reader, answer.body, 25);
}

wire::StreamFetchRequest stream_of(const std::string& topic, std::int64_t offset) {
    wire::StreamFetchRequest request;
    request.topic = topic;
    request.fetch_offset = offset;
    request.max_bytes = 1'048'890;
    return request;
}

Task<Result<wire::ApiError>> acknowledge(RawClient& client, std::int64_t offset,
                                         std::uint32_t session) {
    wire::UpdateOffsetsRequest request;
    wire::OffsetUpdate update;
    update.offset = offset;
    update.session_id = session;
    request.offsets.push_back(update);
    WEIR_CO_CHECK(co_await client.send(SpuApi::update_offsets, std::move(request), 0));
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next());
    wire::Reader reader(answer.body.span());
    WEIR_CO_TRY(const auto response, wire::decode_update_offsets_response(reader, 0));
    CO_REQUIRE(response.status.size() == 1);
    co_return response.status[0].error;
}

// First offset and record count of what a stream response holds.
std::pair<std::int64_t, std::int64_t> extent(const wire::StreamFetchResponse& response) {
    BatchWalker walker(response.partition.records.span(), BatchWalker::Check::header_and_crc);
    std::int64_t first = -1;
    std::int64_t count = 0;
    while (const auto batch = walker.next()) {
        first = first < 0 ? batch->header.base_offset.value() : first;
        count += batch->header.record_count();
    }
    EXPECT_EQ(walker.end(), BatchWalker::End::clean);
    return {first, count};
}

TEST(SpuService, ApiVersionsIsTheReferenceTable) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            wire::ApiVersionsRequest request;
            request.client_version = "0.50.2";
            WEIR_CO_CHECK(co_await client->send(SpuApi::api_versions, request, 2));
            WEIR_CO_TRY(const RawClient::Answer answer, co_await client->next());
            wire::Reader reader(answer.body.span());
            WEIR_CO_TRY(const auto response, wire::decode_api_versions_response(reader, 2));
            CO_REQUIRE(response.api_keys.size() == 5);
            EXPECT_EQ(response.api_keys[3], (wire::ApiRange{1003, 0, 25}));
            EXPECT_EQ(response.platform_version, "0.0.0");
        }
        co_return co_await rig.close();
    }));
}

TEST(SpuService, ProducesAndStreamsOneResponseAtATime) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto producer, co_await rig.connect());
            WEIR_CO_TRY(const auto consumer, co_await rig.connect());
            auto request = stream_of("hello", 0);
            WEIR_CO_CHECK(co_await consumer->send(SpuApi::stream_fetch, request, 25));
            // Nothing is there: nothing is sent.
            const auto silence = co_await next_stream(*consumer, Duration::from_ms(500));
            CO_REQUIRE(!silence.has_value());
            EXPECT_EQ(silence.error().code, ErrorCode::timed_out);

            auto first = produce_of("hello", batch_of({"a", "b"}));
            WEIR_CO_TRY(const auto written, co_await produce(*producer, first));
            EXPECT_TRUE(written.error.ok()) << to_string(written.error);
            EXPECT_EQ(written.base_offset, 0);
            WEIR_CO_TRY(const auto response, co_await next_stream(*consumer));
            EXPECT_EQ(response.stream_id, 1U);
            EXPECT_EQ(extent(response), std::make_pair(std::int64_t{0}, std::int64_t{2}));

            // Not acknowledged: more data, and still only one response.
            auto second = produce_of("hello", batch_of({"c"}), 1);
            WEIR_CO_TRY(const auto more, co_await produce(*producer, second));
            EXPECT_EQ(more.base_offset, 2);
            const auto held = co_await next_stream(*consumer, Duration::from_ms(500));
            CO_REQUIRE(!held.has_value());

            WEIR_CO_TRY(const auto unknown, co_await acknowledge(*consumer, 2, 99));
            EXPECT_EQ(unknown.tag, ErrorTag::fetch_session_not_found);
            WEIR_CO_TRY(const auto known, co_await acknowledge(*consumer, 2, 1));
            EXPECT_TRUE(known.ok());
            WEIR_CO_TRY(const auto next, co_await next_stream(*consumer));
            EXPECT_EQ(extent(next), std::make_pair(std::int64_t{2}, std::int64_t{1}));
            // An acknowledgement may go back: the same batch again.
            WEIR_CO_TRY(const auto back, co_await acknowledge(*consumer, 1, 1));
            EXPECT_TRUE(back.ok());
            WEIR_CO_TRY(const auto again, co_await next_stream(*consumer));
            EXPECT_EQ(extent(again), std::make_pair(std::int64_t{0}, std::int64_t{3}));
        }
        co_return co_await rig.close();
    }));
}

TEST(SpuService, PipelinedProducesKeepTheirOrder) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            std::vector<CorrelationId> ids;
            for (int i = 0; i < 200; ++i) {
                auto request = produce_of("hello", batch_of({std::to_string(i)}));
                WEIR_CO_TRY(const CorrelationId id,
                            co_await client->send(SpuApi::produce, std::move(request), 25));
                ids.push_back(id);
            }
            for (std::size_t i = 0; i < ids.size(); ++i) {
                WEIR_CO_TRY(const RawClient::Answer answer, co_await client->next());
                CO_REQUIRE(answer.id == ids[i]);
                wire::Reader reader(answer.body.span());
                WEIR_CO_TRY(const auto response, wire::decode_produce_response(reader, 25));
                CO_REQUIRE(response.topics[0].partitions[0].error.ok());
                CO_REQUIRE(response.topics[0].partitions[0].base_offset ==
                           static_cast<std::int64_t>(i));
            }
        }
        co_return co_await rig.close();
    }));
}

TEST(SpuService, RefusesWhatMustNotBeWritten) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        rig.sc.add_topic("packed", 2, kSpu);
        rig.sc.state.replicas.back().spec.compression_type = CompressionAlgorithm::gzip;
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            const Bytes good = batch_of({"a"});
            auto elsewhere = produce_of("nobody", good);
            WEIR_CO_TRY(const auto not_leader, co_await produce(*client, elsewhere));
            EXPECT_EQ(not_leader.error.tag, ErrorTag::not_leader_for_partition);

            auto plain = produce_of("packed", good);
            WEIR_CO_TRY(const auto codec, co_await produce(*client, plain));
            EXPECT_EQ(codec.error.tag, ErrorTag::compression_error);

            Bytes damaged = good;
            damaged.back() ^= 1;
            auto wrong_crc = produce_of("hello", damaged);
            WEIR_CO_TRY(const auto crc, co_await produce(*client, wrong_crc));
            EXPECT_EQ(crc.error.tag, ErrorTag::other) << to_string(crc.error);

            auto cut = produce_of("hello", Bytes(good.begin(), good.end() - 1));
            WEIR_CO_TRY(const auto torn, co_await produce(*client, cut));
            EXPECT_EQ(torn.error.tag, ErrorTag::other);

            auto large = produce_of("hello", batch_of({std::string(5'000, 'x')}));
            WEIR_CO_TRY(const auto too_large, co_await produce(*client, large));
            EXPECT_EQ(too_large.error.tag, ErrorTag::message_too_large);

            auto filtered = produce_of("hello", good);
            wire::SmartModuleInvocation module;
            module.source = wire::PredefinedModule{"nope"};
            filtered.smartmodules.push_back(module);
            WEIR_CO_TRY(const auto no_module, co_await produce(*client, filtered));
            EXPECT_EQ(no_module.error.tag, ErrorTag::smartmodule_not_found);

            auto nothing = produce_of("hello", {});
            WEIR_CO_TRY(const auto empty, co_await produce(*client, nothing));
            EXPECT_TRUE(empty.error.ok());

            auto future = produce_of("hello", good);
            WEIR_CO_TRY(const auto version, co_await produce(*client, future, 77));
            EXPECT_EQ(version.error.tag, ErrorTag::other);

            // None of them left anything behind.
            auto last = produce_of("hello", good);
            WEIR_CO_TRY(const auto written, co_await produce(*client, last));
            EXPECT_TRUE(written.error.ok());
            EXPECT_EQ(written.base_offset, 0);
        }
        co_return co_await rig.close();
    }));
}

// Each entry has its own answer, in the order of the request, and a refusal stops no other entry.
TEST(SpuService, OneRequestMayWriteToSeveralPartitionsAndTopics) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        rig.sc.state.replicas.push_back(FakeSc::replica("hello", 1, 1, kSpu));
        rig.sc.add_topic("packed", 2, kSpu);
        rig.sc.state.replicas.back().spec.compression_type = CompressionAlgorithm::gzip;
        rig.sc.add_topic("other", 3, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto request = produce_of("hello", batch_of({"a", "b"}));
            wire::ProducePartition second;
            second.partition = 1;
            second.records = BufferSlice(Buffer::copy_of(batch_of({"c"})));
            request.topics[0].partitions.push_back(second);
            wire::ProducePartition missing = second;
            missing.partition = 7;
            request.topics[0].partitions.push_back(missing);
            request.topics.push_back(produce_of("packed", batch_of({"d"})).topics[0]);
            request.topics.push_back(produce_of("nobody", batch_of({"e"})).topics[0]);
            request.topics.push_back(produce_of("other", batch_of({"f"})).topics[0]);
            request.topics.push_back(produce_of("hello", batch_of({"g"})).topics[0]);
            WEIR_CO_TRY(const CorrelationId id,
                        co_await client->send(SpuApi::produce, std::move(request), 25));
            WEIR_CO_TRY(const RawClient::Answer answer, co_await client->next());
            EXPECT_EQ(answer.id, id);
            wire::Reader reader(answer.body.span());
            WEIR_CO_TRY(const auto response, wire::decode_produce_response(reader, 25));
            std::vector<std::string> told;
            for (const wire::ProduceTopicResponse& topic : response.topics) {
                for (const wire::ProducePartitionResponse& one : topic.partitions) {
                    told.push_back(fmt::format("{}-{}: {} at {}", topic.name, one.partition,
                                               static_cast<int>(one.error.tag), one.base_offset));
                }
            }
            EXPECT_EQ(told, (std::vector<std::string>{"hello-0: 0 at 0", "hello-1: 0 at 0",
                                                      "hello-7: 6 at 0", "packed-0: 9000 at 0",
                                                      "nobody-0: 6 at 0", "other-0: 0 at 0",
                                                      "hello-0: 0 at 2"}));
        }
        co_return co_await rig.close();
    }));
}

// A batch of a kilobyte is refused, and a smaller one is taken as if it had never come.
Task<Result<void>> check_large_refused(Rig& rig, ErrorTag tag) {
    WEIR_CO_TRY(const auto client, co_await rig.connect());
    auto large = produce_of("hello", batch_of({std::string(1'000, 'x')}));
    WEIR_CO_TRY(const auto refused, co_await produce(*client, large));
    EXPECT_EQ(refused.error.tag, tag);
    auto small = produce_of("hello", batch_of({std::string(500, 'x')}));
    WEIR_CO_TRY(const auto written, co_await produce(*client, small));
    EXPECT_TRUE(written.error.ok()) << to_string(written.error);
    EXPECT_EQ(written.base_offset, 0);
    co_return Result<void>();
}

TEST(SpuService, ABatchMayNotBeLargerThanARequest) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        EXPECT_EQ(rig.config().batch_size_max, 33'554'432U);
        rig.config().batch_size_max = 1'000;
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        WEIR_CO_CHECK(co_await check_large_refused(rig, ErrorTag::message_too_large));
        co_return co_await rig.close();
    }));
}

TEST(SpuService, BrokenFramesCloseTheConnectionAlone) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        const std::vector<Bytes> broken = {
            {0xff, 0xff, 0xff, 0xff},                                  // length -1
            {0x7f, 0xff, 0xff, 0xff},                                  // 2 GiB
            {0, 0, 0, 4, 0, 0, 0, 0},                                  // shorter than a header
            {0, 0, 0, 10, 0x63, 0x63, 0, 25, 0, 0, 0, 1, 0, 0},        // unknown key
            {0, 0, 0, 11, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 9},           // produce, bad option
            {0, 0, 0, 12, 0x07, 0xd0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 0},  // mirroring
        };
        for (const Bytes& bytes : broken) {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            WEIR_CO_CHECK(co_await client->send_bytes(bytes));
            const auto answer = co_await client->next();
            CO_REQUIRE(!answer.has_value());
            EXPECT_EQ(answer.error().code, ErrorCode::connection_closed);
        }
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto request = produce_of("hello", batch_of({"a"}));
            WEIR_CO_TRY(const auto written, co_await produce(*client, request));
            EXPECT_TRUE(written.error.ok());
        }
        co_return co_await rig.close();
    }));
}

TEST(SpuService, StreamsEndWithTheReason) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto elsewhere = stream_of("nobody", 0);
            WEIR_CO_CHECK(co_await client->send(SpuApi::stream_fetch, elsewhere, 25));
            WEIR_CO_TRY(const auto refused, co_await next_stream(*client));
            EXPECT_EQ(refused.partition.error.tag, ErrorTag::not_leader_for_partition);
            EXPECT_EQ(refused.stream_id, 0U);

            auto beyond = stream_of("hello", 10);
            WEIR_CO_CHECK(co_await client->send(SpuApi::stream_fetch, beyond, 25));
            WEIR_CO_TRY(const auto too_far, co_await next_stream(*client));
            EXPECT_EQ(to_string(too_far.partition.error),
                      "Other: start offset: 10 is greater than leo: 0");
            EXPECT_EQ(too_far.stream_id, 1U);

            auto below = stream_of("hello", -3);
            WEIR_CO_CHECK(co_await client->send(SpuApi::stream_fetch, below, 25));
            WEIR_CO_TRY(const auto evicted, co_await next_stream(*client));
            EXPECT_EQ(evicted.partition.error,
                      wire::ApiError(ErrorTag::offset_evicted, wire::ErrorEvicted{-3, 0}));

            auto waiting = stream_of("hello", 0);
            WEIR_CO_CHECK(co_await client->send(SpuApi::stream_fetch, waiting, 25));
            auto module_stream = stream_of("hello", 0);
            wire::SmartModuleInvocation module;
            module.source = wire::AdHocModule{{1, 2, 3}};
            module_stream.smartmodules.push_back(module);
            WEIR_CO_CHECK(co_await client->send(SpuApi::stream_fetch, module_stream, 25));
            WEIR_CO_TRY(const auto no_engine, co_await next_stream(*client));
            EXPECT_EQ(no_engine.partition.error.tag, ErrorTag::smartmodule_chain_init_error);
            EXPECT_EQ(no_engine.stream_id, 4U);

            rig.sc.remove_topic("hello");
            WEIR_CO_TRY(const auto deleted, co_await next_stream(*client));
            EXPECT_EQ(deleted.partition.error.tag, ErrorTag::topic_deleted);
            EXPECT_EQ(deleted.stream_id, 3U);
            while (rig.sc.removed.empty()) {
                WEIR_CO_CHECK(co_await rig.sc.changed().wait());
            }
            EXPECT_EQ(rig.sc.removed[0].key, (ReplicaKey{"hello", 0}));

            // A new topic of the same name starts empty.
            rig.sc.add_topic("hello", 2, kSpu);
            rig.sc.push_state();
            rig.sc.reports.clear();
            while (!rig.sc.reports.contains({"hello", 0})) {
                WEIR_CO_CHECK(co_await rig.sc.changed().wait());
            }
            EXPECT_EQ(rig.sc.reports.at({"hello", 0}).leo, Offset(0));
        }
        co_return co_await rig.close();
    }));
}

// An SC takes a replica that it counts on, and that is not there, for one without its data.
TEST(SpuService, AReplicaThatIsBeingMadeIsRegistered) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.config().sc_retry_delay_min = Duration::from_us(1);
        WEIR_CO_CHECK(co_await rig.start());
        while (rig.sc.registration_count < 1) {
            WEIR_CO_CHECK(co_await rig.sc.changed().wait());
        }
        rig.sc.add_topic("hello", 7, kSpu);
        rig.sc.push_state();
        // It has got that, and has told nothing yet.
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_us(300)));
        rig.sc.drop_sessions();
        while (rig.sc.registration_count < 2) {
            WEIR_CO_CHECK(co_await rig.sc.changed().wait());
        }
        CO_REQUIRE(rig.sc.registrations.back().replicas.size() == 1);
        const wire::internal::StoredReplica& stored = rig.sc.registrations.back().replicas[0];
        EXPECT_EQ(stored.uid, (Uid{2, 7}));
        EXPECT_EQ(stored.leo, Offset(0));
        EXPECT_EQ(stored.fence_epoch, kNoEpoch);
        EXPECT_TRUE(stored.is_healthy);
        co_return co_await rig.close();
    }));
}

Task<Result<wire::UpdateConsumerOffsetResponse>> commit(RawClient& client, std::int64_t offset,
                                                        std::uint32_t session) {
    wire::UpdateConsumerOffsetRequest request;
    request.offset = offset;
    request.session_id = session;
    WEIR_CO_CHECK(co_await client.send(SpuApi::update_consumer_offset, request, 25));
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next());
    wire::Reader reader(answer.body.span());
    co_return wire::decode_update_consumer_offset_response(reader, 25);
}

Task<Result<wire::FetchConsumerOffsetsResponse>> list_offsets(RawClient& client) {
    const wire::FetchConsumerOffsetsRequest request;
    WEIR_CO_CHECK(co_await client.send(SpuApi::fetch_consumer_offsets, request, 25));
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next());
    wire::Reader reader(answer.body.span());
    co_return wire::decode_fetch_consumer_offsets_response(reader, 25);
}

// A stream with a consumer id, and its session: the first response names it.
Task<Result<std::uint32_t>> open_session(RawClient& client, std::string topic) {
    auto request = stream_of(topic, 0);
    request.consumer_id = "reader";
    WEIR_CO_CHECK(co_await client.send(SpuApi::stream_fetch, request, 25));
    WEIR_CO_TRY(const auto response, co_await next_stream(client));
    co_return response.stream_id;
}

TEST(SpuService, ConsumerOffsetsOutliveARestartAndDieWithTheirTopic) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.config().offsets_compact_size_bytes = 4'096;
        rig.sc.add_topic("hello", 1, kSpu);
        rig.sc.add_topic("consumer-offset", 2, kSpu);
        rig.sc.state.offsets_leader = kSpu;
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto request = produce_of("hello", batch_of({"a", "b"}));
            WEIR_CO_TRY(const auto written, co_await produce(*client, request));
            EXPECT_TRUE(written.error.ok());
            WEIR_CO_TRY(const std::uint32_t session, co_await open_session(*client, "hello"));
            WEIR_CO_TRY(const auto unknown, co_await commit(*client, 1, 77));
            EXPECT_EQ(unknown.error.tag, ErrorTag::fetch_session_not_found);
            EXPECT_EQ(unknown.offset, 0);
            // Enough of them that the log is rewritten on the way.
            for (std::int64_t offset = 0; offset <= 150; ++offset) {
                WEIR_CO_TRY(const auto committed, co_await commit(*client, offset, session));
                CO_REQUIRE(committed.error.ok());
                CO_REQUIRE(committed.offset == offset);
            }
        }
        WEIR_CO_CHECK(co_await rig.stop_spu());
        EXPECT_LT(rig.sc.reports.at({"consumer-offset", 0}).size_bytes, 8'192);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            Result<wire::FetchConsumerOffsetsResponse> listed = co_await list_offsets(*client);
            CO_REQUIRE(listed.has_value());
            CO_REQUIRE(listed->consumers.size() == 1);
            EXPECT_EQ(listed->consumers[0].offset, 150);
            EXPECT_EQ(listed->consumers[0].consumer_id, "reader");
            // Version 23 asks with the offsets.
            wire::FetchOffsetsRequest request;
            wire::FetchOffsetsTopic& topic = request.topics.emplace_back();
            topic.name = "hello";
            topic.partitions.push_back(0);
            request.consumer_id = "reader";
            WEIR_CO_CHECK(co_await client->send(SpuApi::fetch_offsets, request, 23));
            WEIR_CO_TRY(const RawClient::Answer answer, co_await client->next());
            wire::Reader reader(answer.body.span());
            WEIR_CO_TRY(const auto offsets, wire::decode_fetch_offsets_response(reader, 23));
            EXPECT_EQ(offsets.topics[0].partitions[0].start_offset, 151);
            EXPECT_EQ(offsets.topics[0].partitions[0].last_stable_offset, 2);

            rig.sc.remove_topic("hello");
            while (rig.sc.removed.empty()) {
                WEIR_CO_CHECK(co_await rig.sc.changed().wait());
            }
            listed = co_await list_offsets(*client);
            CO_REQUIRE(listed.has_value());
            EXPECT_TRUE(listed->consumers.empty());
        }
        EXPECT_EQ(rig.sc.storage_ids.front(), rig.sc.storage_ids.back());
        co_return co_await rig.close();
    }));
}

// Nobody keeps the offsets, then an SPU that has no address, then one that is there.
TEST(SpuService, AnOffsetThatCannotBeKeptSaysWhy) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        for (const SpuId leader : {SpuId(-1), kOther}) {
            WEIR_CO_CHECK(co_await rig.stop_spu());
            rig.sc.state.offsets_leader = leader;
            WEIR_CO_CHECK(co_await rig.start());
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto request = produce_of("hello", batch_of({"a"}));
            WEIR_CO_CHECK(co_await produce(*client, request));
            WEIR_CO_TRY(const std::uint32_t session, co_await open_session(*client, "hello"));
            WEIR_CO_TRY(const auto refused, co_await commit(*client, 0, session));
            EXPECT_EQ(refused.error.tag,
                      leader == kOther ? ErrorTag::spu_not_found : ErrorTag::topic_not_found);
            EXPECT_EQ(refused.offset, 0);
        }
        co_return co_await rig.close();
    }));
}

// The head of a batch in a closed segment changes while nobody looks: who has to be led over it to
// a record is told, who reads elsewhere is not. (What is in batches is for the reader to check.)
TEST(SpuService, DamagedRecordsAreAStorageError) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            for (int i = 0; i < 6; ++i) {
                auto request = produce_of("hello", batch_of({std::string(1'500, 'x')}));
                WEIR_CO_TRY(const auto written, co_await produce(*client, request));
                EXPECT_TRUE(written.error.ok());
            }
        }
        WEIR_CO_CHECK(co_await rig.stop_spu());
        const auto& replica = rig.sc.state.replicas.front();
        std::string dir = replica_dir_of_a("hello", replica.record.topic_uid);
        WEIR_CO_CHECK(co_await garble(env, std::move(dir), 64));
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            WEIR_CO_CHECK(co_await client->send(SpuApi::stream_fetch, stream_of("hello", 5), 25));
            WEIR_CO_TRY(const auto whole, co_await next_stream(*client));
            EXPECT_EQ(extent(whole), (std::pair<std::int64_t, std::int64_t>{5, 1}));
            WEIR_CO_CHECK(co_await client->send(SpuApi::stream_fetch, stream_of("hello", 1), 25));
            WEIR_CO_TRY(const auto damaged, co_await next_stream(*client));
            EXPECT_EQ(damaged.partition.error.tag, ErrorTag::storage_error);
            EXPECT_TRUE(damaged.partition.records.empty());
        }
        co_return co_await rig.close();
    }));
}

// More than the log lets wait to be written.
TEST(SpuService, ALogThatTakesNoMoreIsShortCircuited) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.config().log.queue_size_bytes_max = 1'000;
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        WEIR_CO_CHECK(co_await check_large_refused(rig, ErrorTag::partition_short_circuited));
        co_return co_await rig.close();
    }));
}

TEST(SpuService, ConsumerOffsetsAreForwardedToTheirLeader) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        rig.sc.add_topic("consumer-offset", 2, kOther);
        rig.sc.state.offsets_leader = kOther;
        for (const SpuId id : {kSpu, kOther}) {
            wire::internal::SpuAddress address;
            address.id = id;
            address.private_host = "node";
            address.private_port = config_of(id).private_bind.port;
            rig.sc.state.spus.push_back(address);
        }
        WEIR_CO_CHECK(co_await rig.start());
        CancelSource stop_other;
        spu::Started other_started(env.executor);
        TaskScope others(env.executor);
        struct Runner {
            static Task<void> go(Env& e, CancelToken stop, spu::Started* started) {
                const Result<void> ended = co_await spu::run(e, config_of(kOther), stop, started);
                EXPECT_TRUE(ended.has_value());
            }
        };
        others.spawn(Runner::go(env, stop_other.token(), &other_started));
        WEIR_CO_CHECK(co_await other_started.registered.wait());
        while (!rig.sc.reports.contains({"consumer-offset", 0})) {
            WEIR_CO_CHECK(co_await rig.sc.changed().wait());
        }
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto request = produce_of("hello", batch_of({"a"}));
            WEIR_CO_CHECK(co_await produce(*client, request));
            WEIR_CO_TRY(const std::uint32_t session, co_await open_session(*client, "hello"));
            WEIR_CO_TRY(const auto committed, co_await commit(*client, 0, session));
            EXPECT_TRUE(committed.error.ok()) << to_string(committed.error);
            WEIR_CO_TRY(const auto here, co_await list_offsets(*client));
            EXPECT_EQ(here.error.tag, ErrorTag::partition_not_leader);
            WEIR_CO_TRY(const auto leader,
                        co_await RawClient::connect(env, config_of(kOther).public_bind));
            WEIR_CO_TRY(const auto there, co_await list_offsets(*leader));
            CO_REQUIRE(there.consumers.size() == 1);
            EXPECT_EQ(there.consumers[0].offset, 0);
        }
        stop_other.cancel();
        co_await others.join();
        co_return co_await rig.close();
    }));
}

TEST(SpuService, KeepsItsDataWhenTheScKnowsNothingOfIt) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto request = produce_of("hello", batch_of({"a"}));
            WEIR_CO_CHECK(co_await produce(*client, request));
        }
        WEIR_CO_CHECK(co_await rig.stop_spu());
        const FakeSc::State known = std::exchange(rig.sc.state, {});
        WEIR_CO_CHECK(co_await rig.start());
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_s(5)));
        WEIR_CO_CHECK(co_await rig.stop_spu());
        EXPECT_TRUE(rig.sc.removed.empty());
        rig.sc.state = known;
        rig.sc.reports.clear();
        WEIR_CO_CHECK(co_await rig.start());
        while (!rig.sc.reports.contains({"hello", 0})) {
            WEIR_CO_CHECK(co_await rig.sc.changed().wait());
        }
        EXPECT_EQ(rig.sc.reports.at({"hello", 0}).leo, Offset(1));
        co_return co_await rig.close();
    }));
}

// An SC whose metadata come from a backup does not know the newest topics.
TEST(SpuService, KeepsForAWhileWhatTheScDoesNotList) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.config().unlisted_grace = Duration::from_s(20);
        rig.sc.add_topic("hello", 1, kSpu);
        rig.sc.add_topic("other", 2, kSpu);
        WEIR_CO_CHECK(co_await rig.start());
        {
            WEIR_CO_TRY(const auto client, co_await rig.connect());
            auto request = produce_of("hello", batch_of({"a"}));
            WEIR_CO_CHECK(co_await produce(*client, request));
        }
        const FakeSc::State known = rig.sc.state;
        FakeSc::State old = known;
        std::erase_if(old.replicas, [](const auto& one) { return one.key.topic == "hello"; });
        std::erase_if(old.topics, [](const auto& one) { return one.name == "hello"; });
        WEIR_CO_CHECK(co_await rig.stop_spu());
        rig.sc.state = old;
        WEIR_CO_CHECK(co_await rig.start());
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_s(15)));
        WEIR_CO_CHECK(co_await rig.stop_spu());
        EXPECT_TRUE(rig.sc.removed.empty());

        // It comes to know it again.
        rig.sc.state = known;
        rig.sc.reports.clear();
        WEIR_CO_CHECK(co_await rig.start());
        while (!rig.sc.reports.contains({"hello", 0})) {
            WEIR_CO_CHECK(co_await rig.sc.changed().wait());
        }
        EXPECT_EQ(rig.sc.reports.at({"hello", 0}).leo, Offset(1));
        WEIR_CO_CHECK(co_await rig.stop_spu());

        // It does not.
        rig.sc.state = old;
        WEIR_CO_CHECK(co_await rig.start());
        const Instant begin = env.clock.now();
        while (rig.sc.removed.empty()) {
            WEIR_CO_CHECK(co_await rig.sc.changed().wait());
        }
        EXPECT_EQ(rig.sc.removed[0].key, (ReplicaKey{"hello", 0}));
        EXPECT_GE(env.clock.now() - begin, Duration::from_s(19));
        co_return co_await rig.close();
    }));
}

// It may have been led astray to an SC that another one has replaced.
TEST(SpuService, WorksForNoScOfAnEarlierTerm) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        rig.sc.add_topic("orders", 1, kSpu);
        rig.sc.terms.sc_epoch = ScEpoch(5);
        WEIR_CO_CHECK(co_await rig.start());
        rig.sc.terms.sc_epoch = ScEpoch(4);
        const int before = rig.sc.registration_count;
        rig.sc.drop_sessions();
        WEIR_CO_CHECK(
            co_await sleep_for(env.clock, env.executor, Duration::from_s(1), CancelToken()));
        const int heard = rig.sc.heartbeat_count;
        WEIR_CO_CHECK(
            co_await sleep_for(env.clock, env.executor, Duration::from_s(20), CancelToken()));
        EXPECT_GE(rig.sc.registration_count, before + 3);
        EXPECT_EQ(rig.sc.heartbeat_count, heard);
        EXPECT_EQ(rig.sc.registrations.back().sc_epoch, ScEpoch(5));
        rig.sc.terms.sc_epoch = ScEpoch(6);
        WEIR_CO_CHECK(
            co_await sleep_for(env.clock, env.executor, Duration::from_s(20), CancelToken()));
        EXPECT_GT(rig.sc.heartbeat_count, heard);
        co_return co_await rig.close();
    }));
}

TEST(SpuService, ASecondSpuCannotUseTheFolderOfTheFirst) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Rig rig(env);
        WEIR_CO_CHECK(co_await rig.start());
        auto config = config_of(kSpu);
        config.public_bind.port = 9990;
        config.private_bind.port = 9991;
        const Result<void> second = co_await spu::run(env, config, CancelToken());
        CO_REQUIRE(!second.has_value());
        EXPECT_EQ(second.error().code, ErrorCode::unavailable);
        co_return co_await rig.close();
    }));
}

TEST(ReplicaFolder, NamesReadBack) {
    wire::internal::ReplicaRef ref;
    ref.key = {"a-b", 12};
    ref.topic_uid = Uid{0x0123456789abcdef, 0xfedcba9876543210};
    const std::string name = spu::replica_folder_name(ref);
    EXPECT_EQ(name, "a-b-12.0123456789abcdeffedcba9876543210");
    EXPECT_EQ(spu::parse_replica_folder_name(name), ref);
    for (const char* other : {"", "a-b-12", "a-b-12.removed", "a-b-12.0123", "x.y"}) {
        EXPECT_FALSE(spu::parse_replica_folder_name(other).has_value()) << other;
    }
}

}  // namespace
}  // namespace weir
