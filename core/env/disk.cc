#include "core/env/disk.h"

namespace weir {

Task<Result<void>> sync_ancestors(Disk& disk, std::string path) {
    while (!path.empty()) {
        const std::size_t slash = path.rfind('/');
        path.resize(slash == std::string::npos ? 0 : slash);
        WEIR_CO_CHECK(co_await disk.sync_directory(path));
    }
    co_return Result<void>();
}

}  // namespace weir
