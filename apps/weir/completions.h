// `weir completions SHELL`: a script that completes command names and flags.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

// One command: "topic create", and the words that may follow it.
struct CommandWords {
    std::string path;
    std::vector<std::string> words;
};

// Prints the script for bash, zsh or fish; another shell is an error.
int print_completions(const std::string& shell, const std::vector<CommandWords>& commands);

}  // namespace weir::cli
