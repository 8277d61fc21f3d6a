// What the words of a command line mean: scenarios, bundles, planted bugs, times, log levels.
//
// A word that means nothing ends the program with ExitStatus::bad_usage and a line that says why.
#pragma once

#include "apps/weir-sim/bundle.h"
#include "apps/weir-sim/command_line.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::app {

[[noreturn]] void usage(const std::string& text);

// A name of the built-in ones, or a file.
sim::Scenario load_scenario(const std::string& name);
// And switches its planted bug on.
Bundle load_bundle(const std::string& path);
// Empty: none.
void choose_mutant(const std::string& name);
// Nanoseconds.
std::int64_t parse_time(const std::string& text);
unsigned job_count(const Options& options);
// Log lines go to standard error; of `options.node` only, when it names a machine.
sim::RunOptions run_options(const Options& options);
void print_log(std::int64_t time_ns, std::string_view machine, LogLevel level,
               std::string_view component, std::string_view text);

}  // namespace weir::app
