// Virtual time: one loop that runs every node of a run.
//
// A heap of timed events keyed by (time, sequence) and a ready set of suspended coroutines of all
// nodes. A step fires a due event, else resumes one ready coroutine, else moves time to the next
// event; idle time costs nothing. Each resume costs a few virtual nanoseconds (seeded), so that
// time always moves and a livelock runs into the event budget instead of for ever.
//
// Owned by the World, one thread. Times are nanoseconds of global virtual time, which no node sees:
// nodes have clocks of their own. Executors and contexts of events must outlive their events or
// cancel them.
#pragma once

#include "core/base/prng.h"
#include "core/task/executor.h"
#include "runtime/sim/tape/tape.h"
#include "runtime/sim/trace/trace.h"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::sim {

class Scheduler;

// Names a scheduled event; stale ids are harmless.
struct EventId {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0: none
};

// The executor of one incarnation of one node.
class NodeExecutor final : public Executor {
public:
    NodeExecutor(Scheduler& scheduler, std::uint16_t node) : scheduler_(scheduler), node_(node) {}
    ~NodeExecutor() override;
    NodeExecutor(const NodeExecutor&) = delete;
    NodeExecutor& operator=(const NodeExecutor&) = delete;

    void post(std::coroutine_handle<> handle) override;
    void post_at_turn_end(std::coroutine_handle<> handle) override;
    bool torn_down() const override { return torn_down_; }

    std::uint16_t node() const { return node_; }
    // Coroutines that wait to be resumed, for the leak check.
    std::size_t ready_count() const { return ready_count_ + turn_end_.size(); }
    // A process that is stopped (SIGSTOP, a frozen virtual machine) or waits for the CPU: nothing
    // of it runs until as many resume() calls, while everything around it goes on.
    void pause();
    void resume();
    bool paused() const { return pause_count_ != 0; }
    // How much longer each resumption keeps the CPU than it does normally; 1: a fast one. The
    // others go on meanwhile.
    void set_cpu_factor(std::int64_t factor) { cpu_factor_ = factor; }
    // A crash: drops what is queued and ignores everything posted from now on. The frames are
    // destroyed afterwards.
    void tear_down();

private:
    friend class Scheduler;
    Scheduler& scheduler_;
    std::uint16_t node_;
    bool torn_down_ = false;
    bool running_ = false;
    // For Chooser::priority; 0: not drawn yet.
    std::uint64_t priority_ = 0;
    std::size_t ready_count_ = 0;
    std::vector<std::coroutine_handle<>> turn_end_;
    struct Parked {
        std::coroutine_handle<> handle;
        std::uint64_t cause;
    };
    static void on_cpu_free(void* node);
    std::uint32_t pause_count_ = 0;
    std::int64_t cpu_factor_ = 1;
    EventId cpu_free_;
    std::vector<Parked> parked_;  // ready, but for the pause
};

// How the next coroutine is taken from the ready set. `priority` follows Burckhardt and others, "A
// Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (2010), `delay` Emmi and
// others, "Delay-Bounded Scheduling" (2011); in both the number of changes grows with the run.
enum class Chooser : std::uint8_t {
    fifo,
    random,    // any ready coroutine of any node
    priority,  // of the node with the highest priority, some of which change at random steps
    delay,     // as fifo, but at some random steps the first goes last
    // The machines take turns as in fifo, but any ready coroutine of the machine may go. What other
    // machines do in the same instant reaches it only as a later event, so these are all orders
    // that differ by more than the nanoseconds of a resumption; `weir-sim explore` counts them out.
    machine,
};
inline constexpr std::size_t kChooserCount = 5;
// The first so many are for random search.
inline constexpr std::size_t kAnyChooserCount = 4;

// A step of Chooser::machine at which there was something to choose.
struct Choice {
    std::uint64_t event = 0;    // of the resumption that was chosen
    std::uint64_t options = 0;  // 2 or more; the decision was below it
    std::int64_t time_ns = 0;
};

