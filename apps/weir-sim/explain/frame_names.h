// Frames on a connection, as far as a reader of a story wants to know: which API, which request,
// how long.
//
// Reads heads of frames from the bytes themselves; never fails: bytes that are no frames end the
// reading of that direction.
#pragma once

#include "core/base/bytes.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::app {

struct FrameHead {
    std::uint32_t size_bytes = 0;  // behind the length field
    std::uint16_t key = 0;         // kUnknownKey in an answer without a known request
    std::uint32_t correlation_id = 0;
};
inline constexpr std::uint16_t kUnknownKey = 0xffff;

enum class PortKind : std::uint8_t { sc_public, spu_public, between_servers };
PortKind port_of(std::uint16_t port);
// APIs that answer any number of times.
bool is_streaming(std::uint16_t port, std::uint16_t key);
// "Produce request 12", "StreamFetch answer 3", "Heartbeat".
std::string frame_label(std::uint16_t port, const FrameHead& frame, bool is_request);

// One direction of a connection.
class FrameHeads {
public:
    // Heads of requests, and of all messages between servers, name their API.
    explicit FrameHeads(bool names_api = true) : names_api_(names_api) {}

    // The frames whose heads end in these bytes.
    std::vector<FrameHead> feed(ByteSpan bytes);
    // The API of a request that went this way.
    std::uint16_t key_of(std::uint32_t correlation_id) const;

private:
    bool names_api_;
    bool broken_ = false;
    std::array<std::uint8_t, 12> head_{};
    std::uint32_t head_size_ = 0;
    std::uint64_t rest_ = 0;
    std::map<std::uint32_t, std::uint16_t> keys_;
};

}  // namespace weir::app
