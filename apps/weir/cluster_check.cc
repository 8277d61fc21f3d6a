// `weir cluster check`: whether `weir cluster start` with the same flags would find what it needs.
// Nothing is changed.
#include "apps/weir/cluster.h"
#include "apps/weir/cluster_layout.h"
#include "apps/weir/daemons.h"
#include "apps/weir/output.h"
#include "apps/weir/profile.h"
#include "apps/weir/session.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <netdb.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

struct Finding {
    std::string what;
    // Why it is not so, and what to do.
    std::optional<std::string> problem;
};

Finding check_program() {
    const Result<std::string> program = find_server_program();
    if (!program.has_value()) {
        return {"the server program is there", program.error().context};
    }
    return {fmt::format("the server program is {}", *program), std::nullopt};
}

Finding check_not_running(const ClusterLayout& layout) {
    Finding finding{fmt::format("nothing uses {} yet", layout.data_dir), std::nullopt};
    if (const std::vector<Daemon> running = running_daemons(layout.data_dir); !running.empty()) {
        finding.problem = fmt::format(
            "a cluster of {} processes does; stop it first: weir cluster stop --data-dir {}",
            running.size(), layout.data_dir);
    }
    return finding;
}

// A folder that is not there yet is made in the nearest one that is.
Finding check_folder(const std::string& folder) {
    Finding finding{fmt::format("{} can be written", folder), std::nullopt};
    fs::path nearest = folder;
    std::error_code error;
    while (!fs::exists(nearest, error) && nearest.has_relative_path()) {
        nearest = nearest.parent_path();
    }
    if (!fs::is_directory(nearest, error)) {
        finding.problem = fmt::format("{} is not a folder", nearest.string());
    } else if (::access(nearest.c_str(), W_OK | X_OK) != 0) {
        finding.problem = fmt::format("{}: {}; name another folder with --data-dir",
                                      nearest.string(), std::strerror(errno));
    }
    return finding;
}

// nullopt: a server could listen there.
std::optional<std::string> listen_problem(const HostPort& address) {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failed =
        ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (failed != 0) {
        return ::gai_strerror(failed);
    }
    std::optional<std::string> problem;
    const int fd = ::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
    const int on = 1;
    // As the servers do, so that connections of an ended one are no obstacle.
    if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        ::bind(fd, found->ai_addr, found->ai_addrlen) != 0) {
        problem = std::strerror(errno);
    }
    if (fd >= 0) {
        ::close(fd);
    }
    ::freeaddrinfo(found);
    return problem;
}

Finding check_address(const std::string& server, const HostPort& address) {
    Finding finding{fmt::format("{} can listen on {}", server, to_string(address)), std::nullopt};
    if (const std::optional<std::string> problem = listen_problem(address)) {
        finding.problem =
            fmt::format("{}; choose other ports with --port-base or --sc-pub-addr", *problem);
    }
    return finding;
}

Finding check_profile() {
    const std::string path = ProfileFile::default_path();
    const Result<ProfileFile> file = ProfileFile::load(path);
    Finding finding{fmt::format("the profiles in {} can be read", path), std::nullopt};
    if (!file.has_value()) {
        finding.problem = file.error().context;
    }
    return finding;
}

std::vector<Finding> check_all(const ClusterLayout& layout, std::uint32_t spus) {
    std::vector<Finding> findings = {check_program(), check_profile(), check_not_running(layout),
                                     check_folder(layout.data_dir), check_folder(layout.log_dir)};
    if (findings[2].problem.has_value()) {
        // Its own ports are taken by itself.
        return findings;
    }
    findings.push_back(check_address("the SC", layout.sc_public));
    findings.push_back(check_address("the SC", layout.sc_private));
    for (std::uint32_t i = 0; i < spus; ++i) {
        const std::string name = fmt::format("SPU {}", layout.spu_id(i));
        findings.push_back(check_address(name, layout.spu_public(i)));
        findings.push_back(check_address(name, layout.spu_private(i)));
    }
    return findings;
}

}  // namespace

int cluster_check(const ClusterStartOptions& options) {
    const Result<ClusterLayout> layout = make_layout(options);
    if (!layout.has_value()) {
        return report(layout.error());
    }
    std::size_t problems = 0;
    for (const Finding& finding : check_all(*layout, options.spus)) {
        if (finding.problem.has_value()) {
            print_line(fmt::format("FAILED  {}: {}", finding.what, *finding.problem));
            ++problems;
        } else {
            print_line(fmt::format("ok      {}", finding.what));
        }
    }
    if (problems != 0) {
        print_error(fmt::format(
            "a cluster cannot be started with these flags: {} of the checks failed", problems));
        return kExitFailed;
    }
    print_line("A cluster can be started with these flags: weir cluster start");
    return kExitOk;
}

}  // namespace weir::cli
