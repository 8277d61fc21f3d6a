#include "runtime/record/recorder.h"

#include "core/base/assert.h"

#include <fmt/core.h>

namespace weir::record {

namespace {

// A turn that gathers more than this is written in parts.
constexpr std::size_t kBlockSizeGoal = 256U << 10;

// An assertion hook has no context.
Recorder* g_recorder = nullptr;

void flush_on_assertion(const char*, const char*, int) {
    g_recorder->flush();
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& directory,
                                                   const Launch& launch, Executor& executor,
                                                   LogSink& log) {
    WEIR_TRY(RecordingWriter file, RecordingWriter::create(directory));
    std::unique_ptr<Recorder> recorder(new Recorder(std::move(file), executor, log));
    recorder->keep(encode_launch(launch).span());
    return recorder;
}

Recorder::Recorder(RecordingWriter file, Executor& executor, LogSink& log)
    : file_(std::move(file)),
      executor_(executor),
      log_(log, "record"),
      posted_flush_(&Recorder::on_turn_end, this) {
    WEIR_ASSERT(g_recorder == nullptr);
    g_recorder = this;
    set_assert_hook(flush_on_assertion);
}

Recorder::~Recorder() {
    set_assert_hook(nullptr);
    g_recorder = nullptr;
}

void Recorder::step(Kind kind, std::uint64_t number) {
    Fields fields(kind);
    if (kind == Kind::timer || kind == Kind::done) {
        fields.number(number);
    }
    keep(fields.span());
}

ByteSpan Recorder::answer(const Fields& made) {
    keep(made.span());
    return made.span().subspan(1);
}

bool Recorder::take_call(ByteSpan call) {
    keep(call);
    return !closed_;
}

void Recorder::wait_for(std::uint64_t, std::coroutine_handle<>) {
    WEIR_ASSERT(false);  // The real operation has been awaited.
}

void Recorder::keep(ByteSpan entry) {
    if (closed_) {
        return;
    }
    if (entries_.size() >= kBlockSizeGoal) {
        flush();
    }
    entries_.push_back(entry.front());
    std::size_t size = entry.size() - 1;
    while (size >= 0x80) {
        entries_.push_back(static_cast<std::uint8_t>(size | 0x80));
        size >>= 7;
    }
    entries_.push_back(static_cast<std::uint8_t>(size));
    entries_.insert(entries_.end(), entry.begin() + 1, entry.end());
    if (!flush_posted_) {
        flush_posted_ = true;
        executor_.post_at_turn_end(posted_flush_.handle());
    }
}

void Recorder::on_turn_end(void* self) {
    auto* recorder = static_cast<Recorder*>(self);
    recorder->flush_posted_ = false;
    recorder->flush();
}

void Recorder::flush() {
    if (closed_ || entries_.empty()) {
        return;
    }
    Checkpoint checkpoint;
    checkpoint.call_count = call_count();
    checkpoint.state_hash = state_hash();
    const Result<void> written = file_.append(entries_, checkpoint);
    // One turn with a large read must not hold its size for ever.
    if (entries_.capacity() > 4 * kBlockSizeGoal) {
        entries_ = Bytes();
    }
    entries_.clear();
    if (!written.has_value()) {
        closed_ = true;
        WEIR_LOG(log_, error, "recording has ended: {}", to_string(written.error()));
    }
}

}  // namespace weir::record
