// The process seam: what a service may do to the process it runs in.
#pragma once

#include "core/task/task.h"

#include <string>

namespace weir {

class Process {
public:
    virtual ~Process() = default;
    // Stops the process at once, without an orderly end, because going on could lose data (a sync
    // that failed, say). Never resumes. The simulator treats it as a crash with this reason.
    virtual Task<void> halt(std::string reason) = 0;
};

}  // namespace weir
