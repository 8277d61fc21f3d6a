// SIGINT and SIGTERM as a cancelled token.
//
// The first signal cancels the source on the shard's thread, the second ends the process at once.
// One object per process at a time; the destructor restores what was set before.
#pragma once

#include "core/base/result.h"
#include "core/task/cancel.h"
#include "runtime/real/loop/shard.h"

#include <cstdint>
#include <memory>
#include <signal.h>

namespace weir::real {

class StopSignals final : private PollTarget {
public:
    // Both outlive the object.
    static Result<std::unique_ptr<StopSignals>> install(Shard& shard, CancelSource& source);
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

private:
    StopSignals(Shard& shard, CancelSource& source) : shard_(shard), source_(source) {}
    void on_events(std::uint32_t events) override;

    Shard& shard_;
    CancelSource& source_;
    int fd_ = -1;
    struct sigaction before_int_{};
    struct sigaction before_term_{};
};

}  // namespace weir::real
