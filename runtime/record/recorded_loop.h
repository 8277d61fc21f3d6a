// The executor and the clock of a RecordedEnv.
//
// While recording, each handle that core posts goes through a queue here, and the real executor
// resumes a call that takes the first of that queue: in the same order, and seen. In a replay there
// is no real executor or clock, and the driver takes the steps of the recording.
#pragma once

#include "core/env/clock.h"
#include "core/task/executor.h"
#include "runtime/record/posted_call.h"
#include "runtime/record/transcript.h"

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace weir::record {

class RecordedExecutor final : public Executor {
public:
    // `real` is null in a replay.
    RecordedExecutor(Transcript& transcript, Executor* real);

    void post(std::coroutine_handle<> handle) override;
    void post_at_turn_end(std::coroutine_handle<> handle) override;
    bool torn_down() const override { return torn_down_; }

    // Steps. False: there is nobody to resume.
    bool resume_ready();
    bool resume_turn_end();
    // The first of the ready queue, without a step of its own.
    bool resume_start();
    // Handles are forgotten; their frames are about to be destroyed.
    void tear_down();

private:
    static void on_ready(void* self);
    static void on_turn_end(void* self);

    Transcript& transcript_;
    Executor* const real_;
    std::deque<std::coroutine_handle<>> ready_;
    std::deque<std::coroutine_handle<>> turn_end_;
    PostedCall posted_ready_;
    PostedCall posted_turn_end_;
    bool torn_down_ = false;
};

class RecordedClock final : public Clock {
public:
    // `real` is null in a replay.
    RecordedClock(Transcript& transcript, Clock* real) : transcript_(transcript), real_(real) {}
    ~RecordedClock() override;

    Instant now() const override;
    WallTime wall_now() const override;
    // From the first reading to the latest; no call.
    Duration elapsed() const { return first_now_.has_value() ? now_ - *first_now_ : Duration(); }

    // A step. False: no such timer is armed.
    bool fire(std::uint64_t number);

private:
    struct Armed {
        RecordedClock* clock = nullptr;
        std::uint64_t number = 0;
        Timer* timer = nullptr;  // null: free
        std::optional<Timer> real;
    };
    void arm(Timer& timer, Instant when) override;
    void disarm(Timer& timer) override;
    void release(Armed& armed);
    static void on_real_timer(void* armed);

    Transcript& transcript_;
    Clock* const real_;
    // Readings are kept as differences to the one before.
    mutable Instant now_;
    mutable WallTime wall_now_;
    mutable std::optional<Instant> first_now_;
    // By number. Numbers are used again, the latest free one first.
    std::vector<std::unique_ptr<Armed>> armed_;
    std::vector<std::uint64_t> free_;
};

}  // namespace weir::record
