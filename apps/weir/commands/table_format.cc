#include "apps/weir/table_format.h"

#include "apps/weir/commands/groups.h"

namespace weir::cli {

void add_table_format(CommandBuilder& builder) {
    CLI::App& group =
        builder.group(builder.root(), "table-format", "How clients may show records as tables",
                      "weir table-format create -c format.yaml");
    CLI::App& create = builder.command(group, "create", "Create a table format from a YAML file",
                                       "weir table-format create -c format.yaml");
    const auto create_options =
        builder.on_select<TableFormatCreateOptions>(create, table_format_create);
    // Not at the top, where -c names the cluster.
    create.add_option("-c,--config", create_options->config_file, "name, inputFormat, columns")
        ->required();
    CLI::App& list = builder.command(group, "list", "List table formats", "weir table-format list");
    const auto list_options = builder.on_select<TableFormatListOptions>(list, table_format_list);
    CommandBuilder::add_output(list, list_options->output);
    CLI::App& remove = builder.command(group, "delete", "Delete a table format",
                                       "weir table-format delete orders");
    const auto delete_options =
        builder.on_select<TableFormatDeleteOptions>(remove, table_format_delete);
    remove.add_option("name", delete_options->name, "name of the format")->required();
}

}  // namespace weir::cli
