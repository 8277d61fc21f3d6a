// IP addresses as the system wants them.
#pragma once

#include "core/base/result.h"
#include "core/env/network.h"

#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace weir::real {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
};

// For numeric hosts only; not_found for names.
Result<SocketAddress> parse_numeric(const HostPort& address);
HostPort to_host_port(const SocketAddress& address);

// Blocks on the network for names: call it on a helper thread. At least one address, in the
// system's order of preference; not_found if there is none.
Result<std::vector<SocketAddress>> resolve_blocking(const HostPort& address);

}  // namespace weir::real
