// The log against a model (tests/support/log_model.h).

#include "core/base/mutant.h"
#include "tests/support/log_model.h"
#include "tests/support/rapidcheck.h"

#include <fmt/core.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

namespace weir {
namespace {

// Nothing, or where and how the log left the model.
std::optional<std::string> run_model(std::uint64_t seed) {
    Prng prng(seed);
    Prng delays(seed + 1);
    test::LogModel model([&](std::uint64_t bound) { return prng.below(bound); });
    if (seed % 3 != 0) {
        model.world().delays = &delays;
    }
    auto violation = model.start();
    int step = 0;
    for (; step < 60 && !violation; ++step) {
        violation = model.random_step();
    }
    if (!violation) {
        violation = model.check();
    }
    if (violation) {
        *violation = fmt::format("seed {} step {}: {}", seed, step, *violation);
    }
    return violation;
}

RC_GTEST_PROP(LogModel, holds_what_was_committed_through_crashes, (std::uint64_t seed)) {
    const auto violation = run_model(seed);
    if (violation) {
        RC_FAIL(*violation);
    }
}

// Fixed seeds besides the random ones, so that a run always covers the same ground at least.
// More of them: WEIR_LOG_SEEDS=100000. From another one on: WEIR_LOG_FIRST_SEED=500.
TEST(LogModel, FixedSeeds) {
    const auto number = [](const char* name, std::uint64_t otherwise) {
        const char* const text = std::getenv(name);
        return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
    };
    const std::uint64_t first = number("WEIR_LOG_FIRST_SEED", 0);
    const std::uint64_t count = number("WEIR_LOG_SEEDS", 500);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto violation = run_model(seed);
        ASSERT_FALSE(violation.has_value()) << *violation;
    }
}

#ifdef WEIR_MUTANTS
// The model finds each bug that can be planted in the log.
TEST(LogModel, FindsThePlantedBugs) {
    for (const Mutant planted :
         {Mutant::ack_before_fsync, Mutant::crc_unchecked_at_recovery,
          Mutant::index_trusted_at_recovery, Mutant::directory_not_synced,
          Mutant::truncate_not_synced, Mutant::lineage_not_cut, Mutant::replica_base_unchecked,
          Mutant::epoch_token_unchecked, Mutant::producers_not_cut, Mutant::producers_forgotten}) {
        select_mutant(planted);
        std::optional<std::string> violation;
        std::uint64_t seed = 0;
        for (; seed < 500 && !violation; ++seed) {
            violation = run_model(seed);
        }
        select_mutant(Mutant::none);
        EXPECT_TRUE(violation.has_value()) << "mutant " << static_cast<int>(planted);
        std::cout << "mutant " << static_cast<int>(planted) << " after " << seed
                  << " seeds: " << violation.value_or("not found") << "\n";
    }
}
#endif

}  // namespace
}  // namespace weir
