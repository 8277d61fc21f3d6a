// From the protocol's error codes to our errors and to the sentences people read.
//
// Pure; any executor.
#pragma once

#include "core/base/result.h"
#include "core/wire/control_plane.h"
#include "core/wire/error_code.h"

#include <string>

namespace weir::client {

// The sentence for a code alone.
std::string describe(const wire::ApiError& error);
// The sentence for a failed Status: some codes have a fixed one, the others print the server's
// message if there is one (control-plane spec 7).
std::string describe(const wire::Status& status);

// `what` was attempted: "produce to hello-0: ...".
Error to_error(const wire::ApiError& error, const std::string& what);

}  // namespace weir::client
