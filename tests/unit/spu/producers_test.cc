// Idempotent producers on a whole SPU: what is sent twice is stored once, over a restart too.
#include "tests/unit/spu/spu_node.h"

namespace weir {
namespace {

using test::batch_of;
using test::FakeSc;
using test::produce_of;
using test::RawClient;
using test::run;
using wire::ErrorTag;

constexpr SpuId kSpu = test::kA;

Bytes numbered(std::int16_t epoch, std::int32_t sequence) {
    const Bytes plain = batch_of({"a", "b"});
    BatchHeader header = read_batch_header(plain);
    header.producer_id = 7;
    header.producer_epoch = epoch;
    header.first_sequence = sequence;
    return make_batch(header, ByteSpan(plain).subspan(kBatchHeaderSize));
}

// Where it is, or -1 and nothing written.
Task<Result<std::int64_t>> offset_of(RawClient& client, Bytes records) {
    wire::ProduceRequest request = produce_of("hello", std::move(records));
    request.acks = -1;
    WEIR_CO_CHECK(co_await client.send(wire::SpuApi::produce, std::move(request), 25));
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next());
    wire::Reader reader(answer.body.span());
    WEIR_CO_TRY(const auto response, wire::decode_produce_response(reader, 25));
    CO_REQUIRE(response.topics.size() == 1);
    CO_REQUIRE(response.topics[0].partitions.size() == 1);
    const wire::ProducePartitionResponse& entry = response.topics[0].partitions[0];
    CO_REQUIRE(entry.error.ok() == (entry.base_offset >= 0));
    CO_REQUIRE(entry.error.ok() || entry.error.tag == ErrorTag::other);
    co_return entry.base_offset;
}

struct Send {
    Bytes records;
    std::int64_t expected = 0;
};

Task<Result<void>> send_all(Env& env, test::SpuNode& node, std::vector<Send> sends) {
    WEIR_CO_TRY(const auto client, co_await RawClient::connect(env, node.config.public_bind));
    for (std::size_t i = 0; i < sends.size(); ++i) {
        WEIR_CO_TRY(const std::int64_t offset, co_await offset_of(*client, sends[i].records));
        EXPECT_EQ(offset, sends[i].expected) << "send " << i;
    }
    co_return Result<void>();
}

Task<Result<void>> start(FakeSc& sc, test::SpuNode& node) {
    sc.reports.clear();
    WEIR_CO_CHECK(co_await node.start());
    while (sc.reports.empty()) {
        WEIR_CO_CHECK(co_await sc.changed().wait());
    }
    co_return Result<void>();
}

TEST(SpuProducers, ABatchIsStoredOnceOverARestart) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        FakeSc sc(env, {"node", 9004});
        test::SpuNode node(env, kSpu);
        sc.add_topic("hello", 1, kSpu);
        WEIR_CO_CHECK(sc.start());
        WEIR_CO_CHECK(co_await start(sc, node));
        const Bytes plain = batch_of({"a", "b"});
        Bytes two = numbered(1, 2);
        const Bytes second = numbered(1, 4);
        two.insert(two.end(), second.begin(), second.end());
        std::vector<Send> first;
        first.push_back({numbered(0, 0), 0});
        first.push_back({numbered(0, 0), 0});
        first.push_back({numbered(0, 4), -1});  // a gap
        first.push_back({plain, 2});  // as clients of Fluvio send it: as often as it comes
        first.push_back({plain, 4});
        first.push_back({numbered(0, 2), 6});
        first.push_back({numbered(0, 0), 0});
        first.push_back({numbered(1, 2), -1});  // an epoch begins at 0
        first.push_back({numbered(1, 0), 8});
        first.push_back({numbered(0, 4), -1});  // fenced
        first.push_back({numbered(-1, 0), -1});
        first.push_back({two, -1});  // comes alone
        WEIR_CO_CHECK(co_await send_all(env, node, std::move(first)));
        WEIR_CO_CHECK(co_await node.stop());
        WEIR_CO_CHECK(co_await start(sc, node));
        std::vector<Send> again;
        again.push_back({numbered(1, 0), 8});
        again.push_back({numbered(0, 4), -1});
        again.push_back({numbered(1, 2), 10});
        WEIR_CO_CHECK(co_await send_all(env, node, std::move(again)));
        const Result<void> stopped = co_await node.stop();
        co_await sc.close();
        co_return stopped;
    }));
}

}  // namespace
}  // namespace weir
