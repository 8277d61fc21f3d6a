// Somebody who looks at a whole run from outside: every byte sent, every log that moved, every
// operation of a client. Changes nothing of the run.
//
// Owned by the caller of run_case(); the runner puts it beside its own checks.
#pragma once

#include "runtime/sim/cluster/world.h"
#include "sim-scenarios/case.h"

namespace weir::sim {

class RunWatch : public NetworkTap {
public:
    // All machines are there, none has run yet. The world is gone after run_case().
    virtual void begins(World& world) = 0;
    virtual void log_moved(HostId machine, const LogPosition& position) = 0;
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

// Likewise for probes.
class WatchedProbe final : public WorldProbe {
public:
    WatchedProbe(WorldProbe* checks, RunWatch* watch) : checks_(checks), watch_(watch) {}
    bool fault(HostId machine, FaultPoint point) override {
        return checks_ != nullptr && checks_->fault(machine, point);
    }
    void reached(HostId machine, Sometimes situation) override {
        if (checks_ != nullptr) {
            checks_->reached(machine, situation);
        }
    }
    void log_moved(HostId machine, const LogPosition& position) override {
        if (checks_ != nullptr) {
            checks_->log_moved(machine, position);
        }
        if (watch_ != nullptr) {
            watch_->log_moved(machine, position);
        }
    }

private:
    WorldProbe* checks_;
    RunWatch* watch_;
};

}  // namespace weir::sim
