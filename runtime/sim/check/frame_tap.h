// A18: follows the frames on every connection to a public port and matches answers to requests.
//
// One per run, set as the Fabric's tap. Looks only at lengths, API keys and correlation ids, which
// it reads from the bytes themselves and not with the code under test.
#pragma once

#include "runtime/sim/check/oracle.h"
#include "runtime/sim/net/fabric.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

namespace weir::sim {

class FrameTap final : public NetworkTap {
public:
    explicit FrameTap(Oracle& oracle) : oracle_(oracle) {}

    // Connections to this port of this host are followed; `streaming_keys` are the APIs that answer
    // more than once.
    void follow(HostId host, std::uint16_t port, std::set<std::uint16_t> streaming_keys);

    void opened(std::uint64_t stream, HostId from, HostId to, std::uint16_t port) override;
    void sent(std::uint64_t stream, int side, ByteSpan bytes) override;
    void forgotten(std::uint64_t stream) override;

    std::uint64_t frames() const { return frames_; }

private:
    struct Direction {
        std::array<std::uint8_t, 12> head{};  // length, then key, version and correlation id
        std::uint32_t head_size = 0;
        std::uint64_t rest = 0;  // bytes of the frame behind the head
    };
    // A request without its (last) answer.
    struct Waiting {
        std::uint32_t id;
        bool streaming;  // answers may repeat
    };
    struct Followed {
        const std::set<std::uint16_t>* streaming_keys = nullptr;
        std::array<Direction, 2> directions;
        // By correlation id; few at a time.
        std::vector<Waiting> waiting;
        // Produces are answered in the order in which they came.
        std::deque<std::uint32_t> produces;
    };

    void frame(std::uint64_t stream, Followed& followed, int side);

    Oracle& oracle_;
    std::map<std::pair<HostId, std::uint16_t>, std::set<std::uint16_t>> ports_;
    std::map<std::uint64_t, Followed> streams_;
    std::uint64_t frames_ = 0;
};

}  // namespace weir::sim
