#include "runtime/sim/cluster/world.h"

#include "core/base/assert.h"
#include "runtime/sim/sched/heap_account.h"

#include <fmt/core.h>

#include <map>
#include <utility>

namespace weir::sim {

namespace {

class SimRandom final : public Random {
public:
    explicit SimRandom(std::uint64_t seed) : seed_(seed) {}
    Prng stream(std::string_view label) override {
        const auto [entry, inserted] = used_.try_emplace(std::string(label), 0);
        const std::uint64_t count = entry->second++;
        return Prng::derive(seed_ + mix64(count), label);
    }

private:
    std::uint64_t seed_;
    std::map<std::string, std::uint64_t, std::less<>> used_;
};

class MachineProbe final : public Probe {
public:
    MachineProbe(WorldProbe* all, HostId machine)
        : Probe(all != nullptr), all_(all), machine_(machine) {}
    bool fault(FaultPoint point) override {
        return all_ != nullptr && all_->fault(machine_, point);
    }
    void reached(Sometimes situation) override {
        if (all_ != nullptr) {
            all_->reached(machine_, situation);
        }
    }
    void log_moved(const LogPosition& position) override {
        const OutsideHeap outside;
        if (all_ != nullptr) {
            all_->log_moved(machine_, position);
        }
    }
    void tell(const Fact& fact) override {
        const OutsideHeap outside;
        if (all_ != nullptr) {
            all_->tell(machine_, fact);
        }
    }

private:
    WorldProbe* all_;
    HostId machine_;
};

class SimLogSink final : public LogSink {
public:
    SimLogSink(const Scheduler& scheduler, std::string machine, LogWriter writer, LogLevel level)
        : scheduler_(scheduler), machine_(std::move(machine)), writer_(writer), level_(level) {}
    bool enabled(LogLevel level) const override { return writer_ != nullptr && level >= level_; }
    void write(LogLevel level, std::string_view component, std::string_view text) override {
        if (enabled(level)) {
            writer_(scheduler_.now_ns(), machine_, level, component, text);
        }
    }

private:
    const Scheduler& scheduler_;
    std::string machine_;
    LogWriter writer_;
    LogLevel level_;
};

// The outermost frame of a process: runs main, notes its result, then stays suspended until the
// machine destroys it.
struct Root {
    struct promise_type {
        Root get_return_object() {
            return Root{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

struct HaltForever {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

}  // namespace

struct Machine::Life final : public Process {
    Life(Machine& machine_in, std::uint64_t seed)
        : machine(machine_in),
          executor(machine_in.world_.scheduler_, machine_in.host_),
          clock(machine_in.world_.scheduler_, executor, machine_in.clock_options_),
          network(machine_in.world_.fabric_, machine_in.world_.scheduler_, executor,
                  machine_in.host_),
          disk(machine_in.world_.scheduler_, executor, machine_in.image_, machine_in.disk_faults_,
               machine_in.options_.disk, machine_in.disk_draws(seed)),
          random(seed),
          log(machine_in.world_.scheduler_, machine_in.name_, machine_in.world_.options_.log,
              machine_in.world_.options_.log_level),
          probe(machine_in.world_.options_.probe, machine_in.host_),
          env{executor, clock, network, disk, random, *this, log, probe} {}

    Task<void> halt(std::string reason) override {
        machine.halt_reason_ = std::move(reason);
        Scheduler& scheduler = machine.world_.scheduler_;
        end_event = scheduler.at(scheduler.now_ns(), EventKind::machine, machine.host_,
                                 &Machine::on_halt, &machine);
        HaltForever forever;
        co_await forever;
    }

    static Root run_main(Life& life) {
        Result<void> result = co_await life.main.start(life.env, life.stop->token());
        life.result = std::move(result);
        Scheduler& scheduler = life.machine.world_.scheduler_;
        life.end_event = scheduler.at(scheduler.now_ns(), EventKind::machine, life.machine.host_,
                                      &Machine::on_main_done, &life.machine);
    }

    Machine& machine;
    NodeExecutor executor;
    SimClock clock;
    SimNetwork network;
    SimDisk disk;
    SimRandom random;
    SimLogSink log;
    MachineProbe probe;
    Env env;
    Main main;
    std::unique_ptr<CancelSource> stop = std::make_unique<CancelSource>();
    std::coroutine_handle<> root;
    std::optional<Result<void>> result;
    EventId end_event;
};

Machine::Machine(World& world, HostId host, std::string name, const MachineOptions& options)
    : world_(world),
      host_(host),
      name_(std::move(name)),
      options_(options),
      image_(options.disk.capacity_bytes),
      loss_draws_(world.draws("disk.loss " + name_)) {
    if (options.clock.has_value()) {
        clock_options_ = *options.clock;
    } else {
        Draws draws = world.draws("clock " + name_);
        clock_options_.drift_ppm = draws.between(-100, 100);
        clock_options_.origin = Duration::from_ns(draws.between(1, 1'000'000'000'000));
        clock_options_.wall_offset = Duration::from_ns(draws.between(-500'000'000, 500'000'000));
    }
    normal_drift_ppm_ = clock_options_.drift_ppm;
}

Draws Machine::disk_draws(std::uint64_t seed) const {
    TapeDeck* tape = world_.options_.tape;
    const Prng prng = Prng::derive(seed, "disk");
    return tape == nullptr
               ? Draws(prng)
               : Draws(prng, &tape->track(fmt::format("disk {} #{}", name_, incarnation_)));
}

Machine::~Machine() {
    if (life_ != nullptr) {
        end_life(Fabric::Death::process);
    }
}

Env& Machine::env() {
    WEIR_ASSERT(life_ != nullptr);
    return life_->env;
}

void Machine::replace_disk(DiskImage image) {
    WEIR_ASSERT(life_ == nullptr);
    image_ = std::move(image);
}

void Machine::boot(Main main) {
    WEIR_ASSERT(life_ == nullptr);
    ++incarnation_;
    exit_result_.reset();
    halt_reason_.clear();
    leaks_ = Leaks();
    Scheduler& scheduler = world_.scheduler_;
    scheduler.trace().event(EventKind::machine, host_, scheduler.now_ns(),
                            static_cast<std::uint64_t>(MachineStep::boot), incarnation_);
    world_.fabric_.set_powered(host_, true);
    const std::uint64_t seed = mix64(world_.seed_ ^ stable_hash(name_)) + incarnation_;
    life_ = std::make_unique<Life>(*this, seed);
    life_->main = std::move(main);
    life_->executor.set_cpu_factor(cpu_factor_);
    life_->root = Life::run_main(*life_).handle;
    life_->executor.post(life_->root);
}

void Machine::request_stop() {
    if (life_ != nullptr) {
        life_->stop->cancel();
    }
}

void Machine::end_life(Fabric::Death death) {
    // First nothing may run any more, then the sockets and the disk see the end, then the frames go
    // (their destructors find the executor torn down), at last what the frames referred to.
    world_.scheduler_.cancel(life_->end_event);
    life_->executor.tear_down();
    world_.fabric_.process_died(life_->executor, death);
    life_->disk.crash();
    life_->root.destroy();
    life_.reset();
}

void Machine::crash() {
    if (life_ == nullptr) {
        return;
    }
    Scheduler& scheduler = world_.scheduler_;
    scheduler.trace().event(EventKind::machine, host_, scheduler.now_ns(),
                            static_cast<std::uint64_t>(MachineStep::crash), incarnation_);
    end_life(Fabric::Death::process);
}

void Machine::power_loss(LossMode mode) {
    Scheduler& scheduler = world_.scheduler_;
    scheduler.trace().event(EventKind::machine, host_, scheduler.now_ns(),
                            static_cast<std::uint64_t>(MachineStep::power_loss), incarnation_);
    if (life_ != nullptr) {
        end_life(Fabric::Death::power);
    }
    world_.fabric_.set_powered(host_, false);
    image_.power_loss(loss_draws_, mode);
}

void Machine::step_wall(Duration by) {
    clock_options_.wall_offset = clock_options_.wall_offset + by;
    if (life_ != nullptr) {
        life_->clock.step_wall(by);
    }
}

void Machine::freeze_wall() {
    if (!clock_options_.wall_frozen.has_value()) {
        clock_options_.wall_frozen = true_wall();
    }
    if (life_ != nullptr) {
        life_->clock.freeze_wall(clock_options_.wall_frozen);
    }
}

void Machine::thaw_wall(bool catch_up) {
    if (!clock_options_.wall_frozen.has_value()) {
        return;
    }
    const std::int64_t lag_ns = true_wall().ns() - clock_options_.wall_frozen->ns();
    clock_options_.wall_frozen.reset();
    if (life_ != nullptr) {
        life_->clock.freeze_wall(std::nullopt);
    }
    if (!catch_up) {
        step_wall(Duration::from_ns(-lag_ns));
    }
}

WallTime Machine::true_wall() const {
    return WallTime::from_ns(kWallEpochNs + world_.scheduler_.now_ns() +
                             clock_options_.wall_offset.ns());
}

void Machine::set_drift(std::int64_t ppm) {
    clock_options_.drift_ppm = ppm;
    if (life_ != nullptr) {
        life_->clock.set_drift(ppm);
    }
}

void Machine::pause() {
    WEIR_ASSERT(life_ != nullptr);
    life_->executor.pause();
}

void Machine::resume() {
    WEIR_ASSERT(life_ != nullptr);
    life_->executor.resume();
}

void Machine::set_cpu_factor(std::int64_t factor) {
    cpu_factor_ = factor;
    if (life_ != nullptr) {
        life_->executor.set_cpu_factor(factor);
    }
}

void Machine::on_main_done(void* context) {
    static_cast<Machine*>(context)->finish_life();
}

void Machine::finish_life() {
    Scheduler& scheduler = world_.scheduler_;
    scheduler.trace().event(EventKind::machine, host_, scheduler.now_ns(),
                            static_cast<std::uint64_t>(MachineStep::exit), incarnation_);
    exit_result_ = std::move(life_->result);
    leaks_.tasks = life_->executor.ready_count();
    leaks_.timers = life_->clock.armed_timers();
    leaks_.files = life_->disk.open_files();
    leaks_.locks = life_->disk.locks();
    leaks_.connections = world_.fabric_.streams_of(life_->executor);
    leaks_.listeners = world_.fabric_.listeners_of(life_->executor);
    end_life(Fabric::Death::process);
    if (on_end_) {
        on_end_(*this);
    }
    if (world_.stop_when_none_run_ && !world_.any_running()) {
        scheduler.request_stop();
    }
}

void Machine::on_halt(void* context) {
    auto* machine = static_cast<Machine*>(context);
    Scheduler& scheduler = machine->world_.scheduler_;
    scheduler.trace().event(EventKind::machine, machine->host_, scheduler.now_ns(),
                            static_cast<std::uint64_t>(MachineStep::halt), machine->incarnation_);
    machine->end_life(Fabric::Death::process);
    if (machine->on_end_) {
        machine->on_end_(*machine);
    }
}

struct World::Planned : ListNode {
    World* world = nullptr;
    std::function<void()> action;
    EventId event;
};

World::World(std::uint64_t seed, const WorldOptions& options)
    : seed_(seed),
      options_(options),
      trace_(seed),
      scheduler_(seed, options.chooser, draws("sched.choose"), trace_),
      fabric_(scheduler_, seed, options.tape) {
    begin_heap_run();
    fabric_.set_link(options.link);
}

World::~World() {
    machines_.clear();
    while (!planned_.empty()) {
        const std::unique_ptr<Planned> planned(&planned_.pop_front());
        scheduler_.cancel(planned->event);
    }
}

Draws World::draws(std::string_view label) const {
    return Draws(stream(label), options_.tape == nullptr ? nullptr : &options_.tape->track(label));
}

Machine& World::add_machine(std::string name, const MachineOptions& options) {
    const HostId host = fabric_.add_host(name);
    machines_.push_back(std::make_unique<Machine>(*this, host, std::move(name), options));
    return *machines_.back();
}

bool World::any_running() const {
    for (const auto& machine : machines_) {
        if (machine->running()) {
            return true;
        }
    }
    return false;
}

RunEnd World::run_for(Duration duration, std::uint64_t budget_events) {
    return scheduler_.run_until(scheduler_.now_ns() + duration.ns(), budget_events);
}

RunEnd World::run_until_stopped(Duration limit, std::uint64_t budget_events) {
    if (!any_running()) {
        return RunEnd::requested;
    }
    stop_when_none_run_ = true;
    const RunEnd end = run_for(limit, budget_events);
    stop_when_none_run_ = false;
    return end;
}

void World::after(Duration delay, std::function<void()> action) {
    auto planned = std::make_unique<Planned>();
    planned->world = this;
    planned->action = std::move(action);
    planned->event = scheduler_.at(scheduler_.now_ns() + delay.ns(), EventKind::harness, 0xffff,
                                   &World::on_planned, planned.get());
    planned_.push_back(*planned.release());
}

void World::on_planned(void* context) {
    const std::unique_ptr<Planned> planned(static_cast<Planned*>(context));
    planned->unlink();
    planned->action();
}

}  // namespace weir::sim
