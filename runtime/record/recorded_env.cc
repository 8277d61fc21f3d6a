#include "runtime/record/recorded_env.h"

#include "core/task/task_scope.h"

namespace weir::record {

namespace {

Fields log_fields(Kind kind, std::string_view dir, const LogEnd& log) {
    Fields fields(kind);
    fields.text(dir).signed_number(log.log_start.value());
    fields.signed_number(log.committed.value()).signed_number(log.leo.value());
    return fields;
}

}  // namespace

RecordedEnv::RecordedEnv(Transcript& transcript, Env& real, CancelToken stop)
    : RecordedEnv(transcript, &real, real.log, stop) {}

RecordedEnv::RecordedEnv(Transcript& transcript, LogSink& log)
    : RecordedEnv(transcript, nullptr, log, CancelToken()) {}

RecordedEnv::RecordedEnv(Transcript& transcript, Env* real, LogSink& log, CancelToken stop)
    : transcript_(transcript),
      executor_(transcript, real != nullptr ? &real->executor : nullptr),
      clock_(transcript, real != nullptr ? &real->clock : nullptr),
      network_(transcript, real != nullptr ? &real->network : nullptr),
      disk_(transcript, real != nullptr ? &real->disk : nullptr),
      random_(transcript, real != nullptr ? &real->random : nullptr),
      process_(transcript, real != nullptr ? &real->process : nullptr),
      probe_(transcript),
      env_{executor_, clock_, network_, disk_, random_, process_, log, probe_},
      on_stop_(stop, &RecordedEnv::on_stop, this) {}

Prng RecordedEnv::RecordedRandom::stream(std::string_view label) {
    transcript.call(Fields(Kind::random_stream).text(label));
    std::uint64_t seed = 0;
    if (real != nullptr) {
        Prng drawn = real->stream(label);
        seed = drawn.next();
    }
    Fields made(Kind::answer);
    made.number(seed);
    FieldReader kept(transcript.answer(made));
    return Prng(kept.number());
}

Task<void> RecordedEnv::RecordedProcess::halt(std::string reason) {
    const std::uint64_t operation = transcript.start(Fields(Kind::process_halt).text(reason));
    transcript.flush();
    if (real != nullptr) {
        co_await real->halt(std::move(reason));
    }
    // It never completes, here as there.
    Completion never(transcript, operation);
    co_await never;
}

void RecordedEnv::RecordedProbe::reached(Sometimes situation) {
    transcript.call(Fields(Kind::reached).number(static_cast<std::uint64_t>(situation)));
}

void RecordedEnv::RecordedProbe::log_moved(const LogPosition& position) {
    LogEnd log;
    log.log_start = position.log_start;
    log.committed = position.committed;
    log.leo = position.leo;
    transcript.call(log_fields(Kind::log_moved, position.dir, log));
    logs.insert_or_assign(std::string(position.dir), log);
}

Task<Result<void>> RecordedEnv::run(Task<Result<void>> main_task) {
    transcript_.step(Kind::start, 0);
    Result<void> result;
    {
        // Its frame is gone before the end is noted.
        Task<Result<void>> owned = std::move(main_task);
        result = co_await std::move(owned);
    }
    for (const auto& [dir, log] : probe_.logs) {
        transcript_.call(log_fields(Kind::log_final, dir, log));
    }
    Fields end(Kind::end);
    end.number(result.has_value() ? 0 : 1 + static_cast<std::uint64_t>(result.error().code));
    transcript_.call(end);
    transcript_.flush();
    co_return result;
}

Task<void> RecordedEnv::keep(Task<Result<void>> task) {
    const Result<void> result = co_await std::move(task);
    // The transcript knows how it ended.
    WEIR_MAYBE(result.has_value());
}

void RecordedEnv::replay(Replayer& replayer, Task<Result<void>> main_task) {
    TaskScope scope(executor_);
    scope.spawn(keep(run(std::move(main_task))));
    while (true) {
        const std::optional<NextStep> step = replayer.next_step();
        if (!step.has_value()) {
            break;
        }
        const bool taken = take(replayer, *step);
        if (!taken) {
            replayer.refuse_step("nobody in the program waits for that");
        }
    }
    if (scope.task_count() > 0) {
        replayer.forget_waiting();
        executor_.tear_down();
    }
}

// False: the program has nobody to resume.
bool RecordedEnv::take(Replayer& replayer, const NextStep& step) {
    if (step.kind == Kind::start) {
        return executor_.resume_start();
    }
    if (step.kind == Kind::ready) {
        return executor_.resume_ready();
    }
    if (step.kind == Kind::turn_end) {
        return executor_.resume_turn_end();
    }
    if (step.kind == Kind::timer) {
        return clock_.fire(step.number);
    }
    if (step.kind == Kind::stop) {
        take_stop();
        return true;
    }
    const std::coroutine_handle<> handle = replayer.take_waiting(step.number);
    if (handle) {
        handle.resume();
    }
    return static_cast<bool>(handle);
}

void RecordedEnv::take_stop() {
    transcript_.step(Kind::stop, 0);
    stop_.cancel();
}

}  // namespace weir::record
