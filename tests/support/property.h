// Properties as functions of a seed, so that one function serves the property test and the test
// that a planted bug breaks it.
//
// A property answers an empty text when it holds, and otherwise what is wrong.
#pragma once

#include "core/base/mutant.h"
#include "tests/support/rapidcheck.h"

#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <string>

namespace weir::test {

using Property = std::string (*)(std::uint64_t seed);

inline void holds(Property property, std::uint64_t seed) {
    if (const std::string wrong = property(seed); !wrong.empty()) {
        RC_FAIL(wrong);
    }
}

#ifdef WEIR_MUTANTS
// How many seeds it takes until `property` finds `planted`; 0 when `seeds_max` are too few.
inline std::uint64_t seeds_to_find(Mutant planted, Property property, std::uint64_t seeds_max) {
    select_mutant(planted);
    std::uint64_t found = 0;
    for (std::uint64_t seed = 1; seed <= seeds_max && found == 0; ++seed) {
        found = property(seed).empty() ? 0 : seed;
    }
    select_mutant(Mutant::none);
    return found;
}

struct PlantedBug {
    Mutant mutant = Mutant::none;
    Property property = nullptr;
};

// Each within 1,000 seeds, by its property.
inline void expect_found(std::initializer_list<PlantedBug> bugs) {
    for (const PlantedBug& bug : bugs) {
        const std::uint64_t seeds = seeds_to_find(bug.mutant, bug.property, 1000);
        EXPECT_GT(seeds, 0U) << "mutant " << static_cast<int>(bug.mutant);
        std::cout << "mutant " << static_cast<int>(bug.mutant) << " after " << seeds << " seeds\n";
    }
}
#endif

}  // namespace weir::test
