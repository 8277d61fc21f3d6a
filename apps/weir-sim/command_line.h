// The command line of weir-sim: its verbs, their options, and the help that explains them.
//
// Plain values; what the words mean is for arguments.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::app {

struct Options {
    // The verb: "run", "sweep", ...
    std::string verb;
    std::string scenario;
    std::vector<std::string> scenarios;
    std::uint64_t seed = 1;
    std::uint64_t seed_count = 0;
    std::string time;
    unsigned jobs = 0;
    std::uint64_t repeat = 1;
    bool tiny = false;
    bool first_failure = false;
    bool json = false;
    bool hashes = false;
    std::string log_level;
    std::string mutant;
    std::string node;
    std::uint64_t until = 0;
    std::string bundle;
    std::string output;
    std::string bundle_dir = "weir-sim-failures";
    bool text = false;
    std::uint64_t bound = 2;
    std::string power_loss;
    bool load_only = false;
};

// Nothing: help or an error was printed, and the program ends with `status`.
std::optional<Options> parse_command_line(int argc, char** argv, int& status);

}  // namespace weir::app
