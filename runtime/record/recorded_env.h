// An environment whose every call goes through a transcript: around the real one while a node is
// recorded, and around nothing when it is replayed.
//
// Made in main() around one task; the transcript, the real environment and the log outlive it. One
// loop. The log is not part of the transcript: logging changes nothing.
#pragma once

#include "core/env/env.h"
#include "core/task/cancel.h"
#include "runtime/record/recorded_disk.h"
#include "runtime/record/recorded_loop.h"
#include "runtime/record/recorded_network.h"
#include "runtime/record/replayer.h"
#include "runtime/record/transcript.h"

#include <map>
#include <string>

namespace weir::record {

struct LogEnd {
    Offset log_start;
    Offset committed;
    Offset leo;
};

class RecordedEnv {
public:
    // Recording. `stop` is that of the process.
    RecordedEnv(Transcript& transcript, Env& real, CancelToken stop);
    // Replay.
    RecordedEnv(Transcript& transcript, LogSink& log);

    Env& env() { return env_; }
    // Of the main task.
    CancelToken stop_token() { return stop_.token(); }
    // What the main task becomes. Await it once, in both modes.
    Task<Result<void>> run(Task<Result<void>> main_task);
    // Takes the steps of the recording, from the first to the last, with the same main task.
    void replay(Replayer& replayer, Task<Result<void>> main_task);

    // The latest position of each log, by its folder.
    const std::map<std::string, LogEnd>& logs() const { return probe_.logs; }
    // Of the node's own time.
    Duration elapsed() const { return clock_.elapsed(); }

private:
    struct RecordedRandom final : Random {
        RecordedRandom(Transcript& transcript_in, Random* real_in)
            : transcript(transcript_in), real(real_in) {}
        Prng stream(std::string_view label) override;
        Transcript& transcript;
        Random* const real;
    };
    struct RecordedProcess final : Process {
        RecordedProcess(Transcript& transcript_in, Process* real_in)
            : transcript(transcript_in), real(real_in) {}
        Task<void> halt(std::string reason) override;
        Transcript& transcript;
        Process* const real;
    };
    struct RecordedProbe final : Probe {
        explicit RecordedProbe(Transcript& transcript_in)
            : Probe(false), transcript(transcript_in) {}
        // A recorded node is a real one: nothing makes it take a rarer way.
        bool fault(FaultPoint) override { return false; }
        void reached(Sometimes situation) override;
        void log_moved(const LogPosition& position) override;
        void tell(const Fact&) override {}
        Transcript& transcript;
        std::map<std::string, LogEnd> logs;
    };

    RecordedEnv(Transcript& transcript, Env* real, LogSink& log, CancelToken stop);
    static Task<void> keep(Task<Result<void>> task);
    bool take(Replayer& replayer, const NextStep& step);
    void take_stop();
    static void on_stop(void* self) { static_cast<RecordedEnv*>(self)->take_stop(); }

    Transcript& transcript_;
    RecordedExecutor executor_;
    RecordedClock clock_;
    RecordedNetwork network_;
    RecordedDisk disk_;
    RecordedRandom random_;
    RecordedProcess process_;
    RecordedProbe probe_;
    Env env_;
    CancelSource stop_;
    CancelCallback on_stop_;
};

}  // namespace weir::record
