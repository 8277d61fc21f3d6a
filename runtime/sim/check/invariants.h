// The catalogue of what must hold, with the names that violations, `weir-sim list` and the
// documents use.
#pragma once

#include "core/base/mutant.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

enum class Invariant : std::uint8_t {
    a1_acked_survive,
    a3_never_back,
    a4_start_hw_leo,
    a5_one_value,
    a6_dense,
    a9_session,
    a10_order_and_copies,
    a11_committed_only,
    a12_progress,
    a13_recovery,
    a14_damage,
    a15_metadata,
    a16_retention,
    a17_leaks,
    a18_frames,
    a19_replay,
    a20_stored_offset,
    a21_statistics,
    i1_one_commit,
    i2_leader_complete,
    i3_candidates,
    i6_one_leader,
    i7_lineage,
    i8_matching,
    i9_prefix,
    i10_superset,
    i11_min_live,
    i12_monotone,
    i13_good_record,
    i14_fenced_out,
    i15_discipline,
    i16_clean_cut,
    i17_order,
    i18_one_writer,
    i19_durable_ack,
    i20_stale_leader,
    i21_zombie,
    i22_identity,
    i23_recovery_marked,
    i24_survival,
    i25_once,
    i26_one_offset,
    i28_retention,
    i29_one_request,
    i30_convergence,
    i31_entered,
    b1_detection,
    b2_election,
    b5_rejoin,
    b7_answer,
    b8_commit,
    assertion,  // the program stopped itself
};

// Safety: something wrong happened. Liveness: something right did not happen in time.
enum class InvariantKind : std::uint8_t { safety, liveness, assertion };

struct InvariantInfo {
    Invariant invariant;
    std::string_view id;
    std::string_view name;
    InvariantKind kind;
    std::string_view statement;
};

const std::vector<InvariantInfo>& invariant_catalogue();
const InvariantInfo& info(Invariant invariant);

struct MutantInfo {
    Mutant mutant;
    std::string_view name;
    // One of these must catch it.
    std::vector<Invariant> caught_by;
    // A scenario in which it shows.
    std::string_view scenario;
    std::string_view statement;
};

const std::vector<MutantInfo>& mutant_catalogue();

// Planted bugs that break no invariant which the simulator could check: they make a choice worse
// that nothing was promised about, or stop the program. The property tests of their layer find
// them.
struct UnplacedMutant {
    Mutant mutant;
    std::string_view name;
    std::string_view statement;
    // The property that finds it, as its test is named.
    std::string_view property;
};

const std::vector<UnplacedMutant>& mutants_without_scenario();

struct Violation {
    Invariant invariant;
    std::string text;
    std::int64_t time_ns = 0;
    std::uint64_t event = 0;
};

}  // namespace weir::sim
