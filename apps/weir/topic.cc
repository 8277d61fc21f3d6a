#include "apps/weir/topic.h"

#include "apps/weir/documents.h"
#include "apps/weir/mirror.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "core/client/admin.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace weir::cli {
namespace {

constexpr std::uint64_t kDefaultRetentionSeconds = 604'800;

struct Shape {
    std::string type;
    std::string partitions;
    std::string replicas;
};

Shape shape_of(const ReplicaSpec& replicas) {
    Shape shape;
    if (const auto* computed = std::get_if<ComputedReplicas>(&replicas)) {
        shape.type = "computed";
        shape.partitions = std::to_string(computed->partition_count);
        shape.replicas = std::to_string(computed->replication_factor);
    } else if (std::holds_alternative<AssignedReplicas>(replicas)) {
        shape.type = "assigned";
    } else {
        const auto& mirror = std::get<MirrorReplicas>(replicas);
        if (const auto* home = std::get_if<HomeMirrorConfig>(&mirror)) {
            shape.type = home->source ? "to-remote" : "from-remote";
            shape.partitions = std::to_string(home->partitions.size());
        } else {
            shape.type = std::get<RemoteMirrorConfig>(mirror).target ? "from-home" : "to-home";
        }
    }
    return shape;
}

std::string status_of(TopicResolution resolution) {
    switch (resolution) {
        case TopicResolution::init: return "initializing";
        case TopicResolution::pending: return "pending";
        case TopicResolution::insufficient_resources: return "no-resource-for-provision";
        case TopicResolution::invalid_config: return "invalid";
        case TopicResolution::provisioned: return "provisioned";
        case TopicResolution::deleting: return "deleting";
    }
    return "";
}

Task<Result<void>> require_remotes(Session& session, const TopicSpec& spec) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(const std::vector<MirrorObject> mirrors, co_await admin.mirrors(session.stop));
    const std::vector<std::string> unknown = unknown_remotes(spec, mirrors);
    if (!unknown.empty()) {
        co_return fail(ErrorCode::not_found,
                       fmt::format("remote cluster \"{0}\" not found; `weir remote register {0}` "
                                   "makes it known",
                                   unknown.front()));
    }
    co_return Result<void>();
}

Task<Result<void>> create(Session& session, const TopicCreateOptions& options) {
    WEIR_CO_TRY(NamedTopicSpec topic, make_topic_spec(options));
    if (topic.name.empty()) {
        co_return fail(ErrorCode::invalid_argument,
                       "the topic needs a name: weir topic create NAME");
    }
    WEIR_CO_TRY(const TopicSettings settings, parse_settings(options.settings));
    const bool is_mirror = std::holds_alternative<MirrorReplicas>(topic.spec.replicas);
    if (is_mirror) {
        WEIR_CO_CHECK(co_await require_remotes(session, topic.spec));
    }
    client::Admin admin(session.client);
    wire::Status status;
    if (settings.any()) {
        wire::CreateTopic request;
        request.name = topic.name;
        request.dry_run = options.dry_run;
        request.spec = std::move(topic.spec);
        request.settings = settings;
        WEIR_CO_TRY(status, co_await admin.create_topic_with(std::move(request), session.stop));
    } else {
        // Any SC knows this one.
        wire::CreateRequest request;
        request.name = topic.name;
        request.dry_run = options.dry_run;
        request.spec = std::move(topic.spec);
        WEIR_CO_TRY(status, co_await admin.create(std::move(request), session.stop));
    }
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("topic \"{}\" created", topic.name));
    if (is_mirror) {
        print_no_mirroring();
    }
    co_return Result<void>();
}

Task<Result<void>> list(Session& session, const TopicListOptions& options, OutputFormat format) {
    client::Admin admin(session.client);
    const client::Listing listing =
        options.system ? client::Listing::system_objects : client::Listing::user_objects;
    std::vector<std::string> no_filter;
    WEIR_CO_TRY(const std::vector<TopicObject> topics,
                co_await admin.topics(std::move(no_filter), listing, session.stop));
    WEIR_CO_TRY(const std::vector<PartitionObject> partitions,
                co_await admin.partitions(listing, session.stop));
    const TopicSizes sizes = sizes_by_topic(partitions);
    nlohmann::ordered_json documents = nlohmann::ordered_json::array();
    for (const TopicObject& topic : topics) {
        documents.push_back(to_document(topic));
        if (const auto size = sizes.find(topic.name); size != sizes.end()) {
            documents.back()["sizeBytes"] = size->second;
        }
    }
    show(format, topic_table(topics, sizes), "No topics found", documents);
    co_return Result<void>();
}

