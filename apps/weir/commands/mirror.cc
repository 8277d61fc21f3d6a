#include "apps/weir/mirror.h"

#include "apps/weir/commands/groups.h"

namespace weir::cli {
namespace {

void add_remote_export(CommandBuilder& builder, CLI::App& remote) {
    CLI::App& app = builder.command(remote, "export", "Write the file that `home connect` takes",
                                    "weir remote export edge1 -f edge1.json");
    const auto options = builder.on_select<RemoteExportOptions>(app, remote_export);
    app.add_option("name", options->name, "name of the remote cluster")->required();
    app.add_option("-f,--file", options->file, "where to write it (standard output)");
    app.add_option("-e,--public-endpoint", options->public_endpoint,
                   "HOST:PORT where the remote reaches this cluster (as the profile says)");
    app.add_option("--home-id", options->home_id, "name of this cluster there (home)");
    for (const char* flag : {"--cert", "--key"}) {
        CommandBuilder::refuse(app, flag, "clusters do not speak TLS yet: leave it out");
    }
}

}  // namespace

void add_mirrors(CommandBuilder& builder) {
    CLI::App& remote =
        builder.group(builder.root(), "remote", "Clusters that mirror topics with this one",
                      "weir remote register edge1");
    CLI::App& add = builder.command(remote, "register", "Make a remote cluster known",
                                    "weir remote register edge1");
    const auto add_options = builder.on_select<RemoteNameOptions>(add, remote_register);
    add.add_option("name", add_options->name, "name of the remote cluster")->required();
    CLI::App& remove = builder.command(remote, "unregister", "Forget a remote cluster",
                                       "weir remote unregister edge1");
    const auto remove_options = builder.on_select<RemoteNameOptions>(remove, remote_unregister);
    remove.add_option("name", remove_options->name, "name of the remote cluster")->required();
    CLI::App& list = builder.command(remote, "list", "List remote clusters", "weir remote list");
    CommandBuilder::add_output(list,
                               builder.on_select<MirrorListOptions>(list, remote_list)->output);
    add_remote_export(builder, remote);

    CLI::App& home =
        builder.group(builder.root(), "home", "The cluster that this one mirrors topics with",
                      "weir home connect -f edge1.json");
    CLI::App& connect = builder.command(home, "connect", "Keep the home cluster's address",
                                        "weir home connect -f edge1.json");
    const auto connect_options = builder.on_select<HomeConnectOptions>(connect, home_connect);
    connect.add_option("-f,--file", connect_options->file, "what `remote export` wrote there")
        ->required();
    CLI::App& status = builder.command(home, "status", "Show the home cluster", "weir home status");
    CommandBuilder::add_output(status,
                               builder.on_select<MirrorListOptions>(status, home_status)->output);
}

}  // namespace weir::cli
