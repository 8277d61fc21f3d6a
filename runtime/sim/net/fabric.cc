#include "runtime/sim/net/fabric.h"

#include "core/base/assert.h"
#include "runtime/sim/net/sim_network.h"
#include "runtime/sim/sched/heap_account.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::sim {

namespace {

// As Linux has it.
constexpr std::int64_t kRetransmitNsMin = 200'000'000;
constexpr std::int64_t kRetransmitNsMax = 10'000'000'000;

void wake_all(IntrusiveList<weir::detail::Waiter>& waiters) {
    while (!waiters.empty()) {
        waiters.front().wake();
    }
}

}  // namespace

Fabric::Fabric(Scheduler& scheduler, std::uint64_t seed, TapeDeck* tape)
    : scheduler_(scheduler), seed_(seed), tape_(tape) {}

Fabric::~Fabric() {
    for (auto& [id, stream] : streams_) {
        for (Pipe& pipe : stream->pipes) {
            scheduler_.cancel(pipe.delivery);
        }
        scheduler_.cancel(stream->vanish);
    }
}

HostId Fabric::add_host(std::string name) {
    WEIR_ASSERT(hosts_.size() < 0xffff);
    Host host;
    host.name = std::move(name);
    hosts_.push_back(std::move(host));
    return static_cast<HostId>(hosts_.size() - 1);
}