Task<Result<void>> describe_topic(Session& session, const TopicDescribeOptions& options,
                                  OutputFormat format) {
    client::Admin admin(session.client);
    for (const client::Listing listing :
         {client::Listing::user_objects, client::Listing::system_objects}) {
        std::vector<std::string> filter = {options.name};
        WEIR_CO_TRY(const std::vector<TopicObject> topics,
                    co_await admin.topics(std::move(filter), listing, session.stop));
        for (const TopicObject& topic : topics) {
            if (topic.name == options.name) {
                print(format == OutputFormat::table ? render(topic_description(topic))
                                                    : render(to_document(topic), format));
                co_return Result<void>();
            }
        }
    }
    co_return fail(
        ErrorCode::not_found,
        fmt::format("Topic not found: {}; `weir topic list` shows what there is", options.name));
}

bool confirm(const std::string& question) {
    if (::isatty(STDIN_FILENO) == 0) {
        return false;
    }
    fmt::print(stderr, "{} [y/N] ", question);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

Task<Result<void>> remove_one(Session& session, std::string name,
                              const TopicDeleteOptions& options) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(wire::Status status, co_await admin.delete_topic(name, session.stop));
    bool forced = false;
    if (status.error.tag == wire::ErrorTag::system_spec_deletion_attempt && options.system) {
        const std::string question = fmt::format(
            "You are trying to delete a system topic '{}'. It can affect the "
            "functioning of the cluster. Continue?",
            name);
        if (options.force || confirm(question)) {
            wire::DeleteTarget target;
            target.key = name;
            wire::DeleteRequest request;
            request.target = std::move(target);
            request.force = true;
            WEIR_CO_TRY(status, co_await admin.remove(std::move(request), session.stop));
            forced = true;
        }
    }
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("{}topic \"{}\" deleted", forced ? "system " : "", name));
    co_return Result<void>();
}

Task<Result<void>> remove(Session& session, const TopicDeleteOptions& options) {
    std::optional<Error> failed;
    for (const std::string& name : options.names) {
        const Result<void> removed = co_await remove_one(session, name, options);
        if (!removed.has_value()) {
            if (!options.continue_on_error) {
                co_return fail(removed.error());
            }
            print_error(
                fmt::format("topic \"{}\" delete failed with: {}", name, removed.error().context));
            failed = Error(removed.error().code, "some topics were not deleted");
        }
    }
    if (failed.has_value()) {
        co_return fail(*std::move(failed));
    }
    co_return Result<void>();
}

Task<Result<void>> update(Session& session, const TopicUpdateOptions& options) {
    wire::AlterTopic request;
    request.name = options.name;
    WEIR_CO_TRY(request.changes, parse_changes(options.storage));
    WEIR_CO_TRY(request.settings, parse_settings(options.settings));
    if (!request.settings.any() && !request.changes.any()) {
        co_return fail(ErrorCode::invalid_argument,
                       "name a setting to change, such as --retention-time 7d or --min-live 2");
    }
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.alter_topic(std::move(request), session.stop));
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("topic \"{}\" updated", options.name));
    co_return Result<void>();
}

// The rows of the enlarged replica map, once the SC has made it.
Task<Result<std::vector<std::vector<std::string>>>> wait_for_rows(Session& session,
                                                                  std::string name,
                                                                  std::size_t from,
                                                                  std::size_t to) {
    Deadline deadline(session.env.clock, session.env.clock.now() + Duration::from_s(10),
                      session.stop);
    while (true) {
        const auto& topics = session.client.metadata().topics();
        const auto topic = topics.find(name);
        if (topic != topics.end() && topic->second.status.replica_map.size() >= to) {
            std::vector<std::vector<std::string>> rows;
            for (const auto& [partition, spus] : topic->second.status.replica_map) {
                if (partition >= from && !spus.empty()) {
                    rows.push_back(
                        {std::to_string(partition), std::to_string(spus.front().value())});
                }
            }
            co_return rows;
        }
        Result<void> changed = co_await session.client.metadata().wait_for_change(deadline.token());
        if (!changed.has_value()) {
            Error error = deadline.translate(std::move(changed).error());
            error.context = fmt::format(
                "the new partitions of {} are not placed yet; `weir partition list` shows them",
                name);
            co_return fail(std::move(error));
        }
    }
}

Task<Result<void>> add_partition(Session& session, const TopicAddPartitionOptions& options) {
    WEIR_CO_TRY(const std::uint32_t before,
                co_await session.client.wait_for_topic(options.name, session.stop));
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.add_partitions(options.name, options.count, session.stop));
    WEIR_CO_CHECK(check(status));
    Table table;
    table.header = {"PARTITION", "SPU"};
    table.indent = 0;
    WEIR_CO_TRY(table.rows,
                co_await wait_for_rows(session, options.name, before, before + options.count));
    print_line(fmt::format("added new partitions to topic: \"{}\"", options.name));
    print(render(table));
    co_return Result<void>();
}

