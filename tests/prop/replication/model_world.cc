#include "tests/prop/replication/model_world.h"

#include "core/base/assert.h"
#include "core/control/live_sets.h"

#include <algorithm>
#include <utility>

namespace weir::replication::model {

namespace {

constexpr std::size_t kMailMax = 48;
constexpr std::uint64_t kHoldOneIn = 12;
constexpr std::uint64_t kHoldMax = 60;

const Uid kTopic{7, 7};

PartitionRecord first_record(Prng& prng) {
    PartitionRecord record;
    record.topic_uid = kTopic;
    record.version = RecordVersion(1);
    const std::int64_t count = prng.between(2, 4);
    for (std::int32_t id = 1; id <= count; ++id) {
        record.replicas.push_back({SpuId(id), Uid{1, static_cast<std::uint64_t>(id)}});
    }
    record.min_live = static_cast<std::uint32_t>(prng.between(1, std::min<std::int64_t>(3, count)));
    record.durability = prng.chance(1, 2) ? Durability::fsync : Durability::async;
    return record;
}

std::vector<Node> first_nodes(const PartitionRecord& record) {
    std::vector<Node> nodes(record.replicas.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].spu = record.replicas[i].spu;
        nodes[i].disk.storage = Uid{2, i + 1};
    }
    return nodes;
}

Lineage lineage_of(const std::vector<Rec>& log) {
    Lineage lineage;
    for (std::size_t i = 0; i < log.size(); ++i) {
        note_batch(lineage, log[i].epoch, Offset(static_cast<std::int64_t>(i)));
    }
    return lineage;
}

Offset end_of(const std::vector<Rec>& log) {
    return Offset(static_cast<std::int64_t>(log.size()));
}

}  // namespace

World::World(std::uint64_t seed) : prng_(seed), oracle_(nodes_), sc_(first_record(prng_), oracle_) {
    nodes_ = first_nodes(sc_.record());
    options_.expand_hold = Duration();
    options_.alter_retry = Duration();
    options_.attach_retry_min = Duration();
    options_.attach_retry_max = Duration();
    options_.keepalive = Duration();
    options_.chunk_bytes = 3;
    options_.window_bytes = 6;
    const bool is_fsync = sc_.record().durability == Durability::fsync;
    lossy_crashes_left_ = is_fsync ? ~std::uint64_t{0} : sc_.record().min_live - 1;
    disks_left_ = is_fsync ? 1 : 0;
    for (Node& node : nodes_) {
        start(node);
    }
    sc_.create();
}

void World::start(Node& node) {
    WEIR_ASSERT(node.state == nullptr);
    Sc::Registration registration;
    registration.spu = node.spu;
    registration.clean_boot = std::exchange(node.disk.clean_boot, kNoBoot);
    registration.storage = node.disk.storage;
    registration.known_storage = node.known_storage;
    RecoveredReplica recovered;
    recovered.fence_epoch = node.disk.fence_epoch;
    recovered.log.lineage = lineage_of(node.disk.log);
    recovered.log.leo = end_of(node.disk.log);
    // What a process finds on its disk may still be in the memory of the machine only. The HW is
    // what some checkpoint said.
    recovered.log.durable = Offset(static_cast<std::int64_t>(node.disk.durable));
    recovered.log.hw = Offset(prng_.between(0, std::min(node.hw_seen, recovered.log.leo).value()));
    registration.last_epoch = recovered.log.last_epoch();
    registration.leo = recovered.log.leo;
    const Sc::Admitted admitted = sc_.register_spu(registration);
    node.boot = admitted.boot;
    node.known_storage = node.disk.storage;
    node.state = std::make_unique<ReplicaState>(
        ReplicaIdentity{node.spu, node.boot, kTopic, PartitionId(), admitted.uid}, options_,
        std::move(recovered), now_);
    tell_all();
}

void World::crash(Node& node, CrashKind kind) {
    WEIR_ASSERT(node.state != nullptr);
    ++counts_.crashes;
    node.hw_seen = node.state->log().hw;
    node.state.reset();
    if (kind == CrashKind::orderly) {
        node.disk.durable = node.disk.log.size();
        node.disk.clean_boot = node.boot;
    } else if (kind == CrashKind::power && node.disk.durable < node.disk.log.size()) {
        ++counts_.lossy_crashes;
        const auto kept = prng_.between(static_cast<std::int64_t>(node.disk.durable),
                                        static_cast<std::int64_t>(node.disk.log.size()));
        node.disk.log.resize(static_cast<std::size_t>(kept));
        node.disk.durable = node.disk.log.size();
    }
}

// In order; now and then the process ends between two of them.
void World::perform(Node& node, Effects& effects, const FromPeer* input) {
    // What a leader counts as committed is so even if it dies before it tells anybody.
    for (const Effect& effect : effects) {
        if (const auto* advanced = std::get_if<HwAdvanced>(&effect)) {
            oracle_.hw_advanced(node, advanced->hw);
        }
    }
    for (std::size_t i = 0; i < effects.size() && node.state != nullptr; ++i) {
        if (!is_calm_ && prng_.chance(1, 400)) {
            crash(node, CrashKind::process);
            return;
        }
        const Effect effect = effects[i];
        perform(node, effect, input, effects);
    }
}

