#include "bench/net/cluster.h"

#include "core/client/admin.h"
#include "core/client/client.h"
#include "runtime/real/real_env.h"

#include <fmt/core.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

namespace weir::bench {

namespace {

constexpr std::int32_t kFirstSpuId = 5001;

Error system_error(std::string_view what, int error) {
    return Error(ErrorCode::io_error, fmt::format("{}: {}", what, std::strerror(error)));
}

// A child process whose standard output is read until it says that it is ready.
class Server {
public:
    static Result<std::unique_ptr<Server>> start(std::vector<std::string> command,
                                                 const std::string& log_path,
                                                 std::string_view ready_text) {
        auto server = std::make_unique<Server>();
        WEIR_CHECK(server->spawn(std::move(command), log_path));
        WEIR_CHECK(server->wait_for(ready_text, log_path));
        return server;
    }
    Server() = default;
    ~Server() {
        if (pid_ > 0) {
            WEIR_MAYBE(::kill(pid_, SIGTERM) != 0);
            int status = 0;
            WEIR_MAYBE(::waitpid(pid_, &status, 0) < 0);
            if (status != 0) {
                fmt::print(stderr, "a server ended with status {}\n", status);
            }
        }
        if (output_ >= 0) {
            ::close(output_);
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    pid_t pid() const { return pid_; }

private:
    Result<void> spawn(std::vector<std::string> command, const std::string& log_path) {
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
            return fail(system_error("create a pipe", errno));
        }
        output_ = pipe[0];
        std::vector<char*> argv;
        argv.reserve(command.size() + 1);
        for (std::string& word : command) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
        ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path.c_str(),
                                           O_WRONLY | O_CREAT | O_APPEND, 0644);
        const int error = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(pipe[1]);
        if (error != 0) {
            pid_ = -1;
            return fail(system_error(fmt::format("start {}", command[0]), error));
        }
        return {};
    }

    Result<void> wait_for(std::string_view ready_text, const std::string& log_path) {
        std::string said;
        while (said.find(ready_text) == std::string::npos) {
            pollfd waiting{};
            waiting.fd = output_;
            waiting.events = POLLIN;
            constexpr int kStartTimeoutMs = 20'000;
            std::array<char, 512> buffer;
            const bool readable = ::poll(&waiting, 1, kStartTimeoutMs) > 0;
            const ssize_t got = readable ? ::read(output_, buffer.data(), buffer.size()) : -1;
            if (got <= 0) {
                return fail(ErrorCode::unavailable,
                            fmt::format("a server did not start; see {}", log_path));
            }
            said.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return {};
    }

    pid_t pid_ = -1;
    int output_ = -1;
};

class Processes final : public Cluster {
public:
    std::unique_ptr<Server> sc;
    std::vector<std::unique_ptr<Server>> spus;
    HostPort address;

