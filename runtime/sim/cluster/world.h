// A simulated world: machines, their network and one virtual time, all from one seed.
//
//     World world(seed);
//     Machine& spu = world.add_machine("spu-1");
//     spu.boot(Main(serve, config));  // Task<Result<void>> serve(Env&, Config, CancelToken)
//     world.run_for(Duration::from_s(5));
//     spu.power_loss(LossMode::sectors);
//
// The World owns everything and is used from one thread. A Machine keeps its disk across
// incarnations; each boot gives its main coroutine a new Env.
#pragma once

#include "core/env/env.h"
#include "runtime/sim/clock/sim_clock.h"
#include "runtime/sim/cluster/main.h"
#include "runtime/sim/disk/sim_disk.h"
#include "runtime/sim/net/sim_network.h"
#include "runtime/sim/sched/scheduler.h"
#include "runtime/sim/trace/trace.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::sim {

class World;
class Machine;

// Where log lines of all machines go; `time_ns` is global virtual time.
using LogWriter = void (*)(std::int64_t time_ns, std::string_view machine, LogLevel level,
                           std::string_view component, std::string_view text);

// The probes of all machines come together here.
class WorldProbe {
public:
    virtual ~WorldProbe() = default;
    virtual bool fault(HostId machine, FaultPoint point) = 0;
    virtual void reached(HostId machine, Sometimes situation) = 0;
    virtual void log_moved(HostId machine, const LogPosition& position) = 0;
    virtual void tell(HostId machine, const Fact& fact) = 0;
};

struct WorldOptions {
    Chooser chooser = Chooser::random;
    LinkOptions link;
    // Null: no log. Never part of the trace hash.
    LogWriter log = nullptr;
    LogLevel log_level = LogLevel::info;
    // Watches all machines; null: nobody does.
    WorldProbe* probe = nullptr;
    // Records the decisions of the simulator, or plays recorded ones; null: from the seed.
    TapeDeck* tape = nullptr;
};

struct MachineOptions {
    DiskOptions disk;
    // Drawn from the seed when not given: an origin, +-100 ppm of drift, +-500 ms of wall offset.
    std::optional<ClockOptions> clock;
};

enum class MachineStep : std::uint8_t { boot = 1, exit, crash, power_loss, power_on, halt };

// What is left of an incarnation that ended by itself; all zero when it ended cleanly.
struct Leaks {
    std::size_t tasks = 0;
    std::size_t timers = 0;
    std::size_t files = 0;
    std::size_t locks = 0;
    std::size_t connections = 0;
    std::size_t listeners = 0;
    bool any() const { return tasks + timers + files + locks + connections + listeners != 0; }
};

class Machine {
public:
    Machine(World& world, HostId host, std::string name, const MachineOptions& options);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    const std::string& name() const { return name_; }
    HostId host() const { return host_; }
    bool running() const { return life_ != nullptr; }
    // The environment of the running incarnation.
    Env& env();

    // Starts `main` as a new process. Not while running.
    void boot(Main main);
    // Asks main to end, as SIGTERM does.
    void request_stop();
    // Ends the process as SIGKILL does: the machine and its page cache live on.
    void crash();
    // As crash, and the disk loses what is not synced.
    void power_loss(LossMode mode);

    // The result of the last incarnation that ended by itself, and what it left behind.
    const std::optional<Result<void>>& exit_result() const { return exit_result_; }
    const Leaks& leaks() const { return leaks_; }
    // Why the process halted itself; empty if it did not. Cleared by boot.
    const std::string& halt_reason() const { return halt_reason_; }
    // Called (outside any coroutine) when an incarnation ended by itself or halted.
    void on_end(std::function<void(Machine&)> callback) { on_end_ = std::move(callback); }

    DiskImage& disk_image() { return image_; }
    // Puts another disk into the machine. Not while running.
    void replace_disk(DiskImage image);
    DiskFaults& disk_faults() { return disk_faults_; }
    std::uint32_t incarnation() const { return incarnation_; }
    void step_wall(Duration by);
    // The wall clock stands still, until it goes on from there or from the right time.
    void freeze_wall();
    void thaw_wall(bool catch_up);
    // The rate of the monotonic clock against global time, and what it was at first.
    void set_drift(std::int64_t ppm);
    std::int64_t normal_drift() const { return normal_drift_ppm_; }
    // Nothing of the running process runs, until as many resumes or its end. The network and the
    // disk go on. While running only.
    void pause();
    void resume();
    void set_cpu_factor(std::int64_t factor);

private:
    friend class World;
    struct Life;
    void end_life(Fabric::Death death);
    void finish_life();
    Draws disk_draws(std::uint64_t seed) const;
    // What the wall clock of this machine would show if it did not stand still.
    WallTime true_wall() const;
    static void on_main_done(void* machine);
    static void on_halt(void* machine);

    World& world_;
    HostId host_;
    std::string name_;
    MachineOptions options_;
    ClockOptions clock_options_;
    std::int64_t normal_drift_ppm_ = 0;
    std::int64_t cpu_factor_ = 1;
    DiskImage image_;
    DiskFaults disk_faults_;
    Draws loss_draws_;
    std::uint32_t incarnation_ = 0;
    std::unique_ptr<Life> life_;
    std::optional<Result<void>> exit_result_;
    Leaks leaks_;
    std::string halt_reason_;
    std::function<void(Machine&)> on_end_;
};

class World {
public:
    explicit World(std::uint64_t seed, const WorldOptions& options = {});
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    std::uint64_t seed() const { return seed_; }
    Trace& trace() { return trace_; }
    Scheduler& scheduler() { return scheduler_; }
    Fabric& fabric() { return fabric_; }
    const WorldOptions& options() const { return options_; }

    // Names are host names: connect to {"spu-1", port}.
    Machine& add_machine(std::string name, const MachineOptions& options = {});
    Machine& machine(std::size_t index) { return *machines_[index]; }
    std::size_t machine_count() const { return machines_.size(); }

    // Runs for a stretch of virtual time, until nothing is left to do, or `budget_events`.
    RunEnd run_for(Duration duration, std::uint64_t budget_events = UINT64_MAX);
    // As run_for, and ends early once no machine runs any more.
    RunEnd run_until_stopped(Duration limit, std::uint64_t budget_events = UINT64_MAX);

    // Calls `action` after `delay`, outside any coroutine. For scenarios and tests.
    void after(Duration delay, std::function<void()> action);
    Prng stream(std::string_view label) const { return Prng::derive(seed_, label); }
    // The same as decisions, which a tape can hold.
    Draws draws(std::string_view label) const;

private:
    friend class Machine;
    struct Planned;
    static void on_planned(void* planned);
    bool any_running() const;

    std::uint64_t seed_;
    WorldOptions options_;
    Trace trace_;
    Scheduler scheduler_;
    Fabric fabric_;
    bool stop_when_none_run_ = false;
    std::vector<std::unique_ptr<Machine>> machines_;
    IntrusiveList<Planned> planned_;
};

}  // namespace weir::sim
