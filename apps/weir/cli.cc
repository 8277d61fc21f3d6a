#include "apps/weir/cli.h"

#include "apps/weir/cluster.h"
#include "apps/weir/completions.h"
#include "apps/weir/consume.h"
#include "apps/weir/deletion.h"
#include "apps/weir/diagnostics.h"
#include "apps/weir/listing.h"
#include "apps/weir/output.h"
#include "apps/weir/produce.h"
#include "apps/weir/profile_commands.h"
#include "apps/weir/replication.h"
#include "apps/weir/session.h"
#include "apps/weir/target.h"
#include "apps/weir/topic.h"
#include "apps/weir/transfer.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace weir::cli {
namespace {

// What was selected; run after the parsing.
using Action = std::function<int()>;

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

// The words that may follow a command: its commands and its flags.
void collect_commands(const CLI::App& app, const std::string& path,
                      std::vector<CommandWords>& into) {
    CommandWords command;
    command.path = path;
    const auto everything = [](const CLI::App*) { return true; };
    const std::vector<const CLI::App*> below = app.get_subcommands(everything);
    for (const CLI::App* sub : below) {
        command.words.push_back(sub->get_name());
    }
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            command.words.push_back("--" + name);
        }
    }
    into.push_back(std::move(command));
    for (const CLI::App* sub : below) {
        collect_commands(*sub, path + (path.empty() ? "" : " ") + sub->get_name(), into);
    }
}

std::vector<CommandWords> list_commands(const CLI::App& root) {
    std::vector<CommandWords> commands;
    collect_commands(root, "", commands);
    return commands;
}

// Builds the commands. The options of each live as long as its action.
class Commands {
public:
    Commands(CLI::App& root, Target& target, Action& selected)
        : root_(root), target_(target), selected_(selected) {}

    void add_all() {
        add_consume();
        add_produce();
        add_topic();
        add_partition();
        add_consumer();
        add_cluster();
        add_spu(root_);
        add_profile();
        add_other();
    }

private:
    CLI::App& command(CLI::App& parent, const std::string& name, const std::string& about,
                      const std::string& example) {
        CLI::App& app = *parent.add_subcommand(name, about);
        app.footer("Example:\n  " + example);
        return app;
    }

    CLI::App& group(CLI::App& parent, const std::string& name, const std::string& about,
                    const std::string& example) {
        CLI::App& app = command(parent, name, about, example);
        app.require_subcommand(1);
        return app;
    }

    // Options of the type `T`, given to `run` when the command is the one selected.
    template <typename T>
    std::shared_ptr<T> on_select(CLI::App& app, int (*run)(const Target&, const T&)) {
        auto options = std::make_shared<T>();
        app.callback([this, options, run] {
            selected_ = [this, options, run] { return run(target_, *options); };
        });
        return options;
    }
    template <typename T>
    std::shared_ptr<T> on_select(CLI::App& app, int (*run)(const T&)) {
        auto options = std::make_shared<T>();
        app.callback(
            [this, options, run] { selected_ = [options, run] { return run(*options); }; });
        return options;
    }

    static void add_output(CLI::App& app, std::string& output) {
        app.add_option("-O,--output", output, "table, json, yaml or toml")->type_name("TYPE");
    }
    // SmartModules and mirrors parse nowhere else; asking for them is an error that says so.
    static void refuse(CLI::App& app, const std::string& flag, const std::string& why) {
        app.add_option_function<std::string>(
               flag, [flag, why](const std::string&) { throw CLI::ValidationError(flag, why); },
               "not supported yet")
            ->group("Not supported yet");
    }

    static void add_storage(CLI::App& app, TopicStorageOptions& options) {
        app.add_option("--retention-time", options.retention_time, "keep records so long: 7d");
        app.add_option("--segment-size", options.segment_size, "size of a log file: '10 MB'");
        app.add_option("--max-partition-size", options.max_partition_size,
                       "remove the oldest records above this: '1 GB'");
        app.add_option("--compression-type", options.compression_type,
                       "any, none, gzip, snappy, lz4 or zstd");
    }

