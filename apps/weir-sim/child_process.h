// A child process with a pipe on which it tells what it did.
//
// The child sees the memory of the program as it was when it was started. Whoever starts one reads
// its pipe and ends it with end_child(). When no process can be started the program ends: there is
// nothing to go on with.
#pragma once

#include <functional>
#include <string_view>
#include <sys/types.h>

namespace weir::app {

struct ChildProcess {
    pid_t pid = -1;
    int pipe = -1;
};

// `work` runs in the child, which ends with status 0 when it returns.
ChildProcess start_child(const std::function<void(int out)>& work);

// For the child. It ends when nobody reads the pipe any more.
void write_all(int out, std::string_view text);

// Closes the pipe and waits for the end; the status that waitpid() tells.
int end_child(const ChildProcess& child);

}  // namespace weir::app
