// A TCP connection on a shard. See core/env/network.h for the contract.
#pragma once

#include "core/env/network.h"
#include "runtime/real/loop/helper_pool.h"
#include "runtime/real/net/async_fd.h"

#include <cstdint>
#include <memory>
#include <string>

namespace weir::real {

class RealFile;

class RealConnection final : public Connection {
public:
    // Takes `fd`, a connected non-blocking stream socket, over, also when it fails.
    static Result<std::unique_ptr<Connection>> adopt(HelperPool& helpers, int fd, std::string peer);

    RealConnection(HelperPool& helpers, std::string peer);
    ~RealConnection() override = default;

    Task<Result<std::size_t>> read_some(MutByteSpan into, CancelToken token) override;
    Task<Result<void>> write(std::span<const ByteSpan> slices, CancelToken token) override;
    Task<Result<void>> send_file(File& file, FilePosition position, std::uint64_t size_bytes,
                                 CancelToken token) override;
    void shutdown_send() override;
    void reset() override;
    std::string peer() const override { return peer_; }

private:
    // Bytes moved, or nothing: try again when the side is ready.
    struct Progress {
        bool blocked = false;
        std::size_t size = 0;
    };
    Result<Progress> receive_now(MutByteSpan into);
    Result<Progress> send_now(std::span<const ByteSpan> slices, std::size_t first,
                              std::size_t skip);
    Result<Progress> send_file_now(const RealFile& file, std::uint64_t position, std::size_t size);
    Task<Result<void>> wait_writable(CancelToken token);
    Task<Result<void>> copy_file(File& file, FilePosition position, std::uint64_t size_bytes,
                                 CancelToken token);
    Error socket_error(std::string_view what, int error) const;

    HelperPool& helpers_;
    AsyncFd fd_;
    TurnBudget read_budget_;
    TurnBudget write_budget_;
    std::string peer_;
};

}  // namespace weir::real
