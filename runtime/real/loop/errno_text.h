// Words for errno values, for the context of an Error.
#pragma once

#include <string>
#include <string_view>

namespace weir::real {

// "cannot <what>: <the system's text>"
std::string errno_text(std::string_view what, int error);
// "cannot <what> '<subject>': <the system's text>"
std::string errno_text(std::string_view what, std::string_view subject, int error);

}  // namespace weir::real