    static void add_settings(CLI::App& app, TopicSettingOptions& options) {
        const char* group = "Replication (an SC of Weir only)";
        app.add_option("--min-live", options.min_live, "replicas that must be live to commit")
            ->group(group);
        app.add_option("--durability", options.durability, "fsync, bounded or async")->group(group);
        app.add_option("--unclean-policy", options.unclean_policy,
                       "who may lead when no complete replica is left: never, balanced or "
                       "availability")
            ->group(group);
        app.add_option("--ack-floor", options.ack_floor,
                       "the least that an acknowledgement means: none or committed")
            ->group(group);
        // Not add_flag with an optional: it would always be set.
        app.add_flag_function(
               "--strict-reads,!--no-strict-reads",
               [&options](std::int64_t count) { options.strict_reads = count > 0; },
               "committed reads see all that was acknowledged as committed before")
            ->group(group);
        app.add_flag_function(
               "--ride-through,!--no-ride-through",
               [&options](std::int64_t count) { options.ride_through = count > 0; },
               "a leader that does not reach the SC goes on while all live replicas follow")
            ->group(group);
    }

    void add_consume();
    void add_produce();
    void add_topic();
    void add_topic_create(CLI::App& topic);
    void add_topic_deletion(CLI::App& topic);
    void add_partition();
    void add_consumer();
    void add_cluster();
    void add_cluster_start(CLI::App& cluster);
    void add_cluster_transfer(CLI::App& cluster);
    void add_spu(CLI::App& parent);
    void add_profile();
    void add_other();

    CLI::App& root_;
    Target& target_;
    Action& selected_;
};

void Commands::add_consume() {
    CLI::App& app = command(root_, "consume", "Read records of a topic",
                            "weir consume greetings -B -d -k\n"
                            "  weir consume greetings -d --from-time -10m\n"
                            "  weir consume greetings -T 10 -F '{{offset}} {{key}} {{value}}'");
    const auto options = on_select<ConsumeOptions>(app, consume);
    app.add_option("topic", options->topic, "topic name")->required();
    app.add_option("-p,--partition", options->partitions, "partition, repeatable (all)")
        ->type_name("N")
        ->expected(1)
        ->take_all();
    app.add_flag("-A,--all-partitions", options->all_partitions, "all partitions");
    app.add_flag("-d,--disable-continuous", options->disable_continuous,
                 "stop at the end instead of waiting for more");
    app.add_flag("--disable-progressbar", options->disable_progressbar, "no progress line");
    app.add_flag("-k,--key-value", options->key_value, "print records as [key] value");
    app.add_option("-F,--format", options->format,
                   "template of {{key}}, {{value}}, {{offset}}, {{partition}}, {{time}}");
    CLI::Option* beginning =
        app.add_flag("-B,--beginning", options->beginning, "from the beginning");
    CLI::Option* head =
        app.add_option("-H,--head", options->head, "from N records after the beginning");
    CLI::Option* tail = app.add_option("-T,--tail", options->tail, "from N records before the end");
    CLI::Option* start = app.add_option("--start", options->start, "from this offset");
    app.add_option("--from-time", options->from_time,
                   "from the first batch with a record that is not older: 2026-01-31T12:00:00Z, or "
                   "-10m")
        ->excludes(beginning)
        ->excludes(head)
        ->excludes(tail)
        ->excludes(start);
    for (CLI::Option* option : {beginning, head, tail}) {
        option->excludes(start);
    }
    beginning->excludes(head)->excludes(tail);
    head->excludes(tail);
    app.add_option("--end", options->end, "to this offset, included");
    app.add_option("-b,--maxbytes", options->max_bytes, "bytes of one answer");
    app.add_option("--isolation", options->isolation, "ReadCommitted or ReadUncommitted");
    app.add_flag("--suppress-unknown", options->suppress_unknown,
                 "leave out records that do not fit the output");
    app.add_option("-O,--output", options->output, "dynamic, text, binary, json or raw");
    app.add_option("-c,--consumer", options->consumer,
                   "consumer id: go on where it stopped, and store its offset");
    for (const char* flag : {"--smartmodule", "--smartmodule-path", "--transforms-line",
                             "-t,--transforms", "--table-format", "-m,--mirror"}) {
        refuse(app, flag, "SmartModules, table formats and mirrors are not supported yet");
    }
}

