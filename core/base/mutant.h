// Planted bugs, to prove that the checkers find what they are there for.
//
// In a build with WEIR_MUTANTS one of them can be selected by name at run time; in every other
// build `mutant(...)` is the constant false and costs nothing. The place of each is a single `if`
// in the code that it breaks. `weir-sim list` prints them with the invariant that must catch each.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class Mutant : std::uint8_t {
    none,
    ack_before_fsync,           // A1: group commit acknowledges before the sync
    crc_unchecked_at_recovery,  // A14: recovery accepts a batch by its length alone
    index_trusted_at_recovery,  // A13: recovery takes the index's word and skips the scan
    directory_not_synced,       // A1, A13: a rolled segment's directory entry is not synced
    wrong_correlation_id,       // A18: a response carries another request's correlation id
};

#ifdef WEIR_MUTANTS
namespace detail {
inline Mutant g_mutant = Mutant::none;
}
inline bool mutant(Mutant which) {
    return detail::g_mutant == which;
}
inline void select_mutant(Mutant which) {
    detail::g_mutant = which;
}
#else
constexpr bool mutant(Mutant) {
    return false;
}
#endif

}  // namespace weir
