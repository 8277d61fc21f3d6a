#include "runtime/sim/net/sim_network.h"

#include "core/base/assert.h"
#include "runtime/sim/disk/sim_disk.h"
#include "runtime/sim/sched/timed_wait.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::size_t kBacklog = 128;
constexpr std::int64_t kResolveNs = 50'000;
constexpr std::int64_t kFirstRetryNs = 1'000'000'000;  // of an unanswered SYN; doubles
constexpr int kConnectAttempts = 5;

Error closed(const char* what) {
    return Error(ErrorCode::connection_closed, std::string(what) + ": connection reset");
}

Error cancelled(const char* what) {
    return Error(ErrorCode::cancelled, std::string(what) + " cancelled");
}

}  // namespace

SimNetwork::SimNetwork(Fabric& fabric, Scheduler& scheduler, NodeExecutor& executor, HostId host)
    : fabric_(fabric), scheduler_(scheduler), executor_(executor), host_(host) {}

Result<std::unique_ptr<Listener>> SimNetwork::listen(const HostPort& address) {
    if (fabric_.resolve(address.host, host_) != host_) {
        return fail(ErrorCode::invalid_argument,
                    "cannot listen on " + to_string(address) + ": not an address of this host");
    }
    Fabric::Host& host = fabric_.hosts_[host_];
    HostPort bound = address;
    while (bound.port == 0) {
        const std::uint16_t candidate = host.next_port++;
        if (candidate != 0 && !host.listeners.contains(candidate)) {
            bound.port = candidate;
        }
    }
    if (host.listeners.contains(bound.port)) {
        return fail(ErrorCode::already_exists, "port " + to_string(bound) + " is taken");
    }
    return std::make_unique<SimListener>(*this, bound);
}

Task<Result<std::unique_ptr<Connection>>> SimNetwork::connect(HostPort address, CancelToken token) {
    const int resolved = fabric_.resolve(address.host, host_);
    if (resolved < 0) {
        TimedWait wait(scheduler_, executor_, EventKind::net_connect, kResolveNs, token);
        co_await wait;
        co_return fail(ErrorCode::not_found, "no host named '" + address.host + "'");
    }
    const auto target = static_cast<HostId>(resolved);
    if (fabric_.hosts_[host_].name_failures > 0 && target != host_) {
        ++fabric_.counters_.name_failures;
        TimedWait wait(scheduler_, executor_, EventKind::net_connect, kResolveNs, token);
        co_await wait;
        co_return fail(ErrorCode::not_found, "the name '" + address.host + "' is not resolved");
    }
    std::int64_t retry_ns = kFirstRetryNs;
    for (int attempt = 0; attempt < kConnectAttempts; ++attempt) {
        TimedWait round_trip(scheduler_, executor_, EventKind::net_connect,
                             2 * fabric_.link(host_, target).latency_ns +
                                 fabric_.slowness(host_, target).latency_ns +
                                 fabric_.slowness(target, host_).latency_ns,
                             token);
        const bool waited = co_await round_trip;
        if (!waited) {
            co_return fail(cancelled("connect"));
        }
        const bool hung = fabric_.hung_connects_.contains({host_, target});
        fabric_.counters_.connects_hung += hung ? 1 : 0;
        const bool reachable = fabric_.hosts_[target].powered && !hung &&
                               !fabric_.blocked(host_, target) && !fabric_.blocked(target, host_);
        if (reachable) {
            SimListener* listener = fabric_.find_listener(target, address.port);
            if (listener == nullptr) {
                ++fabric_.counters_.refused;
                co_return fail(ErrorCode::connection_refused,
                               "nobody listens on " + to_string(address));
            }
            Stream& stream = fabric_.open_stream(host_, target, address.port);
            stream.sides[0].executor = &executor_;
            stream.sides[1].executor = &listener->executor();
            if (listener->offer(stream)) {
                co_return std::make_unique<SimConnection>(*this, stream, 0);
            }
            stream.sides[0].executor = nullptr;
            stream.sides[1].executor = nullptr;
            fabric_.forget_if_done(stream);
        }
        TimedWait unanswered(scheduler_, executor_, EventKind::net_connect, retry_ns, token);
        const bool again = co_await unanswered;
        if (!again) {
            co_return fail(cancelled("connect"));
        }
        retry_ns *= 2;
    }
    co_return fail(ErrorCode::timed_out, "no answer from " + to_string(address));
}

SimListener::SimListener(SimNetwork& network, HostPort address)
    : network_(network), address_(std::move(address)) {
    network_.fabric_.hosts_[network_.host_].listeners[address_.port] = this;
}

SimListener::~SimListener() {
    Fabric& fabric = network_.fabric_;
    fabric.hosts_[network_.host_].listeners.erase(address_.port);
    for (const std::uint64_t id : backlog_) {
        const auto found = fabric.streams_.find(id);
        if (found != fabric.streams_.end()) {
            fabric.close_side(*found->second, 1);
        }
    }
}

bool SimListener::offer(Stream& stream) {
    if (backlog_.size() >= kBacklog) {
        return false;
    }
    backlog_.push_back(stream.id);
    if (!acceptors_.empty()) {
        acceptors_.front().wake();
    }
    return true;
}

