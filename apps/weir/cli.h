// The command line of `weir`: flags, help and which command they select.
#pragma once

namespace weir::cli {

// Parses, runs, and gives the exit status: 0 done, 1 failed, 2 wrong usage.
int run_command_line(int argc, const char* const* argv);

}  // namespace weir::cli