void Commands::add_produce() {
    CLI::App& app = command(root_, "produce", "Write records to a topic",
                            "echo en:hello | weir produce greetings --key-separator :\n"
                            "  weir produce greetings -f lines.txt --compression zstd");
    const auto options = on_select<ProduceOptions>(app, produce);
    app.add_option("topic", options->topic, "topic name")->required();
    app.add_flag("-v,--verbose", options->verbose, "print where each record went");
    CLI::Option* key = app.add_option("--key", options->key, "key of every record");
    CLI::Option* separator = app.add_option("--key-separator", options->key_separator,
                                            "splits each line into key and value");
    CLI::Option* raw = app.add_flag("--raw", options->raw, "all input is one record");
    separator->excludes(raw)->excludes(key);
    app.add_option("-f,--file", options->file, "read this file instead of standard input");
    app.add_option("--compression", options->compression, "none, gzip, snappy, lz4 or zstd");
    app.add_option("--linger", options->linger, "wait so long for more records: 5ms");
    app.add_option("--batch-size", options->batch_size, "largest batch (16 KiB)");
    app.add_option("--max-request-size", options->max_request_size, "largest record (1 MiB)");
    app.add_option("--isolation", options->isolation,
                   "acknowledge when committed (ReadCommitted) or written (ReadUncommitted)");
    app.add_option("--delivery-semantic", options->delivery, "at-least-once or at-most-once");
    app.add_option("-p,--partition", options->partition, "write to this partition");
    for (const char* flag :
         {"--smartmodule", "--smartmodule-path", "--aggregate-initial", "-e,--params",
          "-t,--transforms", "--transforms-line", "-m,--mirror"}) {
        refuse(app, flag, "SmartModules and mirrors are not supported yet");
    }
}

void Commands::add_topic_create(CLI::App& topic) {
    CLI::App& app = command(topic, "create", "Create a topic",
                            "weir topic create greetings -p 3 --retention-time 7d");
    const auto options = on_select<TopicCreateOptions>(app, topic_create);
    CLI::Option* name = app.add_option("name", options->name, "topic name");
    app.add_option("-p,--partitions", options->partitions, "number of partitions (1)");
    app.add_option("-r,--replication", options->replication, "copies of each partition (1)");
    app.add_flag("-i,--ignore-rack-assignment", options->ignore_rack_assignment,
                 "place partitions without looking at racks");
    app.add_option("-f,--replica-assignment", options->replica_assignment_file,
                   "JSON file: which SPUs hold which partition");
    CLI::Option* config =
        app.add_option("-c,--config", options->config_file, "YAML file that describes the topic");
    name->excludes(config);
    add_storage(app, options->storage);
    app.add_flag("-d,--dry-run", options->dry_run, "check only");
    app.add_flag("-s,--system", options->system, "a system topic")->group("");
    add_settings(app, options->settings);
    for (const char* flag : {"-m,--mirror-apply", "--dedup-count", "--dedup-age"}) {
        refuse(app, flag, "mirrors and deduplication are not supported yet");
    }
}

void Commands::add_topic_deletion(CLI::App& topic) {
    CLI::App& remove = command(topic, "delete-records", "Delete the oldest records of a topic",
                               "weir topic delete-records greetings --partition 0 --before 1200");
    const auto remove_options = on_select<TopicDeleteRecordsOptions>(remove, topic_delete_records);
    remove.add_option("name", remove_options->name, "topic name")->required();
    remove.add_option("-p,--partition", remove_options->partition, "only of this one (all)");
    remove
        .add_option("--before", remove_options->before,
                    "offset of the first record that stays; a batch goes when all of it may")
        ->required();
    CLI::App& purge =
        command(topic, "purge", "Delete all records of a topic; offsets go on where they were",
                "weir topic purge greetings");
    const auto purge_options = on_select<TopicDeleteRecordsOptions>(purge, topic_delete_records);
    purge.add_option("name", purge_options->name, "topic name")->required();
    purge.add_option("-p,--partition", purge_options->partition, "only of this one (all)");
}

