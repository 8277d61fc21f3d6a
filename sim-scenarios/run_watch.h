// Somebody who looks at a whole run from outside: every byte sent, every log that moved, every
// operation of a client. Changes nothing of the run.
//
// Owned by the caller of run_case(); the runner puts it beside its own checks.
#pragma once

#include "runtime/sim/check/replication_oracle.h"
#include "runtime/sim/cluster/world.h"
#include "sim-scenarios/case.h"

#include <variant>

namespace weir::sim {

class RunWatch : public NetworkTap {
public:
    // All machines are there, none has run yet. The world is gone after run_case().
    virtual void begins(World& world) = 0;
    virtual void log_moved(HostId machine, const LogPosition& position) = 0;
    // After each step of its rules.
    virtual void replica_moved(HostId machine, const ReplicaMoved& fact) = 0;
    // A client is about to do it.
    virtual void operation(OperationId id) = 0;
};

// Gives everything to the checks first, then to the watch. Both may be null.
class WatchedTap final : public NetworkTap {
public:
    WatchedTap(NetworkTap* checks, RunWatch* watch) : taps_{checks, watch} {}
    void opened(std::uint64_t stream, HostId from, HostId to, std::uint16_t port) override {
        for (NetworkTap* tap : taps_) {
            if (tap != nullptr) {
                tap->opened(stream, from, to, port);
            }
        }
    }
    void sent(std::uint64_t stream, int side, ByteSpan bytes) override {
        for (NetworkTap* tap : taps_) {
            if (tap != nullptr) {
                tap->sent(stream, side, bytes);
            }
        }
    }
    void forgotten(std::uint64_t stream) override {
        for (NetworkTap* tap : taps_) {
            if (tap != nullptr) {
                tap->forgotten(stream);
            }
        }
    }

private:
    NetworkTap* taps_[2];
};

// Likewise for probes: fault points, the checks of replication, the watch (may be null).
class WatchedProbe final : public WorldProbe {
public:
    WatchedProbe(WorldProbe* points, ReplicationOracle& checks, RunWatch* watch)
        : points_(points), checks_(checks), watch_(watch) {}
    bool fault(HostId machine, FaultPoint point) override { return points_->fault(machine, point); }
    void reached(HostId machine, Sometimes situation) override {
        points_->reached(machine, situation);
    }
    void log_moved(HostId machine, const LogPosition& position) override {
        checks_.log_moved(machine, position);
        if (watch_ != nullptr) {
            watch_->log_moved(machine, position);
        }
    }
    void tell(HostId machine, const Fact& fact) override {
        checks_.tell(machine, fact);
        if (const auto* moved = std::get_if<ReplicaMoved>(&fact); moved && watch_ != nullptr) {
            watch_->replica_moved(machine, *moved);
        }
    }

private:
    WorldProbe* points_;
    ReplicationOracle& checks_;
    RunWatch* watch_;
};

}  // namespace weir::sim
