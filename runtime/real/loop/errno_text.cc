#include "runtime/real/loop/errno_text.h"

#include <fmt/core.h>

#include <system_error>

namespace weir::real {

std::string errno_text(std::string_view what, int error) {
    return fmt::format("cannot {}: {}", what, std::generic_category().message(error));
}

std::string errno_text(std::string_view what, std::string_view subject, int error) {
    return fmt::format("cannot {} '{}': {}", what, subject, std::generic_category().message(error));
}

}  // namespace weir::real
