#include "core/env/network.h"

#include <charconv>

namespace weir {

std::string to_string(const HostPort& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    std::string text = v6 ? "[" + address.host + "]" : address.host;
    text += ':';
    text += std::to_string(address.port);
    return text;
}

Result<HostPort> parse_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const auto bad = [text](std::string_view why) {
        std::string message = "'";
        message += text;
        message += "' is not HOST:PORT: ";
        message += why;
        return fail(ErrorCode::invalid_argument, std::move(message));
    };
    if (colon == std::string_view::npos) {
        return bad("no ':' found");
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view port_text = text.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return bad("write an IPv6 address in brackets");
    }
    if (host.empty()) {
        return bad("the host is empty");
    }
    std::uint16_t port = 0;
    const auto parsed =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (parsed.ec != std::errc() || parsed.ptr != port_text.data() + port_text.size()) {
        return bad("the port must be a number from 0 to 65535");
    }
    HostPort address;
    address.host = std::string(host);
    address.port = port;
    return address;
}

}  // namespace weir
