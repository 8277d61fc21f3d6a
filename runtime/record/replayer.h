// Answers core from the transcript in a file, and stops at the first call that differs.
//
// The driver asks for the next step and lets the RecordedEnv take it; the calls that core makes
// then are compared one by one. After the first difference, or at the end of what a killed process
// has left, calls are answered with what the seams made up and operations never complete, so that
// core comes to rest; then the driver tears it down.
#pragma once

#include "core/base/result.h"
#include "runtime/record/launch.h"
#include "runtime/record/recording.h"
#include "runtime/record/transcript.h"

#include <coroutine>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace weir::record {

struct NextStep {
    Kind kind = Kind::start;
    std::uint64_t number = 0;
};

class Replayer final : public Transcript {
public:
    // Reads the launch. corrupt: damaged or not a recording; not_found.
    static Result<std::unique_ptr<Replayer>> open(const std::string& path);

    const Launch& launch() const { return launch_; }
    // The next step of the loop; nothing when the replay is over, for whatever reason. An entry
    // that is no step is a difference: core made fewer calls.
    std::optional<NextStep> next_step();
    // Who waits for the operation; empty if nobody does.
    std::coroutine_handle<> take_waiting(std::uint64_t operation);
    // The program cannot take the step that is next.
    void refuse_step(std::string_view why);
    // Handles that wait are forgotten; their frames are about to be destroyed.
    void forget_waiting() { waiting_.clear(); }

    // The main task has returned as it did in the recording.
    bool complete() const { return complete_; }
    // What differs and where, or how the file is damaged; empty if all is the same.
    const std::string& difference() const { return difference_; }
    const RecordingReader& file() const { return file_; }

    void step(Kind kind, std::uint64_t number) override;
    ByteSpan answer(const Fields& made) override;
    bool completes_now(std::uint64_t operation) override;
    void wait_for(std::uint64_t operation, std::coroutine_handle<> handle) override;
    void flush() override {}

private:
    explicit Replayer(RecordingReader file) : file_(std::move(file)) {}
    bool take_call(ByteSpan call) override;
    // The next entry, or nothing when the replay is over.
    std::optional<ByteSpan> peek();
    bool load_block();
    // Takes the next entry if it is `entry`, else notes the difference.
    bool take(ByteSpan entry);
    void stop(std::string why);
    std::string place() const;

    RecordingReader file_;
    Launch launch_;
    Block block_;
    std::size_t block_at_ = 0;  // of the entry after next_
    // The entry that comes next, with its kind in front, and where it is in the block.
    std::optional<Bytes> next_;
    std::size_t next_at_ = 0;
    Bytes answer_;
    std::map<std::uint64_t, std::coroutine_handle<>> waiting_;
    bool over_ = false;
    bool complete_ = false;
    std::string difference_;
};

}  // namespace weir::record
