// What core asks of the seams and what it is answered, entry by entry: kept while a node runs, and
// compared when it is replayed.
//
// The seams of RecordedEnv do the same in both modes. Each tells the transcript its call, then
// hands over the answer that it got and takes the one that counts: the recorder keeps the first
// and gives it back, the replayer ignores it and gives the kept one. So the two cannot drift apart.
// One loop; outlives the RecordedEnv.
#pragma once

#include "core/base/bytes.h"
#include "runtime/record/fields.h"

#include <coroutine>
#include <cstdint>

namespace weir::record {

class Transcript {
public:
    virtual ~Transcript() = default;

    // Core makes this call.
    void call(const Fields& call);
    // Core starts this operation; the answer comes with its completion. Gives its number.
    std::uint64_t start(const Fields& operation);

    // The loop turns to this. `number`: of the timer or the operation, else 0.
    virtual void step(Kind kind, std::uint64_t number) = 0;
    // The answer of the latest call or completion, without its kind. Valid until the next entry.
    virtual ByteSpan answer(const Fields& made) = 0;
    // Whether the completion of `operation` is what comes next...
    virtual bool completes_now(std::uint64_t operation) = 0;
    // ...and else who is resumed when it does.
    virtual void wait_for(std::uint64_t operation, std::coroutine_handle<> handle) = 0;
    // What was kept is with the system when this returns.
    virtual void flush() = 0;

    std::uint64_t call_count() const { return call_count_; }
    // Of all calls so far with their arguments: what the node did, as far as anybody could see.
    std::uint64_t state_hash() const { return state_hash_; }

protected:
    // False: the call is not part of the transcript any more.
    virtual bool take_call(ByteSpan call) = 0;

private:
    std::uint64_t call_count_ = 0;
    std::uint64_t state_hash_ = 0;
    std::uint64_t operation_count_ = 0;
};

// `co_await completion`: the operation is done.
class Completion {
public:
    Completion(Transcript& transcript, std::uint64_t operation)
        : transcript_(transcript), operation_(operation) {}
    bool await_ready() const { return transcript_.completes_now(operation_); }
    void await_suspend(std::coroutine_handle<> handle) const {
        transcript_.wait_for(operation_, handle);
    }
    void await_resume() const { transcript_.step(Kind::done, operation_); }

private:
    Transcript& transcript_;
    std::uint64_t operation_;
};

}  // namespace weir::record
