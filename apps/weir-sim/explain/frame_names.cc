#include "apps/weir-sim/explain/frame_names.h"

#include "core/wire/api_key.h"
#include "core/wire/control_plane.h"
#include "core/wire/internal.h"
#include "sim-scenarios/workloads/run_state.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

namespace weir::app {

namespace {

constexpr std::uint32_t kFrameSizeMax = 128U << 20U;

std::uint32_t number(const std::uint8_t* bytes, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = (value << 8U) | bytes[i];
    }
    return value;
}

std::string api_name(std::uint16_t port, std::uint16_t key) {
    if (key == kUnknownKey) {
        return "some";
    }
    switch (port_of(port)) {
        case PortKind::sc_public:
            if (const auto api = wire::sc_api_from_key(key)) {
                return std::string(wire::to_string(*api));
            }
            break;
        case PortKind::spu_public:
            if (const auto api = wire::spu_api_from_key(key)) {
                return std::string(wire::to_string(*api));
            }
            break;
        case PortKind::between_servers:
            return std::string(
                wire::internal::to_string(static_cast<wire::internal::MessageKind>(key)));
    }
    return fmt::format("API {}", key);
}

}  // namespace

PortKind port_of(std::uint16_t port) {
    if (port == sim::kScPublicPort) {
        return PortKind::sc_public;
    }
    return port == sim::kSpuPublicPort ? PortKind::spu_public : PortKind::between_servers;
}

bool is_streaming(std::uint16_t port, std::uint16_t key) {
    return port_of(port) == PortKind::sc_public
               ? key == static_cast<std::uint16_t>(wire::ScApi::watch)
               : key == static_cast<std::uint16_t>(wire::SpuApi::stream_fetch);
}

std::string frame_label(std::uint16_t port, const FrameHead& frame, bool is_request) {
    if (port_of(port) == PortKind::between_servers) {
        return api_name(port, frame.key);
    }
    return fmt::format("{} {} {}", api_name(port, frame.key), is_request ? "request" : "answer",
                       frame.correlation_id);
}

std::vector<FrameHead> FrameHeads::feed(ByteSpan bytes) {
    std::vector<FrameHead> frames;
    const std::uint32_t whole = names_api_ ? 12 : 8;
    while (!bytes.empty() && !broken_) {
        if (rest_ > 0) {
            const auto skipped =
                static_cast<std::size_t>(std::min<std::uint64_t>(rest_, bytes.size()));
            rest_ -= skipped;
            bytes = bytes.subspan(skipped);
            continue;
        }
        head_[head_size_++] = bytes.front();
        bytes = bytes.subspan(1);
        if (head_size_ < whole) {
            continue;
        }
        head_size_ = 0;
        FrameHead frame;
        frame.size_bytes = number(head_.data(), 4);
        frame.key = kUnknownKey;
        if (frame.size_bytes < whole - 4 || frame.size_bytes > kFrameSizeMax) {
            broken_ = true;
            break;
        }
        if (names_api_) {
            frame.key = static_cast<std::uint16_t>(number(head_.data() + 4, 2));
        }
        frame.correlation_id = number(head_.data() + whole - 4, 4);
        if (names_api_) {
            keys_[frame.correlation_id] = frame.key;
        }
        rest_ = frame.size_bytes - (whole - 4);
        frames.push_back(frame);
    }
    return frames;
}

std::uint16_t FrameHeads::key_of(std::uint32_t correlation_id) const {
    const auto found = keys_.find(correlation_id);
    return found == keys_.end() ? kUnknownKey : found->second;
}

}  // namespace weir::app
