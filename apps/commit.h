// Which program this is.
#pragma once

#include <string_view>

namespace weir::app {

// The commit that the program was configured at, shortened; "unknown" outside a repository.
std::string_view program_commit();

}  // namespace weir::app
