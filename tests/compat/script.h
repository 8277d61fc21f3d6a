// Requests to a cluster with the exact bytes of the answers that are expected.
//
// Values, and one coroutine that runs them on a client's machine.
#pragma once

#include "core/env/env.h"
#include "tests/compat/spec_writer.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

struct Request {
    std::uint16_t key = 0;
    int version = 0;
    Bytes body;
};

struct Step {
    std::string what;
    // "sc", "5001" or "5002", and more after a space to tell connections to one server apart. A
    // connection stays open until the script ends.
    std::string connection;
    // Without one the step only reads the next frame.
    std::optional<Request> request;
    // Nothing is read before the next step: the request has no answer.
    bool unanswered = false;
    // The body of the answer; none: the server closes the connection.
    std::optional<Bytes> answer;
    // Eight bytes of the answer from here on are not compared: an epoch.
    std::optional<std::size_t> masked_at;
    // The error code that the answer carries; 0: none.
    int code = 0;
    // Virtual time before it.
    Duration pause;
};

// `steps` and `failures` outlive the call.
Task<Result<void>> run_script(Env& env, const std::vector<Step>* steps,
                              std::vector<std::string>* failures, CancelToken stop);

}  // namespace weir::test
