#include "apps/weir/fluvio/cluster_writer.h"

#include "apps/weir/fluvio/copy_reader.h"
#include "apps/weir/fluvio/log_writer.h"
#include "core/control/new_partition.h"
#include "core/sc/embedded_store.h"
#include "core/sc/records.h"
#include "core/spu/identity.h"

#include <fmt/core.h>

#include <map>
#include <utility>
#include <vector>

namespace weir::cli::fluvio {
namespace {

std::string spu_folder(SpuId spu) {
    return fmt::format("spu-logs-{}", spu.value());
}

std::string partial(const std::string& name) {
    return fmt::format("{}/{}", kPartialFolder, name);
}

sc::Mutation creation(sc::RecordKind kind, const std::string& name, Bytes value) {
    sc::Mutation mutation;
    mutation.key.kind = kind;
    mutation.key.name = name;
    mutation.value = std::move(value);
    mutation.expected_revision = 0;
    return mutation;
}

class ClusterWriter {
public:
    ClusterWriter(Env& env, const Takeover& takeover)
        : env_(env), takeover_(takeover), prng_(env.random.stream("import.uid")) {
        cluster_.cluster_id = draw_uid(prng_);
    }

    Task<Result<void>> write();

private:
    Task<Result<void>> write_spus();
    Task<Result<void>> write_logs();
    Task<Result<void>> write_metadata();
    Task<Result<void>> move_into_place();
    void add_topics();
    void add_partition(const PartitionLog& log);
    control::SpuStates spu_states() const;

