// Files that options name, whole.
#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace weir::cli {

// not_found: it cannot be read.
Result<std::string> read_file(const std::string& path);
// io_error. What was there is replaced.
Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace weir::cli
