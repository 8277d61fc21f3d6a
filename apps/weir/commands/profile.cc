#include "apps/weir/commands/groups.h"
#include "apps/weir/output.h"
#include "apps/weir/profile_commands.h"

namespace weir::cli {
namespace {

void add_sync(CommandBuilder& builder, CLI::App& profile) {
    CLI::App& sync = builder.group(profile, "sync", "Make a profile for a cluster that runs",
                                   "weir profile sync local");
    CLI::App& local = builder.command(sync, "local", "For one on this machine",
                                      "weir profile sync local 127.0.0.1:9003");
    const auto options = builder.on_select<ProfileSyncOptions>(local, profile_sync_local);
    local.add_option("address", options->address, "HOST:PORT of its SC (localhost:9003)");
    builder.refused_command(
        sync, "k8", "For one in Kubernetes (not supported yet)", "weir profile sync k8",
        "Kubernetes is not asked yet: take the address of its service (kubectl get service "
        "fluvio-sc-public) and add it: weir profile add NAME HOST:PORT k8");
}

}  // namespace

void add_profile(CommandBuilder& builder) {
    CLI::App& profile = builder.group(builder.root(), "profile", "Which cluster commands talk to",
                                      "weir profile switch local");
    builder.select(
        builder.command(profile, "current", "Print the current profile", "weir profile current"),
        profile_current);

    const auto text = std::make_shared<std::string>("table");
    CLI::App& list = builder.command(profile, "list", "List profiles", "weir profile list");
    CommandBuilder::add_output(list, *text);
    builder.select(list, [text] { return profile_list(*text); });

    const auto chosen = std::make_shared<std::string>();
    CLI::App& choose = builder.command(profile, "switch", "Make a profile the current one",
                                       "weir profile switch local");
    choose.add_option("name", *chosen, "profile name")->required();
    builder.select(choose, [chosen] { return profile_switch(*chosen); });

    CLI::App& add = builder.command(profile, "add", "Add a profile for a cluster",
                                    "weir profile add office 192.0.2.7:9003");
    const auto add_options = builder.on_select<ProfileAddOptions>(add, profile_add);
    add.add_option("name", add_options->name, "profile name")->required();
    add.add_option("address", add_options->address, "HOST:PORT of its SC")->required();
    add.add_option("type", add_options->installation, "local, k8, docker, cloud");

    const auto from = std::make_shared<std::string>();
    const auto to = std::make_shared<std::string>();
    CLI::App& rename =
        builder.command(profile, "rename", "Rename a profile", "weir profile rename local laptop");
    rename.add_option("from", *from, "old name")->required();
    rename.add_option("to", *to, "new name")->required();
    builder.select(rename, [from, to] { return profile_rename(*from, *to); });

    const auto removed = std::make_shared<std::string>();
    CLI::App& remove =
        builder.command(profile, "delete", "Delete a profile", "weir profile delete office");
    remove.add_option("name", *removed, "profile name")->required();
    builder.select(remove, [removed] { return profile_delete(*removed); });

    CLI::App& cluster =
        builder.command(profile, "delete-cluster", "Delete a cluster that no profile names",
                        "weir profile delete-cluster office");
    const auto cluster_options =
        builder.on_select<ProfileDeleteClusterOptions>(cluster, profile_delete_cluster);
    cluster.add_option("name", cluster_options->cluster, "cluster name")->required();
    cluster.add_flag("-f,--force", cluster_options->force, "also one that profiles name");

    const auto exported = std::make_shared<std::string>();
    CLI::App& out = builder.command(profile, "export", "Print the cluster of a profile as TOML",
                                    "weir profile export local");
    out.add_option("name", *exported, "profile name (the current one)");
    builder.select(out, [exported] { return profile_export(*exported); });
    add_sync(builder, profile);
}

}  // namespace weir::cli