int Fabric::resolve(const std::string& name, HostId self) const {
    if (name == "localhost" || name == "127.0.0.1" || name == "0.0.0.0" || name == "::1" ||
        name == "::") {
        return self;
    }
    if (const auto given = names_.find(name); given != names_.end()) {
        return given->second;
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        if (hosts_[i].name == name) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

SimListener* Fabric::find_listener(HostId host, std::uint16_t port) const {
    const auto found = hosts_[host].listeners.find(port);
    return found == hosts_[host].listeners.end() ? nullptr : found->second;
}

Stream& Fabric::open_stream(HostId from, HostId to, std::uint16_t port) {
    const OutsideHeap outside;
    auto stream = std::make_unique<Stream>();
    stream->fabric = this;
    stream->id = next_stream_++;
    stream->sides[0].host = from;
    stream->sides[1].host = to;
    stream->draws = stream_draws(*stream);
    Stream& opened = *stream;
    streams_.emplace(opened.id, std::move(stream));
    ++counters_.connects;
    if (tap_ != nullptr) {
        tap_->opened(opened.id, from, to, port);
    }
    return opened;
}

Draws Fabric::stream_draws(const Stream& stream) {
    const Prng prng(mix64(seed_ ^ (stream.id * 0x9e3779b97f4a7c15ULL)) ^ stable_hash("net.stream"));
    if (tape_ == nullptr) {
        return Draws(prng);
    }
    const HostId from = stream.sides[0].host;
    const HostId to = stream.sides[1].host;
    const std::uint64_t number = ++opened_[{from, to}];
    return Draws(
        prng, &tape_->track(fmt::format("net {}>{} #{}", host_name(from), host_name(to), number)));
}

const LinkOptions& Fabric::link(HostId from, HostId to) const {
    if (links_.empty()) {
        return link_;
    }
    const auto own = links_.find({from, to});
    return own == links_.end() ? link_ : own->second;
}

// The sender waits for an acknowledgement that does not come, each time twice as long (RFC 6298).
std::int64_t Fabric::retransmissions(Stream& stream, const LinkOptions& link) {
    std::int64_t wait_ns = 0;
    std::int64_t timeout_ns = std::max(kRetransmitNsMin, 2 * link.latency_ns);
    while (timeout_ns < kRetransmitNsMax && stream.draws.chance(link.lost_per_mille, 1'000)) {
        ++counters_.lost;
        wait_ns += timeout_ns;
        timeout_ns *= 2;
    }
    return wait_ns;
}

std::int64_t Fabric::latency(Stream& stream, int direction) {
    const HostId from = stream.sides[direction].host;
    const HostId to = stream.sides[1 - direction].host;
    const LinkOptions& quality = link(from, to);
    std::int64_t latency_ns = quality.latency_ns + stream.draws.exponential(quality.jitter_ns);
    if (quality.tail_ns > 0 && stream.draws.chance(1, 100)) {
        // Each step is twice as long as the one before: 0.2 % of it up to all of it.
        const auto step = static_cast<int>(stream.draws.below(10));
        latency_ns += stream.draws.exponential((quality.tail_ns >> (9 - step)) + 1);
        ++counters_.late;
    }
    if (quality.lost_per_mille > 0) {
        latency_ns += retransmissions(stream, quality);
    }
    return latency_ns + slowness(from, to).latency_ns;
}

void Fabric::send(Stream& stream, int side, ByteSpan bytes) {
    const OutsideHeap outside;
    Pipe& pipe = stream.pipes[side];
    scheduler_.trace().event(EventKind::net_send, stream.sides[side].host, scheduler_.now_ns(),
                             stream.label(side), content_hash(bytes));
    counters_.bytes += bytes.size();
    if (tap_ != nullptr) {
        tap_->sent(stream.id, side, bytes);
    }
    if (!stream.sides[1 - side].alive()) {
        answer_for_dead(stream, 1 - side);
        return;
    }
    if (stream.dark) {
        pipe.buffered += bytes.size();
        return;
    }
    Pipe::Chunk chunk;
    chunk.size = bytes.size();
    const HostId from = stream.sides[side].host;
    const HostId to = stream.sides[1 - side].host;
    const std::int64_t ns_per_kib = link(from, to).ns_per_kib + slowness(from, to).ns_per_kib;
    const auto transfer = static_cast<std::int64_t>(bytes.size()) * ns_per_kib / 1024;
    chunk.arrives_ns =
        std::max(pipe.last_arrival_ns, scheduler_.now_ns() + latency(stream, side)) + transfer;
    pipe.last_arrival_ns = chunk.arrives_ns;
    pipe.buffered += bytes.size();
    pipe.under_way.push_back(chunk);
    pipe.bytes.append(bytes);
    schedule_delivery(stream, side);
}

void Fabric::send_end(Stream& stream, int side, Pipe::Chunk::Kind kind) {
    const OutsideHeap outside;
    Pipe& pipe = stream.pipes[side];
    if (!stream.sides[1 - side].alive() || stream.dark) {
        return;
    }
    Pipe::Chunk chunk;
    chunk.kind = kind;
    chunk.arrives_ns = std::max(pipe.last_arrival_ns, scheduler_.now_ns() + latency(stream, side));
    pipe.last_arrival_ns = chunk.arrives_ns;
    pipe.under_way.push_back(chunk);
    schedule_delivery(stream, side);
}

void Fabric::answer_for_dead(Stream& stream, int side) {
    // Bytes for a closed socket: its kernel answers with a reset, unless the machine is off.
    if (hosts_[stream.sides[side].host].powered) {
        send_end(stream, side, Pipe::Chunk::Kind::rst);
    }
}

void Fabric::schedule_delivery(Stream& stream, int direction) {
    Pipe& pipe = stream.pipes[direction];
    if (pipe.delivery.generation != 0 || pipe.held || pipe.under_way.empty()) {
        return;
    }
    pipe.delivery = scheduler_.at(
        pipe.under_way.front().arrives_ns, EventKind::net_deliver, stream.sides[1 - direction].host,
        direction == 0 ? &Fabric::on_delivery_0 : &Fabric::on_delivery_1, &stream);
}

void Fabric::on_delivery_0(void* context) {
    auto* stream = static_cast<Stream*>(context);
    stream->fabric->deliver(*stream, 0);
}

void Fabric::on_delivery_1(void* context) {
    auto* stream = static_cast<Stream*>(context);
    stream->fabric->deliver(*stream, 1);
}

void Fabric::deliver(Stream& stream, int direction) {
    Pipe& pipe = stream.pipes[direction];
    pipe.delivery = EventId();
    Stream::Side& target = stream.sides[1 - direction];
    if (blocked(stream.sides[direction].host, target.host)) {
        pipe.held = true;
        return;
    }
    while (!pipe.under_way.empty() && pipe.under_way.front().arrives_ns <= scheduler_.now_ns()) {
        const Pipe::Chunk chunk = pipe.under_way.pop_front();
        scheduler_.trace().event(EventKind::net_deliver, target.host, scheduler_.now_ns(),
                                 stream.label(direction), chunk.size);
        if (chunk.kind == Pipe::Chunk::Kind::rst) {
            deliver_reset(stream, 1 - direction);
            forget_if_done(stream);
            return;
        }
        if (!target.alive()) {
            pipe.drop_under_way();
            pipe.buffered = 0;
            if (chunk.kind == Pipe::Chunk::Kind::data) {
                answer_for_dead(stream, 1 - direction);
            }
            return;
        }
        if (target.reset) {
            // No connection is there any more, and what was dropped with it is missing in between.
            pipe.drop_under_way();
            return;
        }
        if (chunk.kind == Pipe::Chunk::Kind::fin) {
            pipe.finished = true;
        } else {
            pipe.arrived += chunk.size;
        }
        wake_all(target.reader);
    }
    schedule_delivery(stream, direction);
    forget_if_done(stream);
}

void Fabric::deliver_reset(Stream& stream, int side) {
    Stream::Side& target = stream.sides[side];
    if (!target.alive() || target.reset) {
        return;
    }
    scheduler_.trace().event(EventKind::net_reset, target.host, scheduler_.now_ns(),
                             stream.label(side), 0);
    target.reset = true;
    // What it had sent is discarded, except a reset that is on its way to the other side.
    Pipe& outgoing = stream.pipes[side];
    Fifo<Pipe::Chunk> kept;
    for (const Pipe::Chunk& chunk : outgoing.under_way.items()) {
        if (chunk.kind == Pipe::Chunk::Kind::rst) {
            kept.push_back(chunk);
        }
    }
    outgoing.drop_under_way();
    outgoing.under_way = std::move(kept);
    scheduler_.cancel(outgoing.delivery);
    outgoing.delivery = EventId();
    schedule_delivery(stream, side);
    wake_all(target.reader);
    wake_all(target.writer);
}

void Fabric::close_side(Stream& stream, int side) {
    Stream::Side& self = stream.sides[side];
    if (!self.alive()) {
        return;
    }
    Pipe& incoming = stream.pipes[1 - side];
    const bool unread = incoming.arrived != 0;
    incoming.drop_arrived();
    if (!self.reset) {
        if (unread) {
            send_end(stream, side, Pipe::Chunk::Kind::rst);
        } else if (!self.sent_fin) {
            send_end(stream, side, Pipe::Chunk::Kind::fin);
        }
    }
    self.executor = nullptr;
    forget_if_done(stream);
}

void Fabric::forget_if_done(Stream& stream) {
    if (stream.sides[0].alive() || stream.sides[1].alive()) {
        return;
    }
    for (Pipe& pipe : stream.pipes) {
        scheduler_.cancel(pipe.delivery);
    }
    scheduler_.cancel(stream.vanish);
    if (tap_ != nullptr) {
        tap_->forgotten(stream.id);
    }
    streams_.erase(stream.id);
}

std::size_t Fabric::streams_of(const NodeExecutor& executor) const {
    std::size_t count = 0;
    for (const auto& [id, stream] : streams_) {
        for (const Stream::Side& side : stream->sides) {
            count += side.executor == &executor ? 1U : 0U;
        }
    }
    return count;
}

std::size_t Fabric::listeners_of(const NodeExecutor& executor) const {
    std::size_t count = 0;
    for (const Host& host : hosts_) {
        for (const auto& [port, listener] : host.listeners) {
            count += &listener->executor() == &executor ? 1U : 0U;
        }
    }
    return count;
}

}  // namespace weir::sim