void World::perform(Node& node, const Effect& effect, const FromPeer* input, Effects& effects) {
    if (const auto* fence = std::get_if<PersistFence>(&effect)) {
        oracle_.fence_stored(node, fence->epoch);
        node.disk.fence_epoch = fence->epoch;
    } else if (const auto* cut = std::get_if<TruncateLog>(&effect)) {
        ++counts_.truncations;
        node.disk.log.resize(static_cast<std::size_t>(cut->to.value()));
        node.disk.durable = std::min(node.disk.durable, node.disk.log.size());
        oracle_.truncated(node, cut->to, sc_.record(), sc_.spus());
    } else if (std::holds_alternative<WriteBatches>(effect)) {
        WEIR_ASSERT(input != nullptr);
        write_batches(node, *input, effects);
    } else if (const auto* to_peer = std::get_if<ToPeer>(&effect)) {
        oracle_.spoke(node);
        FromPeer content;
        content.message = to_peer->message;
        if (const auto* ack = std::get_if<Ack>(&content.message)) {
            oracle_.acked(node, ack->acked);
        } else if (const auto* append = std::get_if<Append>(&content.message)) {
            for (const BatchMark& batch : append->batches) {
                content.values.push_back(
                    node.disk.log[static_cast<std::size_t>(batch.base.value())].value);
            }
        }
        send({to_peer->to, std::move(content), 0});
    } else if (const auto* to_sc = std::get_if<ToSc>(&effect)) {
        oracle_.spoke(node);
        send({kNoSpu, ForSc{node.spu, to_sc->message}, 0});
    } else if (const auto* alarm = std::get_if<Alarm>(&effect)) {
        oracle_.alarm(node, *alarm);
    }
}

void World::write_batches(Node& node, const FromPeer& input, Effects& effects) {
    const auto& append = std::get<Append>(input.message);
    if (!is_calm_ && prng_.chance(1, 60)) {
        return;  // the disk is full
    }
    for (std::size_t i = 0; i < append.batches.size(); ++i) {
        node.disk.log.push_back({append.batches[i].epoch, input.values[i]});
    }
    node.state->appended(append.batches, moment(), effects);
}

void World::send(Mail mail) {
    if (!is_calm_ && prng_.chance(1, kHoldOneIn)) {
        mail.ready_at = deliveries_ + prng_.below(kHoldMax);
    }
    if (network_.size() >= kMailMax) {
        std::swap(network_[prng_.below(network_.size())], network_.back());
        network_.pop_back();
    }
    network_.push_back(std::move(mail));
}

void World::tell_record(const Node& node) {
    if (node.state == nullptr) {
        return;
    }
    auto message = std::make_shared<LeaderIs>();
    message->sc_epoch = sc_.epoch();
    message->boot = node.boot;
    message->record = sc_.record();
    send({node.spu, FromSc(std::shared_ptr<const LeaderIs>(std::move(message))), 0});
}

void World::tell_all() {
    for (const Node& node : nodes_) {
        tell_record(node);
    }
}

bool World::deliver_one() {
    for (int attempt = 0; attempt < 4 && !network_.empty(); ++attempt) {
        const std::size_t chosen = is_calm_ ? 0 : prng_.below(network_.size());
        if (network_[chosen].ready_at > deliveries_) {
            continue;
        }
        ++deliveries_;
        if (!is_calm_ && prng_.chance(1, 8)) {
            deliver(Mail(network_[chosen]));  // and once more later
            return true;
        }
        Mail mail = std::move(network_[chosen]);
        if (is_calm_) {
            network_.erase(network_.begin());
        } else {
            network_[chosen] = std::move(network_.back());
            network_.pop_back();
        }
        if (is_calm_ || !prng_.chance(1, 10)) {
            deliver(std::move(mail));
        }
        return true;
    }
    ++deliveries_;
    return false;
}

void World::deliver(Mail mail) {
    if (const auto* for_sc = std::get_if<ForSc>(&mail.content)) {
        receive(*for_sc);
        return;
    }
    Node& node = node_of(mail.to);
    if (node.state == nullptr) {
        return;
    }
    touched_ = &node;
    if (const auto* from_peer = std::get_if<FromPeer>(&mail.content)) {
        receive(node, *from_peer);
    } else {
        receive(node, std::get<FromSc>(mail.content));
    }
}

void World::receive(Node& node, const FromPeer& mail) {
    Effects effects;
    node.state->step(mail.message, moment(), effects);
    perform(node, effects, &mail);
}

void World::receive(Node& node, const FromSc& mail) {
    Effects effects;
    if (const auto* leader_is = std::get_if<std::shared_ptr<const LeaderIs>>(&mail)) {
        node.state->step(**leader_is, moment(), effects);
    } else {
        node.state->step(std::get<Probe>(mail), effects);
    }
    perform(node, effects, nullptr);
}

void World::receive(const ForSc& mail) {
    const RecordVersion before = sc_.record().version;
    std::visit([&](const auto& message) { sc_.take(mail.from, message); }, mail.message);
    if (sc_.record().version != before) {
        tell_all();
    } else {
        tell_record(node_of(mail.from));
    }
}

void World::push(Node& node, SpuId follower) {
    const std::optional<Push> push = node.state->next_push(follower, moment());
    if (!push) {
        return;
    }
    std::vector<BatchMark> batches;
    const std::size_t begin = static_cast<std::size_t>(push->base.value());
    for (std::size_t i = begin; i < node.disk.log.size() && batches.size() < push->bytes_max; ++i) {
        const Offset base(static_cast<std::int64_t>(i));
        batches.push_back({base, base + 1, node.disk.log[i].epoch});
    }
    Effects effects;
    node.state->pushed(follower, *push, batches, batches.size(), moment(), effects);
    perform(node, effects, nullptr);
}

void World::sync(Node& node) {
    node.disk.durable = node.disk.log.size();
    Effects effects;
    node.state->synced(end_of(node.disk.log), moment(), effects);
    perform(node, effects, nullptr);
}

void World::tick(Node& node) {
    Effects effects;
    node.state->tick(moment(), effects);
    perform(node, effects, nullptr);
}

}  // namespace weir::replication::model
