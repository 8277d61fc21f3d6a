#include "apps/weir/listing.h"

#include "apps/weir/documents.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "core/client/admin.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string size_text(std::int64_t size_bytes) {
    if (size_bytes == kPartitionSizeUnknown) {
        return "NA";
    }
    return size_bytes < 0 ? "ERROR" : format_size(static_cast<std::uint64_t>(size_bytes));
}

std::string mirror_text(const std::optional<PartitionMirrorConfig>& mirror) {
    if (!mirror.has_value()) {
        return "";
    }
    if (const auto* remote = std::get_if<RemotePartitionConfig>(&*mirror)) {
        return fmt::format("{}({})", remote->home_cluster, remote->home_spu_id.value());
    }
    return std::get<HomePartitionConfig>(*mirror).remote_cluster;
}

template <typename T>
std::vector<T> sorted_by_name(std::vector<T> objects) {
    std::sort(objects.begin(), objects.end(),
              [](const T& a, const T& b) { return a.name < b.name; });
    return objects;
}

using weir::cli::to_document;
Json to_document(const wire::ConsumerOffset& consumer) {
    return Json{{"consumer_id", consumer.consumer_id},
                {"topic", consumer.replica.topic},
                {"partition", consumer.replica.partition},
                {"offset", consumer.offset},
                {"modified_time", consumer.modified_time_s}};
}

Task<Result<void>> list_partitions(Session& session, const PartitionListOptions& options,
                                   OutputFormat format) {
    client::Admin admin(session.client);
    const client::Listing listing =
        options.system ? client::Listing::system_objects : client::Listing::user_objects;
    WEIR_CO_TRY(std::vector<PartitionObject> listed,
                co_await admin.partitions(listing, session.stop));
    const std::vector<PartitionObject> partitions = sorted_by_name(std::move(listed));
    PartitionRecords records;
    const Result<wire::ClusterDescription> described =
        co_await admin.describe_cluster(listing, session.stop);
    if (described.has_value()) {
        for (const wire::DescribedPartition& partition : described->partitions) {
            records.emplace(to_string(partition.key), partition.record);
        }
    } else if (described.error().code != ErrorCode::not_supported) {
        co_return fail(described.error());
    }
    Json documents = Json::array();
    for (const PartitionObject& partition : partitions) {
        documents.push_back(to_document(partition));
        if (const auto record = records.find(partition.name); record != records.end()) {
            documents.back()["replication"] = replication_of(record->second);
        }
    }
    show(format, partition_table(partitions, records), "No partitions found", documents);
    co_return Result<void>();
}

Task<Result<void>> list_spus(Session& session, const SpuListOptions& options, OutputFormat format) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(std::vector<SpuObject> spus, co_await admin.spus(session.stop));
    if (options.custom) {
        std::erase_if(spus,
                      [](const SpuObject& spu) { return spu.spec.spu_type != SpuType::custom; });
    }
    show(format, spu_table(spus), "no spu", to_documents(spus));
    co_return Result<void>();
}

Result<CustomSpuSpec> make_spu_spec(const SpuRegisterOptions& options) {
    WEIR_TRY(const HostPort public_server, parse_host_port(options.public_server));
    WEIR_TRY(const HostPort private_server, parse_host_port(options.private_server));
    CustomSpuSpec spec;
    spec.id = SpuId(options.id);
    spec.public_endpoint.port = public_server.port;
    IngressAddress ingress;
    ingress.hostname = public_server.host;
    spec.public_endpoint.ingress.push_back(ingress);
    spec.private_endpoint.host = private_server.host;
    spec.private_endpoint.port = private_server.port;
    spec.rack = options.rack;
    if (options.public_server_local.has_value()) {
        WEIR_TRY(const HostPort local, parse_host_port(*options.public_server_local));
        Endpoint endpoint;
        endpoint.host = local.host;
        endpoint.port = local.port;
        spec.public_endpoint_local = endpoint;
    }
    return spec;
}

Task<Result<void>> register_spu(Session& session, const SpuRegisterOptions& options) {
    WEIR_CO_TRY(CustomSpuSpec spec, make_spu_spec(options));
    client::Admin admin(session.client);
    std::string name = options.name.value_or(fmt::format("custom-spu-{}", options.id));
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.register_spu(std::move(name), std::move(spec), session.stop));
    co_return check(status);
}