Task<Result<void>> add_mirror(Session& session, const TopicAddMirrorOptions& options) {
    wire::AddMirror action;
    action.remote_cluster = options.remote;
    action.home_to_remote = options.home_to_remote;
    wire::UpdateTopic target;
    target.name = options.name;
    target.action = std::move(action);
    wire::UpdateRequest request;
    request.target = std::move(target);
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Status status, co_await admin.update(std::move(request), session.stop));
    WEIR_CO_CHECK(check(status));
    print_line(
        fmt::format("added new mirror: \"{}\" to topic: \"{}\"", options.remote, options.name));
    print_no_mirroring();
    co_return Result<void>();
}

}  // namespace

TopicSizes sizes_by_topic(const std::vector<PartitionObject>& partitions) {
    TopicSizes sizes;
    for (const PartitionObject& partition : partitions) {
        if (const Result<ReplicaKey> key = parse_replica_key(partition.name); key.has_value()) {
            sizes[key->topic] +=
                static_cast<std::uint64_t>(std::max<std::int64_t>(partition.status.size_bytes, 0));
        }
    }
    return sizes;
}

// The size comes last: scripts know the other columns by their place.
Table topic_table(const std::vector<TopicObject>& topics, const TopicSizes& sizes) {
    Table table;
    table.header = {"NAME",        "TYPE",          "PARTITIONS", "REPLICAS", "RETENTION TIME",
                    "COMPRESSION", "DEDUPLICATION", "STATUS",     "REASON",   "SIZE"};
    for (const TopicObject& topic : topics) {
        const Shape shape = shape_of(topic.spec.replicas);
        const auto size = sizes.find(topic.name);
        const std::uint64_t retention = topic.spec.cleanup_policy.has_value()
                                            ? topic.spec.cleanup_policy->time_in_seconds
                                            : kDefaultRetentionSeconds;
        table.rows.push_back(
            {topic.name, shape.type, shape.partitions, shape.replicas, format_seconds(retention),
             to_lower(name_of(topic.spec.compression_type)),
             topic.spec.deduplication.has_value() ? topic.spec.deduplication->filter_uses : "none",
             "resolution::" + status_of(topic.status.resolution), topic.status.reason,
             size == sizes.end() ? "-" : format_size(size->second)});
    }
    return table;
}

Table topic_description(const TopicObject& topic) {
    Table table;
    table.indent = 2;
    const auto add = [&table](const std::string& key, const std::string& value) {
        table.rows.push_back({key + ":" + value});
    };
    const Shape shape = shape_of(topic.spec.replicas);
    add("Name", topic.name);
    add("Type", shape.type);
    if (const auto* computed = std::get_if<ComputedReplicas>(&topic.spec.replicas)) {
        add("Partition Count", shape.partitions);
        add("Replication Factor", shape.replicas);
        add("Ignore Rack Assignment", computed->ignore_rack_assignment ? "true" : "-");
    } else if (const auto* assigned = std::get_if<AssignedReplicas>(&topic.spec.replicas)) {
        for (const PartitionMap& map : assigned->maps) {
            add(fmt::format("Partition {}", map.id), list_of(map.replicas));
        }
    }
    if (topic.spec.deduplication.has_value()) {
        add("Deduplication Filter", topic.spec.deduplication->filter_uses);
        add("Deduplication Count", std::to_string(topic.spec.deduplication->bound_count));
    }
    add("Status", status_of(topic.status.resolution));
    add("Reason", topic.status.reason);
    table.rows.push_back({"-----------------"});
    return table;
}

int topic_create(const Target& target, const TopicCreateOptions& options) {
    return run_session(target, &create, options);
}

int topic_list(const Target& target, const TopicListOptions& options) {
    return run_listing(target, &list, options);
}

int topic_describe(const Target& target, const TopicDescribeOptions& options) {
    return run_listing(target, &describe_topic, options);
}

int topic_delete(const Target& target, const TopicDeleteOptions& options) {
    return run_session(target, &remove, options);
}

int topic_update(const Target& target, const TopicUpdateOptions& options) {
    return run_session(target, &update, options);
}

int topic_add_partition(const Target& target, const TopicAddPartitionOptions& options) {
    return run_session(target, &add_partition, options);
}

int topic_add_mirror(const Target& target, const TopicAddMirrorOptions& options) {
    return run_session(target, &add_mirror, options);
}

}  // namespace weir::cli
