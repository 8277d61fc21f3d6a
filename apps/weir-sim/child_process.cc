#include "apps/weir-sim/child_process.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::app {

ChildProcess start_child(const std::function<void(int out)>& work) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        std::perror("weir-sim: pipe");
        std::exit(1);
    }
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) {
        std::perror("weir-sim: fork");
        std::exit(1);
    }
    if (pid == 0) {
        ::close(ends[0]);
        work(ends[1]);
        std::_Exit(0);
    }
    ::close(ends[1]);
    return ChildProcess{pid, ends[0]};
}

void write_all(int out, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(out, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            std::_Exit(1);
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
}

int end_child(const ChildProcess& child) {
    ::close(child.pipe);
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    return status;
}

}  // namespace weir::app
