// What breaks in the network: links that block, slow down or hang, connections that are cut or
// forgotten, machines that are gone.

#include "core/base/assert.h"
#include "runtime/sim/net/fabric.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

void Fabric::block(HostId from, HostId to) {
    ++blocks_[{from, to}];
}

void Fabric::unblock(HostId from, HostId to) {
    const auto found = blocks_.find({from, to});
    WEIR_ASSERT(found != blocks_.end());
    if (--found->second != 0) {
        return;
    }
    blocks_.erase(found);
    for (auto& [id, stream] : streams_) {
        for (int direction = 0; direction < 2; ++direction) {
            Pipe& pipe = stream->pipes[direction];
            if (!pipe.held || stream->sides[direction].host != from ||
                stream->sides[1 - direction].host != to) {
                continue;
            }
            pipe.held = false;
            // Retransmission has backed off meanwhile: the rest takes a new latency.
            std::int64_t arrival = scheduler_.now_ns() + latency(*stream, direction);
            for (Pipe::Chunk& chunk : pipe.under_way.items()) {
                chunk.arrives_ns = std::max(chunk.arrives_ns, arrival);
                arrival = chunk.arrives_ns;
            }
            pipe.last_arrival_ns = std::max(pipe.last_arrival_ns, arrival);
            schedule_delivery(*stream, direction);
        }
    }
}

bool Fabric::blocked(HostId from, HostId to) const {
    return !blocks_.empty() && blocks_.contains({from, to});
}

void Fabric::cut(Stream& stream, int direction) {
    Pipe& pipe = stream.pipes[direction];
    const auto& under_way = pipe.under_way.items();
    if (std::any_of(under_way.begin(), under_way.end(), [](const Pipe::Chunk& chunk) {
            return chunk.kind == Pipe::Chunk::Kind::rst;
        })) {
        // It is cut already. What was sent since comes after a gap, and never arrives.
        return;
    }
    std::size_t keep =
        static_cast<std::size_t>(stream.draws.below(pipe.bytes.size() - pipe.arrived + 1));
    pipe.bytes.truncate(pipe.arrived + keep);
    Fifo<Pipe::Chunk> kept;
    for (Pipe::Chunk chunk : pipe.under_way.items()) {
        if (keep != 0 && chunk.kind == Pipe::Chunk::Kind::data) {
            chunk.size = std::min(chunk.size, keep);
            keep -= chunk.size;
            kept.push_back(chunk);
        }
    }
    pipe.under_way = std::move(kept);
    scheduler_.cancel(pipe.delivery);
    pipe.delivery = EventId();
    pipe.held = false;
    pipe.last_arrival_ns =
        pipe.under_way.empty() ? scheduler_.now_ns() : pipe.under_way.back().arrives_ns;
    send_end(stream, direction, Pipe::Chunk::Kind::rst);
    schedule_delivery(stream, direction);
}

std::size_t Fabric::reset_streams(HostId a, HostId b) {
    std::size_t count = 0;
    for (auto& [id, stream] : streams_) {
        const HostId from = stream->sides[0].host;
        const HostId to = stream->sides[1].host;
        if (!((from == a && to == b) || (from == b && to == a))) {
            continue;
        }
        if (!stream->sides[0].alive() || !stream->sides[1].alive()) {
            continue;
        }
        // Some middle box forgot the connection: each side hears of it on its own.
        cut(*stream, 0);
        cut(*stream, 1);
        ++count;
        ++counters_.resets;
    }
    return count;
}

