// Which cluster a command talks to.
#pragma once

#include <optional>
#include <string>

namespace weir::cli {

// -c HOST:PORT or -P PROFILE; neither: the current profile.
struct Target {
    std::optional<std::string> cluster;
    std::optional<std::string> profile;
};

}  // namespace weir::cli
