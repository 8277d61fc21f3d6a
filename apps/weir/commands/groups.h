// The groups of commands, one file each. A group adds its verbs to the command line and says which
// function of apps/weir each of them runs; what a verb does is not its business.
#pragma once

#include "apps/weir/commands/builder.h"

namespace weir::cli {

// `consume` and `produce`.
void add_records(CommandBuilder& builder);
void add_topic(CommandBuilder& builder);
void add_partition(CommandBuilder& builder);
void add_consumer(CommandBuilder& builder);
// Below the root and below `cluster`.
void add_spu(CommandBuilder& builder, CLI::App& parent);
void add_spu_group(CommandBuilder& builder, CLI::App& parent);
void add_cluster(CommandBuilder& builder);
// `smartmodule` and `hub`.
void add_smartmodule(CommandBuilder& builder);
void add_table_format(CommandBuilder& builder);
// `remote` and `home`.
void add_mirrors(CommandBuilder& builder);
void add_profile(CommandBuilder& builder);

}  // namespace weir::cli