Task<Result<void>> unregister_spu(Session& session, const SpuUnregisterOptions& options) {
    wire::DeleteTarget target;
    target.kind = ObjectKind::custom_spu;
    if (options.id.has_value()) {
        target.key = SpuId(*options.id);
    } else if (options.name.has_value()) {
        target.key = *options.name;
    } else {
        co_return fail(ErrorCode::invalid_argument, "name the SPU with --id or --name");
    }
    wire::DeleteRequest request;
    request.target = std::move(target);
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Status status, co_await admin.remove(std::move(request), session.stop));
    co_return check(status);
}

CommittedEnds committed_ends(const std::vector<PartitionObject>& partitions) {
    CommittedEnds ends;
    for (const PartitionObject& partition : partitions) {
        const Result<ReplicaKey> key = parse_replica_key(partition.name);
        if (key.has_value() && partition.status.leader.hw >= Offset(0)) {
            ends.emplace(*key, partition.status.leader.hw.value());
        }
    }
    return ends;
}

// What is stored is the last record that was read.
std::optional<std::int64_t> lag_of(const wire::ConsumerOffset& consumer,
                                   const CommittedEnds& ends) {
    const auto end = ends.find(consumer.replica);
    if (end == ends.end()) {
        return std::nullopt;
    }
    return std::max<std::int64_t>(end->second - (consumer.offset + 1), 0);
}

Task<Result<void>> list_consumers(Session& session, const ConsumerListOptions&,
                                  OutputFormat format) {
    std::optional<wire::ConsumerOffsetFilter> everything;
    WEIR_CO_TRY(const std::vector<wire::ConsumerOffset> consumers,
                co_await session.client.consumer_offsets(std::move(everything), session.stop));
    client::Admin admin(session.client);
    WEIR_CO_TRY(const std::vector<PartitionObject> partitions,
                co_await admin.partitions(client::Listing::user_objects, session.stop));
    const CommittedEnds ends = committed_ends(partitions);
    Json documents = Json::array();
    for (const wire::ConsumerOffset& consumer : consumers) {
        documents.push_back(to_document(consumer));
        if (const std::optional<std::int64_t> lag = lag_of(consumer, ends); lag.has_value()) {
            documents.back()["lag"] = *lag;
        }
    }
    const auto now_s = static_cast<std::uint64_t>(session.env.clock.wall_now().s());
    show(format, consumer_table(consumers, ends, now_s), "No consumers found", documents);
    co_return Result<void>();
}

Task<Result<void>> delete_consumer(Session& session, const ConsumerDeleteOptions& options) {
    std::vector<ReplicaKey> replicas;
    if (options.topic.has_value() && options.partition.has_value()) {
        replicas.push_back(ReplicaKey{*options.topic, *options.partition});
    } else {
        std::optional<wire::ConsumerOffsetFilter> everything;
        WEIR_CO_TRY(const std::vector<wire::ConsumerOffset> consumers,
                    co_await session.client.consumer_offsets(std::move(everything), session.stop));
        for (const wire::ConsumerOffset& consumer : consumers) {
            const bool wanted =
                consumer.consumer_id == options.consumer_id &&
                (!options.topic.has_value() || consumer.replica.topic == *options.topic) &&
                (!options.partition.has_value() ||
                 consumer.replica.partition == *options.partition);
            if (wanted) {
                replicas.push_back(consumer.replica);
            }
        }
    }
    for (const ReplicaKey& replica : replicas) {
        WEIR_CO_CHECK(co_await session.client.delete_consumer_offset(replica, options.consumer_id,
                                                                     session.stop));
        print_line(fmt::format("consumer \"{}\" on topic \"{}\" and partition \"{}\" deleted",
                               options.consumer_id, replica.topic, replica.partition));
    }
    co_return Result<void>();
}

}  // namespace

