// Errors of the file system as the disk seam names them.
#pragma once

#include "core/base/result.h"

#include <string_view>

namespace weir::real {

Error disk_error(std::string_view what, std::string_view path, int error);

}  // namespace weir::real
