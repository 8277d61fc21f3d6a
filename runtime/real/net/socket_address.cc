#include "runtime/real/net/socket_address.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/core.h>

#include <arpa/inet.h>
#include <array>
#include <cstring>

namespace weir::real {

namespace {

SocketAddress from_v4(const in_addr& host, std::uint16_t port) {
    SocketAddress address;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr = host;
    std::memcpy(&address.storage, &v4, sizeof(v4));
    address.size = sizeof(v4);
    return address;
}

SocketAddress from_v6(const in6_addr& host, std::uint16_t port) {
    SocketAddress address;
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = host;
    std::memcpy(&address.storage, &v6, sizeof(v6));
    address.size = sizeof(v6);
    return address;
}

}  // namespace

Result<SocketAddress> parse_numeric(const HostPort& address) {
    in_addr v4{};
    if (::inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
        return from_v4(v4, address.port);
    }
    in6_addr v6{};
    if (::inet_pton(AF_INET6, address.host.c_str(), &v6) == 1) {
        return from_v6(v6, address.port);
    }
    return fail(ErrorCode::not_found, fmt::format("'{}' is not an IP address", address.host));
}

HostPort to_host_port(const SocketAddress& address) {
    HostPort result;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address.storage, sizeof(v4));
        ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        result.port = ntohs(v4.sin_port);
    } else if (address.family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address.storage, sizeof(v6));
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        result.port = ntohs(v6.sin6_port);
    }
    result.host = text.data();
    return result;
}

Result<std::vector<SocketAddress>> resolve_blocking(const HostPort& address) {
    std::vector<SocketAddress> found;
    Result<SocketAddress> numeric = parse_numeric(address);
    if (numeric.has_value()) {
        found.push_back(*numeric);
        return found;
    }
    boost::asio::io_context context(1);
    boost::asio::ip::tcp::resolver resolver(context);
    boost::system::error_code error;
    const auto results = resolver.resolve(address.host, std::to_string(address.port), error);
    if (error) {
        return fail(ErrorCode::not_found,
                    fmt::format("cannot resolve '{}': {}", address.host, error.message()));
    }
    for (const auto& entry : results) {
        const auto endpoint = entry.endpoint();
        SocketAddress one;
        std::memcpy(&one.storage, endpoint.data(), endpoint.size());
        one.size = static_cast<socklen_t>(endpoint.size());
        found.push_back(one);
    }
    if (found.empty()) {
        return fail(ErrorCode::not_found, fmt::format("'{}' has no address", address.host));
    }
    return found;
}

}  // namespace weir::real
