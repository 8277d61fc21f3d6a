// Which faults hit a run, and when: drawn from the seed before the run starts.
//
// A scenario names fault families; a plan is the list of single faults that one seed makes of them,
// sorted by time. Values without behaviour: FaultInjector applies them.
#pragma once

#include "core/base/prng.h"
#include "core/base/time.h"
#include "runtime/sim/disk/disk_image.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::sim {

enum class FaultKind : std::uint8_t {
    crash,       // kill -9; boots again after `lasts`
    power_loss,  // the disk loses what is not synced; boots again after `lasts`
    restart,     // asked to stop, boots again `lasts` after it has
    block,       // nothing passes between target and peer for `lasts`, in one direction or both
    reset,       // the connections between target and peer are cut
    disk_full,   // the disk of the target has next to no space left for `lasts`
    slow_disk,   // IO of the target takes 50 times as long for `lasts`
    wall_step,   // the wall clock of the target jumps by up to an hour
};
inline constexpr std::size_t kFaultKindCount = 8;

std::string_view to_string(FaultKind kind);
std::optional<FaultKind> fault_kind_from(std::string_view name);

enum class Role : std::uint8_t { sc, spu, client };
std::string_view to_string(Role role);
std::optional<Role> role_from(std::string_view name);

template <typename T>
struct Range {
    T low{};
    T high{};
};

inline std::uint64_t draw(const Range<std::uint64_t>& range, Prng& prng) {
    return range.low + prng.below(range.high - range.low + 1);
}
inline Duration draw(const Range<Duration>& range, Prng& prng) {
    return Duration::from_ns(prng.between(range.low.ns(), range.high.ns()));
}

// One family, as a scenario states it.
struct FaultSpec {
    FaultKind kind = FaultKind::crash;
    Role target = Role::spu;
    // The other end of block and reset.
    Role peer = Role::client;
    // How many in one run.
    Range<std::uint64_t> count;
    Range<Duration> lasts;
    // power_loss only; nothing: any, drawn.
    std::optional<LossMode> loss;
};

struct Fault {
    Duration at;
    FaultKind kind = FaultKind::crash;
    Role target = Role::spu;
    Role peer = Role::client;
    // Taken modulo the number of machines of the role.
    std::uint32_t target_index = 0;
    std::uint32_t peer_index = 0;
    Duration lasts;
    LossMode loss = LossMode::sectors;
    // block: 0 both directions, 1 towards the peer, 2 towards the target. Else a free number.
    std::uint64_t argument = 0;
};

// Faults of all families within [0, duration), sorted by time.
std::vector<Fault> draw_faults(const std::vector<FaultSpec>& specs, Duration duration, Prng prng);

// How many of each kind took effect.
using FaultCounts = std::array<std::uint64_t, kFaultKindCount>;

}  // namespace weir::sim