void Commands::add_topic() {
    CLI::App& topic =
        group(root_, "topic", "Create, list and delete topics", "weir topic create greetings");
    add_topic_create(topic);

    CLI::App& list = command(topic, "list", "List topics", "weir topic list -O json");
    const auto list_options = on_select<TopicListOptions>(list, topic_list);
    add_output(list, list_options->output);
    list.add_flag("-s,--system", list_options->system, "system topics instead");

    CLI::App& describe =
        command(topic, "describe", "Show one topic", "weir topic describe greetings");
    const auto describe_options = on_select<TopicDescribeOptions>(describe, topic_describe);
    describe.add_option("name", describe_options->name, "topic name")->required();
    add_output(describe, describe_options->output);

    CLI::App& remove =
        command(topic, "delete", "Delete topics and their records", "weir topic delete greetings");
    const auto delete_options = on_select<TopicDeleteOptions>(remove, topic_delete);
    remove.add_option("names", delete_options->names, "topic names")->required();
    remove.add_flag("--continue-on-error", delete_options->continue_on_error,
                    "go on with the next name");
    remove.add_flag("-s,--system", delete_options->system, "also system topics");
    remove.add_flag("-f,--force", delete_options->force, "do not ask");

    CLI::App& add = command(topic, "add-partition", "Add partitions to a topic",
                            "weir topic add-partition greetings --count 2");
    const auto add_options = on_select<TopicAddPartitionOptions>(add, topic_add_partition);
    add.add_option("name", add_options->name, "topic name")->required();
    // Not at the top, where -c names the cluster.
    add.add_option("-c,--count", add_options->count, "how many to add (1)");

    add_topic_deletion(topic);

    CLI::App& update =
        command(topic, "update", "Change the settings of a topic while it is used",
                "weir topic update greetings --retention-time 1d --compression-type zstd\n"
                "  weir topic update greetings --min-live 2 --ack-floor committed");
    update.alias("alter");
    const auto update_options = on_select<TopicUpdateOptions>(update, topic_update);
    update.add_option("name", update_options->name, "topic name")->required();
    add_storage(update, update_options->storage);
    add_settings(update, update_options->settings);
}

void Commands::add_partition() {
    CLI::App& partition =
        group(root_, "partition", "Look at partitions and move them", "weir partition list");
    CLI::App& list = command(partition, "list", "List partitions with leader, size and offsets",
                             "weir partition list -O json");
    const auto options = on_select<PartitionListOptions>(list, partition_list);
    add_output(list, options->output);
    list.add_flag("-s,--system", options->system, "those of system topics instead");

    CLI::App& reassign = command(partition, "reassign", "Move a partition to other SPUs",
                                 "weir partition reassign greetings 0 --to 5001,5002,5003");
    const auto reassigned = on_select<PartitionReassignOptions>(reassign, partition_reassign);
    reassign.add_option("topic", reassigned->topic, "topic name")->required();
    reassign.add_option("partition", reassigned->partition, "number of the partition")->required();
    reassign
        .add_option("--to", reassigned->spus, "SPUs that shall hold it, preferred leader first")
        ->delimiter(',');
    reassign.add_flag("--cancel", reassigned->cancel, "give up what is not finished of a move");

    CLI::App& elect = command(partition, "elect", "Give the lead to the preferred leader",
                              "weir partition elect greetings 0");
    const auto elected = on_select<PartitionElectOptions>(elect, partition_elect);
    elect.add_option("topic", elected->topic, "topic name")->required();
    elect.add_option("partition", elected->partition, "number of the partition")->required();
}

void Commands::add_consumer() {
    CLI::App& consumer =
        group(root_, "consumer", "Stored offsets of consumers", "weir consumer list");
    CLI::App& list = command(consumer, "list", "List stored offsets", "weir consumer list");
    const auto list_options = on_select<ConsumerListOptions>(list, consumer_list);
    add_output(list, list_options->output);
    CLI::App& remove = command(consumer, "delete", "Forget stored offsets",
                               "weir consumer delete reader -t greetings -p 0");
    const auto delete_options = on_select<ConsumerDeleteOptions>(remove, consumer_delete);
    remove.add_option("consumer-id", delete_options->consumer_id, "consumer id")->required();
    remove.add_option("-t,--topic", delete_options->topic, "only of this topic");
    remove.add_option("-p,--partition", delete_options->partition, "only of this partition");
}

void Commands::add_spu(CLI::App& parent) {
    CLI::App& spu = group(parent, "spu", "List, register and drain SPUs", "weir spu list");
    CLI::App& list = command(spu, "list", "List SPUs", "weir spu list");
    const auto list_options = on_select<SpuListOptions>(list, spu_list);
    add_output(list, list_options->output);
    list.add_flag("--custom", list_options->custom, "only those registered by hand");

    CLI::App& add = command(spu, "register", "Register an SPU that runs elsewhere",
                            "weir spu register -i 5002 -p host:9020 -v host:9021");
    const auto add_options = on_select<SpuRegisterOptions>(add, spu_register);
    add.add_option("-i,--id", add_options->id, "id")->required();
    add.add_option("-p,--public-server", add_options->public_server, "address for clients")
        ->required();
    add.add_option("-v,--private-server", add_options->private_server, "address for other SPUs")
        ->required();
    add.add_option("-l,--public-server-local", add_options->public_server_local,
                   "address for clients on the same network");
    add.add_option("-n,--name", add_options->name, "name (custom-spu-ID)");
    add.add_option("-r,--rack", add_options->rack, "rack");

    CLI::App& remove =
        command(spu, "unregister", "Unregister an SPU", "weir spu unregister -i 5002");
    const auto remove_options = on_select<SpuUnregisterOptions>(remove, spu_unregister);
    CLI::Option* id = remove.add_option("-i,--id", remove_options->id, "id");
    remove.add_option("-n,--name", remove_options->name, "name")->excludes(id);

    CLI::App& drained =
        command(spu, "drain", "Take all duties from an SPU, before it is stopped for long",
                "weir spu drain -i 5002");
    const auto drain_options = on_select<SpuDrainOptions>(drained, spu_drain);
    drained.add_option("-i,--id", drain_options->id, "id")->required();
    CLI::App& undrained =
        command(spu, "undrain", "Let a drained SPU take part again", "weir spu undrain -i 5002");
    const auto undrain_options = on_select<SpuDrainOptions>(undrained, spu_undrain);
    undrained.add_option("-i,--id", undrain_options->id, "id")->required();
}