void Fabric::vanish_later(Stream& stream) {
    const std::int64_t after = stream.draws.between(500'000'000, 20'000'000'000);
    scheduler_.cancel(stream.vanish);
    const HostId host = stream.sides[stream.sides[0].alive() ? 0 : 1].host;
    stream.vanish = scheduler_.at(scheduler_.now_ns() + after, EventKind::net_reset, host,
                                  &Fabric::on_vanish, &stream);
}

std::size_t Fabric::reset_one_side(HostId side_of, HostId other) {
    std::size_t count = 0;
    for (auto& [id, stream] : streams_) {
        for (int side = 0; side < 2; ++side) {
            if (stream->sides[side].host != side_of || stream->sides[1 - side].host != other ||
                !stream->sides[0].alive() || !stream->sides[1].alive() ||
                stream->sides[side].reset) {
                continue;
            }
            deliver_reset(*stream, side);
            vanish_later(*stream);
            ++count;
            ++counters_.resets;
            break;
        }
    }
    return count;
}

std::size_t Fabric::forget_streams(HostId a, HostId b) {
    std::size_t count = 0;
    for (auto& [id, stream] : streams_) {
        const HostId from = stream->sides[0].host;
        const HostId to = stream->sides[1].host;
        if (!((from == a && to == b) || (from == b && to == a)) || stream->dark ||
            !stream->sides[0].alive() || !stream->sides[1].alive()) {
            continue;
        }
        stream->dark = true;
        for (Pipe& pipe : stream->pipes) {
            pipe.drop_under_way();
            scheduler_.cancel(pipe.delivery);
            pipe.delivery = EventId();
            pipe.held = false;
        }
        vanish_later(*stream);
        ++count;
    }
    return count;
}

void Fabric::slow_down(HostId from, HostId to, std::int64_t latency_ns, std::int64_t ns_per_kib) {
    Slowness& slow = slow_links_[{from, to}];
    slow.latency_ns += latency_ns;
    slow.ns_per_kib += ns_per_kib;
    if (slow.latency_ns == 0 && slow.ns_per_kib == 0) {
        slow_links_.erase({from, to});
    }
}

void Fabric::hang_connects(HostId from, HostId to) {
    ++hung_connects_[{from, to}];
}

void Fabric::unhang_connects(HostId from, HostId to) {
    const auto found = hung_connects_.find({from, to});
    WEIR_ASSERT(found != hung_connects_.end());
    if (--found->second == 0) {
        hung_connects_.erase(found);
    }
}

void Fabric::process_died(NodeExecutor& executor, Death death) {
    std::vector<Stream*> affected;
    for (auto& [id, stream] : streams_) {
        if (stream->sides[0].executor == &executor || stream->sides[1].executor == &executor) {
            affected.push_back(stream.get());
        }
    }
    for (Stream* stream : affected) {
        if (stream->sides[0].executor == stream->sides[1].executor) {
            // It was connected to itself: nobody is left to hear of it.
            stream->sides[0].executor = nullptr;
            stream->sides[1].executor = nullptr;
            forget_if_done(*stream);
            continue;
        }
        for (int side = 0; side < 2; ++side) {
            if (stream->sides[side].executor != &executor) {
                continue;
            }
            if (death == Death::process) {
                close_side(*stream, side);
                break;
            }
            // Power is gone: what is on the wire arrives, nothing ends the stream. The peer hears
            // of it from keep-alive probes, or from the rebooted kernel.
            stream->sides[side].executor = nullptr;
            stream->pipes[1 - side].drop_arrived();
            if (stream->sides[1 - side].alive()) {
                vanish_later(*stream);
            } else {
                forget_if_done(*stream);
            }
            break;
        }
    }
}

void Fabric::set_powered(HostId host, bool powered) {
    hosts_[host].powered = powered;
}

Fabric::Slowness Fabric::slowness(HostId from, HostId to) const {
    if (slow_links_.empty()) {
        return {};
    }
    const auto found = slow_links_.find({from, to});
    return found == slow_links_.end() ? Slowness() : found->second;
}

void Fabric::on_vanish(void* context) {
    auto* stream = static_cast<Stream*>(context);
    stream->vanish = EventId();
    for (int side = 0; side < 2; ++side) {
        if (stream->sides[side].alive()) {
            stream->fabric->deliver_reset(*stream, side);
        }
    }
}

}  // namespace weir::sim
