// SmartModules, table formats, SPU groups, mirrors.

#include "apps/weir/fluvio/yaml.h"
#include "apps/weir/fluvio/yaml_nodes.h"

#include <utility>

namespace weir::cli::fluvio {
namespace {

SmartModuleParam read_param(const Node& node) {
    SmartModuleParam param;
    param.description = maybe<std::string>(node, "description");
    param.optional = get_or(node, "optional", false);
    return param;
}

SmartModuleMetadata read_module_metadata(const Node& node) {
    SmartModuleMetadata meta;
    const Node package = need(node, "package");
    meta.package.name = get<std::string>(package, "name");
    meta.package.group = get<std::string>(package, "group");
    meta.package.version = get<std::string>(package, "version");
    // Both spellings were in use.
    meta.package.api_version =
        get<std::string>(package, has_value(package, "apiVersion") ? "apiVersion" : "api_version");
    meta.package.description = maybe<std::string>(package, "description");
    meta.package.license = maybe<std::string>(package, "license");
    meta.package.repository = maybe<std::string>(package, "repository");
    meta.package.visibility =
        maybe_named<SmartModuleVisibility>(package, "visibility", kVisibilityNames)
            .value_or(SmartModuleVisibility::hidden);
    const Node params = node["params"];
    for (std::size_t i = 0; params.IsSequence() && i < params.size(); ++i) {
        meta.params[get<std::string>(params[i], "name")] = read_param(params[i]);
    }
    if (params.IsMap()) {
        for (const auto& param : params) {
            meta.params[param.first.as<std::string>()] = read_param(param.second);
        }
    }
    return meta;
}

void read(const Node& node, SmartModuleSpec& spec) {
    if (has_value(node, "meta")) {
        spec.meta = read_module_metadata(node["meta"]);
    }
    const Node wasm = need(node, "wasm");
    spec.format =
        maybe_named<WasmFormat>(wasm, "format", kWasmFormatNames).value_or(WasmFormat::binary);
    const auto payload = get<std::string>(wasm, "payload");
    spec.payload = YAML::DecodeBase64(payload);
    if (spec.payload.empty() && !payload.empty()) {
        refuse(wasm["payload"], "the payload is not base64");
    }
}

void read(const Node&, SmartModuleStatus&) {}

void read(const Node& node, TableFormatSpec& spec) {
    spec.name = get<std::string>(node, "name");
    spec.input_format = maybe_named<DataFormat>(node, "inputFormat", kDataFormatNames);
    spec.smartmodule = maybe<std::string>(node, "smartmodule");
    if (!has_value(node, "columns")) {
        return;
    }
    if (!node["columns"].IsSequence()) {
        refuse(node["columns"], "'columns' is not a list");
    }
    std::vector<TableColumn>& columns = spec.columns.emplace();
    for (const Node& row : node["columns"]) {
        TableColumn column;
        column.header_label = maybe<std::string>(row, "headerLabel");
        column.width = maybe<std::string>(row, "width");
        column.alignment = maybe_named<ColumnAlignment>(row, "alignment", kAlignmentNames);
        column.key_path = get<std::string>(row, "keyPath");
        column.format = maybe<std::string>(row, "format");
        column.display = maybe<bool>(row, "display");
        column.primary_key = maybe<bool>(row, "primaryKey");
        column.header_bg_color = maybe_named<ColumnColor>(row, "headerBgColor", kColorNames);
        column.header_text_color = maybe_named<ColumnColor>(row, "headerTextColor", kColorNames);
        columns.push_back(std::move(column));
    }
}

void read(const Node& node, TableFormatStatus& status) {
    status.resolution =
        named<TableFormatResolution>(need(node, "resolution"), kTableFormatResolutionNames);
    status.reason = maybe<std::string>(node, "reason");
}

void read(const Node& node, SpuGroupSpec& spec) {
    spec.replica_count = get<std::uint16_t>(node, "replicas");
    spec.min_id = get<std::int32_t>(node, "minId");
    const Node config = need(node, "spuConfig");
    spec.rack = maybe<std::string>(config, "rack");
    if (has_value(config, "replication")) {
        spec.replication.emplace().in_sync_replica_min =
            maybe<std::uint16_t>(config["replication"], "inSyncReplicaMin");
    }
    if (has_value(config, "storage")) {
        SpuStorageConfig& storage = spec.storage.emplace();
        storage.log_dir = maybe<std::string>(config["storage"], "logDir");
        storage.size = maybe<std::string>(config["storage"], "size");
    }
    for (const Node& variable : config["env"]) {
        EnvVar one;
        one.name = get<std::string>(variable, "name");
        one.value = get<std::string>(variable, "value");
        spec.env.push_back(std::move(one));
    }
}

void read(const Node& node, SpuGroupStatus& status) {
    status.resolution =
        named<SpuGroupResolution>(need(node, "resolution"), kSpuGroupResolutionNames);
    status.reason = maybe<std::string>(node, "reason");
}

void read(const Node& node, MirrorSpec& spec) {
    const auto [name, content] = variant_of(need(node, "mirrorType"));
    if (name == "remote") {
        spec.type = RemoteMirror{get<std::string>(content, "id")};
        return;
    }
    if (name != "home") {
        refuse(node, fmt::format("'{}' is no kind of mirror", name));
    }
    HomeMirror home;
    home.id = get<std::string>(content, "id");
    home.remote_id = get<std::string>(content, "remoteId");
    home.public_endpoint = get<std::string>(content, "publicEndpoint");
    if (has_value(content, "clientTls")) {
        const Node tls = content["clientTls"];
        ClientTls& client_tls = home.client_tls.emplace();
        client_tls.domain = get<std::string>(tls, "domain");
        client_tls.ca_cert = get<std::string>(tls, "caCert");
        client_tls.client_cert = get<std::string>(tls, "clientCert");
        client_tls.client_key = get<std::string>(tls, "clientKey");
    }
    spec.type = std::move(home);
}

MirrorPairStatus read_pair(const Node& map, const char* name) {
    MirrorPairStatus status;
    if (!has_value(map, name)) {
        return status;
    }
    const Node node = map[name];
    if (!node.IsMap() && node.Tag() != std::string("!") + std::string(kMirrorPairDetail)) {
        status.state = named<MirrorPairState>(node, kMirrorPairNames);
        return status;
    }
    status.state = MirrorPairState::detail_failure;
    status.detail = variant_of(node).content.as<std::string>();
    return status;
}

void read(const Node& node, MirrorStatus& status) {
    status.connection =
        named<MirrorConnection>(need(node, "connectionStatus"), kMirrorConnectionNames);
    status.pairing_sc = read_pair(node, "pairingSc");
    status.pairing_spu = read_pair(node, "pairingSpu");
    status.last_seen_ms = get<std::uint64_t>(need(node, "connectionStat"), "lastSeen");
}

}  // namespace

template <>
Result<Object<SmartModuleSpec>> from_yaml<SmartModuleSpec>(const std::string& text) {
    return read_object<SmartModuleSpec>(text, &read, &read);
}

template <>
Result<Object<TableFormatSpec>> from_yaml<TableFormatSpec>(const std::string& text) {
    return read_object<TableFormatSpec>(text, &read, &read);
}

Result<TableFormatSpec> table_format_from_yaml(const std::string& text) {
    try {
        TableFormatSpec spec;
        const Node root = YAML::Load(text);
        if (!root.IsMap()) {
            refuse(root, "it is not a map");
        }
        read(root, spec);
        // The one name that the reference's command reads in another form than its files have.
        if (!spec.input_format.has_value()) {
            spec.input_format = maybe_named<DataFormat>(root, "input_format", kDataFormatNames);
        }
        return spec;
    } catch (const YAML::Exception& error) {
        return invalid_yaml(error);
    }
}

template <>
Result<Object<SpuGroupSpec>> from_yaml<SpuGroupSpec>(const std::string& text) {
    return read_object<SpuGroupSpec>(text, &read, &read);
}

template <>
Result<Object<MirrorSpec>> from_yaml<MirrorSpec>(const std::string& text) {
    return read_object<MirrorSpec>(text, &read, &read);
}

}  // namespace weir::cli::fluvio