    ~Processes() override {
        spus.clear();
        sc.reset();
    }
    HostPort spu_address() const override { return address; }
    double spu_cpu_s() const override {
        double sum = 0;
        for (const std::unique_ptr<Server>& spu : spus) {
            clockid_t clock{};
            timespec time{};
            WEIR_ASSERT(::clock_getcpuclockid(spu->pid(), &clock) == 0);
            WEIR_ASSERT(::clock_gettime(clock, &time) == 0);
            sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
        }
        return sum;
    }
    double spu_rss_mb() const override {
        std::ifstream statm(fmt::format("/proc/{}/statm", spus.front()->pid()));
        double total_pages = 0;
        double resident_pages = 0;
        statm >> total_pages >> resident_pages;
        return resident_pages * 4096 / 1e6;
    }
};

HostPort local(std::uint16_t port) {
    HostPort address;
    address.host = "127.0.0.1";
    address.port = port;
    return address;
}

Task<Result<std::unique_ptr<client::Client>>> connect_client(Env& env, HostPort sc) {
    client::ClientConfig config;
    config.sc = std::move(sc);
    config.client_id = "bench";
    co_return co_await client::Client::connect(env, std::move(config), CancelToken());
}

Result<void> to_result(const Result<wire::Status>& status, std::string_view what) {
    if (!status.has_value()) {
        return fail(status.error());
    }
    if (status->error.tag != wire::ErrorTag::none) {
        return fail(ErrorCode::unavailable, fmt::format("{}: {}", what, client::describe(*status)));
    }
    return {};
}

Task<Result<void>> do_register(Env& env, const Setup& setup) {
    WEIR_CO_TRY(const std::unique_ptr<client::Client> client,
                co_await connect_client(env, setup.sc));
    CustomSpuSpec spec;
    spec.id = SpuId(setup.spu_id);
    spec.public_endpoint.port = setup.spu_public.port;
    IngressAddress ingress;
    ingress.hostname = setup.spu_public.host;
    spec.public_endpoint.ingress.push_back(std::move(ingress));
    spec.private_endpoint.port = setup.spu_private.port;
    spec.private_endpoint.host = setup.spu_private.host;
    client::Admin admin(*client);
    std::string name = fmt::format("custom-spu-{}", setup.spu_id);
    const Result<wire::Status> status =
        co_await admin.register_spu(std::move(name), std::move(spec), CancelToken());
    co_await client->close();
    co_return to_result(status, "register an SPU");
}

Task<Result<void>> do_create(Env& env, const Setup& setup, const std::vector<std::string>& topics,
                             std::int32_t spu_count) {
    WEIR_CO_TRY(const std::unique_ptr<client::Client> client,
                co_await connect_client(env, setup.sc));
    client::Admin admin(*client);
    Result<void> result;
    for (std::size_t i = 0; i < topics.size() && result.has_value(); ++i) {
        TopicSpec spec;
        PartitionMap map;
        for (std::int32_t n = 0; n < spu_count; ++n) {
            map.replicas.emplace_back(kFirstSpuId + n);
        }
        AssignedReplicas replicas;
        replicas.maps.push_back(std::move(map));
        spec.replicas = std::move(replicas);
        const Result<wire::Status> status =
            co_await admin.create_topic(topics[i], std::move(spec), CancelToken());
        result = to_result(status, "create a topic");
    }
    co_await client->close();
    co_return result;
}

Result<std::unique_ptr<real::RealEnv>> make_env() {
    real::RealOptions options;
    options.handle_signals = false;
    return real::RealEnv::create(options);
}

}  // namespace

Result<void> register_spu(const Setup& setup) {
    WEIR_TRY(const std::unique_ptr<real::RealEnv> real, make_env());
    return real->run(do_register(real->env(), setup));
}

Result<void> create_topics(const Setup& setup, const std::vector<std::string>& topics,
                           std::int32_t spu_count) {
    WEIR_TRY(const std::unique_ptr<real::RealEnv> real, make_env());
    return real->run(do_create(real->env(), setup, topics, spu_count));
}

Result<std::uint16_t> find_free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(any);
    const bool bound = fd >= 0 &&
                       ::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size) == 0;
    const int error = errno;
    if (fd >= 0) {
        ::close(fd);
    }
    if (!bound) {
        return fail(system_error("find a free port", error));
    }
    return ntohs(any.sin_port);
}

namespace {

Result<HostPort> free_address() {
    WEIR_TRY(const std::uint16_t port, find_free_port());
    return local(port);
}

Result<std::unique_ptr<Server>> start_spu(const ClusterOptions& options, const Setup& setup,
                                          const HostPort& sc_private) {
    WEIR_CHECK(register_spu(setup));
    const std::string dir = fmt::format("{}/spu-{}", options.data_dir, setup.spu_id);
    std::vector<std::string> spu = {options.program, "spu", "--id", std::to_string(setup.spu_id)};
    spu.insert(spu.end(), {"--public-server", to_string(setup.spu_public), "--private-server",
                           to_string(setup.spu_private), "--sc-addr", to_string(sc_private),
                           "--log-base-dir", dir, "--log", "warn"});
    return Server::start(std::move(spu), dir + ".log", "registered");
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::start(const ClusterOptions& options) {
    Setup setup;
    WEIR_TRY(setup.sc, free_address());
    WEIR_TRY(const HostPort sc_private, free_address());
    auto cluster = std::make_unique<Processes>();
    std::vector<std::string> sc = {options.program, "sc", "--local",
                                   options.data_dir + "/metadata"};
    sc.insert(sc.end(),
              {"--bind-public", to_string(setup.sc), "--bind-private", to_string(sc_private),
               "--durability", options.durability, "--log", "warn"});
    WEIR_TRY(cluster->sc, Server::start(std::move(sc), options.data_dir + "/sc.log",
                                        "Streaming Controller started successfully"));
    for (std::int32_t n = 0; n < options.spu_count; ++n) {
        setup.spu_id = kFirstSpuId + n;
        WEIR_TRY(setup.spu_public, free_address());
        WEIR_TRY(setup.spu_private, free_address());
        WEIR_TRY(std::unique_ptr<Server> spu, start_spu(options, setup, sc_private));
        cluster->spus.push_back(std::move(spu));
        if (n == 0) {
            cluster->address = setup.spu_public;
        }
    }
    WEIR_CHECK(create_topics(setup, options.topics, options.spu_count));
    return std::unique_ptr<Cluster>(std::move(cluster));
}

}  // namespace weir::bench
