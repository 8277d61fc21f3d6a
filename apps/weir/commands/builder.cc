#include "apps/weir/commands/builder.h"

#include "apps/weir/output.h"
#include "apps/weir/session.h"

#include <utility>

namespace weir::cli {
namespace {

constexpr const char* kRefusedGroup = "Not supported yet";

}  // namespace

CLI::App& CommandBuilder::command(CLI::App& parent, const std::string& name,
                                  const std::string& about, const std::string& example) {
    CLI::App& app = *parent.add_subcommand(name, about);
    app.footer("Example:\n  " + example);
    return app;
}

CLI::App& CommandBuilder::group(CLI::App& parent, const std::string& name, const std::string& about,
                                const std::string& example) {
    CLI::App& app = command(parent, name, about, example);
    app.require_subcommand(1);
    return app;
}

void CommandBuilder::refused_command(CLI::App& parent, const std::string& name,
                                     const std::string& about, const std::string& example,
                                     const std::string& why) {
    CLI::App& app = command(parent, name, about, example);
    // Whatever follows is taken, also what looks like an option of the root.
    app.prefix_command();
    app.fallthrough(false);
    select(app, [why] {
        print_error(why);
        return kExitFailed;
    });
}

void CommandBuilder::select(CLI::App& app, Action action) {
    app.callback([this, action = std::move(action)] { selected_ = action; });
}

void CommandBuilder::add_output(CLI::App& app, std::string& output) {
    app.add_option("-O,--output", output, "table, json, yaml or toml")->type_name("TYPE");
}

void CommandBuilder::refuse(CLI::App& app, const std::string& flag, const std::string& why) {
    app.add_option_function<std::string>(
           flag, [flag, why](const std::string&) { throw CLI::ValidationError(flag, why); },
           "not supported yet")
        ->expected(0, 1)
        ->group(kRefusedGroup);
}

}  // namespace weir::cli