Table partition_table(const std::vector<PartitionObject>& partitions,
                      const PartitionRecords& records) {
    Table table;
    table.header = {"TOPIC", "PARTITION", "LEADER", "MIRROR", "REPLICAS", "RESOLUTION",
                    "SIZE",  "BASE",      "HW",     "LEO",    "LRS",      "FOLLOWER OFFSETS"};
    for (const PartitionObject& partition : partitions) {
        const PartitionStatus& status = partition.status;
        const Result<ReplicaKey> key = parse_replica_key(partition.name);
        std::vector<SpuId> followers;
        std::string offsets = "[";
        for (const ReplicaStatus& replica : status.replicas) {
            followers.push_back(replica.spu);
            offsets += fmt::format("{}ReplicaStatus {{ spu: {}, hw: {}, leo: {} }}",
                                   offsets.size() > 1 ? ", " : "", replica.spu.value(),
                                   replica.hw.value(), replica.leo.value());
        }
        offsets += "]";
        const std::string leo = std::to_string(status.leader.leo.value());
        const auto record = records.find(partition.name);
        const std::string live = record == records.end() ? std::to_string(status.live_replica_count)
                                                         : list_of(record->second.lrs);
        // One cell more than the header has, as in the reference's table: the log end comes twice.
        table.rows.push_back({key.has_value() ? key->topic : partition.name,
                              key.has_value() ? std::to_string(key->partition) : "",
                              std::to_string(partition.spec.leader.value()),
                              mirror_text(partition.spec.mirror), list_of(followers),
                              name_of(status.resolution), size_text(status.size_bytes),
                              std::to_string(status.base_offset.value()),
                              std::to_string(status.leader.hw.value()), leo, leo, live, offsets});
    }
    return table;
}

Table spu_table(const std::vector<SpuObject>& spus) {
    Table table;
    table.header = {"ID", "NAME", "STATUS", "TYPE", "RACK", "PUBLIC", "PRIVATE"};
    for (const SpuObject& spu : spus) {
        const SpuSpec& spec = spu.spec;
        std::string host;
        if (!spec.public_endpoint.ingress.empty()) {
            const IngressAddress& first = spec.public_endpoint.ingress.front();
            host = first.hostname.has_value() ? *first.hostname : first.ip.value_or("");
        }
        table.rows.push_back(
            {std::to_string(spec.id.value()), spu.name, name_of(spu.status.resolution),
             spec.spu_type == SpuType::custom ? "\"custom\"" : "\"managed\"",
             spec.rack.value_or("-"), fmt::format("{}:{}", host, spec.public_endpoint.port),
             fmt::format("{}:{}", spec.private_endpoint.host, spec.private_endpoint.port)});
    }
    return table;
}

Table consumer_table(const std::vector<wire::ConsumerOffset>& consumers, const CommittedEnds& ends,
                     std::uint64_t now_s) {
    Table table;
    table.header = {"CONSUMER", "TOPIC", "PARTITION", "OFFSET", "LAST SEEN", "LAG"};
    for (const wire::ConsumerOffset& consumer : consumers) {
        const std::optional<std::int64_t> lag = lag_of(consumer, ends);
        const std::uint64_t age_s =
            now_s > consumer.modified_time_s ? now_s - consumer.modified_time_s : 0;
        table.rows.push_back({consumer.consumer_id, consumer.replica.topic,
                              std::to_string(consumer.replica.partition),
                              std::to_string(consumer.offset), format_seconds(age_s),
                              lag.has_value() ? std::to_string(*lag) : "-"});
    }
    return table;
}

int partition_list(const Target& target, const PartitionListOptions& options) {
    return run_listing(target, &list_partitions, options);
}

int spu_list(const Target& target, const SpuListOptions& options) {
    return run_listing(target, &list_spus, options);
}

int spu_register(const Target& target, const SpuRegisterOptions& options) {
    return run_session(target, &register_spu, options);
}

int spu_unregister(const Target& target, const SpuUnregisterOptions& options) {
    return run_session(target, &unregister_spu, options);
}

int consumer_list(const Target& target, const ConsumerListOptions& options) {
    return run_listing(target, &list_consumers, options);
}

int consumer_delete(const Target& target, const ConsumerDeleteOptions& options) {
    return run_session(target, &delete_consumer, options);
}

}  // namespace weir::cli
