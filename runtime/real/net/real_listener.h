// A listening TCP socket on a shard. See core/env/network.h for the contract.
//
// When the process or the system has no descriptor left, accepting pauses for a moment and says so
// once per shortage; established connections go on.
#pragma once

#include "core/base/log.h"
#include "core/env/network.h"
#include "runtime/real/loop/helper_pool.h"
#include "runtime/real/net/async_fd.h"

#include <memory>

namespace weir::real {

class RealListener final : public Listener {
public:
    // Takes `fd`, a listening non-blocking socket, over, also when it fails.
    static Result<std::unique_ptr<Listener>> adopt(HelperPool& helpers, LogSink& log, int fd);

    RealListener(HelperPool& helpers, LogSink& log);
    ~RealListener() override = default;

    Task<Result<std::unique_ptr<Connection>>> accept(CancelToken token) override;
    HostPort local_address() const override { return local_; }

private:
    enum class Outcome { accepted, wait, retry, shortage };
    Result<Outcome> accept_now(std::unique_ptr<Connection>& connection);

    HelperPool& helpers_;
    Logger log_;
    AsyncFd fd_;
    TurnBudget budget_;
    HostPort local_;
    bool shortage_logged_ = false;
};

}  // namespace weir::real
