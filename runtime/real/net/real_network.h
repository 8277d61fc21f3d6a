// TCP listeners and outgoing connections of a shard. See core/env/network.h for the contract.
#pragma once

#include "core/base/log.h"
#include "core/env/network.h"
#include "runtime/real/loop/helper_pool.h"

#include <memory>

namespace weir::real {

struct SocketAddress;

class RealNetwork final : public Network {
public:
    RealNetwork(HelperPool& helpers, LogSink& log) : helpers_(helpers), log_(log) {}

    // Resolves a name on this thread: for the few listeners of a start.
    Result<std::unique_ptr<Listener>> listen(const HostPort& address) override;
    Task<Result<std::unique_ptr<Connection>>> connect(HostPort address, CancelToken token) override;

private:
    Task<Result<std::unique_ptr<Connection>>> connect_to(SocketAddress address, CancelToken token);

    HelperPool& helpers_;
    LogSink& log_;
};

}  // namespace weir::real
