#include "runtime/real/ops/real_process.h"

#include <unistd.h>

namespace weir::real {

Task<void> RealProcess::halt(std::string reason) {
    log_.write(LogLevel::error, "process", "halt: " + reason);
    log_.flush();
    // No destructor, no flush of files: what is not synced counts as lost.
    ::_exit(kHaltStatus);
    co_return;
}

}  // namespace weir::real