    Env& env_;
    const Takeover& takeover_;
    Prng prng_;
    sc::ClusterRecord cluster_;
    std::vector<sc::SpuRecord> spus_;
    std::map<std::string, Uid> topic_uids_;
    // In the order of the logs.
    std::vector<sc::StoredPartition> partitions_;
    std::vector<sc::Mutation> mutations_;
};

Task<Result<void>> ClusterWriter::write() {
    // What an interrupted import has left.
    const Result<void> removed = co_await env_.disk.remove_tree(std::string(kPartialFolder));
    if (!removed.has_value() && removed.error().code != ErrorCode::not_found) {
        co_return fail(removed.error());
    }
    WEIR_CO_CHECK(co_await env_.disk.create_directories(std::string(kPartialFolder)));
    WEIR_CO_CHECK(co_await write_spus());
    add_topics();
    for (const PartitionLog& log : takeover_.logs) {
        add_partition(log);
    }
    if (takeover_.scope == Scope::everything) {
        WEIR_CO_CHECK(co_await write_logs());
    }
    WEIR_CO_CHECK(co_await write_metadata());
    co_return co_await move_into_place();
}

// As after an orderly end of the SPU's first boot: what its folder holds is known to be complete.
Task<Result<void>> ClusterWriter::write_spus() {
    for (const SpuObject& spu : takeover_.metadata.spus) {
        sc::SpuRecord record;
        record.spec = spu.spec;
        if (takeover_.scope == Scope::everything) {
            cluster_.boot_counter = BootEpoch(cluster_.boot_counter.value() + 1);
            std::string dir = partial(spu_folder(spu.spec.id));
            WEIR_CO_CHECK(co_await env_.disk.create_directories(dir + "/replicas"));
            spu::IdentityFile identity(env_, std::move(dir), spu.spec.id);
            WEIR_CO_CHECK(co_await identity.load());
            WEIR_CO_CHECK(co_await identity.registered(cluster_.cluster_id, ScEpoch(), kNoBoot));
            WEIR_CO_CHECK(co_await identity.leave_clean_marker(cluster_.boot_counter));
            record.storage_id = identity.storage_id();
            record.boot = cluster_.boot_counter;
            record.boot_id = draw_uid(prng_);
        }
        spus_.push_back(std::move(record));
    }
    co_return Result<void>();
}

void ClusterWriter::add_topics() {
    for (const TopicObject& topic : takeover_.metadata.topics) {
        sc::TopicRecord record;
        record.uid = draw_uid(prng_);
        record.spec = topic.spec;
        record.status = topic.status;
        topic_uids_[topic.name] = record.uid;
        mutations_.push_back(creation(sc::RecordKind::topic, topic.name, encode_record(record)));
    }
}

// Nobody is there yet, which makes every replica a member of the ELR: complete, and not live.
control::SpuStates ClusterWriter::spu_states() const {
    control::SpuStates states;
    for (const sc::SpuRecord& record : spus_) {
        states[record.spec.id].boot = record.boot;
    }
    return states;
}

void ClusterWriter::add_partition(const PartitionLog& log) {
    control::NewPartition partition;
    partition.topic_uid = topic_uids_.at(log.key.topic);
    partition.partition = PartitionId(log.key.partition);
    for (const SpuId spu : log.spec.replicas) {
        AssignedReplica replica;
        replica.spu = spu;
        replica.uid = draw_uid(prng_);
        partition.replicas.push_back(replica);
    }
    sc::StoredPartition stored;
    stored.record = control::new_partition(partition, spu_states(), SpuSet());
    if (takeover_.scope == Scope::everything) {
        // There are records now, and who loses its disk loses them.
        stored.record.leader_epoch = kImportedEpoch;
    }
    stored.spec = log.spec;
    mutations_.push_back(
        creation(sc::RecordKind::partition, to_string(log.key), encode_record(stored)));
    partitions_.push_back(std::move(stored));
}

Task<Result<void>> ClusterWriter::write_logs() {
    for (std::size_t i = 0; i < takeover_.logs.size(); ++i) {
        const PartitionLog& log = takeover_.logs[i];
        const PartitionRecord& record = partitions_[i].record;
        for (const AssignedReplica& replica : record.replicas) {
            LogTarget target;
            target.parent_dir = partial(spu_folder(replica.spu)) + "/replicas";
            target.topic_uid = record.topic_uid;
            target.replica_uid = replica.uid;
            Result<void> written;
            if (log.key.topic == kConsumerOffsetTopic) {
                written = co_await write_consumer_offsets(env_, target, log,
                                                          takeover_.consumer_offsets, topic_uids_);
            } else {
                written = co_await write_log(env_, target, log);
            }
            if (!written.has_value()) {
                co_return fail(written.error().code,
                               fmt::format("{}: {}", to_string(log.key), written.error().context));
            }
        }
    }
    co_return Result<void>();
}

Task<Result<void>> ClusterWriter::write_metadata() {
    mutations_.push_back(
        creation(sc::RecordKind::cluster, sc::kClusterRecordName, encode_record(cluster_)));
    for (std::size_t i = 0; i < spus_.size(); ++i) {
        mutations_.push_back(creation(sc::RecordKind::spu, takeover_.metadata.spus[i].name,
                                      encode_record(spus_[i])));
    }
    const auto add_specs = [this](sc::RecordKind kind, const auto& objects) {
        for (const auto& object : objects) {
            mutations_.push_back(creation(kind, object.name, sc::encode_spec_record(object.spec)));
        }
    };
    add_specs(sc::RecordKind::smartmodule, takeover_.metadata.smartmodules);
    add_specs(sc::RecordKind::table_format, takeover_.metadata.table_formats);
    add_specs(sc::RecordKind::spu_group, takeover_.metadata.spu_groups);
    add_specs(sc::RecordKind::mirror, takeover_.metadata.mirrors);
    sc::EmbeddedStoreConfig config;
    config.dir = partial("metadata");
    WEIR_CO_TRY(const std::unique_ptr<sc::EmbeddedStore> store,
                co_await sc::EmbeddedStore::open(env_, std::move(config)));
    const Result<std::uint64_t> committed = co_await store->commit(std::move(mutations_));
    const Result<void> closed = co_await store->close();
    if (!committed.has_value()) {
        co_return fail(committed.error());
    }
    co_return closed;
}

Task<Result<void>> ClusterWriter::move_into_place() {
    std::vector<std::string> names;
    for (const sc::SpuRecord& spu : spus_) {
        if (takeover_.scope == Scope::everything) {
            names.push_back(spu_folder(spu.spec.id));
        }
    }
    // Their contents are synced by who wrote them.
    // An SC without its metadata would begin a new cluster, and its SPUs would be refused.
    names.emplace_back("metadata");
    for (const std::string& name : names) {
        WEIR_CO_CHECK(co_await env_.disk.rename(partial(name), name));
        WEIR_CO_CHECK(co_await env_.disk.sync_directory(""));
    }
    co_return co_await env_.disk.remove_tree(std::string(kPartialFolder));
}

}  // namespace

Task<Result<void>> write_cluster(Env& env, const Takeover* takeover) {
    ClusterWriter writer(env, *takeover);
    co_return co_await writer.write();
}

}  // namespace weir::cli::fluvio
