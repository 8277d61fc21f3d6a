#include "runtime/record/replayer.h"

#include "runtime/record/kind.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::record {

Result<std::unique_ptr<Replayer>> Replayer::open(const std::string& path) {
    WEIR_TRY(RecordingReader file, RecordingReader::open(path));
    std::unique_ptr<Replayer> replayer(new Replayer(std::move(file)));
    const std::optional<ByteSpan> first = replayer->peek();
    if (!replayer->difference_.empty()) {
        return fail(ErrorCode::corrupt, replayer->difference_);
    }
    if (!first.has_value() || first->front() != static_cast<std::uint8_t>(Kind::launch)) {
        return fail(ErrorCode::corrupt,
                    fmt::format("'{}' ends before it says how the process was started", path));
    }
    replayer->launch_ = decode_launch(first->subspan(1));
    replayer->next_.reset();
    return replayer;
}

// What was taken from the block before it is exhausted must have led to its checkpoint.
bool Replayer::load_block() {
    Checkpoint reached;
    reached.call_count = call_count();
    reached.state_hash = state_hash();
    if (reached != block_.checkpoint) {
        stop(fmt::format("state hash {:016x} after {} calls instead of {:016x} after {}",
                         reached.state_hash, reached.call_count, block_.checkpoint.state_hash,
                         block_.checkpoint.call_count));
        return false;
    }
    Result<std::optional<Block>> block = file_.next();
    if (!block.has_value()) {
        over_ = true;
        difference_ = block.error().context;
        return false;
    }
    if (!block->has_value()) {
        over_ = true;
        return false;
    }
    block_ = **std::move(block);
    block_at_ = 0;
    return true;
}

std::optional<ByteSpan> Replayer::peek() {
    if (next_.has_value()) {
        return ByteSpan(*next_);
    }
    while (!over_ && block_at_ == block_.entries.size()) {
        if (!load_block()) {
            return std::nullopt;
        }
    }
    if (over_) {
        return std::nullopt;
    }
    next_at_ = block_at_;
    const ByteSpan left = ByteSpan(block_.entries).subspan(block_at_);
    FieldReader reader(left.subspan(1));
    const ByteSpan fields = reader.bytes();
    Bytes entry(1 + fields.size());
    entry.front() = left.front();
    std::copy(fields.begin(), fields.end(), entry.begin() + 1);
    next_ = std::move(entry);
    block_at_ = static_cast<std::size_t>(fields.data() + fields.size() - block_.entries.data());
    return ByteSpan(*next_);
}

std::string Replayer::place() const {
    return fmt::format("call {}, position {} of '{}'", call_count() + 1, block_.position + next_at_,
                       file_.path());
}

void Replayer::stop(std::string why) {
    over_ = true;
    next_.reset();
    if (difference_.empty()) {
        difference_ = fmt::format("{}: {}", place(), why);
    }
}

bool Replayer::take(ByteSpan entry) {
    const std::optional<ByteSpan> next = peek();
    if (!next.has_value()) {
        return false;
    }
    if (!std::equal(next->begin(), next->end(), entry.begin(), entry.end())) {
        stop(fmt::format("the recording has `{}`, the program makes `{}`", describe(*next),
                         describe(entry)));
        return false;
    }
    next_.reset();
    return true;
}

bool Replayer::take_call(ByteSpan call) {
    if (!take(call)) {
        return false;
    }
    if (call.front() == static_cast<std::uint8_t>(Kind::end)) {
        complete_ = true;
    }
    return true;
}

void Replayer::step(Kind kind, std::uint64_t number) {
    Fields fields(kind);
    if (kind == Kind::timer || kind == Kind::done) {
        fields.number(number);
    }
    take(fields.span());
}

ByteSpan Replayer::answer(const Fields& made) {
    const std::optional<ByteSpan> next = peek();
    if (next.has_value() && next->front() == static_cast<std::uint8_t>(Kind::answer)) {
        answer_ = *std::move(next_);
        next_.reset();
    } else {
        if (next.has_value()) {
            stop(fmt::format("the recording has `{}` where an answer must be", describe(*next)));
        }
        answer_.assign(made.span().begin(), made.span().end());
    }
    return ByteSpan(answer_).subspan(1);
}

bool Replayer::completes_now(std::uint64_t operation) {
    const std::optional<ByteSpan> next = peek();
    if (!next.has_value() || next->front() != static_cast<std::uint8_t>(Kind::done)) {
        return false;
    }
    FieldReader reader(next->subspan(1));
    return reader.number() == operation;
}

void Replayer::wait_for(std::uint64_t operation, std::coroutine_handle<> handle) {
    waiting_.emplace(operation, handle);
}

std::optional<NextStep> Replayer::next_step() {
    const std::optional<ByteSpan> next = peek();
    if (!next.has_value()) {
        return std::nullopt;
    }
    NextStep step;
    step.kind = static_cast<Kind>(next->front());
    if (!is_step(step.kind)) {
        stop(fmt::format("the recording has `{}`, the program waits", describe(*next)));
        return std::nullopt;
    }
    FieldReader reader(next->subspan(1));
    step.number = reader.number();
    return step;
}

std::coroutine_handle<> Replayer::take_waiting(std::uint64_t operation) {
    const auto found = waiting_.find(operation);
    if (found == waiting_.end()) {
        return {};
    }
    const std::coroutine_handle<> handle = found->second;
    waiting_.erase(found);
    return handle;
}

void Replayer::refuse_step(std::string_view why) {
    const std::optional<ByteSpan> next = peek();
    if (next.has_value()) {
        stop(fmt::format("the recording has `{}`, but {}", describe(*next), why));
    }
}

}  // namespace weir::record
