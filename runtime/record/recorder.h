// Keeps the transcript of a running node in a file.
//
// Entries are gathered and written once per turn of the loop, on the loop's thread: a killed
// process loses the recording of its last turn; one that a failed assertion ends does not, for
// which the recorder takes the assertion hook: at most one per process. When the file cannot be
// written (a full disk, say), recording ends with one line in the log and the node goes on; the
// file replays up to there.
#pragma once

#include "core/base/log.h"
#include "core/task/executor.h"
#include "runtime/record/launch.h"
#include "runtime/record/posted_call.h"
#include "runtime/record/recording.h"
#include "runtime/record/transcript.h"

#include <memory>
#include <string>

namespace weir::record {

class Recorder final : public Transcript {
public:
    // `executor` and `log` are the real ones and outlive the recorder. The executor runs nothing
    // after the end of the recorder: what was posted to it then is gone.
    static Result<std::unique_ptr<Recorder>> create(const std::string& directory,
                                                    const Launch& launch, Executor& executor,
                                                    LogSink& log);
    ~Recorder() override;

    void step(Kind kind, std::uint64_t number) override;
    ByteSpan answer(const Fields& made) override;
    bool completes_now(std::uint64_t) override { return true; }
    void wait_for(std::uint64_t, std::coroutine_handle<>) override;
    void flush() override;
    const std::string& path() const { return file_.path(); }

private:
    Recorder(RecordingWriter file, Executor& executor, LogSink& log);
    bool take_call(ByteSpan call) override;
    void keep(ByteSpan entry);
    static void on_turn_end(void* self);

    RecordingWriter file_;
    Executor& executor_;
    Logger log_;
    PostedCall posted_flush_;
    bool flush_posted_ = false;
    // The file cannot be written.
    bool closed_ = false;
    Bytes entries_;
};

}  // namespace weir::record
