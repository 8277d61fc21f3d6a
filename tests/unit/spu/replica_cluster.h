// Two SPUs under a scripted SC, and what clients ask of them.
//
// Everything belongs to one test and ends with it: close() before it is destroyed.
#pragma once

#include "core/wire/fetch.h"
#include "core/wire/record.h"
#include "tests/unit/spu/spu_node.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

inline constexpr Uid kTopicUid{1, 7};

// The SC and two SPUs with one topic, "t", of replication factor 2.
class Cluster {
public:
    explicit Cluster(Env& env_in) : env(env_in), sc(env_in, {"node", 9004}) {
        for (const SpuId id : {kA, kB}) {
            nodes_.emplace(id, std::make_unique<SpuNode>(env, id));
            wire::internal::SpuAddress address;
            address.id = id;
            address.private_host = "node";
            address.private_port = config_of(id).private_bind.port;
            sc.state.spus.push_back(address);
        }
        sc.state.topics.push_back({"t", kTopicUid});
        sc.terms.cluster_id = Uid{9, 9};
        sc.terms.sc_epoch = ScEpoch(1);
        sc.terms.heartbeat_interval_ms = 250;
    }

    Env& env;
    FakeSc sc;

    spu::Config& config(SpuId id) { return nodes_.at(id)->config; }
    Task<Result<void>> start(SpuId id) {
        if (!sc_started_) {
            WEIR_CO_CHECK(sc.start());
            sc_started_ = true;
        }
        co_return co_await nodes_.at(id)->start();
    }
    Task<Result<void>> start_both() {
        WEIR_CO_CHECK(co_await start(kA));
        co_return co_await start(kB);
    }
    // And A leads both in epoch 0.
    Task<Result<void>> start_led() {
        WEIR_CO_CHECK(co_await start_both());
        lead(kA, 0, {kA, kB}, 2);
        co_return co_await until_promoted(0);
    }
    // Only A, which leads in epoch 0 and is the only live one.
    Task<Result<void>> start_alone() {
        WEIR_CO_CHECK(co_await start(kA));
        lead(kA, 0, {kA}, 1);
        co_return co_await until_promoted(0);
    }
    Task<Result<void>> stop(SpuId id) { co_return co_await nodes_.at(id)->stop(); }
    Task<Result<void>> close() {
        const Result<void> a = co_await stop(kA);
        const Result<void> b = co_await stop(kB);
        co_await sc.close();
        co_return a.has_value() ? b : a;
    }

    // What the SC says from now on: `leader` leads `epoch`, and these may lead next.
    void lead(SpuId leader, std::int32_t epoch, SpuSet lrs, std::uint32_t min_live) {
        tell(leader, epoch, std::move(lrs), min_live, true);
    }
    // The same, but only SPUs that register later hear it.
    void lead_quietly(SpuId leader, std::int32_t epoch, SpuSet lrs, std::uint32_t min_live) {
        tell(leader, epoch, std::move(lrs), min_live, false);
    }
    AckFloor ack_floor = AckFloor::none;
    Offset delete_before;
    // Of their places in the assignment.
    std::map<SpuId, Uid> uids{{kA, Uid{3, 1}}, {kB, Uid{3, 2}}};

    // Waits for it, at most 20 s.
    Task<Result<void>> until(std::function<bool()> condition, std::string what) {
        for (int i = 0; i < 2'000; ++i) {
            if (condition()) {
                co_return Result<void>();
            }
            WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(10)));
        }
        ADD_FAILURE() << "never: " << what;
        co_return fail(ErrorCode::timed_out, what);
    }
    bool promoted(std::int32_t epoch) const {
        return std::any_of(sc.messages.begin(), sc.messages.end(), [epoch](const auto& entry) {
            const auto* promoted = std::get_if<replication::Promoted>(&entry.message);
            return promoted != nullptr && promoted->epoch == LeaderEpoch(epoch);
        });
    }
    Task<Result<void>> until_promoted(std::int32_t epoch) {
        co_return co_await until([this, epoch] { return promoted(epoch); }, "promoted");
    }
    // Who has to be replaced says so, unasked.
    bool damage_is_told(std::int32_t epoch) const {
        return std::any_of(sc.messages.begin(), sc.messages.end(), [epoch](const auto& entry) {
            const auto* answer = std::get_if<replication::ProbeAnswer>(&entry.message);
            return answer != nullptr && answer->epoch == LeaderEpoch(epoch) && !answer->is_healthy;
        });
    }
    // The leader has reported that the only follower has this much.
    bool follower_has(std::int64_t leo) const {
        const auto found = sc.reports.find({"t", 0});
        return found != sc.reports.end() && found->second.followers.size() == 1 &&
               found->second.followers[0].leo == Offset(leo);
    }

