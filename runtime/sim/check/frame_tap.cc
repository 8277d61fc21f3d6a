#include "runtime/sim/check/frame_tap.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::uint32_t kFrameSizeMax = 128U << 20U;
constexpr std::uint16_t kProduceKey = 0;

std::uint32_t big_endian_32(const std::uint8_t* bytes) {
    return (std::uint32_t{bytes[0]} << 24U) | (std::uint32_t{bytes[1]} << 16U) |
           (std::uint32_t{bytes[2]} << 8U) | std::uint32_t{bytes[3]};
}

std::uint16_t big_endian_16(const std::uint8_t* bytes) {
    return static_cast<std::uint16_t>((std::uint32_t{bytes[0]} << 8U) | bytes[1]);
}

template <typename Sorted>
auto first_not_below(Sorted& sorted, std::uint32_t id) {
    return std::lower_bound(
        sorted.begin(), sorted.end(), id,
        [](const auto& item, std::uint32_t wanted) { return item.id < wanted; });
}

}  // namespace

void FrameTap::follow(HostId host, std::uint16_t port, std::set<std::uint16_t> streaming_keys) {
    ports_[{host, port}] = std::move(streaming_keys);
}

void FrameTap::opened(std::uint64_t stream, HostId from, HostId to, std::uint16_t port) {
    static_cast<void>(from);
    const auto found = ports_.find({to, port});
    if (found != ports_.end()) {
        streams_[stream].streaming_keys = &found->second;
    }
}

void FrameTap::forgotten(std::uint64_t stream) {
    streams_.erase(stream);
}

void FrameTap::sent(std::uint64_t stream, int side, ByteSpan bytes) {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) {
        return;
    }
    // A request's head is 12 bytes, an answer's 8.
    const std::uint32_t head_size = side == 0 ? 12 : 8;
    Direction& direction = found->second.directions[static_cast<std::size_t>(side)];
    while (!bytes.empty()) {
        if (direction.rest > 0) {
            const std::size_t skipped =
                static_cast<std::size_t>(std::min<std::uint64_t>(direction.rest, bytes.size()));
            direction.rest -= skipped;
            bytes = bytes.subspan(skipped);
            continue;
        }
        const auto part = static_cast<std::uint32_t>(
            std::min<std::size_t>(head_size - direction.head_size, bytes.size()));
        std::copy_n(bytes.begin(), part, direction.head.begin() + direction.head_size);
        direction.head_size += part;
        bytes = bytes.subspan(part);
        if (direction.head_size < head_size) {
            continue;
        }
        direction.head_size = 0;
        const std::uint32_t size = big_endian_32(direction.head.data());
        if (size < head_size - 4 || size > kFrameSizeMax) {
            oracle_.report(Invariant::a18_frames,
                           fmt::format("connection {}: a frame from side {} declares {} bytes",
                                       stream, side, size));
            streams_.erase(found);
            return;
        }
        direction.rest = size - (head_size - 4);
        ++frames_;
        frame(stream, found->second, side);
    }
}

void FrameTap::frame(std::uint64_t stream, Followed& followed, int side) {
    const Direction& direction = followed.directions[static_cast<std::size_t>(side)];
    if (side == 0) {
        const std::uint16_t key = big_endian_16(direction.head.data() + 4);
        const std::uint32_t id = big_endian_32(direction.head.data() + 8);
        const bool streaming = followed.streaming_keys->contains(key);
        // Mostly the end: ids grow.
        const auto place = first_not_below(followed.waiting, id);
        if (place == followed.waiting.end() || place->id != id) {
            followed.waiting.insert(place, Waiting{id, streaming});
        } else {
            oracle_.report(Invariant::a18_frames,
                           fmt::format("connection {}: request {} reuses a correlation id that "
                                       "waits for an answer",
                                       stream, id));
        }
        if (key == kProduceKey) {
            followed.produces.push_back(id);
        }
        return;
    }
    const std::uint32_t id = big_endian_32(direction.head.data() + 4);
    const auto waiting = first_not_below(followed.waiting, id);
    if (waiting == followed.waiting.end() || waiting->id != id) {
        oracle_.report(Invariant::a18_frames,
                       fmt::format("connection {}: an answer carries correlation id {}, for which "
                                   "no request waits",
                                   stream, id));
        return;
    }
    if (!waiting->streaming) {
        followed.waiting.erase(waiting);
    }
    const auto produce = std::find(followed.produces.begin(), followed.produces.end(), id);
    if (produce == followed.produces.end()) {
        return;
    }
    if (produce != followed.produces.begin()) {
        oracle_.report(Invariant::a18_frames,
                       fmt::format("connection {}: produce {} is answered before {}, which came "
                                   "first",
                                   stream, id, followed.produces.front()));
    }
    followed.produces.erase(produce);
}

}  // namespace weir::sim
