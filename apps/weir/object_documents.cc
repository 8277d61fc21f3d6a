// SPU groups, SmartModules and table formats as documents.
#include "apps/weir/documents.h"
#include "apps/weir/fluvio/yaml_names.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json value_or_null(const std::optional<T>& value) {
    return value.has_value() ? Json(*value) : Json();
}

template <typename T>
void add(Json& out, const char* key, const std::optional<T>& value) {
    if (value.has_value()) {
        out[key] = *value;
    }
}

template <typename E, std::size_t N>
std::string text_of(const fluvio::Names<N>& names, E value) {
    return std::string(fluvio::name_at(names, value));
}

template <typename E, std::size_t N>
void add_name(Json& out, const char* key, const fluvio::Names<N>& names,
              const std::optional<E>& value) {
    if (value.has_value()) {
        out[key] = text_of(names, *value);
    }
}

Json metadata_of(const SmartModuleMetadata& meta) {
    const SmartModulePackage& package = meta.package;
    Json out;
    out["package"] = Json{{"name", package.name},
                          {"group", package.group},
                          {"version", package.version},
                          {"apiVersion", package.api_version},
                          {"description", value_or_null(package.description)},
                          {"license", value_or_null(package.license)},
                          {"visibility", text_of(fluvio::kVisibilityNames, package.visibility)},
                          {"repository", value_or_null(package.repository)}};
    out["params"] = Json::array();
    for (const auto& [name, param] : meta.params) {
        out["params"].push_back(Json{{"name", name},
                                     {"description", value_or_null(param.description)},
                                     {"optional", param.optional}});
    }
    return out;
}

Json column_of(const TableColumn& column) {
    Json out = Json::object();
    add(out, "headerLabel", column.header_label);
    add(out, "width", column.width);
    add_name(out, "alignment", fluvio::kAlignmentNames, column.alignment);
    out["keyPath"] = column.key_path;
    add(out, "format", column.format);
    add(out, "display", column.display);
    add(out, "primaryKey", column.primary_key);
    add_name(out, "headerBgColor", fluvio::kColorNames, column.header_bg_color);
    add_name(out, "headerTextColor", fluvio::kColorNames, column.header_text_color);
    return out;
}

}  // namespace

Json to_document(const SpuGroupObject& group) {
    Json config;
    config["rack"] = value_or_null(group.spec.rack);
    if (group.spec.replication.has_value()) {
        config["replication"] =
            Json{{"inSyncReplicaMin", value_or_null(group.spec.replication->in_sync_replica_min)}};
    }
    if (group.spec.storage.has_value()) {
        config["storage"] = Json{{"logDir", value_or_null(group.spec.storage->log_dir)},
                                 {"size", value_or_null(group.spec.storage->size)}};
    }
    config["env"] = Json::array();
    for (const EnvVar& variable : group.spec.env) {
        config["env"].push_back(Json{{"name", variable.name}, {"value", variable.value}});
    }
    Json spec{{"replicas", group.spec.replica_count}, {"minId", group.spec.min_id}};
    spec["spuConfig"] = std::move(config);
    Json status{{"resolution", text_of(fluvio::kSpuGroupResolutionNames, group.status.resolution)},
                {"reason", value_or_null(group.status.reason)}};
    return Json{{"name", group.name}, {"spec", std::move(spec)}, {"status", std::move(status)}};
}

Json to_document(const SmartModuleObject& module) {
    Json spec;
    spec["meta"] = module.spec.meta.has_value() ? metadata_of(*module.spec.meta) : Json();
    const auto size = static_cast<std::uint32_t>(module.spec.payload.size());
    spec["summary"] = Json{{"wasmLength", module.spec.summary_wasm_size_bytes.value_or(size)}};
    spec["wasm"] = Json{{"format", text_of(fluvio::kWasmFormatNames, module.spec.format)}};
    return Json{{"name", module.name}, {"spec", std::move(spec)}, {"status", Json::object()}};
}

Json to_document(const TableFormatObject& format) {
    Json spec{{"name", format.spec.name}};
    add_name(spec, "inputFormat", fluvio::kDataFormatNames, format.spec.input_format);
    if (format.spec.columns.has_value()) {
        spec["columns"] = Json::array();
        for (const TableColumn& column : *format.spec.columns) {
            spec["columns"].push_back(column_of(column));
        }
    }
    add(spec, "smartmodule", format.spec.smartmodule);
    Json status{
        {"resolution", text_of(fluvio::kTableFormatResolutionNames, format.status.resolution)},
        {"reason", value_or_null(format.status.reason)}};
    return Json{{"name", format.name}, {"spec", std::move(spec)}, {"status", std::move(status)}};
}

}  // namespace weir::cli
