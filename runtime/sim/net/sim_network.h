// The Network seam of one incarnation of a node, over the Fabric.
//
// Owned by the incarnation; the fabric outlives it.
#pragma once

#include "core/env/network.h"
#include "core/task/sync.h"
#include "runtime/sim/net/fabric.h"

#include <deque>
#include <memory>
#include <string>

namespace weir::sim {

class SimNetwork final : public Network {
public:
    SimNetwork(Fabric& fabric, Scheduler& scheduler, NodeExecutor& executor, HostId host);

    Result<std::unique_ptr<Listener>> listen(const HostPort& address) override;
    Task<Result<std::unique_ptr<Connection>>> connect(HostPort address, CancelToken token) override;

private:
    friend class SimListener;
    friend class SimConnection;
    Fabric& fabric_;
    Scheduler& scheduler_;
    NodeExecutor& executor_;
    HostId host_;
};

class SimListener final : public Listener {
public:
    SimListener(SimNetwork& network, HostPort address);
    ~SimListener() override;

    Task<Result<std::unique_ptr<Connection>>> accept(CancelToken token) override;
    HostPort local_address() const override { return address_; }
    NodeExecutor& executor() const { return network_.executor_; }

    // Called by a connecting side; false when the backlog is full.
    bool offer(Stream& stream);

private:
    SimNetwork& network_;
    HostPort address_;
    std::deque<std::uint64_t> backlog_;  // ids of streams: they may die while they wait
    IntrusiveList<weir::detail::Waiter> acceptors_;
};

class SimConnection final : public Connection {
public:
    SimConnection(SimNetwork& network, Stream& stream, int side);
    ~SimConnection() override;

    Task<Result<std::size_t>> read_some(MutByteSpan into, CancelToken token) override;
    Task<Result<void>> write(std::span<const ByteSpan> slices, CancelToken token) override;
    Task<Result<void>> send_file(File& file, FilePosition position, std::uint64_t size_bytes,
                                 CancelToken token) override;
    void shutdown_send() override;
    void reset() override;
    std::string peer() const override;

private:
    Stream::Side& self() const { return stream_->sides[side_]; }
    // Takes what has arrived; 0 when nothing has.
    std::size_t take(MutByteSpan into);
    // Hands over as much as fits; the rest waits for the reader.
    std::size_t give(ByteSpan bytes);

    SimNetwork& network_;
    Stream* stream_;
    int side_;
};

}  // namespace weir::sim
