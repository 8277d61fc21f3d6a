// The network between the machines of a run: hosts, links and byte streams.
//
// One Fabric per World; it owns the state of every connection. A stream behaves as TCP does: bytes
// arrive in order after a seeded latency, the sender waits when the send buffer is full, reads may
// be short, a close lets what was sent arrive first, a reset can cut it at any byte and is seen by
// the two sides at different times. A blocked link delays what is under way until it is healed, as
// retransmission does; connects to a blocked or switched-off host get no answer.
#pragma once

#include "core/base/bytes.h"
#include "core/base/fifo.h"
#include "core/base/prng.h"
#include "core/base/result.h"
#include "core/env/network.h"
#include "core/task/sync.h"
#include "runtime/sim/sched/scheduler.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir::sim {

class SimNetwork;
class SimListener;
class Fabric;

// A machine as the network knows it.
using HostId = std::uint16_t;

struct LinkOptions {
    std::int64_t latency_ns = 200'000;      // one way, fixed part
    std::int64_t jitter_ns = 50'000;        // mean of an exponential-like part
    std::int64_t ns_per_kib = 8'000;        // bandwidth: 8 us per KiB is 1 Gbit/s
    std::size_t buffer_bytes = 128U << 10;  // under way and unread, per direction
    // One message in a hundred is late: by up to this on average, most of them by far less. 0:
    // none.
    std::int64_t tail_ns = 0;
    // Messages of a thousand that are lost and come again after a timeout of the sender.
    std::uint64_t lost_per_mille = 0;
};

// One direction of a connection.
struct Pipe {
    struct Chunk {
        std::size_t size = 0;
        std::int64_t arrives_ns = 0;
        enum class Kind : std::uint8_t { data, fin, rst } kind = Kind::data;
    };
    Fifo<Chunk> under_way;
    Fifo<std::uint8_t> bytes;  // those that have arrived, then those under way
    std::size_t arrived = 0;   // how many of `bytes` the reader may take
    std::size_t buffered = 0;  // what the sender's window counts
    std::int64_t last_arrival_ns = 0;
    EventId delivery;
    bool held = false;      // delivery waits for the link to heal
    bool finished = false;  // all bytes and the end have arrived

    void drop_arrived() {
        bytes.drop_front(arrived);
        arrived = 0;
    }
    // Nothing of it will arrive.
    void drop_under_way() {
        under_way.clear();
        bytes.truncate(arrived);
    }
};

struct Stream {
    struct Side {
        HostId host = 0;
        NodeExecutor* executor = nullptr;  // null: closed, or its process is gone
        IntrusiveList<weir::detail::Waiter> reader;
        IntrusiveList<weir::detail::Waiter> writer;
        bool reset = false;
        bool sent_fin = false;
        bool alive() const { return executor != nullptr; }
    };
    Fabric* fabric = nullptr;
    std::uint64_t id = 0;
    Side sides[2];  // 0 connected, 1 accepted
    Pipe pipes[2];  // pipes[i] carries the bytes that sides[i] sends
    Draws draws{Prng(0)};
    EventId vanish;  // the peer of a machine that lost power finds out at last
    // Some middle box has forgotten the connection and tells nobody: all that is sent is lost.
    bool dark = false;

    std::uint64_t label(int direction) const { return id * 2 + static_cast<unsigned>(direction); }
};

struct NetCounters {
    std::uint64_t connects = 0;
    std::uint64_t refused = 0;
    std::uint64_t resets = 0;
    std::uint64_t name_failures = 0;
    std::uint64_t connects_hung = 0;
    std::uint64_t late = 0;  // messages of the heavy tail
    std::uint64_t lost = 0;  // and sent again
    std::uint64_t bytes = 0;
};

// Sees every byte that is sent, for checks and traces. Must not send anything itself.
class NetworkTap {
public:
    virtual ~NetworkTap() = default;
    virtual void opened(std::uint64_t stream, HostId from, HostId to, std::uint16_t port) = 0;
    // `side` 0 is the one that connected.
    virtual void sent(std::uint64_t stream, int side, ByteSpan bytes) = 0;
    virtual void forgotten(std::uint64_t stream) = 0;
};

class Fabric {
public:
    // `tape` may be null.
    Fabric(Scheduler& scheduler, std::uint64_t seed, TapeDeck* tape);
    ~Fabric();
    Fabric(const Fabric&) = delete;
    Fabric& operator=(const Fabric&) = delete;

    HostId add_host(std::string name);
    const std::string& host_name(HostId host) const { return hosts_[host].name; }

    // Applies to streams that are opened from now on; both directions.
    void set_link(const LinkOptions& options) { link_ = options; }
    // Likewise, between these two only.
    void set_link(HostId a, HostId b, const LinkOptions& options) {
        links_[{a, b}] = options;
        links_[{b, a}] = options;
    }

