// The process seam: ends this process when going on could lose data.
#pragma once

#include "core/env/process.h"
#include "runtime/real/ops/spdlog_sink.h"

namespace weir::real {

class RealProcess final : public Process {
public:
    // The exit status of a halt (EX_SOFTWARE).
    static constexpr int kHaltStatus = 70;

    explicit RealProcess(SpdlogSink& log) : log_(log) {}
    Task<void> halt(std::string reason) override;

private:
    SpdlogSink& log_;
};

}  // namespace weir::real
