#include "apps/weir/commands/groups.h"
#include "apps/weir/listing.h"
#include "apps/weir/replication.h"

namespace weir::cli {

void add_partition(CommandBuilder& builder) {
    CLI::App& partition = builder.group(builder.root(), "partition",
                                        "Look at partitions and move them", "weir partition list");
    CLI::App& list =
        builder.command(partition, "list", "List partitions with leader, size and offsets",
                        "weir partition list -O json");
    const auto options = builder.on_select<PartitionListOptions>(list, partition_list);
    CommandBuilder::add_output(list, options->output);
    list.add_flag("-s,--system", options->system, "those of system topics instead");

    CLI::App& reassign = builder.command(partition, "reassign", "Move a partition to other SPUs",
                                         "weir partition reassign greetings 0 --to 5001,5002,5003");
    const auto reassigned =
        builder.on_select<PartitionReassignOptions>(reassign, partition_reassign);
    reassign.add_option("topic", reassigned->topic, "topic name")->required();
    reassign.add_option("partition", reassigned->partition, "number of the partition")->required();
    reassign
        .add_option("--to", reassigned->spus, "SPUs that shall hold it, preferred leader first")
        ->delimiter(',');
    reassign.add_flag("--cancel", reassigned->cancel, "give up what is not finished of a move");

    CLI::App& elect = builder.command(partition, "elect", "Give the lead to the preferred leader",
                                      "weir partition elect greetings 0");
    const auto elected = builder.on_select<PartitionElectOptions>(elect, partition_elect);
    elect.add_option("topic", elected->topic, "topic name")->required();
    elect.add_option("partition", elected->partition, "number of the partition")->required();
}

void add_consumer(CommandBuilder& builder) {
    CLI::App& consumer = builder.group(builder.root(), "consumer", "Stored offsets of consumers",
                                       "weir consumer list");
    CLI::App& list = builder.command(consumer, "list", "List stored offsets", "weir consumer list");
    const auto list_options = builder.on_select<ConsumerListOptions>(list, consumer_list);
    CommandBuilder::add_output(list, list_options->output);
    CLI::App& remove = builder.command(consumer, "delete", "Forget stored offsets",
                                       "weir consumer delete reader -t greetings -p 0");
    const auto delete_options = builder.on_select<ConsumerDeleteOptions>(remove, consumer_delete);
    remove.add_option("consumer-id", delete_options->consumer_id, "consumer id")->required();
    remove.add_option("-t,--topic", delete_options->topic, "only of this topic");
    remove.add_option("-p,--partition", delete_options->partition, "only of this partition");
}

}  // namespace weir::cli
