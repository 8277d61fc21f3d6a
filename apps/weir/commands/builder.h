// What the groups of commands are built with: one node of the command line, its options, and what
// runs when it is the one that was selected.
//
// Lives in run_command_line, on one thread; so do the root, the target and the selected action that
// it fills in. The options of a command live as long as its action.
#pragma once

#include "apps/weir/target.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

namespace weir::cli {

// What was selected; run after the parsing. Gives the exit status.
using Action = std::function<int()>;

class CommandBuilder {
public:
    CommandBuilder(CLI::App& root, const Target& target, Action& selected)
        : root_(root), target_(target), selected_(selected) {}

    CLI::App& root() { return root_; }
    const Target& target() const { return target_; }

    // The example is shown under the help; a test runs through all of them.
    CLI::App& command(CLI::App& parent, const std::string& name, const std::string& about,
                      const std::string& example);
    // A command that needs another word behind it.
    CLI::App& group(CLI::App& parent, const std::string& name, const std::string& about,
                    const std::string& example);
    // One that only says why it cannot be done here and what to do instead, whatever follows it.
    void refused_command(CLI::App& parent, const std::string& name, const std::string& about,
                         const std::string& example, const std::string& why);

    // Options of the type `T`, given to `run` when the command is the one selected.
    template <typename T>
    std::shared_ptr<T> on_select(CLI::App& app, int (*run)(const Target&, const T&)) {
        auto options = std::make_shared<T>();
        select(app, [this, options, run] { return run(target_, *options); });
        return options;
    }
    template <typename T>
    std::shared_ptr<T> on_select(CLI::App& app, int (*run)(const T&)) {
        auto options = std::make_shared<T>();
        select(app, [options, run] { return run(*options); });
        return options;
    }
    void select(CLI::App& app, Action action);

    static void add_output(CLI::App& app, std::string& output);
    // A flag that parses nowhere else; asking for it is an error that says why.
    static void refuse(CLI::App& app, const std::string& flag, const std::string& why);

private:
    CLI::App& root_;
    const Target& target_;
    Action& selected_;
};

}  // namespace weir::cli