enum class RunEnd : std::uint8_t {
    idle,       // nothing is ready and no event is scheduled
    time,       // the given time was reached
    budget,     // the event budget is used up: a livelock, or a budget that is too small
    requested,  // request_stop()
};

class Scheduler {
public:
    using Action = void (*)(void* context);

    // `choose` decides which of the ready coroutines is next.
    Scheduler(std::uint64_t seed, Chooser chooser, Draws choose, Trace& trace);
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    std::int64_t now_ns() const { return now_ns_; }
    Trace& trace() { return trace_; }
    // Chooser::priority only, before the first run: `count` changes and no more, at random times
    // before `within_ns`, each of which puts the machine with the highest priority below all
    // others: PCT of depth count + 1, if steps are spread evenly over time.
    void bound_changes(std::uint64_t count, std::int64_t within_ns);
    // Chooser::machine only: every choice is written down there, which changes nothing.
    void note_choices(std::vector<Choice>* choices) { choices_ = choices; }

    // Calls `action(context)` at `when_ns` (or at once when that is past), outside any coroutine.
    EventId at(std::int64_t when_ns, EventKind kind, std::uint16_t node, Action action,
               void* context);
    void cancel(EventId id);

    // Runs until there is nothing to do, `until_ns`, or `budget_events` more events.
    RunEnd run_until(std::int64_t until_ns, std::uint64_t budget_events);
    // Ends the current run_until() after the current step.
    void request_stop() { stop_requested_ = true; }

private:
    friend class NodeExecutor;

    struct Ready {
        std::coroutine_handle<> handle;
        NodeExecutor* node;
        std::uint64_t cause;
    };
    struct Slot {
        Action action = nullptr;
        void* context = nullptr;
        std::uint64_t cause = 0;
        std::uint32_t generation = 1;
        std::uint32_t heap_index = 0;
        std::uint16_t node = 0;
        EventKind kind = EventKind::harness;
    };
    struct HeapEntry {
        std::int64_t time_ns;
        std::uint64_t sequence;
        std::uint32_t slot;
    };

    static bool earlier(const HeapEntry& a, const HeapEntry& b) {
        return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.sequence < b.sequence;
    }
    void place(std::size_t index, HeapEntry entry);
    void sift_up(std::size_t index, HeapEntry entry);
    void sift_down(std::size_t index, HeapEntry entry);
    void remove_at(std::size_t index);
    void fire_next();
    void resume_one();
    // Takes the next out of the ready set; `place` is where it was.
    Ready take_ready(std::size_t& place);
    Ready take_first();
    Ready take_of_machine(std::size_t& place);
    std::size_t highest_priority();
    // Whether this is one of the few steps at which the order is changed.
    bool is_change_step();
    void push_ready(NodeExecutor& node, std::coroutine_handle<> handle);
    void flush_turn_end(NodeExecutor& node);
    void drop(NodeExecutor& node);
    void remove_ready(NodeExecutor& node);
    // Moves what is ready of a node out of the ready set.
    void park(NodeExecutor& node);
    // Keeps a node with a slow CPU busy for the time after a resumption.
    void keep_busy(NodeExecutor& node, std::int64_t cost_ns);
    std::size_t ready_size() const { return ready_.size() - ready_head_; }

    Trace& trace_;
    Chooser chooser_;
    Draws choose_;
    Prng cost_;
    std::int64_t now_ns_ = 0;
    std::uint64_t sequence_ = 0;
    bool stop_requested_ = false;
    std::vector<HeapEntry> heap_;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    std::vector<Ready> ready_;
    std::size_t ready_head_ = 0;  // not with random and priority
    std::vector<Choice>* choices_ = nullptr;
    std::uint64_t steps_ = 0;
    std::uint64_t next_change_ = 0;
    // Of bounded changes: how many in all, and the times of those to come, latest first.
    bool bounded_ = false;
    std::uint64_t change_count_ = 0;
    std::vector<std::int64_t> changes_ns_;
};

}  // namespace weir::sim
