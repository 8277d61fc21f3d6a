#include "apps/weir-sim/replay_recording.h"

#include "apps/commit.h"
#include "apps/weir-run/serve.h"
#include "apps/weir-sim/report_text.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <utility>

namespace weir::app {

namespace {

// Stamps the node's own time, which is known once there is an environment.
class RecordingSink final : public LogSink {
public:
    explicit RecordingSink(const RecordingLogOptions& options) : options_(options) {}
    void set_env(const record::RecordedEnv* env) { env_ = env; }

    bool enabled(LogLevel level) const override {
        return options_.print != nullptr && level >= options_.level;
    }
    void write(LogLevel level, std::string_view component, std::string_view text) override {
        if (enabled(level)) {
            options_.print(env_ != nullptr ? env_->elapsed().ns() : 0, "node", level, component,
                           text);
        }
    }

private:
    const RecordingLogOptions options_;
    const record::RecordedEnv* env_ = nullptr;
};

void print_nothing(const std::string&) {}

void run_again(record::Replayer& replayer, run::Options options, const RecordingLogOptions& log,
               ReplayedRecording& replayed) {
    RecordingSink sink(log);
    record::RecordedEnv env(replayer, sink);
    sink.set_env(&env);
    env.replay(replayer,
               run::serve(env.env(), std::move(options), env.stop_token(), print_nothing));
    replayed.elapsed = env.elapsed();
    replayed.logs = env.logs();
}

}  // namespace

ReplayedRecording replay_recording(const std::string& path, const RecordingLogOptions& log) {
    const auto begin = std::chrono::steady_clock::now();
    ReplayedRecording replayed;
    replayed.path = path;
    const Result<std::unique_ptr<record::Replayer>> opened = record::Replayer::open(path);
    if (!opened.has_value()) {
        replayed.difference = opened.error().context;
        return replayed;
    }
    record::Replayer& replayer = **opened;
    replayed.launch = replayer.launch();
    run::Parsed parsed = run::parse_launch(replayer.launch());
    if (!parsed.options.has_value()) {
        replayed.difference = "this program does not take the recorded command: " + parsed.text;
        return replayed;
    }
    run_again(replayer, *std::move(parsed.options), log, replayed);
    replayed.size_bytes = replayer.file().position() + replayer.file().torn_size();
    replayed.torn_size_bytes = replayer.file().torn_size();
    replayed.call_count = replayer.call_count();
    replayed.state_hash = replayer.state_hash();
    replayed.complete = replayer.complete();
    replayed.difference = replayer.difference();
    const bool same_program = replayed.launch.program.ends_with(program_commit());
    if (!replayed.difference.empty() && !same_program) {
        replayed.difference += fmt::format("; recorded by {}, this is commit {}",
                                           replayed.launch.program, program_commit());
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    replayed.took = Duration::from_ns(std::chrono::nanoseconds(took).count());
    return replayed;
}

std::string recording_text(const ReplayedRecording& replayed) {
    const auto seconds = [](Duration duration) { return static_cast<double>(duration.ns()) / 1e9; };
    std::string text = fmt::format("{}\n", replayed.path);
    text += fmt::format("  command    {}\n", fmt::join(replayed.launch.arguments, " "));
    text += fmt::format("  size       {} bytes\n", replayed.size_bytes);
    text += fmt::format("  calls      {} in {:.3f} s of the node, replayed in {:.3f} s\n",
                        replayed.call_count, seconds(replayed.elapsed), seconds(replayed.took));
    for (const auto& [dir, log] : replayed.logs) {
        text += fmt::format("  log        {}: log start {}, committed {}, leo {}\n", dir,
                            log.log_start.value(), log.committed.value(), log.leo.value());
    }
    text += fmt::format("  state hash {}\n", hex(replayed.state_hash));
    if (!replayed.difference.empty()) {
        return text + fmt::format("  replay     DIFFERS: {}\n", replayed.difference);
    }
    if (replayed.complete) {
        return text + "  replay     the same, call for call, to the orderly end\n";
    }
    return text + fmt::format(
                      "  replay     the same, call for call, to where the recording breaks off"
                      " ({} bytes of a torn block)\n",
                      replayed.torn_size_bytes);
}

nlohmann::json recording_json(const ReplayedRecording& replayed) {
    nlohmann::json logs = nlohmann::json::object();
    for (const auto& [dir, log] : replayed.logs) {
        logs[dir] = {{"log_start", log.log_start.value()},
                     {"committed", log.committed.value()},
                     {"leo", log.leo.value()}};
    }
    return {{"path", replayed.path},
            {"program", replayed.launch.program},
            {"command", replayed.launch.arguments},
            {"size_bytes", replayed.size_bytes},
            {"calls", replayed.call_count},
            {"state_hash", hex(replayed.state_hash)},
            {"elapsed_ns", replayed.elapsed.ns()},
            {"took_ns", replayed.took.ns()},
            {"complete", replayed.complete},
            {"torn_size_bytes", replayed.torn_size_bytes},
            {"logs", logs},
            {"same", replayed.difference.empty()},
            {"difference", replayed.difference}};
}

}  // namespace weir::app
