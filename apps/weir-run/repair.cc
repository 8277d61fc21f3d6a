#include "apps/weir-run/repair.h"

#include "core/spu/repair.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <utility>

namespace weir::run {

namespace {

constexpr const char* kExample = R"(Example:
  weir-run repair --log-base-dir ~/.weir/data --id 5001 greetings 0
  weir-run repair --log-base-dir ~/.weir/data --id 5001 greetings 0 --accept-loss)";

std::string extent(Offset from, Offset end) {
    return from == end ? "no records"
                       : fmt::format("offsets {} to {}", from.value(), end.value() - 1);
}

void print_damage(const log::RepairReport& log, PrintLine print) {
    print("damage  " + log.damage);
    print("kept    " + extent(log.log_start, log.good_end));
    print(log.known_end > log.good_end
              ? fmt::format("lost    {}, and what may be behind them",
                            extent(log.good_end, log.known_end))
              : fmt::format("lost    what may be behind offset {}", log.good_end.value()));
}

}  // namespace

void add_repair(CLI::App& root, Options& options) {
    CLI::App& app =
        *root.add_subcommand("repair", "look at a damaged partition of a stopped SPU, and cut it");
    app.description(
        "Reads a whole partition of an SPU that does not run, says which records are good, and "
        "with --accept-loss cuts the log before the damage. For the only copy: a partition with "
        "more replicas repairs itself.");
    app.footer(kExample);
    app.callback([&options] { options.command = Command::repair; });
    RepairOptions& repair = options.repair;
    app.add_option("topic", repair.key.topic, "topic name")->required();
    app.add_option("partition", repair.key.partition, "number of the partition")->required();
    app.add_option("--log-base-dir", options.real.disk_root, "where the SPU keeps its partitions")
        ->type_name("DIR")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("-i,--id", repair.spu, "the SPU's id")->type_name("ID")->required();
    app.add_flag("--accept-loss", repair.accept_loss,
                 "cut the log before the damage; without it nothing is changed");
}

Task<Result<void>> repair(Env& env, RepairOptions options, PrintLine print) {
    const auto mode = options.accept_loss ? spu::RepairMode::cut : spu::RepairMode::look;
    WEIR_CO_TRY(const spu::ReplicaRepair found,
                co_await spu::repair_replica(env, fmt::format("spu-logs-{}", options.spu),
                                             options.key, mode));
    print(fmt::format("{} of SPU {}: {}", to_string(options.key), options.spu, found.dir));
    if (found.log.damage.empty()) {
        print("no damage: " + extent(found.log.log_start, found.log.good_end) + " are good");
        co_return Result<void>();
    }
    print_damage(found.log, print);
    if (!options.accept_loss) {
        co_return fail(ErrorCode::corrupt,
                       "nothing was changed. --accept-loss cuts the log there, for good; new "
                       "records get the offsets of those that are lost");
    }
    print("the log was cut: start the SPU again");
    co_return Result<void>();
}

}  // namespace weir::run