void Commands::add_cluster_start(CLI::App& cluster) {
    CLI::App& app = command(cluster, "start", "Start a cluster on this machine",
                            "weir cluster start --spu 3 --data-dir ./data");
    const auto options = on_select<ClusterStartOptions>(app, cluster_start);
    app.add_option("--spu", options->spus, "number of SPUs (1)");
    app.add_option("--data-dir", options->data_dir, "where the data is kept (~/.weir/data)");
    app.add_option("--log-dir", options->log_dir, "where the logs go (DATA-DIR/log)");
    CLI::Option* address =
        app.add_option("--sc-pub-addr", options->sc_public, "address for clients (127.0.0.1:9003)");
    app.add_option("--sc-priv-addr", options->sc_private, "address for SPUs (the next port)");
    app.add_option("--port-base", options->port_base,
                   "the SC's port on 127.0.0.1; the others follow (9003)")
        ->excludes(address);
    app.add_flag("--skip-profile-creation", options->skip_profile,
                 "leave the client profile as it is");
    app.add_option("--profile-name", options->profile, "name of the profile (local)");
    app.add_option("--durability", options->durability, "fsync, bounded or async (fsync)");
    app.add_option("--platform-version", options->platform_version,
                   "the version to report to clients");
    app.add_flag_callback("--local", [] {}, "the only kind there is")->group("");
    app.add_flag_callback(
           "--k8,--local-k8,--docker",
           [] { throw CLI::ValidationError("--k8", "only local clusters are supported yet"); },
           "not supported yet")
        ->group("Not supported yet");
}

void Commands::add_cluster_transfer(CLI::App& cluster) {
    CLI::App& in = command(cluster, "import", "Take over a stopped Fluvio local cluster",
                           "weir cluster import --from-fluvio ~/.fluvio/data --dry-run");
    const auto in_options = on_select<ClusterImportOptions>(in, cluster_import);
    in.add_option("--from-fluvio", in_options->from_fluvio, "its data folder; only read")
        ->required();
    in.add_option("--data-dir", in_options->data_dir, "where the new data goes (~/.weir/data)");
    in.add_flag("--dry-run", in_options->dry_run, "say what would be taken over, write nothing");
    in.add_flag("--metadata-only", in_options->metadata_only, "without records and offsets");
    in.add_flag("--accept-damage", in_options->accept_damage,
                "take what can be read of what is damaged");
    CLI::App& out = command(cluster, "export", "Write the metadata as Fluvio's YAML files",
                            "weir cluster export --to ./backup");
    const auto out_options = on_select<ClusterExportOptions>(out, cluster_export);
    out.add_option("--to", out_options->to, "gets a folder metadata")->required();
}

