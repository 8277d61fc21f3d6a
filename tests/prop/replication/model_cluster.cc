#include "tests/prop/replication/model_cluster.h"

#include "core/base/assert.h"
#include "core/control/live_sets.h"

#include <algorithm>
#include <utility>

namespace weir::replication::model {

namespace {

std::vector<Node> first_nodes(std::size_t count) {
    std::vector<Node> nodes(count);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].spu = SpuId(static_cast<std::int32_t>(i) + 1);
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

PartitionRecord first_record(std::size_t replicas, std::uint32_t min_live, Durability durability) {
    PartitionRecord record;
    record.topic_uid = Uid{7, 7};
    record.version = RecordVersion(1);
    for (std::size_t id = 1; id <= replicas; ++id) {
        record.replicas.push_back({SpuId(static_cast<std::int32_t>(id)), Uid{1, id}});
    }
    record.min_live = min_live;
    record.durability = durability;
    return record;
}

ReplicaOptions hasty_options() {
    ReplicaOptions options;
    options.expand_hold = Duration();
    options.alter_retry = Duration();
    options.attach_retry_min = Duration();
    options.attach_retry_max = Duration();
    options.keepalive = Duration();
    options.chunk_bytes = 3;
    options.window_bytes = 6;
    return options;
}

Cluster::Cluster(const PartitionRecord& record, std::size_t spu_count,
                 const ReplicaOptions& options)
    : options_(std::make_shared<const ReplicaOptions>(options)),
      nodes_(first_nodes(spu_count)),
      oracle_(nodes_),
      sc_(record, oracle_) {}

Cluster::Cluster(const Cluster& other)
    : options_(other.options_),
      now_(other.now_),
      nodes_(other.nodes_),
      oracle_(other.oracle_, nodes_),
      sc_(other.sc_, oracle_),
      last_value_(other.last_value_) {}

Node& Cluster::node_of(SpuId spu) {
    return *std::find_if(nodes_.begin(), nodes_.end(),
                         [spu](const Node& node) { return node.spu == spu; });
}

void Cluster::start(Node& node) {
    WEIR_ASSERT(node.state == nullptr);
    Sc::Registration registration;
    registration.spu = node.spu;
    registration.clean_boot = std::exchange(node.disk.clean_boot, kNoBoot);
    registration.storage = node.disk.storage;
    registration.known_storage = node.known_storage;
    RecoveredReplica recovered;
    recovered.fence_epoch = node.disk.fence_epoch;
    recovered.fence_version = node.disk.fence_version;
    recovered.log.lineage = lineage_of(node.disk.log);
    recovered.log.leo = end_of(node.disk.log);
    node.disk.entered.found(recovered.log.leo);
    recovered.log.entered = node.disk.entered;
    // What a process finds on its disk may still be in the memory of the machine only.
    recovered.log.durable = Offset(static_cast<std::int64_t>(node.disk.durable));
    recovered.log.hw = stored_hw(node, std::min(node.hw_seen, recovered.log.leo));
    registration.replica = node.disk.replica;
    registration.last_epoch = newest_epoch(recovered.log.lineage, recovered.log.entered);
    registration.leo = recovered.log.leo;
    const Sc::Admitted admitted = sc_.register_spu(registration);
    node.boot = admitted.boot;
    node.known_storage = node.disk.storage;
    if (admitted.uid.has_value() && *admitted.uid == node.disk.replica) {
        run_rules(node, *admitted.uid, std::move(recovered));
    } else if (admitted.uid.has_value()) {
        assign(node, *admitted.uid);
    }
    tell_all();
}

void Cluster::assign(Node& node, Uid uid) {
    RecoveredReplica recovered;
    recovered.fence_epoch = node.disk.fence_epoch;
    recovered.fence_version = node.disk.fence_version;
    if (node.state != nullptr) {
        node.last_nonce = node.state->last_nonce();
    }
    recovered.last_nonce = node.last_nonce;
    remove(node);
    node.disk.replica = uid;
    run_rules(node, uid, std::move(recovered));
}

void Cluster::remove(Node& node) {
    if (node.state != nullptr) {
        node.last_nonce = node.state->last_nonce();
    }
    node.state.reset();
    node.disk.log.clear();
    node.disk.entered = EnteredEpoch();
    node.disk.durable = 0;
    node.disk.replica = Uid();
    node.hw_seen = Offset();
}

void Cluster::find_damage(Node& node) {
    const ReplicaLog log = node.state->log();
    ProbeAnswer report;
    report.boot = node.boot;
    report.epoch = node.state->record().leader_epoch;
    report.last_epoch = log.last_epoch();
    report.leo = log.leo;
    report.hw = log.hw;
    report.is_healthy = false;
    Effects effects;
    node.state->damaged(effects);
    perform(node, effects, nullptr);
    if (node.state != nullptr) {
        receive(node.spu, ForSc{report});
    }
}

bool Cluster::is_assigned(const Node& node) const {
    return control::assigned_uid(sc_.record(), node.spu) == node.disk.replica;
}

void Cluster::run_rules(Node& node, Uid uid, RecoveredReplica recovered) {
    const Uid topic = sc_.record().topic_uid;
    node.state = std::make_unique<ReplicaState>(
        ReplicaIdentity{node.spu, node.boot, topic, PartitionId(), uid}, *options_,
        std::move(recovered), now_);
}

void Cluster::crash(Node& node, CrashKind kind) {
    WEIR_ASSERT(node.state != nullptr);
    node.hw_seen = node.state->log().hw;
    node.state.reset();
    if (kind == CrashKind::orderly) {
        node.disk.durable = node.disk.log.size();
        node.disk.clean_boot = node.boot;
    } else if (kind == CrashKind::power && node.disk.durable < node.disk.log.size()) {
        node.disk.log.resize(node.disk.durable + kept_by_power_loss(node));
        node.disk.durable = node.disk.log.size();
    }
}

// In order; the process may end between two of them.
void Cluster::perform(Node& node, Effects& effects, const FromPeer* input) {
    // What a leader counts as committed is so even if it dies before it tells anybody.
    for (const Effect& effect : effects) {
        if (const auto* advanced = std::get_if<HwAdvanced>(&effect)) {
            oracle_.hw_advanced(node, advanced->hw);
        }
    }
    for (std::size_t i = 0; i < effects.size() && node.state != nullptr; ++i) {
        if (!may_perform(node, effects[i])) {
            crash(node, CrashKind::process);
            return;
        }
        const Effect effect = effects[i];
        perform(node, effect, input, effects);
    }
}

void Cluster::perform(Node& node, const Effect& effect, const FromPeer* input, Effects& effects) {
    if (const auto* state = std::get_if<PersistState>(&effect)) {
        oracle_.fence_stored(node, state->epoch);
        node.disk.fence_epoch = state->epoch;
        node.disk.fence_version = state->version;
        node.disk.entered = state->entered;
    } else if (const auto* version = std::get_if<NoteVersion>(&effect)) {
        node.disk.fence_version = version->version;
    } else if (const auto* cut = std::get_if<TruncateLog>(&effect)) {
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
        send({node.spu, to_peer->to, std::move(content)});
    } else if (const auto* to_sc = std::get_if<ToSc>(&effect)) {
        oracle_.spoke(node);
        send({node.spu, kNoSpu, ForSc{to_sc->message}});
    } else if (const auto* alarm = std::get_if<Alarm>(&effect)) {
        oracle_.alarm(node, *alarm);
    }
}

void Cluster::write_batches(Node& node, const FromPeer& input, Effects& effects) {
    const auto& append = std::get<Append>(input.message);
    if (!may_write(node)) {
        return;
    }
    for (std::size_t i = 0; i < append.batches.size(); ++i) {
        node.disk.log.push_back({append.batches[i].epoch, input.values[i]});
    }
    node.state->appended(append.batches, moment(), effects);
}

void Cluster::tell_record(const Node& node) {
    if (node.state == nullptr) {
        return;
    }
    auto message = std::make_shared<LeaderIs>();
    message->sc_epoch = sc_.epoch();
    message->boot = node.boot;
    message->record = sc_.record();
    send({kNoSpu, node.spu, FromSc(std::shared_ptr<const LeaderIs>(std::move(message)))});
}

void Cluster::tell_all() {
    for (const Node& node : nodes_) {
        tell_record(node);
    }
}

void Cluster::deliver(Mail mail) {
    if (const auto* for_sc = std::get_if<ForSc>(&mail.content)) {
        receive(mail.from, *for_sc);
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

void Cluster::receive(Node& node, const FromPeer& mail) {
    Effects effects;
    node.state->step(mail.message, moment(), effects);
    perform(node, effects, &mail);
}

void Cluster::receive(Node& node, const FromSc& mail) {
    Effects effects;
    if (const auto* leader_is = std::get_if<std::shared_ptr<const LeaderIs>>(&mail)) {
        const LeaderIs& message = **leader_is;
        const std::optional<Uid> uid = control::assigned_uid(message.record, node.spu);
        if (message.boot == node.boot && uid.has_value() && *uid != node.disk.replica &&
            message.record.version > node.state->record().version) {
            assign(node, *uid);
        }
        node.state->step(message, moment(), effects);
    } else {
        node.state->step(std::get<Probe>(mail), effects);
    }
    perform(node, effects, nullptr);
}

void Cluster::receive(SpuId from, const ForSc& mail) {
    const RecordVersion before = sc_.record().version;
    std::visit([&](const auto& message) { sc_.take(from, message); }, mail.message);
    if (sc_.record().version != before) {
        tell_all();
    } else {
        tell_record(node_of(from));
    }
}

bool Cluster::produce(Node& node, Isolation isolation) {
    if (node.state->may_produce(isolation, moment()) != Permission::granted) {
        return false;
    }
    const Offset base(static_cast<std::int64_t>(node.disk.log.size()));
    const LeaderEpoch epoch = node.state->record().leader_epoch;
    node.disk.log.push_back({epoch, ++last_value_});
    oracle_.produced(node, base);
    Effects effects;
    const BatchMark batch{base, base + 1, epoch};
    node.state->appended({&batch, 1}, moment(), effects);
    perform(node, effects, nullptr);
    return true;
}

void Cluster::disconnect(Node& node, SpuId other) {
    Effects effects;
    node.state->disconnected(other, moment(), effects);
    perform(node, effects, nullptr);
}

void Cluster::probe(const Node& node) {
    const LeaderEpoch next(sc_.record().leader_epoch.value() + 1);
    send({kNoSpu, node.spu, FromSc(Probe{sc_.epoch(), node.boot, next})});
}

void Cluster::push(Node& node, SpuId follower) {
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

void Cluster::sync(Node& node) {
    node.disk.durable = node.disk.log.size();
    Effects effects;
    node.state->synced(end_of(node.disk.log), moment(), effects);
    perform(node, effects, nullptr);
}

void Cluster::tick(Node& node) {
    Effects effects;
    node.state->tick(moment(), effects);
    perform(node, effects, nullptr);
}

}  // namespace weir::replication::model