    // Null: none. Outlives the fabric, or is taken off before.
    void set_tap(NetworkTap* tap) { tap_ = tap; }

    // --- faults -----------------------------------------------------------------------------
    // One direction of a link; counted, so that overlapping faults compose.
    void block(HostId from, HostId to);
    void unblock(HostId from, HostId to);
    bool blocked(HostId from, HostId to) const;
    // Cuts every stream between the two at a random byte; returns how many.
    std::size_t reset_streams(HostId a, HostId b);
    // As reset_streams, but only one side hears of it; the other one when it sends something, or
    // from its keep-alive probes. `side_of` is the one that hears.
    std::size_t reset_one_side(HostId side_of, HostId other);
    // The streams between the two lead nowhere: what is sent is lost, no side is told. Each finds
    // out from its keep-alive probes.
    std::size_t forget_streams(HostId a, HostId b);
    // One direction of a link takes so much longer, and so much more time for each KiB. Sums up;
    // negative values take it back. What is under way stays as it is.
    void slow_down(HostId from, HostId to, std::int64_t latency_ns, std::int64_t ns_per_kib);
    // Connects get no answer; what is connected goes on. Counted.
    void hang_connects(HostId from, HostId to);
    void unhang_connects(HostId from, HostId to);
    // From now on the name leads to this host, whatever the host is called. Connections stay.
    void set_name(std::string name, HostId host) { names_[std::move(name)] = host; }
    // The host cannot resolve the name of any other. Counted.
    void fail_names(HostId host) { ++hosts_[host].name_failures; }
    void unfail_names(HostId host) { --hosts_[host].name_failures; }
    // Answers of this process stop (power loss), or its kernel closes its sockets (crash).
    enum class Death : std::uint8_t { process, power };
    void process_died(NodeExecutor& executor, Death death);
    void set_powered(HostId host, bool powered);

    // --- checks -----------------------------------------------------------------------------
    std::size_t streams_of(const NodeExecutor& executor) const;
    std::size_t listeners_of(const NodeExecutor& executor) const;
    const NetCounters& counters() const { return counters_; }

private:
    friend class SimNetwork;
    friend class SimConnection;
    friend class SimListener;

    struct Host {
        std::string name;
        bool powered = true;
        std::map<std::uint16_t, SimListener*> listeners;
        std::uint16_t next_port = 40'000;
        std::uint32_t name_failures = 0;
    };

    // Names that were given to hosts besides their own.
    std::map<std::string, HostId, std::less<>> names_;
    // -1 when no host has this name. "localhost" and the like mean `self`.
    int resolve(const std::string& name, HostId self) const;
    SimListener* find_listener(HostId host, std::uint16_t port) const;
    Stream& open_stream(HostId from, HostId to, std::uint16_t port);
    Draws stream_draws(const Stream& stream);
    const LinkOptions& link(HostId from, HostId to) const;
    std::int64_t latency(Stream& stream, int direction);
    std::int64_t retransmissions(Stream& stream, const LinkOptions& link);
    // Of all faults of one direction of a link.
    struct Slowness {
        std::int64_t latency_ns = 0;
        std::int64_t ns_per_kib = 0;
    };
    Slowness slowness(HostId from, HostId to) const;
    void vanish_later(Stream& stream);
    void send(Stream& stream, int side, ByteSpan bytes);
    void send_end(Stream& stream, int side, Pipe::Chunk::Kind kind);
    void answer_for_dead(Stream& stream, int side);
    void schedule_delivery(Stream& stream, int direction);
    static void on_delivery_0(void* stream);
    static void on_delivery_1(void* stream);
    static void on_vanish(void* stream);
    void deliver(Stream& stream, int direction);
    void deliver_reset(Stream& stream, int side);
    // The object of this side is gone.
    void close_side(Stream& stream, int side);
    void forget_if_done(Stream& stream);
    void cut(Stream& stream, int direction);

    Scheduler& scheduler_;
    std::uint64_t seed_;
    TapeDeck* tape_;
    // Streams opened so far between two hosts; only with a tape.
    std::map<std::pair<HostId, HostId>, std::uint64_t> opened_;
    LinkOptions link_;
    std::map<std::pair<HostId, HostId>, LinkOptions> links_;
    NetworkTap* tap_ = nullptr;
    std::vector<Host> hosts_;
    std::map<std::pair<HostId, HostId>, std::uint32_t> blocks_;
    std::map<std::pair<HostId, HostId>, std::uint32_t> hung_connects_;
    std::map<std::pair<HostId, HostId>, Slowness> slow_links_;
    std::map<std::uint64_t, std::unique_ptr<Stream>> streams_;
    std::uint64_t next_stream_ = 1;
    NetCounters counters_;
};

}  // namespace weir::sim
