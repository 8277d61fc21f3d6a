// The new cluster on a disk that loses its power: all of it is there, or no cluster is.
#include "apps/weir/fluvio/cluster_writer.h"
#include "core/log/log.h"
#include "core/sc/embedded_store.h"
#include "core/sc/records.h"
#include "runtime/sim/cluster/world.h"
#include "tests/unit/apps/fluvio_files.h"

#include <gtest/gtest.h>

namespace weir::cli::fluvio {
namespace {

using test::fluvio_batch;
using test::FluvioFiles;

constexpr std::int64_t kStart = 1'000;
constexpr std::int64_t kEnd = 1'060;

Bytes right_log() {
    Bytes log;
    for (std::int64_t offset = kStart; offset < kEnd; offset += 2) {
        const Bytes batch = fluvio_batch(offset, {Bytes(100, 'x'), Bytes(300, 'y')});
        log.insert(log.end(), batch.begin(), batch.end());
    }
    return log;
}

Takeover takeover_of(const FluvioFiles& files) {
    Bytes log = right_log();
    // Of the first batch: the checksum; of the last: a byte of a record.
    log[18] ^= 1;
    log[log.size() - 9] ^= 1;
    Takeover takeover;
    for (const int id : {1, 2}) {
        SpuObject spu;
        spu.name = "spu-" + std::to_string(id);
        spu.spec.id = SpuId(id);
        takeover.metadata.spus.push_back(spu);
    }
    TopicObject topic;
    topic.name = "t";
    topic.status.replica_map[0] = {SpuId(2), SpuId(1)};
    takeover.metadata.topics.push_back(topic);
    PartitionLog one;
    one.key = ReplicaKey{"t", 0};
    one.spec.leader = SpuId(2);
    one.spec.replicas = {SpuId(2), SpuId(1)};
    one.spec.storage.emplace().segment_size_bytes = 4'096;
    one.source_dir = files.write("t-0/00000000000000001000.log", log);
    one.start = Offset(kStart);
    one.end = Offset(kEnd);
    takeover.logs.push_back(one);
    return takeover;
}

Task<Result<void>> write(Env& env, const Takeover* takeover, CancelToken) {
    co_return co_await write_cluster(env, takeover);
}

struct Found {
    bool cluster = false;
    std::string wrong;
    void require(bool good, const std::string& what) {
        if (!good && wrong.empty()) {
            wrong = what;
        }
    }
};

Task<Result<void>> check_log(Env& env, std::string dir, PartitionRecord record, Found* found) {
    log::LogConfig config;
    config.identity.uid = record.topic_uid;
    config.high_watermark = Offset(0);
    WEIR_CO_TRY(const auto log, co_await log::Log::open(env, dir, config));
    found->require(log->log_start() == Offset(kStart), "another start");
    found->require(log->leo() == Offset(kEnd), "another end");
    found->require(log->lineage().size() == 1 && log->lineage()[0].epoch == kImportedEpoch,
                   "another epoch");
    Bytes read;
    Offset at = log->log_start();
    while (at < log->leo() && found->wrong.empty()) {
        log::ReadRequest request;
        request.offset = at;
        request.limit = log->leo();
        request.size_bytes_max = 1'000;
        WEIR_CO_TRY(const BufferSlice slice, co_await log->read_checked(request));
        BatchWalker walker(slice.span(), BatchWalker::Check::header_and_crc, at);
        while (const auto batch = walker.next()) {
            at = batch->header.next_offset();
            Bytes bytes(batch->bytes.begin(), batch->bytes.end());
            set_batch_leader_epoch(bytes, LeaderEpoch(-1));
            read.insert(read.end(), bytes.begin(), bytes.end());
        }
        found->require(!slice.empty(), "nothing to read");
    }
    // The same bytes, but where the checksum did not fit them.
    const Bytes right = right_log();
    std::size_t different_count = read.size() == right.size() ? 0 : read.size();
    for (std::size_t i = 0; i < std::min(read.size(), right.size()); ++i) {
        different_count += read[i] == right[i] ? 0U : 1U;
    }
    found->require(different_count >= 2 && different_count <= 5, "other bytes");
    co_return co_await log->close();
}

Task<Result<void>> check_store(sc::EmbeddedStore& store, PartitionRecord* record, Found* found) {
    WEIR_CO_TRY(const auto topics, co_await store.list(sc::RecordKind::topic));
    WEIR_CO_TRY(const auto spus, co_await store.list(sc::RecordKind::spu));
    WEIR_CO_TRY(const auto partitions, co_await store.list(sc::RecordKind::partition));
    found->require(topics.size() == 1 && spus.size() == 2 && partitions.size() == 1, "objects");
    if (found->wrong.empty()) {
        WEIR_CO_TRY(const auto stored, sc::decode_stored_partition(partitions[0].value.bytes));
        *record = stored.record;
        found->require(record->leader_epoch == kImportedEpoch, "led already");
        found->require(record->elr.size() == 2, "a replica is not complete");
    }
    co_return Result<void>();
}

Task<Result<void>> look(Env& env, Found* found, CancelToken) {
    WEIR_CO_TRY(const auto entries, co_await env.disk.list(""));
    for (const DirectoryEntry& entry : entries) {
        found->cluster = found->cluster || entry.name == "metadata";
    }
    if (!found->cluster) {
        co_return Result<void>();
    }
    sc::EmbeddedStoreConfig config;
    config.dir = "metadata";
    WEIR_CO_TRY(const auto store, co_await sc::EmbeddedStore::open(env, std::move(config)));
    PartitionRecord record;
    const Result<void> checked = co_await check_store(*store, &record, found);
    WEIR_CO_CHECK(co_await store->close());
    WEIR_CO_CHECK(checked);
    for (const int id : {1, 2}) {
        std::string dir =
            "spu-logs-" + std::to_string(id) + "/replicas/t-0." + to_string(record.topic_uid);
        WEIR_CO_CHECK(co_await check_log(env, std::move(dir), record, found));
    }
    co_return Result<void>();
}

Found look_at(sim::World& world, sim::Machine& machine) {
    Found found;
    machine.boot(sim::Main(look, &found));
    world.run_until_stopped(Duration::from_s(60));
    const auto& result = machine.exit_result();
    if (!result.has_value() || !result->has_value()) {
        found.require(false, result.has_value() ? to_string(result->error()) : "no end");
    }
    return found;
}

TEST(FluvioWriter, WritesACluster) {
    const FluvioFiles files;
    const Takeover takeover = takeover_of(files);
    sim::World world(1);
    sim::Machine& machine = world.add_machine("m");
    machine.boot(sim::Main(write, &takeover));
    world.run_until_stopped(Duration::from_s(60));
    ASSERT_TRUE(machine.exit_result().has_value());
    ASSERT_TRUE(machine.exit_result()->has_value()) << to_string(machine.exit_result()->error());
    EXPECT_FALSE(machine.leaks().any());
    const Found found = look_at(world, machine);
    EXPECT_EQ(found.wrong, "");
    EXPECT_TRUE(found.cluster);
}

TEST(FluvioWriter, ASourceThatHasChangedIsRefused) {
    const FluvioFiles files;
    Takeover takeover = takeover_of(files);
    takeover.logs[0].end = Offset(kEnd + 1);
    sim::World world(1);
    sim::Machine& machine = world.add_machine("m");
    machine.boot(sim::Main(write, &takeover));
    world.run_until_stopped(Duration::from_s(60));
    ASSERT_TRUE(machine.exit_result().has_value());
    ASSERT_FALSE(machine.exit_result()->has_value());
    EXPECT_EQ(machine.exit_result()->error().code, ErrorCode::corrupt);
    EXPECT_FALSE(machine.leaks().any());
    EXPECT_FALSE(look_at(world, machine).cluster);
}

TEST(FluvioWriter, PowerLossLeavesAllOrNothing) {
    const FluvioFiles files;
    const Takeover takeover = takeover_of(files);
    int cluster_count = 0;
    int none_count = 0;
    bool ended = false;
    // After each event of the simulation.
    for (std::uint64_t event_count = 1; !ended; ++event_count) {
        for (int mode = 0; mode < 4; ++mode) {
            sim::World world(event_count);
            sim::Machine& machine = world.add_machine("m");
            machine.boot(sim::Main(write, &takeover));
            world.run_for(Duration::from_s(60), event_count);
            ended = !machine.running();
            if (!ended) {
                machine.power_loss(static_cast<sim::LossMode>(mode));
            }
            const Found found = look_at(world, machine);
            ASSERT_EQ(found.wrong, "") << "after " << event_count << " events, mode " << mode;
            ++(found.cluster ? cluster_count : none_count);
        }
    }
    EXPECT_GT(cluster_count, 10);
    EXPECT_GT(none_count, 100);
}

}  // namespace
}  // namespace weir::cli::fluvio
