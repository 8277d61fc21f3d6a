// The network of a RecordedEnv. What is received is kept; of what is sent, a digest.
#pragma once

#include "core/env/network.h"
#include "runtime/record/transcript.h"

#include <cstdint>
#include <memory>

namespace weir::record {

class RecordedNetwork final : public Network {
public:
    // `real` is null in a replay.
    RecordedNetwork(Transcript& transcript, Network* real) : transcript_(transcript), real_(real) {}

    Result<std::unique_ptr<Listener>> listen(const HostPort& address) override;
    Task<Result<std::unique_ptr<Connection>>> connect(HostPort address, CancelToken token) override;

    // Numbers of the connections of this network, accepted or made.
    std::uint64_t next_connection() { return ++connection_count_; }

private:
    Transcript& transcript_;
    Network* const real_;
    std::uint64_t listener_count_ = 0;
    std::uint64_t connection_count_ = 0;
};

}  // namespace weir::record
