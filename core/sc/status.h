// Short ways to make the Status that answers Create, Delete and Update.
#pragma once

#include "core/base/result.h"
#include "core/wire/control_plane.h"

#include <string>
#include <string_view>

namespace weir::sc {

wire::Status status_ok(std::string name);
wire::Status status_error(std::string name, wire::ErrorTag tag, std::string_view message);
// The code alone, where clients look at whether there is a message.
wire::Status status_error(std::string name, wire::ApiError error);
wire::Status status_error(std::string name, wire::ApiError error, std::string_view message);

}  // namespace weir::sc
