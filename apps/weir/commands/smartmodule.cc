#include "apps/weir/smartmodule.h"

#include "apps/weir/commands/groups.h"

namespace weir::cli {
namespace {

void add_hub(CommandBuilder& builder) {
    builder.refused_command(
        builder.root(), "hub", "Modules and connectors that others publish (not supported)",
        "weir hub smartmodule list",
        "the hub is a service of Fluvio's vendor, which weir does not ask: build the module, or "
        "download its .wasm file by other means, and create it: weir smartmodule create NAME "
        "--wasm-file FILE");
}

}  // namespace

void add_smartmodule(CommandBuilder& builder) {
    CLI::App& group = builder.group(builder.root(), "smartmodule",
                                    "Keep SmartModules in the cluster; they do not run yet",
                                    "weir smartmodule create upper --wasm-file upper.wasm");
    group.alias("sm");
    CLI::App& create = builder.command(group, "create", "Store a module, or a new version of it",
                                       "weir smartmodule create upper --wasm-file upper.wasm");
    const auto create_options =
        builder.on_select<SmartModuleCreateOptions>(create, smartmodule_create);
    create.add_option("name", create_options->name, "name of the module")->required();
    create.add_option("--wasm-file", create_options->wasm_file, "its WebAssembly")->required();

    CLI::App& list = builder.command(group, "list", "List modules", "weir smartmodule list");
    const auto list_options = builder.on_select<SmartModuleListOptions>(list, smartmodule_list);
    CommandBuilder::add_output(list, list_options->output);
    list.add_option("--filter", list_options->filter, "only this one: NAME or GROUP/NAME@VERSION");

    CLI::App& watch = builder.command(group, "watch", "List modules again after every change",
                                      "weir smartmodule watch");
    const auto watch_options = builder.on_select<SmartModuleListOptions>(watch, smartmodule_watch);
    CommandBuilder::add_output(watch, watch_options->output);

    CLI::App& remove =
        builder.command(group, "delete", "Delete modules", "weir smartmodule delete upper");
    const auto delete_options =
        builder.on_select<SmartModuleDeleteOptions>(remove, smartmodule_delete);
    remove.add_option("names", delete_options->names, "names of modules")->required();
    // Not at the top, where -c names the cluster.
    remove.add_flag("-c,--continue-on-error", delete_options->continue_on_error,
                    "go on with the next name");

    builder.refused_command(
        group, "test", "Run a module here (not supported yet)",
        "weir smartmodule test --text hello --wasm-file upper.wasm",
        "SmartModules do not run here yet: test yours with Fluvio's tool, smdk test --text TEXT, "
        "or with the tests of its own language");
    add_hub(builder);
}

}  // namespace weir::cli
