#include "apps/weir/commands/groups.h"
#include "apps/weir/listing.h"
#include "apps/weir/replication.h"
#include "apps/weir/spu_group.h"

namespace weir::cli {

void add_spu(CommandBuilder& builder, CLI::App& parent) {
    CLI::App& spu = builder.group(parent, "spu", "List, register and drain SPUs", "weir spu list");
    CLI::App& list = builder.command(spu, "list", "List SPUs", "weir spu list");
    const auto list_options = builder.on_select<SpuListOptions>(list, spu_list);
    CommandBuilder::add_output(list, list_options->output);
    list.add_flag("--custom", list_options->custom, "only those registered by hand");

    CLI::App& add = builder.command(spu, "register", "Register an SPU that runs elsewhere",
                                    "weir spu register -i 5002 -p host:9020 -v host:9021");
    const auto add_options = builder.on_select<SpuRegisterOptions>(add, spu_register);
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
        builder.command(spu, "unregister", "Unregister an SPU", "weir spu unregister -i 5002");
    const auto remove_options = builder.on_select<SpuUnregisterOptions>(remove, spu_unregister);
    CLI::Option* id = remove.add_option("-i,--id", remove_options->id, "id");
    remove.add_option("-n,--name", remove_options->name, "name")->excludes(id);

    CLI::App& drained =
        builder.command(spu, "drain", "Take all duties from an SPU, before it is stopped for long",
                        "weir spu drain -i 5002");
    const auto drain_options = builder.on_select<SpuDrainOptions>(drained, spu_drain);
    drained.add_option("-i,--id", drain_options->id, "id")->required();
    CLI::App& undrained = builder.command(spu, "undrain", "Let a drained SPU take part again",
                                          "weir spu undrain -i 5002");
    const auto undrain_options = builder.on_select<SpuDrainOptions>(undrained, spu_undrain);
    undrained.add_option("-i,--id", undrain_options->id, "id")->required();
}

void add_spu_group(CommandBuilder& builder, CLI::App& parent) {
    CLI::App& group = builder.group(parent, "spg", "Groups of SPUs; the SC keeps them as objects",
                                    "weir cluster spg list");
    CLI::App& create = builder.command(
        group, "create", "Create a group; its SPUs are started by nobody here",
        "weir cluster spg create edge --replicas 3 --min-id 100 --storage-size 20Gi");
    const auto create_options = builder.on_select<SpuGroupCreateOptions>(create, spu_group_create);
    create.add_option("name", create_options->name, "name of the group")->required();
    create.add_option("-r,--replicas", create_options->replicas, "number of SPUs (1)");
    create.add_option("--min-id", create_options->min_id, "id of the first SPU (1)");
    create.add_option("--rack", create_options->rack, "rack");
    create.add_option("--storage-size", create_options->storage_size, "of each SPU: 10Gi");
    CLI::App& list = builder.command(group, "list", "List groups", "weir cluster spg list");
    const auto list_options = builder.on_select<SpuGroupListOptions>(list, spu_group_list);
    CommandBuilder::add_output(list, list_options->output);
    CLI::App& remove =
        builder.command(group, "delete", "Delete a group", "weir cluster spg delete edge");
    const auto delete_options = builder.on_select<SpuGroupDeleteOptions>(remove, spu_group_delete);
    remove.add_option("name", delete_options->name, "name of the group")->required();
}

}  // namespace weir::cli
