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
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

// Append only: their names are in files. Each lasts for `lasts` where that makes sense.
enum class FaultKind : std::uint8_t {
    crash,              // kill -9; boots again after `lasts`
    power_loss,         // the disk loses what is not synced; boots again after `lasts`
    restart,            // asked to stop, boots again `lasts` after it has
    block,              // nothing passes between target and peer, in one direction or both
    reset,              // the connections between target and peer are cut
    disk_full,          // the disk of the target has next to no space left
    slow_disk,          // IO of the target takes 50 times as long
    wall_step,          // the wall clock of the target jumps by up to an hour
    pause,              // the process stands still and goes on; the network does not wait for it
    slow_cpu,           // each step of the process takes up to a thousand times as long
    blackout,           // SC and SPUs lose power at once, all of them or a random half
    delay,              // messages between target and peer take up to two seconds longer
    throttle,           // the link between target and peer has 16 to 1000 KiB/s
    one_sided_reset,    // connections between target and peer are reset, one side is not told
    half_open,          // connections between target and peer lead nowhere, no side is told
    connect_hang,       // connects of the peer to the target get no answer
    name_failure,       // the target cannot resolve any name
    partition,          // a set of machines is cut off from another; a third set may reach both
    clog,               // a random half of all links stops one by one, and goes on in another order
    sync_error,         // a sync of the target fails once; later ones save nothing of what it lost
    sync_lie,           // syncs of the target succeed and save nothing
    lost_sector,        // a sector of a log of the target cannot be read
    bit_rot,            // a bit in a file of a log of the target turns over
    misdirected_write,  // a write to a log of the target goes to another place of its file
    hung_disk,          // no IO of the target ends
    wipe,               // power loss, and the target comes back with an empty disk
    clock_drift,        // the monotonic clock of the target runs up to 2 % too fast or too slow
    clock_freeze,       // the wall clock of the target stands still
    clock_leap,         // the wall clock of the target repeats or skips a second
    store_latency,      // what the SC asks of its metadata store takes up to three seconds longer
    store_conflict,     // some conditional changes of metadata are refused although they could be
    store_restored,     // power loss, and the SC comes back with metadata from earlier in the run
    store_foreign,      // somebody else changes a record between the SC's look at it and its change
    second_sc,          // the standby begins its term while the SC before it goes on
};
inline constexpr std::size_t kFaultKindCount = 34;

std::string_view to_string(FaultKind kind);
std::optional<FaultKind> fault_kind_from(std::string_view name);
// All names, for a message.
std::string fault_kind_names();
// Damage that the only copy of a partition may not survive, so that its promises end.
bool over_budget(FaultKind kind);
// Faults of the metadata store, which only the SC has.
bool of_store(FaultKind kind);
// Faults of the link between a target and a peer. A machine has no link to itself.
bool of_link(FaultKind kind);
// Faults that draw whom they hit, whatever their target is.
bool of_cluster(FaultKind kind);

// A rack is all its SPUs at once.
enum class Role : std::uint8_t { sc, spu, client, rack };
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
    // The other end of faults of a link.
    Role peer = Role::client;
    // How many in one run.
    Range<std::uint64_t> count;
    Range<Duration> lasts;
    // power_loss and blackout only; nothing: any, drawn.
    std::optional<LossMode> loss;
};

// As the index of a target or peer: the SPU that leads the first partition when the fault comes;
// the next SPUs behind that one follow.
inline constexpr std::uint32_t kLeaderIndex = 1'000'000;

struct Fault {
    Duration at;
    FaultKind kind = FaultKind::crash;
    Role target = Role::spu;
    Role peer = Role::client;
    // Taken modulo the number of machines of the role; from kLeaderIndex on counted from the
    // leader.
    std::uint32_t target_index = 0;
    std::uint32_t peer_index = 0;
    Duration lasts;
    LossMode loss = LossMode::sectors;
    // block: 0 both directions, 1 towards the peer, 2 towards the target. Else a free number, from
    // which the fault makes all that it decides.
    std::uint64_t argument = 0;
};

// Faults of all families within [0, duration), sorted by time. With `swarm` half of the kinds,
// drawn, do not happen at all.
std::vector<Fault> draw_faults(const std::vector<FaultSpec>& specs, Duration duration, Prng prng,
                               bool swarm = false);

// How many of each kind took effect.
using FaultCounts = std::array<std::uint64_t, kFaultKindCount>;

}  // namespace weir::sim
