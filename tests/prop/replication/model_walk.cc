// What happens in a walk: produces, deliveries, ticks, faults, and decisions of the SC at random.
#include "core/control/live_sets.h"
#include "tests/prop/replication/model_world.h"

#include <algorithm>
#include <utility>

namespace weir::replication::model {

namespace {

constexpr std::size_t kLogMax = 40;
constexpr int kSettleRounds = 60;
constexpr std::size_t kSettleDeliveriesMax = 400;

}  // namespace

Node& World::any_node() {
    return nodes_[prng_.below(nodes_.size())];
}

void World::walk(std::size_t steps_max) {
    const bool ends_calm = prng_.chance(1, 4);
    while (counts_.steps < steps_max && !oracle_.is_violated()) {
        step();
    }
    if (ends_calm && !oracle_.is_violated()) {
        settle();
    }
    counts_.committed = oracle_.committed_count();
}

void World::step() {
    ++counts_.steps;
    touched_ = nullptr;
    const LeaderEpoch epoch = sc_.record().leader_epoch;
    act(prng_.below(100));
    if (sc_.record().leader_epoch != epoch && sc_.record().leader != kNoSpu) {
        ++counts_.elections;
    }
    oracle_.check(touched_, sc_.record(), sc_.spus());
}

// One that leads, most of the time: the others have little to do on their own.
Node& World::busy_node() {
    Node& first = any_node();
    if (prng_.chance(1, 4)) {
        return first;
    }
    for (Node& node : nodes_) {
        if (node.state != nullptr && node.state->leader() != nullptr && prng_.chance(2, 3)) {
            return node;
        }
    }
    return first;
}

void World::act(std::uint64_t choice) {
    if (choice < 50) {
        deliver_one();
    } else if (choice < 85) {
        act_on_replica(choice);
    } else if (choice < 97) {
        act_on_sc();
    } else {
        fault();
    }
}

void World::act_on_replica(std::uint64_t choice) {
    const bool is_leaders = choice < 74;
    Node& node = is_leaders ? busy_node() : any_node();
    if (node.state == nullptr) {
        if (!is_leaders) {
            start(node);
            touched_ = &node;
        }
        return;
    }
    touched_ = &node;
    if (!is_leaders && !is_assigned(node) &&
        !control::assigned_uid(sc_.record(), node.spu).has_value()) {
        remove(node);
        return;
    }
    if (choice < 60) {
        produce_some(node);
    } else if (choice < 70) {
        push(node, any_node().spu);
    } else if (choice < 78) {
        tick(node);
    } else if (sc_.record().durability == Durability::fsync || prng_.chance(1, 4)) {
        sync(node);
    }
}

void World::produce_some(Node& node) {
    const Isolation isolation =
        prng_.chance(1, 2) ? Isolation::read_committed : Isolation::read_uncommitted;
    if (node.disk.log.size() < kLogMax) {
        produce(node, isolation);
    }
}

void World::act_on_sc() {
    const RecordVersion before = sc_.record().version;
    const std::uint64_t choice = prng_.below(20);
    Node& node = any_node();
    if (choice < 6) {
        if (node.state != nullptr) {
            sc_.unfence(node.spu);
        }
    } else if (choice < 11) {
        sc_.elect();
    } else if (choice < 13) {
        sc_.fence(node.spu);
    } else if (choice < 14) {
        sc_.move_leader(node.spu);
    } else if (choice < 15) {
        sc_.give_up_candidate();
    } else if (choice < 17) {
        if (node.state != nullptr) {
            probe(node);
        }
    } else if (choice < 18) {
        sc_.restart();
        tell_all();
    } else if (choice < 19) {
        reassign();
    } else {
        tell_record(node);
    }
    if (sc_.record().version != before) {
        tell_all();
    }
}

// Begins one, or takes the next step of the one that is under way.
void World::reassign() {
    if (!sc_.record().adding.empty() || !sc_.record().removing.empty()) {
        sc_.settle();
        return;
    }
    if (reassignments_left_ == 0 || prng_.chance(3, 4)) {
        return;
    }
    std::vector<SpuId> target;
    for (const Node& node : nodes_) {
        if (prng_.chance(2, 3)) {
            target.push_back(node.spu);
        }
    }
    const Result<void> begun = sc_.reassign(target);
    if (!begun.has_value()) {
        return;
    }
    --reassignments_left_;
    ++counts_.reassignments;
    for (const AssignedReplica& replica : sc_.record().adding) {
        Node& node = node_of(replica.spu);
        if (node.state == nullptr && node.boot != kNoBoot) {
            assign(node, replica.uid);
        }
    }
}

void World::fault() {
    Node& node = any_node();
    const std::uint64_t choice = prng_.below(9);
    if (choice < 2) {
        // Who has not caught up by now lags.
        now_ = now_ + options_->lag_max * 2;
        return;
    }
    if (node.state == nullptr) {
        return;
    }
    touched_ = &node;
    if (choice < 4) {
        disconnect(node, any_node().spu);
    } else if (choice < 5) {
        end(node, CrashKind::orderly);
    } else if (choice < 6) {
        end(node, CrashKind::process);
    } else if (choice < 8) {
        if (lossy_crashes_left_ > 0) {
            --lossy_crashes_left_;
            end(node, CrashKind::power);
        }
    } else {
        lose_replica(node, prng_.chance(1, 2));
    }
}

// Its disk is replaced, of which the SC hears at once, or its log is found damaged. Only while
// another replica is known to be complete.
void World::lose_replica(Node& node, bool with_disk) {
    const PartitionRecord& record = sc_.record();
    const auto is_other = [&](SpuId spu) { return spu != node.spu; };
    const bool is_safe = std::any_of(record.lrs.begin(), record.lrs.end(), is_other) ||
                         std::any_of(record.elr.begin(), record.elr.end(), is_other);
    if (disks_left_ == 0 || !is_safe) {
        return;
    }
    --disks_left_;
    if (!with_disk) {
        ++counts_.damages;
        find_damage(node);
        return;
    }
    end(node, CrashKind::process);
    node.disk = Disk();
    node.disk.storage = Uid{3, ++last_storage_};
    node.hw_seen = Offset();
    start(node);
}

bool World::is_settled() const {
    const PartitionRecord& record = sc_.record();
    if (record.phase != PartitionPhase::online || record.lrs.size() != record.replicas.size() ||
        !record.adding.empty() || !record.removing.empty()) {
        return false;
    }
    const Node& leader = *std::find_if(nodes_.begin(), nodes_.end(),
                                       [&](const Node& node) { return node.spu == record.leader; });
    return std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
        if (!control::contains(record.lrs, node.spu)) {
            return node.state == nullptr;
        }
        const ReplicaLog& log = node.state->log();
        return node.state->record() == record && log.hw == log.leo &&
               node.disk.log == leader.disk.log;
    });
}

