#include "apps/weir/cluster_layout.h"

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kDefaultPort = 9003;

std::string home_path(const std::string& below) {
    const char* home = std::getenv("HOME");
    return std::string(home == nullptr ? "." : home) + "/.weir/" + below;
}

std::string absolute(const std::string& path) {
    std::string text = fs::absolute(path).lexically_normal().string();
    while (text.size() > 1 && text.back() == '/') {
        text.pop_back();
    }
    return text;
}

HostPort offset_port(const HostPort& from, std::uint32_t by) {
    HostPort to = from;
    to.port = static_cast<std::uint16_t>(from.port + by);
    return to;
}

}  // namespace

HostPort ClusterLayout::spu_public(std::uint32_t index) const {
    return offset_port(sc_public, 7 + 10 * index);
}

HostPort ClusterLayout::spu_private(std::uint32_t index) const {
    return offset_port(sc_public, 8 + 10 * index);
}

std::string ClusterLayout::log_path(const std::string& daemon) const {
    return fmt::format("{}/{}.log", log_dir, daemon);
}

std::string resolve_data_dir(const std::string& given) {
    return absolute(given.empty() ? home_path("data") : given);
}

Result<ClusterLayout> make_layout(const ClusterStartOptions& options) {
    ClusterLayout layout;
    layout.data_dir = resolve_data_dir(options.data_dir);
    layout.log_dir = absolute(!options.log_dir.empty()   ? options.log_dir
                              : options.data_dir.empty() ? home_path("log")
                                                         : layout.data_dir + "/log");
    if (options.sc_public.has_value()) {
        WEIR_TRY(layout.sc_public, parse_host_port(*options.sc_public));
    } else {
        layout.sc_public.host = "127.0.0.1";
        layout.sc_public.port = options.port_base.value_or(kDefaultPort);
    }
    layout.sc_private = offset_port(layout.sc_public, 1);
    if (options.sc_private.has_value()) {
        WEIR_TRY(layout.sc_private, parse_host_port(*options.sc_private));
    }
    if (options.spus == 0) {
        return fail(ErrorCode::invalid_argument, "a cluster needs at least one SPU: --spu 1");
    }
    if (layout.sc_public.port == 0 || layout.sc_public.port + 10ULL * options.spus + 8 > 65'535) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} SPUs do not fit above port {}: choose a lower --port-base",
                                options.spus, layout.sc_public.port));
    }
    return layout;
}

}  // namespace weir::cli
