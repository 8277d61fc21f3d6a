#include "apps/weir/spu_group.h"

#include "apps/weir/documents.h"
#include "apps/weir/fluvio/yaml_names.h"
#include "apps/weir/session.h"
#include "core/client/admin.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace weir::cli {
namespace {

// What an orchestrator gives a group that does not say.
constexpr const char* kDefaultSize = "10Gi";

Task<Result<void>> create(Session& session, const SpuGroupCreateOptions& options) {
    client::Admin admin(session.client);
    std::string name = options.name;
    SpuGroupSpec spec = make_spu_group_spec(options);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.create_object(std::move(name), std::move(spec), session.stop));
    co_return check(status);
}

Task<Result<void>> list(Session& session, const SpuGroupListOptions&, OutputFormat format) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(const std::vector<SpuGroupObject> groups, co_await admin.spu_groups(session.stop));
    show(format, spu_group_table(groups), "no groups", to_documents(groups));
    co_return Result<void>();
}

Task<Result<void>> remove(Session& session, const SpuGroupDeleteOptions& options) {
    client::Admin admin(session.client);
    std::string name = options.name;
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.delete_object(ObjectKind::spu_group, std::move(name), session.stop));
    if (const Result<void> removed = check(status); !removed.has_value()) {
        co_return fail(removed.error().code,
                       fmt::format("SPU group \"{}\": {}; `weir cluster spg list` shows what "
                                   "there is",
                                   options.name, removed.error().context));
    }
    co_return Result<void>();
}

}  // namespace

SpuGroupSpec make_spu_group_spec(const SpuGroupCreateOptions& options) {
    SpuGroupSpec spec;
    spec.replica_count = options.replicas;
    spec.min_id = options.min_id;
    spec.rack = options.rack;
    if (options.storage_size.has_value()) {
        SpuStorageConfig storage;
        storage.size = options.storage_size;
        spec.storage = std::move(storage);
    }
    return spec;
}

Table spu_group_table(const std::vector<SpuGroupObject>& groups) {
    Table table;
    table.header = {"NAME", "REPLICAS", "MIN ID", "RACK", "SIZE", "STATUS"};
    table.right_aligned = true;
    for (const SpuGroupObject& group : groups) {
        const SpuGroupSpec& spec = group.spec;
        const std::optional<std::string> size =
            spec.storage.has_value() ? spec.storage->size : std::nullopt;
        table.rows.push_back({group.name, std::to_string(spec.replica_count),
                              std::to_string(spec.min_id), spec.rack.value_or(""),
                              size.value_or(kDefaultSize),
                              std::string(fluvio::name_at(fluvio::kSpuGroupResolutionNames,
                                                          group.status.resolution))});
    }
    return table;
}

int spu_group_create(const Target& target, const SpuGroupCreateOptions& options) {
    return run_session(target, &create, options);
}

int spu_group_list(const Target& target, const SpuGroupListOptions& options) {
    return run_listing(target, &list, options);
}

int spu_group_delete(const Target& target, const SpuGroupDeleteOptions& options) {
    return run_session(target, &remove, options);
}

}  // namespace weir::cli
