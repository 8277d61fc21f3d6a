#include "apps/weir/daemons.h"

#include "core/base/assert.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "weir-run";

Error system_error(const std::string& what) {
    return Error(ErrorCode::io_error, fmt::format("{}: {}", what, std::strerror(errno)));
}

bool is_executable(const fs::path& path) {
    std::error_code error;
    return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

fs::path pid_path(const std::string& data_dir, const std::string& name) {
    return fs::path(data_dir) / (name + ".pid");
}

// Words of /proc/<pid>/cmdline.
std::vector<std::string> command_line(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    std::vector<std::string> words;
    std::string word;
    while (std::getline(text, word, '\0')) {
        words.push_back(word);
    }
    return words;
}

// A process that has ended and was not waited for has no command line any more.
bool is_our_server(pid_t pid, const std::string& data_dir) {
    const std::vector<std::string> words = command_line(pid);
    if (words.empty() || fs::path(words.front()).filename() != kProgram) {
        return false;
    }
    return std::any_of(words.begin(), words.end(), [&data_dir](const std::string& word) {
        return word == data_dir || word.starts_with(data_dir + "/");
    });
}

std::optional<pid_t> read_pid(const fs::path& path) {
    std::ifstream file(path);
    pid_t pid = -1;
    if (file >> pid && pid > 0) {
        return pid;
    }
    return std::nullopt;
}

// Between fork and exec only what is safe there; on failure writes errno to the pipe and exits.
[[noreturn]] void become_daemon(char* const* argv, int log_fd, int failure_fd) {
    ::setsid();
    const int null_fd = ::open("/dev/null", O_RDONLY);
    const bool redirected = null_fd >= 0 && ::dup2(null_fd, STDIN_FILENO) >= 0 &&
                            ::dup2(log_fd, STDOUT_FILENO) >= 0 &&
                            ::dup2(log_fd, STDERR_FILENO) >= 0;
    if (redirected) {
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        ::execv(argv[0], argv);
    }
    const int error = errno;
    const ssize_t written = ::write(failure_fd, &error, sizeof(error));
    WEIR_MAYBE(written == sizeof(error));
    ::_exit(127);
}

Result<pid_t> spawn(const std::vector<std::string>& argv, int log_fd) {
    int failure[2] = {-1, -1};
    if (::pipe2(failure, O_CLOEXEC) != 0) {
        return fail(system_error("pipe"));
    }
    std::vector<char*> words;
    words.reserve(argv.size() + 1);
    for (const std::string& word : argv) {
        words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
        become_daemon(words.data(), log_fd, failure[1]);
    }
    ::close(failure[1]);
    int error = 0;
    const ssize_t got = pid > 0 ? ::read(failure[0], &error, sizeof(error)) : 0;
    ::close(failure[0]);
    if (pid < 0) {
        return fail(system_error("fork"));
    }
    if (got == sizeof(error)) {
        ::waitpid(pid, nullptr, 0);
        return fail(ErrorCode::io_error,
                    fmt::format("cannot execute {}: {}", argv.front(), std::strerror(error)));
    }
    return pid;
}

// True when the process has ended within `patience`.
bool wait_for_end(int pid_fd, Duration patience) {
    pollfd watched = {pid_fd, POLLIN, 0};
    return ::poll(&watched, 1, static_cast<int>(patience.ms())) > 0;
}

}  // namespace

Result<std::string> find_server_program() {
    if (const char* path = std::getenv("WEIR_RUN"); path != nullptr && *path != '\0') {
        return std::string(path);
    }
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (!error && is_executable(self.parent_path() / kProgram)) {
        return (self.parent_path() / kProgram).string();
    }
    const char* path = std::getenv("PATH");
    std::stringstream folders(path == nullptr ? "" : path);
    std::string folder;
    while (std::getline(folders, folder, ':')) {
        if (is_executable(fs::path(folder) / kProgram)) {
            return (fs::path(folder) / kProgram).string();
        }
    }
    return fail(ErrorCode::not_found,
                "cannot find weir-run beside this program or in PATH; build it (./dev build) or "
                "name it in the environment variable WEIR_RUN");
}

Result<Daemon> start_daemon(const std::string& data_dir, const std::string& name,
                            const std::vector<std::string>& argv, const std::string& log_path) {
    const int log_fd = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log_fd < 0) {
        return fail(system_error("cannot write the log " + log_path));
    }
    Result<pid_t> pid = spawn(argv, log_fd);
    ::close(log_fd);
    WEIR_TRY(const pid_t started, std::move(pid));
    std::ofstream file(pid_path(data_dir, name), std::ios::trunc);
    file << started << "\n";
    file.close();
    if (!file) {
        const Error error = system_error("cannot write " + pid_path(data_dir, name).string());
        ::kill(started, SIGKILL);
        ::waitpid(started, nullptr, 0);
        return fail(error);
    }
    Daemon daemon;
    daemon.name = name;
    daemon.pid = started;
    return daemon;
}

std::vector<Daemon> running_daemons(const std::string& data_dir) {
    std::vector<Daemon> found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(data_dir, error)) {
        if (entry.path().extension() != ".pid") {
            continue;
        }
        const std::optional<pid_t> pid = read_pid(entry.path());
        if (pid.has_value() && is_our_server(*pid, data_dir)) {
            Daemon daemon;
            daemon.name = entry.path().stem().string();
            daemon.pid = *pid;
            found.push_back(std::move(daemon));
        }
    }
    std::sort(found.begin(), found.end(), [](const Daemon& a, const Daemon& b) {
        return std::make_pair(a.name == "sc", a.name) < std::make_pair(b.name == "sc", b.name);
    });
    return found;
}

std::optional<std::string> has_ended(const Daemon& daemon) {
    int status = 0;
    if (::waitpid(daemon.pid, &status, WNOHANG) != daemon.pid) {
        return std::nullopt;
    }
    if (WIFSIGNALED(status)) {
        return fmt::format("{} was killed by signal {}", daemon.name, WTERMSIG(status));
    }
    return fmt::format("{} ended with status {}", daemon.name, WEXITSTATUS(status));
}

Result<bool> stop_daemon(const std::string& data_dir, const Daemon& daemon, Duration patience) {
    const auto pid_fd = static_cast<int>(::syscall(SYS_pidfd_open, daemon.pid, 0));
    bool by_itself = true;
    if (pid_fd >= 0) {
        // The number cannot have been given to another process since: the descriptor holds it.
        const bool ours = is_our_server(daemon.pid, data_dir);
        if (ours) {
            ::kill(daemon.pid, SIGTERM);
            by_itself = wait_for_end(pid_fd, patience);
            if (!by_itself) {
                ::kill(daemon.pid, SIGKILL);
                wait_for_end(pid_fd, Duration::from_s(10));
            }
        }
        ::close(pid_fd);
    } else if (errno != ESRCH) {
        return fail(system_error(fmt::format("cannot stop process {}", daemon.pid)));
    }
    std::error_code error;
    fs::remove(pid_path(data_dir, daemon.name), error);
    return by_itself;
}

std::string tail_of(const std::string& log_path, std::size_t line_count) {
    std::ifstream file(log_path);
    std::deque<std::string> lines;
    std::string line;
    while (std::getline(file, line)) {
        lines.push_back("    " + line);
        if (lines.size() > line_count) {
            lines.pop_front();
        }
    }
    std::string out;
    for (const std::string& kept : lines) {
        out += kept + "\n";
    }
    return out;
}

}  // namespace weir::cli