// Both ends of a broken connection find out, in time.
void World::reconnect_all() {
    for (Node& node : nodes_) {
        for (const Node& other : nodes_) {
            if (node.state != nullptr) {
                disconnect(node, other.spu);
            }
        }
    }
}

// Liveness (I30): no more faults, and everything must come to rest, all replicas alike.
void World::settle() {
    is_calm_ = true;
    ++counts_.calms;
    sc_.restart();
    reconnect_all();
    for (int round = 0; round < kSettleRounds && !oracle_.is_violated(); ++round) {
        for (Node& node : nodes_) {
            const bool has_place = control::assigned_uid(sc_.record(), node.spu).has_value();
            if (node.state != nullptr && !has_place) {
                remove(node);
            } else if (node.state != nullptr && node.state->is_suspect() && round % 8 == 7) {
                crash(node, CrashKind::orderly);
            }
            if (node.state == nullptr && (has_place || node.boot == kNoBoot)) {
                start(node);
            }
            sc_.unfence(node.spu);
            if (sc_.record().leader == kNoSpu && node.state != nullptr) {
                probe(node);
            }
        }
        sc_.elect();
        sc_.settle();
        tell_all();
        for (Node& node : nodes_) {
            if (node.state == nullptr) {
                continue;
            }
            sync(node);
            tick(node);
            for (const Node& other : nodes_) {
                push(node, other.spu);
            }
        }
        for (std::size_t i = 0; i < kSettleDeliveriesMax && !network_.empty(); ++i) {
            touched_ = nullptr;
            deliver_one();
            oracle_.check(touched_, sc_.record(), sc_.spus());
        }
        if (is_settled()) {
            return;
        }
    }
    oracle_.fail("I30", "the calm does not come to rest");
}

}  // namespace weir::replication::model