Task<Result<std::unique_ptr<Connection>>> SimListener::accept(CancelToken token) {
    while (true) {
        while (!backlog_.empty()) {
            const std::uint64_t id = backlog_.front();
            backlog_.pop_front();
            const auto found = network_.fabric_.streams_.find(id);
            if (found != network_.fabric_.streams_.end()) {
                co_return std::make_unique<SimConnection>(network_, *found->second, 1);
            }
        }
        weir::detail::Waiter waiter(network_.executor_, token);
        if (!token.cancelled()) {
            acceptors_.push_back(waiter);
        }
        const bool woken = co_await waiter;
        if (!woken) {
            co_return fail(cancelled("accept"));
        }
    }
}

SimConnection::SimConnection(SimNetwork& network, Stream& stream, int side)
    : network_(network), stream_(&stream), side_(side) {}

SimConnection::~SimConnection() {
    // After a crash the fabric has closed this side itself, and the stream may be gone.
    if (!network_.executor_.torn_down()) {
        WEIR_ASSERT(self().reader.empty());
        WEIR_ASSERT(self().writer.empty());
        network_.fabric_.close_side(*stream_, side_);
    }
}

std::size_t SimConnection::take(MutByteSpan into) {
    Pipe& pipe = stream_->pipes[1 - side_];
    std::size_t limit = into.size();
    // Short reads are normal; one in four is cut somewhere.
    if (limit > 1 && stream_->draws.chance(1, 4)) {
        limit = 1 + static_cast<std::size_t>(stream_->draws.below(limit));
    }
    const std::size_t size = std::min(limit, pipe.arrived);
    if (size != 0) {
        std::memcpy(into.data(), pipe.bytes.items().data(), size);
        pipe.bytes.drop_front(size);
        pipe.arrived -= size;
        pipe.buffered -= size;
        Stream::Side& sender = stream_->sides[1 - side_];
        if (sender.alive() && !sender.writer.empty()) {
            sender.writer.front().wake();
        }
    }
    return size;
}

Task<Result<std::size_t>> SimConnection::read_some(MutByteSpan into, CancelToken token) {
    WEIR_ASSERT(!into.empty());
    while (true) {
        if (token.cancelled()) {
            co_return fail(cancelled("read"));
        }
        const std::size_t size = take(into);
        if (size != 0) {
            co_return size;
        }
        if (self().reset) {
            co_return fail(closed("read"));
        }
        if (stream_->pipes[1 - side_].finished) {
            co_return std::size_t{0};
        }
        weir::detail::Waiter waiter(network_.executor_, token);
        self().reader.push_back(waiter);
        co_await waiter;
    }
}

std::size_t SimConnection::give(ByteSpan bytes) {
    Pipe& pipe = stream_->pipes[side_];
    const LinkOptions& link =
        network_.fabric_.link(stream_->sides[side_].host, stream_->sides[1 - side_].host);
    const std::size_t limit = link.buffer_bytes;
    const std::size_t space = limit > pipe.buffered ? limit - pipe.buffered : 0;
    const std::size_t size = std::min(space, bytes.size());
    if (size != 0) {
        network_.fabric_.send(*stream_, side_, bytes.first(size));
    }
    return size;
}

Task<Result<void>> SimConnection::write(std::span<const ByteSpan> slices, CancelToken token) {
    for (ByteSpan rest : slices) {
        while (!rest.empty()) {
            if (token.cancelled()) {
                co_return fail(cancelled("write"));
            }
            if (self().reset || self().sent_fin) {
                co_return fail(closed("write"));
            }
            const std::size_t size = give(rest);
            rest = rest.subspan(size);
            if (size == 0) {
                weir::detail::Waiter waiter(network_.executor_, token);
                self().writer.push_back(waiter);
                co_await waiter;
            }
        }
    }
    if (self().reset) {
        co_return fail(closed("write"));
    }
    co_return Result<void>();
}

Task<Result<void>> SimConnection::send_file(File& file, FilePosition position,
                                            std::uint64_t size_bytes, CancelToken token) {
    const auto& source = static_cast<const SimFile&>(file);
    std::uint64_t at = position.value();
    const std::uint64_t end = at + size_bytes;
    while (at < end) {
        if (token.cancelled()) {
            co_return fail(cancelled("send_file"));
        }
        if (self().reset || self().sent_fin) {
            co_return fail(closed("send_file"));
        }
        // Looked up anew each time: the file may have changed while we waited.
        const ByteSpan content = source.content();
        if (content.size() < end) {
            co_return fail(ErrorCode::io_error, "send_file: the file ends before the range");
        }
        if (!source.readable(at, end - at)) {
            co_return fail(ErrorCode::io_error, "send_file: simulated loss of a sector");
        }
        const ByteSpan rest =
            content.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(end - at));
        const std::size_t size = give(rest);
        at += size;
        if (size == 0) {
            weir::detail::Waiter waiter(network_.executor_, token);
            self().writer.push_back(waiter);
            co_await waiter;
        }
    }
    co_return Result<void>();
}

void SimConnection::shutdown_send() {
    if (!self().reset && !self().sent_fin) {
        self().sent_fin = true;
        network_.fabric_.send_end(*stream_, side_, Pipe::Chunk::Kind::fin);
    }
}

void SimConnection::reset() {
    if (self().reset) {
        return;
    }
    network_.fabric_.send_end(*stream_, side_, Pipe::Chunk::Kind::rst);
    self().reset = true;
    stream_->pipes[1 - side_].drop_arrived();
    while (!self().reader.empty()) {
        self().reader.front().wake();
    }
    while (!self().writer.empty()) {
        self().writer.front().wake();
    }
}

std::string SimConnection::peer() const {
    return network_.fabric_.host_name(stream_->sides[1 - side_].host) + "#" +
           std::to_string(stream_->id);
}

}  // namespace weir::sim
