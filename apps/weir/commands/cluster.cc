#include "apps/weir/cluster.h"

#include "apps/weir/commands/groups.h"
#include "apps/weir/diagnostics.h"
#include "apps/weir/replication.h"
#include "apps/weir/transfer.h"

namespace weir::cli {
namespace {

void add_local(CLI::App& app) {
    app.add_flag_callback("--local", [] {}, "the only kind there is")->group("");
}

void add_data_dir(CLI::App& app, std::string& data_dir) {
    app.add_option("--data-dir", data_dir, "as given to start (~/.weir/data)");
    add_local(app);
}

// Where a cluster has its files and its ports.
void add_place(CLI::App& app, ClusterStartOptions& options) {
    app.add_option("--spu", options.spus, "number of SPUs (1)");
    app.add_option("--data-dir", options.data_dir, "where the data is kept (~/.weir/data)");
    app.add_option("--log-dir", options.log_dir, "where the logs go (DATA-DIR/log)");
    CLI::Option* address =
        app.add_option("--sc-pub-addr", options.sc_public, "address for clients (127.0.0.1:9003)");
    app.add_option("--sc-priv-addr", options.sc_private, "address for SPUs (the next port)");
    app.add_option("--port-base", options.port_base,
                   "the SC's port on 127.0.0.1; the others follow (9003)")
        ->excludes(address);
    add_local(app);
}

void add_cluster_start(CommandBuilder& builder, CLI::App& cluster) {
    CLI::App& app = builder.command(cluster, "start", "Start a cluster on this machine",
                                    "weir cluster start --spu 3 --data-dir ./data");
    const auto options = builder.on_select<ClusterStartOptions>(app, cluster_start);
    add_place(app, *options);
    app.add_flag("--skip-profile-creation", options->skip_profile,
                 "leave the client profile as it is");
    app.add_option("--profile-name", options->profile, "name of the profile (local)");
    app.add_option("--durability", options->durability, "fsync, bounded or async (fsync)");
    app.add_option("--platform-version", options->platform_version,
                   "the version to report to clients");
    app.add_flag_callback(
           "--k8,--local-k8,--docker",
           [] { throw CLI::ValidationError("--k8", "only local clusters are supported yet"); },
           "not supported yet")
        ->group("Not supported yet");
}

void add_cluster_again(CommandBuilder& builder, CLI::App& cluster) {
    CLI::App& check = builder.command(cluster, "check",
                                      "Would `cluster start` with these flags find what it needs",
                                      "weir cluster check --spu 3 --data-dir ./data");
    const auto check_options = builder.on_select<ClusterStartOptions>(check, cluster_check);
    add_place(check, *check_options);
    CLI::App& resume =
        builder.command(cluster, "resume", "Start a stopped cluster as it was started last",
                        "weir cluster resume --data-dir ./data");
    add_data_dir(resume, builder.on_select<ClusterStopOptions>(resume, cluster_resume)->data_dir);
    CLI::App& upgrade = builder.command(
        cluster, "upgrade", "Stop the servers and start those that came with this program",
        "weir cluster upgrade --data-dir ./data");
    add_data_dir(upgrade,
                 builder.on_select<ClusterStopOptions>(upgrade, cluster_upgrade)->data_dir);
}

void add_cluster_transfer(CommandBuilder& builder, CLI::App& cluster) {
    CLI::App& in = builder.command(cluster, "import", "Take over a stopped Fluvio local cluster",
                                   "weir cluster import --from-fluvio ~/.fluvio/data --dry-run");
    const auto in_options = builder.on_select<ClusterImportOptions>(in, cluster_import);
    in.add_option("--from-fluvio", in_options->from_fluvio, "its data folder; only read")
        ->required();
    in.add_option("--data-dir", in_options->data_dir, "where the new data goes (~/.weir/data)");
    in.add_flag("--dry-run", in_options->dry_run, "say what would be taken over, write nothing");
    in.add_flag("--metadata-only", in_options->metadata_only, "without records and offsets");
    in.add_flag("--accept-damage", in_options->accept_damage,
                "take what can be read of what is damaged");
    CLI::App& out = builder.command(cluster, "export", "Write the metadata as Fluvio's YAML files",
                                    "weir cluster export --to ./backup");
    const auto out_options = builder.on_select<ClusterExportOptions>(out, cluster_export);
    out.add_option("--to", out_options->to, "gets a folder metadata")->required();
}

}  // namespace

void add_cluster(CommandBuilder& builder) {
    CLI::App& cluster =
        builder.group(builder.root(), "cluster", "Start, stop and look at a cluster",
                      "weir cluster start --spu 3");
    add_cluster_start(builder, cluster);
    add_cluster_again(builder, cluster);
    add_cluster_transfer(builder, cluster);
    CLI::App& stop = builder.command(cluster, "stop", "Stop the cluster, keep its data",
                                     "weir cluster stop --data-dir ./data");
    stop.alias("shutdown");
    const auto stop_options = builder.on_select<ClusterStopOptions>(stop, cluster_stop);
    add_data_dir(stop, stop_options->data_dir);
    CLI::App& remove = builder.command(cluster, "delete", "Stop the cluster and remove its data",
                                       "weir cluster delete --data-dir ./data");
    const auto delete_options = builder.on_select<ClusterStopOptions>(remove, cluster_delete);
    add_data_dir(remove, delete_options->data_dir);
    CLI::App& status = builder.command(cluster, "status", "Is it healthy, how much does it hold",
                                       "weir cluster status");
    const auto status_options = builder.on_select<ClusterStatusOptions>(status, cluster_status);
    CommandBuilder::add_output(status, status_options->output);
    CLI::App& diagnostics =
        builder.command(cluster, "diagnostics",
                        "Pack settings, objects, state and logs into one archive, without records",
                        "weir cluster diagnostics --data-dir ./data");
    const auto pack =
        builder.on_select<ClusterDiagnosticsOptions>(diagnostics, cluster_diagnostics);
    diagnostics.add_flag("-q,--quiet", pack->quiet, "say nothing");
    diagnostics.add_option("--data-dir", pack->data_dir, "as given to start (~/.weir/data)");
    diagnostics.add_option("--log-dir", pack->log_dir, "as given to start (DATA-DIR/log)");
    CLI::App& adopt =
        builder.command(cluster, "adopt",
                        "After a restored backup of the SC: what the SPUs have counts from now on",
                        "weir cluster adopt");
    const auto adopt_options = builder.on_select<ClusterAdoptOptions>(adopt, cluster_adopt);
    adopt.add_flag("--force", adopt_options->force,
                   "also without SPUs that have not reported: what only they have is lost");
    add_spu(builder, cluster);
    add_spu_group(builder, cluster);
}

}  // namespace weir::cli
