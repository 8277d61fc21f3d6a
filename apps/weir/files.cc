#include "apps/weir/files.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace weir::cli {

Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    if (file) {
        text << file.rdbuf();
    }
    // A folder can be opened, but not read.
    if (!file || file.bad() || text.bad()) {
        return fail(ErrorCode::not_found, fmt::format("cannot read the file {}", path));
    }
    return text.str();
}

Result<void> write_file(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) {
        return fail(ErrorCode::io_error,
                    fmt::format("cannot write {}: {}", path, std::strerror(errno)));
    }
    return {};
}

}  // namespace weir::cli