private:
    void tell(SpuId leader, std::int32_t epoch, SpuSet lrs, std::uint32_t min_live, bool push) {
        wire::internal::ReplicaAssignment assignment;
        assignment.key = {"t", 0};
        assignment.spec.leader = leader;
        assignment.spec.replicas = {kA, kB};
        PartitionRecord& record = assignment.record;
        record.topic_uid = kTopicUid;
        record.replicas = {{kA, uids.at(kA)}, {kB, uids.at(kB)}};
        record.leader = leader;
        record.leader_boot = sc.boots[leader];
        record.leader_epoch = LeaderEpoch(epoch);
        record.version = RecordVersion(++version_);
        record.lrs = std::move(lrs);
        record.min_live = min_live;
        record.ack_floor = ack_floor;
        record.delete_before = delete_before;
        record.phase = PartitionPhase::online;
        sc.state.replicas = {assignment};
        if (push) {
            wire::internal::Assignments change;
            change.replicas = sc.state.replicas;
            sc.push(std::move(change));
        }
    }

    std::map<SpuId, std::unique_ptr<SpuNode>> nodes_;
    std::uint64_t version_ = 0;
    bool sc_started_ = false;
};

inline Task<Result<wire::ProducePartitionResponse>> answer_of(RawClient& client) {
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next());
    wire::Reader reader(answer.body.span());
    WEIR_CO_TRY(const auto response, wire::decode_produce_response(reader, 25));
    co_return response.topics.front().partitions.front();
}

// Committed, or only on the leader's disk.
enum class Wanted : std::int16_t { committed = -1, leader = 1 };

inline Task<Result<wire::ProducePartitionResponse>> produce(Cluster& cluster, SpuId to,
                                                            std::string value, Wanted wanted) {
    WEIR_CO_TRY(const auto client,
                co_await RawClient::connect(cluster.env, cluster.config(to).public_bind));
    auto request = produce_of("t", batch_of({value}), static_cast<std::int16_t>(wanted));
    WEIR_CO_CHECK(co_await client->send(wire::SpuApi::produce, std::move(request), 25));
    co_return co_await answer_of(*client);
}

// One record after the other; each is to be acknowledged.
inline Task<Result<void>> produce_each(Cluster& cluster, SpuId to, std::vector<std::string> values,
                                       Wanted wanted) {
    for (std::string& value : values) {
        WEIR_CO_TRY(const auto done, co_await produce(cluster, to, std::move(value), wanted));
        EXPECT_TRUE(done.error.ok()) << to_string(done.error);
    }
    co_return Result<void>();
}

inline Task<Result<wire::FetchPartitionResponse>> fetch(Cluster& cluster, SpuId from,
                                                        wire::Isolation isolation) {
    WEIR_CO_TRY(const auto client,
                co_await RawClient::connect(cluster.env, cluster.config(from).public_bind));
    wire::FetchRequest request;
    request.max_bytes = 1 << 20;
    request.isolation = isolation;
    wire::FetchPartition partition;
    wire::FetchTopic topic;
    topic.name = "t";
    topic.partitions.push_back(partition);
    request.topics.push_back(topic);
    WEIR_CO_CHECK(co_await client->send(wire::SpuApi::fetch, std::move(request), 10));
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client->next());
    wire::Reader reader(answer.body.span());
    WEIR_CO_TRY(const auto response, wire::decode_fetch_response(reader, answer.body, 10));
    co_return response.topics.front().partitions.front();
}

// The values of all records, and the epoch of each batch.
struct Content {
    std::vector<std::string> values;
    std::vector<std::int32_t> epochs;
};

inline Content content_of(const wire::FetchPartitionResponse& response) {
    Content content;
    BatchWalker walker(response.records.span(), BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        content.epochs.push_back(batch->header.partition_leader_epoch.value());
        auto records = wire::RecordWalker::open(batch->bytes.subspan(kBatchHeaderSize));
        while (records.has_value() && records->more()) {
            const auto record = records->next();
            if (!record.has_value()) {
                break;
            }
            content.values.push_back(std::string(as_text(record->value)));
        }
    }
    return content;
}

}  // namespace weir::test