void Commands::add_cluster() {
    CLI::App& cluster =
        group(root_, "cluster", "Start, stop and look at a cluster", "weir cluster start --spu 3");
    add_cluster_start(cluster);
    add_cluster_transfer(cluster);
    CLI::App& stop = command(cluster, "stop", "Stop the cluster, keep its data",
                             "weir cluster stop --data-dir ./data");
    stop.alias("shutdown");
    const auto stop_options = on_select<ClusterStopOptions>(stop, cluster_stop);
    stop.add_option("--data-dir", stop_options->data_dir, "as given to start (~/.weir/data)");
    stop.add_flag_callback("--local", [] {}, "the only kind there is")->group("");
    CLI::App& remove = command(cluster, "delete", "Stop the cluster and remove its data",
                               "weir cluster delete --data-dir ./data");
    const auto delete_options = on_select<ClusterStopOptions>(remove, cluster_delete);
    remove.add_option("--data-dir", delete_options->data_dir, "as given to start (~/.weir/data)");
    remove.add_flag_callback("--local", [] {}, "the only kind there is")->group("");
    CLI::App& status =
        command(cluster, "status", "Is it healthy, how much does it hold", "weir cluster status");
    const auto status_options = on_select<ClusterStatusOptions>(status, cluster_status);
    add_output(status, status_options->output);
    CLI::App& diagnostics =
        command(cluster, "diagnostics",
                "Pack settings, objects, state and logs into one archive, without records",
                "weir cluster diagnostics --data-dir ./data");
    const auto pack = on_select<ClusterDiagnosticsOptions>(diagnostics, cluster_diagnostics);
    diagnostics.add_flag("-q,--quiet", pack->quiet, "say nothing");
    diagnostics.add_option("--data-dir", pack->data_dir, "as given to start (~/.weir/data)");
    diagnostics.add_option("--log-dir", pack->log_dir, "as given to start (DATA-DIR/log)");
    CLI::App& adopt =
        command(cluster, "adopt",
                "After a restored backup of the SC: what the SPUs have counts from now on",
                "weir cluster adopt");
    const auto adopt_options = on_select<ClusterAdoptOptions>(adopt, cluster_adopt);
    adopt.add_flag("--force", adopt_options->force,
                   "also without SPUs that have not reported: what only they have is lost");
    add_spu(cluster);
}

void Commands::add_profile() {
    CLI::App& profile =
        group(root_, "profile", "Which cluster commands talk to", "weir profile switch local");
    command(profile, "current", "Print the current profile", "weir profile current")
        .callback([this] { selected_ = profile_current; });

    const auto text = std::make_shared<std::string>("table");
    CLI::App& list = command(profile, "list", "List profiles", "weir profile list");
    add_output(list, *text);
    list.callback([this, text] { selected_ = [text] { return profile_list(*text); }; });

    const auto chosen = std::make_shared<std::string>();
    CLI::App& choose =
        command(profile, "switch", "Make a profile the current one", "weir profile switch local");
    choose.add_option("name", *chosen, "profile name")->required();
    choose.callback([this, chosen] { selected_ = [chosen] { return profile_switch(*chosen); }; });

    CLI::App& add = command(profile, "add", "Add a profile for a cluster",
                            "weir profile add office 192.0.2.7:9003");
    const auto add_options = on_select<ProfileAddOptions>(add, profile_add);
    add.add_option("name", add_options->name, "profile name")->required();
    add.add_option("address", add_options->address, "HOST:PORT of its SC")->required();
    add.add_option("type", add_options->installation, "local, k8, docker, cloud");

    const auto from = std::make_shared<std::string>();
    const auto to = std::make_shared<std::string>();
    CLI::App& rename =
        command(profile, "rename", "Rename a profile", "weir profile rename local laptop");
    rename.add_option("from", *from, "old name")->required();
    rename.add_option("to", *to, "new name")->required();
    rename.callback(
        [this, from, to] { selected_ = [from, to] { return profile_rename(*from, *to); }; });

    const auto removed = std::make_shared<std::string>();
    CLI::App& remove = command(profile, "delete", "Delete a profile", "weir profile delete office");
    remove.add_option("name", *removed, "profile name")->required();
    remove.callback(
        [this, removed] { selected_ = [removed] { return profile_delete(*removed); }; });

    const auto exported = std::make_shared<std::string>();
    CLI::App& out = command(profile, "export", "Print the cluster of a profile as TOML",
                            "weir profile export local");
    out.add_option("name", *exported, "profile name (the current one)");
    out.callback(
        [this, exported] { selected_ = [exported] { return profile_export(*exported); }; });
}

void Commands::add_other() {
    command(root_, "version", "Versions of this program and of the cluster", "weir version")
        .callback([this] { selected_ = [this] { return version(target_); }; });
    const auto shell = std::make_shared<std::string>();
    CLI::App& completions = command(root_, "completions", "Print a completion script",
                                    "source <(weir completions bash)");
    completions.add_option("shell", *shell, "bash, zsh or fish")->required();
    completions.callback([this, shell] {
        selected_ = [this, shell] { return print_completions(*shell, list_commands(root_)); };
    });
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
    Commands commands(root, target, selected);
    commands.add_all();
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
