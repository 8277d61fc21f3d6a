// All orders of steps of the cases of model_cases.h.
//
// usage: replication_orders [--case NAME|all] [--operations N] [--states N] [--mutant NAME|all]
//
// Ends with status 0 when every case was searched completely and nothing was violated. Otherwise
// with 1: the shortest violation is printed step by step, or that the bound on states was hit.
// `--operations` is in place of the bound of each case. With `--mutant all` each planted bug is
// searched for in the cases: a table, and status 1 when one is missed that a case can show.
#include "tests/prop/replication/model_cases.h"
#include "tests/prop/replication/model_mutants.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

namespace weir::replication::model {

namespace {

struct Arguments {
    std::string_view name = "all";
    // 0: that of each case.
    std::uint32_t operations = 0;
    std::uint32_t states = 8'000'000;
    std::string_view mutant;
};

// added_boot_unchecked needs 5 operations of power-ways; no case is known to show the other two.
constexpr std::array<std::string_view, 3> kNotShown = {
    "last_known_without_all", "added_boot_unchecked", "ack_of_any_session"};

bool parse_number(std::string_view text, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

bool is_case(std::string_view name) {
    return name == "all" || std::any_of(kCases.begin(), kCases.end(),
                                        [&](const Case& one) { return one.name == name; });
}

bool parse(int argc, char** argv, Arguments& arguments) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string_view value = argv[i + 1];
        if (name == "--case" && is_case(value)) {
            arguments.name = value;
        } else if (name == "--mutant") {
            arguments.mutant = value;
        } else if (!(name == "--operations" && parse_number(value, arguments.operations)) &&
                   !(name == "--states" && parse_number(value, arguments.states))) {
            return false;
        }
    }
    // Operations are kept in one byte.
    return argc % 2 == 1 && arguments.operations <= 200;
}

SearchResult search(const Case& one, const Arguments& arguments) {
    SearchBounds bounds;
    bounds.size.durability = one.durability;
    bounds.order = one.order;
    bounds.counted = one.counted;
    bounds.with_cuts = one.with_cuts;
    bounds.operations = arguments.operations == 0 ? one.operations : arguments.operations;
    bounds.states_max = arguments.states;
    return search(bounds);
}

// False when it proves nothing, or that something is wrong.
bool run(const Case& one, const Arguments& arguments) {
    const std::clock_t begin = std::clock();
    const SearchResult result = search(one, arguments);
    const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    const std::uint32_t operations =
        arguments.operations == 0 ? one.operations : arguments.operations;
    std::printf("%s: %" PRIu32 " operations, %" PRIu64 " states, %" PRIu64
                " transitions, deepest %" PRIu32 ", %" PRIu64
                " records committed, %.1f CPU s: %s\n",
                one.name.data(), operations, result.states, result.transitions, result.deepest,
                result.committed_max, took,
                result.is_complete         ? "complete"
                : result.found.has_value() ? "VIOLATED"
                                           : "NOT complete, the bound on states was hit");
    if (result.twins_unlike != 0) {
        std::printf("of %" PRIu64 " states that were reached again, %" PRIu64
                    " went on in another way: the fingerprint lacks something\n",
                    result.twins_tried, result.twins_unlike);
    }
    if (result.found) {
        std::printf("%s: %s, after %" PRIu32 " operations:\n",
                    result.found->violation.invariant.c_str(), result.found->violation.text.c_str(),
                    result.found->operations);
        for (const std::string& step : result.found->steps) {
            std::printf("  %s\n", step.c_str());
        }
        std::printf("%s", result.found->picture.c_str());
    }
    return result.is_complete && result.committed_max > 0 && result.twins_unlike == 0;
}

int run_cases(const Arguments& arguments) {
    bool is_good = true;
    for (const Case& one : kCases) {
        if (arguments.name == "all" || arguments.name == one.name) {
            is_good = run(one, arguments) && is_good;
        }
    }
    return is_good ? 0 : 1;
}

// In the first case that shows it.
bool find_bug(const PlantedBug& bug, const Arguments& arguments) {
    std::uint64_t states = 0;
    for (const Case& one : kCases) {
        if (arguments.name != "all" && arguments.name != one.name) {
            continue;
        }
        const SearchResult result = search(one, arguments);
        states += result.states;
        if (result.found) {
            std::printf("| %s | %s | %" PRIu32 " | %zu | %" PRIu64 " | %s: %s |\n", bug.name.data(),
                        one.name.data(), result.found->operations, result.found->steps.size(),
                        result.states, result.found->violation.invariant.c_str(),
                        result.found->violation.text.c_str());
            return true;
        }
    }
    std::printf("| %s | - | | | %" PRIu64 " | |\n", bug.name.data(), states);
    return std::find(kNotShown.begin(), kNotShown.end(), bug.name) != kNotShown.end();
}

int run_every_mutant(const Arguments& arguments) {
    bool is_good = true;
    for (const PlantedBug& bug : kPlantedBugs) {
        if (!plant(bug.name)) {
            std::fprintf(stderr, "this build has no mutants\n");
            return 2;
        }
        is_good = find_bug(bug, arguments) && is_good;
        std::fflush(stdout);
    }
    return is_good ? 0 : 1;
}

}  // namespace

}  // namespace weir::replication::model

int main(int argc, char** argv) {
    using namespace weir::replication::model;
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fprintf(stderr,
                     "usage: replication_orders [--case NAME|all] [--operations N] [--states N] "
                     "[--mutant NAME|all]\n");
        return 2;
    }
    return run_with(
        arguments.mutant, [&] { return run_every_mutant(arguments); },
        [&] { return run_cases(arguments); });
}
