// Plays the client's side of a recorded dialogue against a server, request by request, each one
// when the server has answered what the recorded server had answered before it, and not before its
// recorded time: connections of one client depend on each other.
#pragma once

#include "core/env/env.h"
#include "tests/compat/conversation.h"

#include <string>
#include <vector>

namespace weir::test {

struct Answer {
    // Index of the request among those of the dialogue.
    std::size_t request = 0;
    // The frame after the correlation id.
    BufferSlice body;
};

// Outlives the coroutine that fills it.
struct Played {
    std::vector<Answer> answers;
    // Empty: every answer that was recorded came.
    std::string problem;
};

// How a request travels: as one write, or in pieces of so many bytes.
struct Delivery {
    std::optional<std::size_t> piece_size;
};

// `dialogue` and `played` outlive the call. Never fails: see `played->problem`.
Task<Result<void>> play(Env& env, const Dialogue* dialogue, HostPort address, Delivery delivery,
                        Played* played, CancelToken stop);

// The whole batches in an answer of a StreamFetch; `body` keeps them alive.
struct StreamSlice {
    std::int64_t end_offset = 0;
    bool whole = true;
};
StreamSlice stream_slice(const BufferSlice& body, wire::Version version);

}  // namespace weir::test
