// The network seam: byte streams, as TCP gives them.
//
// Errors: connection_closed (closed or reset, here or there), connection_refused, timed_out (the
// network gave up), cancelled (the token), not_found (name resolution), io_error (else). Spans
// passed in stay valid until the call completes: keep their owner in the awaiting frame. One task
// may read and one may write at a time; they may be different tasks.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/env/disk.h"
#include "core/task/cancel.h"
#include "core/task/task.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace weir {

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(const HostPort&, const HostPort&) = default;
    friend auto operator<=>(const HostPort&, const HostPort&) = default;
};

std::string to_string(const HostPort& address);
// "host:port", "[v6]:port"; invalid_argument with the reason otherwise.
Result<HostPort> parse_host_port(std::string_view text);

// One established stream. The destructor closes it (both directions, without waiting); no operation
// may be in flight then, except on a crash: `reset()` makes pending ones fail.
class Connection {
public:
    virtual ~Connection() = default;

    // At least one byte, at most into.size() (> 0); 0 means that the peer has finished sending.
    // Cancelling loses no bytes: the connection can be read on.
    virtual Task<Result<std::size_t>> read_some(MutByteSpan into, CancelToken token) = 0;
    // All bytes of all slices, in order. After an error or a cancellation an unknown prefix has
    // been sent, and the stream is of no use for framed traffic any more.
    virtual Task<Result<void>> write(std::span<const ByteSpan> slices, CancelToken token) = 0;
    // As write, but the bytes [position, position + size_bytes) of `file`, which must be there.
    // The file stays open until the call completes.
    virtual Task<Result<void>> send_file(File& file, FilePosition position,
                                         std::uint64_t size_bytes, CancelToken token) = 0;
    // Ends the sending direction; the peer reads to the end and then gets 0.
    virtual void shutdown_send() = 0;
    // Drops the connection at once; pending and later operations fail with connection_closed.
    virtual void reset() = 0;
    // For logs.
    virtual std::string peer() const = 0;
};

class Listener {
public:
    virtual ~Listener() = default;
    // Pending accepts fail with `cancelled` when the token is cancelled.
    virtual Task<Result<std::unique_ptr<Connection>>> accept(CancelToken token) = 0;
    // The bound address, with the port chosen by the system when 0 was asked for.
    virtual HostPort local_address() const = 0;
};

class Network {
public:
    virtual ~Network() = default;
    virtual Result<std::unique_ptr<Listener>> listen(const HostPort& address) = 0;
    virtual Task<Result<std::unique_ptr<Connection>>> connect(HostPort address,
                                                              CancelToken token) = 0;
};

}  // namespace weir
