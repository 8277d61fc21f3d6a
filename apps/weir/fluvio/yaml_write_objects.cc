// SmartModules, table formats, SPU groups, mirrors.

#include "apps/weir/fluvio/yaml.h"
#include "apps/weir/fluvio/yaml_emit.h"

#include <utility>

namespace weir::cli::fluvio {
namespace {

void put_module_metadata(Emitter& out, const SmartModuleMetadata& meta) {
    begin_map(out, "meta");
    begin_map(out, "package");
    put(out, "name", meta.package.name);
    put(out, "group", meta.package.group);
    put(out, "version", meta.package.version);
    put(out, "apiVersion", meta.package.api_version);
    put(out, "description", meta.package.description);
    put(out, "license", meta.package.license);
    put_named(out, "visibility", meta.package.visibility, kVisibilityNames);
    put(out, "repository", meta.package.repository);
    out << YAML::EndMap;
    out << key("params") << YAML::BeginSeq;
    for (const auto& [name, param] : meta.params) {
        out << YAML::BeginMap;
        put(out, "name", name);
        put(out, "description", param.description);
        put(out, "optional", param.optional);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
}

void put_fields(Emitter& out, const SmartModuleSpec& spec) {
    if (spec.meta.has_value()) {
        put_module_metadata(out, *spec.meta);
    } else {
        out << key("meta") << YAML::Null;
    }
    begin_map(out, "wasm");
    put_named(out, "format", spec.format, kWasmFormatNames);
    put(out, "payload", YAML::EncodeBase64(spec.payload.data(), spec.payload.size()));
    out << YAML::EndMap;
}

void put_fields(Emitter&, const SmartModuleStatus&) {}

void put_fields(Emitter& out, const TableFormatSpec& spec) {
    put(out, "name", spec.name);
    put_named(out, "inputFormat", spec.input_format, kDataFormatNames);
    if (spec.columns.has_value()) {
        out << key("columns") << YAML::BeginSeq;
        for (const TableColumn& column : *spec.columns) {
            out << YAML::BeginMap;
            put(out, "headerLabel", column.header_label);
            put(out, "width", column.width);
            put_named(out, "alignment", column.alignment, kAlignmentNames);
            put(out, "keyPath", column.key_path);
            put(out, "format", column.format);
            put(out, "display", column.display);
            put(out, "primaryKey", column.primary_key);
            put_named(out, "headerBgColor", column.header_bg_color, kColorNames);
            put_named(out, "headerTextColor", column.header_text_color, kColorNames);
            out << YAML::EndMap;
        }
        out << YAML::EndSeq;
    }
    if (spec.smartmodule.has_value()) {
        put(out, "smartmodule", *spec.smartmodule);
    }
}

void put_fields(Emitter& out, const TableFormatStatus& status) {
    put_named(out, "resolution", status.resolution, kTableFormatResolutionNames);
    put(out, "reason", status.reason);
}

void put_fields(Emitter& out, const SpuGroupSpec& spec) {
    put(out, "replicas", spec.replica_count);
    put(out, "minId", spec.min_id);
    begin_map(out, "spuConfig");
    put(out, "rack", spec.rack);
    if (spec.replication.has_value()) {
        begin_map(out, "replication");
        put(out, "inSyncReplicaMin", spec.replication->in_sync_replica_min);
        out << YAML::EndMap;
    }
    if (spec.storage.has_value()) {
        begin_map(out, "storage");
        put(out, "logDir", spec.storage->log_dir);
        put(out, "size", spec.storage->size);
        out << YAML::EndMap;
    }
    out << key("env") << YAML::BeginSeq;
    for (const EnvVar& variable : spec.env) {
        out << YAML::BeginMap;
        put(out, "name", variable.name);
        put(out, "value", variable.value);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
}

void put_fields(Emitter& out, const SpuGroupStatus& status) {
    put_named(out, "resolution", status.resolution, kSpuGroupResolutionNames);
    put(out, "reason", status.reason);
}

void put_fields(Emitter& out, const MirrorSpec& spec) {
    if (const auto* remote = std::get_if<RemoteMirror>(&spec.type)) {
        begin_variant(out, "mirrorType", "remote");
        put(out, "id", remote->id);
        out << YAML::EndMap;
        return;
    }
    const auto& home = std::get<HomeMirror>(spec.type);
    begin_variant(out, "mirrorType", "home");
    put(out, "id", home.id);
    put(out, "remoteId", home.remote_id);
    put(out, "publicEndpoint", home.public_endpoint);
    if (home.client_tls.has_value()) {
        begin_map(out, "clientTls");
        put(out, "domain", home.client_tls->domain);
        put(out, "caCert", home.client_tls->ca_cert);
        put(out, "clientCert", home.client_tls->client_cert);
        put(out, "clientKey", home.client_tls->client_key);
        out << YAML::EndMap;
    } else {
        out << key("clientTls") << YAML::Null;
    }
    out << YAML::EndMap;
}

void put_pair(Emitter& out, const char* name, const MirrorPairStatus& status) {
    if (status.state != MirrorPairState::detail_failure) {
        put_named(out, name, status.state, kMirrorPairNames);
        return;
    }
    out << key(name) << YAML::LocalTag(std::string(kMirrorPairDetail)) << YAML::DoubleQuoted
        << status.detail;
}

void put_fields(Emitter& out, const MirrorStatus& status) {
    put_named(out, "connectionStatus", status.connection, kMirrorConnectionNames);
    put_pair(out, "pairingSc", status.pairing_sc);
    put_pair(out, "pairingSpu", status.pairing_spu);
    begin_map(out, "connectionStat");
    put(out, "lastSeen", status.last_seen_ms);
    out << YAML::EndMap;
}

}  // namespace

template <>
std::string to_yaml<SmartModuleSpec>(const Object<SmartModuleSpec>& object, const Kin& kin) {
    return write_object<SmartModuleSpec>(object, kin, &put_fields, &put_fields);
}

template <>
std::string to_yaml<TableFormatSpec>(const Object<TableFormatSpec>& object, const Kin& kin) {
    return write_object<TableFormatSpec>(object, kin, &put_fields, &put_fields);
}

template <>
std::string to_yaml<SpuGroupSpec>(const Object<SpuGroupSpec>& object, const Kin& kin) {
    return write_object<SpuGroupSpec>(object, kin, &put_fields, &put_fields);
}

template <>
std::string to_yaml<MirrorSpec>(const Object<MirrorSpec>& object, const Kin& kin) {
    return write_object<MirrorSpec>(object, kin, &put_fields, &put_fields);
}

}  // namespace weir::cli::fluvio
