// Frames over a byte stream: a big-endian i32 length, then that many bytes (data-plane spec 1.2).
//
// `FrameReader` receives into pooled-size slabs and hands out frames in place, without copying; a
// slice keeps its slab alive for as long as somebody holds it. `FrameWriter` sends whole frames,
// never interleaved, and gathers what is queued into one write. Both belong to one connection and
// one shard, and die before the connection. Errors are those of Connection, plus `malformed` for a
// length outside the limits: the stream is of no further use then, close it.
#pragma once

#include "core/base/bytes.h"
#include "core/base/fifo.h"
#include "core/base/result.h"
#include "core/env/network.h"
#include "core/task/sync.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace weir::rpc {

struct FrameLimits {
    // Bytes after the length field. 10 is the smallest request (an empty client id), 4 the smallest
    // response. One Produce frame may carry every queued batch of a client's partition.
    std::uint32_t payload_size_min = 4;
    std::uint32_t payload_size_max = 128U << 20;
};

class FrameReader {
public:
    FrameReader(Connection& connection, FrameLimits limits);

    // The payload of the next frame; nullopt when the peer ended the stream between two frames (an
    // end inside a frame is connection_closed). Memory grows with the bytes received, not with the
    // length announced. Cancelling loses nothing.
    Task<Result<std::optional<BufferSlice>>> next(CancelToken token);

    // True when next() will answer without waiting for the network.
    bool has_buffered_frame() const;

private:
    std::size_t available() const { return end_ - begin_; }
    Result<std::uint32_t> announced_size() const;
    void make_room(std::size_t needed);

    Connection& connection_;
    FrameLimits limits_;
    Buffer slab_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

// One frame to send: `head` starts with the 4 length bytes; then `body`; then the file range. The
// length in `head` covers them all.
struct OutFrame {
    Bytes head;
    std::vector<BufferSlice> body;
    std::shared_ptr<File> file;
    FilePosition file_position;
    std::uint64_t file_size_bytes = 0;

    std::uint64_t size_bytes() const;
};

class FrameWriter {
public:
    FrameWriter(Connection& connection, Executor& executor);

    // Puts the frame in line. Bound what you queue: `queued_size_bytes()` tells what waits.
    void enqueue(OutFrame frame);
    std::uint64_t queued_size_bytes() const { return queued_size_bytes_; }

    // Returns when every frame queued before the call is written, or the stream has failed. Several
    // tasks may call it; one of them writes for all. After the first error every call fails.
    Task<Result<void>> flush(CancelToken token);

    // An empty buffer for the head of the next frame; one that was sent before, if there is one.
    Bytes take_spare();

    // enqueue and flush.
    Task<Result<void>> send(OutFrame frame, CancelToken token);

private:
    Task<Result<void>> write_queued(CancelToken token);
    Task<Result<void>> write_some(CancelToken token);
    void keep_spares();

    Connection& connection_;
    Notifier progress_;
    Fifo<OutFrame> queue_;
    std::vector<OutFrame> in_flight_;
    std::vector<ByteSpan> slices_;
    std::vector<Bytes> spares_;
    std::uint64_t queued_size_bytes_ = 0;
    std::uint64_t enqueued_count_ = 0;
    std::uint64_t written_count_ = 0;
    bool writing_ = false;
    std::optional<Error> failed_;
};

}  // namespace weir::rpc
