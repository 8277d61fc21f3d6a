#include "apps/weir/cluster_settings.h"

#include "apps/weir/files.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string path_in(const std::string& data_dir) {
    return data_dir + "/" + kSettingsFile;
}

std::optional<std::string> text_in(const Json& document, const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                         : std::nullopt;
}

}  // namespace

std::string render_settings(const ClusterLayout& layout, const ClusterStartOptions& options) {
    Json document;
    document["spus"] = options.spus;
    document["logDir"] = layout.log_dir;
    document["scPublic"] = to_string(layout.sc_public);
    document["scPrivate"] = to_string(layout.sc_private);
    if (options.durability.has_value()) {
        document["durability"] = *options.durability;
    }
    if (options.platform_version.has_value()) {
        document["platformVersion"] = *options.platform_version;
    }
    return document.dump(2) + "\n";
}

Result<ClusterStartOptions> parse_settings_file(const std::string& text) {
    const Json document = Json::parse(text, nullptr, false);
    const auto wrong = [] {
        return fail(ErrorCode::invalid_argument,
                    "it is not JSON with spus, logDir, scPublic and scPrivate");
    };
    if (!document.is_object() || !document.contains("spus") ||
        !document["spus"].is_number_unsigned()) {
        return wrong();
    }
    ClusterStartOptions options;
    options.spus = document["spus"].get<std::uint32_t>();
    options.log_dir = text_in(document, "logDir").value_or("");
    options.sc_public = text_in(document, "scPublic");
    options.sc_private = text_in(document, "scPrivate");
    options.durability = text_in(document, "durability");
    options.platform_version = text_in(document, "platformVersion");
    if (options.log_dir.empty() || !options.sc_public.has_value() ||
        !options.sc_private.has_value()) {
        return wrong();
    }
    return options;
}

Result<void> save_settings(const ClusterLayout& layout, const ClusterStartOptions& options) {
    return write_file(path_in(layout.data_dir), render_settings(layout, options));
}

Result<ClusterStartOptions> load_settings(const std::string& data_dir) {
    const std::string path = path_in(data_dir);
    const Result<std::string> text = read_file(path);
    if (!text.has_value()) {
        return fail(ErrorCode::not_found,
                    fmt::format("{} does not say how its cluster was started: stop it, and start "
                                "it once more with its flags: weir cluster start --data-dir {}",
                                path, data_dir));
    }
    Result<ClusterStartOptions> options = parse_settings_file(*text);
    if (!options.has_value()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} cannot be used: {}; remove it and start the cluster with its "
                                "flags: weir cluster start --data-dir {}",
                                path, options.error().context, data_dir));
    }
    options->data_dir = data_dir;
    return options;
}

}  // namespace weir::cli
