#include "apps/weir/cli.h"

#include "apps/weir/commands/groups.h"
#include "apps/weir/completions.h"
#include "apps/weir/output.h"
#include "apps/weir/profile_commands.h"
#include "apps/weir/session.h"
#include "apps/weir/target.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

// "--no-x" without the value that the library keeps for it.
class Formatter : public CLI::Formatter {
public:
    std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
        constexpr std::string_view kValue = "{false}";
        std::string name = CLI::Formatter::make_option_name(option, is_positional);
        for (std::size_t at = name.find(kValue); at != std::string::npos; at = name.find(kValue)) {
            name.erase(at, kValue.size());
        }
        return name;
    }
};

std::vector<std::string> names_of(const CLI::App& app) {
    std::vector<std::string> names = {app.get_name()};
    const std::vector<std::string>& aliases = app.get_aliases();
    names.insert(names.end(), aliases.begin(), aliases.end());
    return names;
}

// The words that may follow a command: its commands and its flags.
void collect_commands(const CLI::App& app, const std::string& path,
                      std::vector<CommandWords>& into) {
    CommandWords command;
    command.path = path;
    const auto everything = [](const CLI::App*) { return true; };
    const std::vector<const CLI::App*> below = app.get_subcommands(everything);
    for (const CLI::App* sub : below) {
        for (std::string& name : names_of(*sub)) {
            command.words.push_back(std::move(name));
        }
    }
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            command.words.push_back("--" + name);
        }
    }
    into.push_back(std::move(command));
    for (const CLI::App* sub : below) {
        for (const std::string& name : names_of(*sub)) {
            collect_commands(*sub, path + (path.empty() ? "" : " ") + name, into);
        }
    }
}

std::vector<CommandWords> list_commands(const CLI::App& root) {
    std::vector<CommandWords> commands;
    collect_commands(root, "", commands);
    return commands;
}

void add_other(CommandBuilder& builder) {
    CLI::App& version_app = builder.command(
        builder.root(), "version", "Versions of this program and of the cluster", "weir version");
    builder.select(version_app, [&builder] { return version(builder.target()); });
    const auto shell = std::make_shared<std::string>();
    CLI::App& completions =
        builder.command(builder.root(), "completions", "Print a completion script",
                        "source <(weir completions bash)");
    completions.add_option("shell", *shell, "bash, zsh or fish")->required();
    builder.select(completions, [&builder, shell] {
        return print_completions(*shell, list_commands(builder.root()));
    });
}

void add_all(CommandBuilder& builder) {
    add_records(builder);
    add_topic(builder);
    add_partition(builder);
    add_consumer(builder);
    add_smartmodule(builder);
    add_table_format(builder);
    add_mirrors(builder);
    add_cluster(builder);
    add_spu(builder, builder.root());
    add_profile(builder);
    add_other(builder);
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    CLI::App root("Weir: a streaming platform that speaks the protocol of Fluvio", "weir");
    root.formatter(std::make_shared<Formatter>());
    root.require_subcommand(1);
    root.fallthrough();
    root.set_help_all_flag("--help-all", "help of all commands");
    root.footer(
        "Example:\n  weir cluster start && weir topic create greetings\n"
        "  echo hello | weir produce greetings && weir consume greetings -B -d");
    Target target;
    root.add_option("-c,--cluster", target.cluster, "the cluster's SC, HOST:PORT");
    root.add_option("-P,--profile", target.profile, "the profile that names the cluster");
    Action selected;
    CommandBuilder builder(root, target, selected);
    add_all(builder);
    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int status = root.exit(error, std::cout, std::cerr);
        return status == 0 ? kExitOk : kExitUsage;
    }
    const int status = selected();
    if (std::fflush(stdout) != 0 && status == kExitOk) {
        print_error("cannot write to the standard output");
        return kExitFailed;
    }
    return status;
}

}  // namespace weir::cli
