// The server processes of a local cluster: started detached, found again through pid files in the
// cluster's data folder, stopped by signal.
//
// A pid file alone proves nothing (the number may have been given to another program): a process
// counts only if it is a weir-run whose command line names the data folder.
#pragma once

#include "core/base/result.h"
#include "core/base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace weir::cli {

struct Daemon {
    // "sc" or "spu-5001": names the pid file.
    std::string name;
    pid_t pid = -1;
};

// The program that runs the servers: WEIR_RUN, else beside this program, else in PATH.
Result<std::string> find_server_program();

// Starts `argv` in a session of its own with its output appended to `log_path`, and writes the pid
// file. The error says why it could not be executed.
Result<Daemon> start_daemon(const std::string& data_dir, const std::string& name,
                            const std::vector<std::string>& argv, const std::string& log_path);

// Those of the folder that run now, the SC last.
std::vector<Daemon> running_daemons(const std::string& data_dir);

// Of a child of this process: the reason it ended, if it has.
std::optional<std::string> has_ended(const Daemon& daemon);

// SIGTERM, then SIGKILL after `patience`; removes the pid file. True if it ended by itself.
Result<bool> stop_daemon(const std::string& data_dir, const Daemon& daemon, Duration patience);

// The last lines of a log, for error messages.
std::string tail_of(const std::string& log_path, std::size_t line_count);

}  // namespace weir::cli
