// Random walks of the stateful model.
//
// usage: replication_walks [--walks N] [--seed S] [--steps N] [--mutant NAME|all]
//
// Ends with status 0 when no walk violates an invariant, with 1 at the first that does; its number
// from the first one on is printed. With `--mutant all` each planted bug has to be found within the
// walks: a table of the first walks that did, and status 1 when one is missed.
#include "core/base/mutant.h"
#include "tests/prop/replication/model_mutants.h"
#include "tests/prop/replication/model_world.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace weir::replication::model {

namespace {

struct Arguments {
    std::uint64_t walks = 1'000;
    std::uint64_t seed = 1;
    std::uint64_t steps = 600;
    std::string_view mutant;
};

bool parse_number(std::string_view text, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

bool parse(int argc, char** argv, Arguments& arguments) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string_view value = argv[i + 1];
        const bool is_known = (name == "--walks" && parse_number(value, arguments.walks)) ||
                              (name == "--seed" && parse_number(value, arguments.seed)) ||
                              (name == "--steps" && parse_number(value, arguments.steps));
        if (name == "--mutant") {
            arguments.mutant = value;
        } else if (!is_known) {
            return false;
        }
    }
    return argc % 2 == 1;
}

void add(World::Counts& sum, const World::Counts& one) {
    sum.steps += one.steps;
    sum.committed += one.committed;
    sum.elections += one.elections;
    sum.truncations += one.truncations;
    sum.crashes += one.crashes;
    sum.lossy_crashes += one.lossy_crashes;
    sum.reassignments += one.reassignments;
    sum.damages += one.damages;
    sum.calms += one.calms;
}

struct Failure {
    std::uint64_t walk = 0;
    std::uint64_t step = 0;
    Violation violation;
    std::string picture;
};

std::optional<Failure> first_failure(const Arguments& arguments, World::Counts& sum) {
    for (std::uint64_t i = 0; i < arguments.walks; ++i) {
        World world = World::of_seed(mix64(arguments.seed + i));
        world.walk(arguments.steps);
        add(sum, world.counts());
        if (world.oracle().is_violated()) {
            return Failure{i, world.counts().steps, world.oracle().violation(), world.describe()};
        }
    }
    return std::nullopt;
}

int run(const Arguments& arguments) {
    World::Counts sum;
    if (const std::optional<Failure> failure = first_failure(arguments, sum)) {
        std::printf("walk %" PRIu64 ", step %" PRIu64 ": %s: %s\n%s", failure->walk, failure->step,
                    failure->violation.invariant.c_str(), failure->violation.text.c_str(),
                    failure->picture.c_str());
        return 1;
    }
    std::printf("%" PRIu64 " walks, %" PRIu64 " steps: no violation; %" PRIu64
                " records committed, %" PRIu64 " elections, %" PRIu64 " truncations, %" PRIu64
                " crashes (%" PRIu64 " lost a tail), %" PRIu64 " reassignments, %" PRIu64
                " damaged replicas, %" PRIu64 " calms\n",
                arguments.walks, sum.steps, sum.committed, sum.elections, sum.truncations,
                sum.crashes, sum.lossy_crashes, sum.reassignments, sum.damages, sum.calms);
    return 0;
}

int run_every_mutant(const Arguments& arguments) {
    int missed = 0;
    for (const PlantedBug& bug : kPlantedBugs) {
        if (!plant(bug.name)) {
            std::fprintf(stderr, "this build has no mutants\n");
            return 2;
        }
        World::Counts sum;
        if (const std::optional<Failure> failure = first_failure(arguments, sum)) {
            std::printf("| %s | %" PRIu64 " | %s: %s |\n", bug.name.data(), failure->walk,
                        failure->violation.invariant.c_str(), failure->violation.text.c_str());
        } else {
            std::printf("| %s | MISSED | |\n", bug.name.data());
            ++missed;
        }
    }
    return missed == 0 ? 0 : 1;
}

}  // namespace

}  // namespace weir::replication::model

int main(int argc, char** argv) {
    using namespace weir::replication::model;
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fprintf(stderr,
                     "usage: replication_walks [--walks N] [--seed S] [--steps N] "
                     "[--mutant NAME|all]\n");
        return 2;
    }
    return run_with(
        arguments.mutant, [&] { return run_every_mutant(arguments); },
        [&] { return run(arguments); });
}
