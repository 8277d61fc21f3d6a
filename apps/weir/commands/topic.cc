#include "apps/weir/topic.h"

#include "apps/weir/commands/groups.h"
#include "apps/weir/deletion.h"
#include "apps/weir/replication.h"

namespace weir::cli {
namespace {

void add_storage(CLI::App& app, TopicStorageOptions& options) {
    app.add_option("--retention-time", options.retention_time, "keep records so long: 7d");
    app.add_option("--segment-size", options.segment_size, "size of a log file: '10 MB'");
    app.add_option("--max-partition-size", options.max_partition_size,
                   "remove the oldest records above this: '1 GB'");
    app.add_option("--compression-type", options.compression_type,
                   "any, none, gzip, snappy, lz4 or zstd");
}

void add_settings(CLI::App& app, TopicSettingOptions& options) {
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

// Where the partitions come from: computed, assigned, or one for each remote cluster.
void add_shape(CLI::App& app, TopicCreateOptions& options) {
    CLI::Option* partitions =
        app.add_option("-p,--partitions", options.partitions, "number of partitions (1)");
    CLI::Option* replication =
        app.add_option("-r,--replication", options.replication, "copies of each partition (1)");
    CLI::Option* no_racks =
        app.add_flag("-i,--ignore-rack-assignment", options.ignore_rack_assignment,
                     "place partitions without looking at racks");
    CLI::Option* assigned =
        app.add_option("-f,--replica-assignment", options.replica_assignment_file,
                       "JSON file: which SPUs hold which partition");
    CLI::Option* mirror =
        app.add_flag("--mirror", options.mirror, "the home's end of a mirrored topic");
    CLI::Option* remotes =
        app.add_option("-m,--mirror-apply", options.mirror_file,
                       "the same, for the remote clusters in this JSON file: [\"edge1\"]");
    app.add_flag("--home-to-remote", options.home_to_remote, "the home sends; else the remotes do");
    for (CLI::Option* computed : {partitions, replication, no_racks}) {
        computed->excludes(assigned)->excludes(mirror)->excludes(remotes);
    }
    assigned->excludes(mirror)->excludes(remotes);
}

void add_topic_create(CommandBuilder& builder, CLI::App& topic) {
    CLI::App& app = builder.command(topic, "create", "Create a topic",
                                    "weir topic create greetings -p 3 --retention-time 7d");
    const auto options = builder.on_select<TopicCreateOptions>(app, topic_create);
    CLI::Option* name = app.add_option("name", options->name, "topic name");
    add_shape(app, *options);
    CLI::Option* config =
        app.add_option("-c,--config", options->config_file, "YAML file that describes the topic");
    name->excludes(config);
    add_storage(app, options->storage);
    app.add_flag("-d,--dry-run", options->dry_run, "check only");
    app.add_flag("-s,--system", options->system, "a system topic")->group("");
    add_settings(app, options->settings);
    for (const char* flag : {"--dedup", "--dedup-count-bound", "--dedup-age-bound"}) {
        CommandBuilder::refuse(app, flag,
                               "deduplication runs a SmartModule, which is not supported yet: "
                               "create the topic without it");
    }
}

void add_topic_deletion(CommandBuilder& builder, CLI::App& topic) {
    CLI::App& remove =
        builder.command(topic, "delete-records", "Delete the oldest records of a topic",
                        "weir topic delete-records greetings --partition 0 --before 1200");
    const auto remove_options =
        builder.on_select<TopicDeleteRecordsOptions>(remove, topic_delete_records);
    remove.add_option("name", remove_options->name, "topic name")->required();
    remove.add_option("-p,--partition", remove_options->partition, "only of this one (all)");
    remove
        .add_option("--before", remove_options->before,
                    "offset of the first record that stays; a batch goes when all of it may")
        ->required();
    CLI::App& purge = builder.command(
        topic, "purge", "Delete all records of a topic; offsets go on where they were",
        "weir topic purge greetings");
    const auto purge_options =
        builder.on_select<TopicDeleteRecordsOptions>(purge, topic_delete_records);
    purge.add_option("name", purge_options->name, "topic name")->required();
    purge.add_option("-p,--partition", purge_options->partition, "only of this one (all)");
}

}  // namespace

void add_topic(CommandBuilder& builder) {
    CLI::App& topic = builder.group(builder.root(), "topic", "Create, list and delete topics",
                                    "weir topic create greetings");
    add_topic_create(builder, topic);

    CLI::App& list = builder.command(topic, "list", "List topics", "weir topic list -O json");
    const auto list_options = builder.on_select<TopicListOptions>(list, topic_list);
    CommandBuilder::add_output(list, list_options->output);
    list.add_flag("-s,--system", list_options->system, "system topics instead");

    CLI::App& describe =
        builder.command(topic, "describe", "Show one topic", "weir topic describe greetings");
    const auto describe_options = builder.on_select<TopicDescribeOptions>(describe, topic_describe);
    describe.add_option("name", describe_options->name, "topic name")->required();
    CommandBuilder::add_output(describe, describe_options->output);

    CLI::App& remove = builder.command(topic, "delete", "Delete topics and their records",
                                       "weir topic delete greetings");
    const auto delete_options = builder.on_select<TopicDeleteOptions>(remove, topic_delete);
    remove.add_option("names", delete_options->names, "topic names")->required();
    // Not at the top, where -c names the cluster.
    remove.add_flag("-c,--continue-on-error", delete_options->continue_on_error,
                    "go on with the next name");
    remove.add_flag("-s,--system", delete_options->system, "also system topics");
    remove.add_flag("-f,--force", delete_options->force, "do not ask");

    CLI::App& add = builder.command(topic, "add-partition", "Add partitions to a topic",
                                    "weir topic add-partition greetings --count 2");
    const auto add_options = builder.on_select<TopicAddPartitionOptions>(add, topic_add_partition);
    add.add_option("name", add_options->name, "topic name")->required();
    // Not at the top, where -c names the cluster.
    add.add_option("-c,--count", add_options->count, "how many to add (1)");

    CLI::App& mirror =
        builder.command(topic, "add-mirror", "Let a topic take part of a remote cluster",
                        "weir topic add-mirror greetings edge1");
    const auto mirror_options = builder.on_select<TopicAddMirrorOptions>(mirror, topic_add_mirror);
    mirror.add_option("topic", mirror_options->name, "topic name")->required();
    mirror.add_option("remote", mirror_options->remote, "remote cluster")->required();
    mirror.add_flag("--home-to-remote", mirror_options->home_to_remote,
                    "the home sends; else the remotes do");

    add_topic_deletion(builder, topic);

    CLI::App& update =
        builder.command(topic, "update", "Change the settings of a topic while it is used",
                        "weir topic update greetings --retention-time 1d --compression-type zstd\n"
                        "  weir topic update greetings --min-live 2 --ack-floor committed");
    update.alias("alter");
    const auto update_options = builder.on_select<TopicUpdateOptions>(update, topic_update);
    update.add_option("name", update_options->name, "topic name")->required();
    add_storage(update, update_options->storage);
    add_settings(update, update_options->settings);
}

}  // namespace weir::cli
