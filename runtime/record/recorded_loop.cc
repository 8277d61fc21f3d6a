#include "runtime/record/recorded_loop.h"

#include "core/base/assert.h"

namespace weir::record {

RecordedExecutor::RecordedExecutor(Transcript& transcript, Executor* real)
    : transcript_(transcript),
      real_(real),
      posted_ready_(&RecordedExecutor::on_ready, this),
      posted_turn_end_(&RecordedExecutor::on_turn_end, this) {}

void RecordedExecutor::post(std::coroutine_handle<> handle) {
    if (torn_down_) {
        return;
    }
    ready_.push_back(handle);
    if (real_ != nullptr) {
        real_->post(posted_ready_.handle());
    }
}

void RecordedExecutor::post_at_turn_end(std::coroutine_handle<> handle) {
    if (torn_down_) {
        return;
    }
    turn_end_.push_back(handle);
    if (real_ != nullptr) {
        real_->post_at_turn_end(posted_turn_end_.handle());
    }
}

bool RecordedExecutor::resume_ready() {
    if (ready_.empty()) {
        return false;
    }
    transcript_.step(Kind::ready, 0);
    return resume_start();
}

bool RecordedExecutor::resume_turn_end() {
    if (turn_end_.empty()) {
        return false;
    }
    transcript_.step(Kind::turn_end, 0);
    const std::coroutine_handle<> handle = turn_end_.front();
    turn_end_.pop_front();
    handle.resume();
    return true;
}

bool RecordedExecutor::resume_start() {
    if (ready_.empty()) {
        return false;
    }
    const std::coroutine_handle<> handle = ready_.front();
    ready_.pop_front();
    handle.resume();
    return true;
}

void RecordedExecutor::on_ready(void* self) {
    const bool resumed = static_cast<RecordedExecutor*>(self)->resume_ready();
    WEIR_ASSERT(resumed);
}

void RecordedExecutor::on_turn_end(void* self) {
    const bool resumed = static_cast<RecordedExecutor*>(self)->resume_turn_end();
    WEIR_ASSERT(resumed);
}

void RecordedExecutor::tear_down() {
    torn_down_ = true;
    ready_.clear();
    turn_end_.clear();
}

RecordedClock::~RecordedClock() {
    WEIR_ASSERT(free_.size() == armed_.size());
}

Instant RecordedClock::now() const {
    transcript_.call(Fields(Kind::clock_now));
    const Instant read = real_ != nullptr ? real_->now() : now_;
    Fields made(Kind::answer);
    made.signed_number((read - now_).ns());
    FieldReader kept(transcript_.answer(made));
    now_ = now_ + Duration::from_ns(kept.signed_number());
    if (!first_now_.has_value()) {
        first_now_ = now_;
    }
    return now_;
}

WallTime RecordedClock::wall_now() const {
    transcript_.call(Fields(Kind::clock_wall_now));
    const WallTime read = real_ != nullptr ? real_->wall_now() : wall_now_;
    Fields made(Kind::answer);
    made.signed_number((read - wall_now_).ns());
    FieldReader kept(transcript_.answer(made));
    wall_now_ = wall_now_ + Duration::from_ns(kept.signed_number());
    return wall_now_;
}

void RecordedClock::arm(Timer& timer, Instant when) {
    if (free_.empty()) {
        free_.push_back(armed_.size());
        auto fresh = std::make_unique<Armed>();
        fresh->clock = this;
        fresh->number = armed_.size();
        armed_.push_back(std::move(fresh));
    }
    Armed& armed = *armed_[static_cast<std::size_t>(free_.back())];
    free_.pop_back();
    armed.timer = &timer;
    slot(timer) = armed.number;
    transcript_.call(
        Fields(Kind::timer_arm).number(armed.number).signed_number((when - now_).ns()));
    if (real_ != nullptr) {
        armed.real.emplace(*real_, &RecordedClock::on_real_timer, &armed);
        armed.real->arm(when);
    }
}

void RecordedClock::disarm(Timer& timer) {
    Armed& armed = *armed_[static_cast<std::size_t>(slot(timer))];
    WEIR_ASSERT(armed.timer == &timer);
    transcript_.call(Fields(Kind::timer_disarm).number(armed.number));
    release(armed);
}

void RecordedClock::release(Armed& armed) {
    armed.real.reset();
    armed.timer = nullptr;
    free_.push_back(armed.number);
}

bool RecordedClock::fire(std::uint64_t number) {
    if (number >= armed_.size() || armed_[static_cast<std::size_t>(number)]->timer == nullptr) {
        return false;
    }
    Armed& armed = *armed_[static_cast<std::size_t>(number)];
    transcript_.step(Kind::timer, number);
    Timer& timer = *armed.timer;
    release(armed);
    Timer::Wheel::fire(timer);
    return true;
}

void RecordedClock::on_real_timer(void* context) {
    auto& armed = *static_cast<Armed*>(context);
    const bool fired = armed.clock->fire(armed.number);
    WEIR_ASSERT(fired);
}

}  // namespace weir::record
