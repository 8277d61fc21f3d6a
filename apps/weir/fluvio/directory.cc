#include "apps/weir/fluvio/directory.h"

#include "apps/weir/fluvio/yaml.h"
#include "core/model/replica_key.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace weir::cli::fluvio {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".yaml";
constexpr std::string_view kSpuFolderPrefix = "spu-logs-";

std::optional<SpuId> spu_of_folder(const std::string& name) {
    if (!name.starts_with(kSpuFolderPrefix)) {
        return std::nullopt;
    }
    std::int32_t id = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kSpuFolderPrefix.size(), end, id);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(SpuId(id)) : std::nullopt;
}

Result<std::string> read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.good() && !file.eof()) {
        return fail(ErrorCode::io_error, fmt::format("cannot read {}", path.string()));
    }
    return text;
}

Result<void> write_file(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file.good()) {
        return fail(ErrorCode::io_error, fmt::format("cannot write {}", path.string()));
    }
    return {};
}

template <typename Spec>
Result<void> load_kind(const std::string& metadata_dir, std::vector<Object<Spec>>& objects) {
    std::error_code error;
    std::vector<fs::path> paths;
    const fs::path folder = fs::path(metadata_dir) / label(Spec::kKind);
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() == kExtension) {
            paths.push_back(entry.path());
        }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(ErrorCode::io_error,
                    fmt::format("cannot list {}: {}", folder.string(), error.message()));
    }
    for (const fs::path& path : paths) {
        WEIR_TRY(const std::string text, read_file(path));
        Result<Object<Spec>> object = from_yaml<Spec>(text);
        if (!object.has_value()) {
            return fail(object.error().code,
                        fmt::format("{}: {}", path.string(), object.error().context));
        }
        objects.push_back(*std::move(object));
    }
    std::sort(objects.begin(), objects.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return {};
}

template <typename Spec>
Kin kin_of(const Metadata&, const Object<Spec>&) {
    return Kin();
}

Kin kin_of(const Metadata& metadata, const TopicObject& topic) {
    Kin kin;
    for (const PartitionObject& partition : metadata.partitions) {
        const Result<ReplicaKey> key = parse_replica_key(partition.name);
        if (key.has_value() && key->topic == topic.name) {
            kin.children.push_back(partition.name);
        }
    }
    return kin;
}

Kin kin_of(const Metadata&, const PartitionObject& partition) {
    Kin kin;
    const Result<ReplicaKey> key = parse_replica_key(partition.name);
    if (key.has_value()) {
        kin.parent = key->topic;
    }
    return kin;
}

template <typename Spec>
Result<void> save_kind(const Metadata& metadata, const std::vector<Object<Spec>>& objects,
                       const std::string& metadata_dir) {
    const fs::path folder = fs::path(metadata_dir) / label(Spec::kKind);
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return fail(ErrorCode::io_error,
                    fmt::format("cannot create {}: {}", folder.string(), error.message()));
    }
    for (const Object<Spec>& object : objects) {
        const std::string name = object.name + std::string(kExtension);
        if (name.find('/') != std::string::npos) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("'{}' cannot be the name of a file", object.name));
        }
        WEIR_CHECK(write_file(folder / name, to_yaml<Spec>(object, kin_of(metadata, object))));
    }
    return {};
}

}  // namespace

Result<Folders> find_folders(const std::string& dir) {
    Folders folders;
    std::error_code error;
    for (const fs::path& base : {fs::path(dir), fs::path(dir) / "data"}) {
        const fs::path metadata = base / "metadata";
        const bool is_there = fs::is_directory(metadata / "SPU", error) ||
                              fs::is_directory(metadata / "Topic", error);
        if (folders.metadata.empty() && is_there) {
            folders.metadata = metadata.string();
        }
        for (const fs::directory_entry& entry : fs::directory_iterator(base, error)) {
            const auto spu = spu_of_folder(entry.path().filename().string());
            if (spu.has_value() && entry.is_directory(error)) {
                folders.spu_logs.emplace(*spu, entry.path().string());
            }
        }
    }
    if (folders.metadata.empty()) {
        return fail(ErrorCode::not_found,
                    fmt::format("{} is not the data folder of a Fluvio local cluster: there is no "
                                "metadata/SPU and no metadata/Topic in it (it is ~/.fluvio/data "
                                "unless 'fluvio cluster start' was told another)",
                                dir));
    }
    return folders;
}

Result<Metadata> load_metadata(const std::string& metadata_dir) {
    Metadata metadata;
    WEIR_CHECK(load_kind(metadata_dir, metadata.topics));
    WEIR_CHECK(load_kind(metadata_dir, metadata.partitions));
    WEIR_CHECK(load_kind(metadata_dir, metadata.spus));
    WEIR_CHECK(load_kind(metadata_dir, metadata.smartmodules));
    WEIR_CHECK(load_kind(metadata_dir, metadata.table_formats));
    WEIR_CHECK(load_kind(metadata_dir, metadata.spu_groups));
    WEIR_CHECK(load_kind(metadata_dir, metadata.mirrors));
    return metadata;
}

Result<void> save_metadata(const Metadata& metadata, const std::string& metadata_dir) {
    std::error_code error;
    if (fs::exists(metadata_dir, error) && !fs::is_empty(metadata_dir, error)) {
        return fail(ErrorCode::already_exists,
                    fmt::format("{} is not an empty folder", metadata_dir));
    }
    WEIR_CHECK(save_kind(metadata, metadata.topics, metadata_dir));
    WEIR_CHECK(save_kind(metadata, metadata.partitions, metadata_dir));
    WEIR_CHECK(save_kind(metadata, metadata.spus, metadata_dir));
    WEIR_CHECK(save_kind(metadata, metadata.smartmodules, metadata_dir));
    WEIR_CHECK(save_kind(metadata, metadata.table_formats, metadata_dir));
    WEIR_CHECK(save_kind(metadata, metadata.spu_groups, metadata_dir));
    return save_kind(metadata, metadata.mirrors, metadata_dir);
}

}  // namespace weir::cli::fluvio
