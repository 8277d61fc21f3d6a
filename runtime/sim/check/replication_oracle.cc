#include "runtime/sim/check/replication_oracle.h"

#include "runtime/sim/check/record_view.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sim {

namespace {

GhostBatch batch_of(const BatchWritten& fact) {
    return GhostBatch{fact.base.value(), fact.next.value(),   fact.epoch.value(), fact.crc,
                      fact.producer_id,  fact.producer_epoch, fact.first_sequence};
}

}  // namespace

bool ReplicationOracle::is_running(HostId host, const Replica& replica) const {
    const Machine& machine = world_.machine(host);
    return replica.open && machine.running() && machine.incarnation() == replica.incarnation;
}

bool ReplicationOracle::is_eligible(const Partition& partition, HostId host,
                                    const Replica& replica) const {
    if (!partition.record.has_value() || partition.is_old || !is_running(host, replica) ||
        replica.boot == kNoBoot || replica.is_short) {
        return false;
    }
    return may_be_elected(*partition.record, replica.spu) &&
           std::any_of(spus_.begin(), spus_.end(), [&replica](const auto& entry) {
               return entry.second.spec.id == replica.spu && entry.second.boot == replica.boot;
           });
}

std::optional<std::int64_t> ReplicationOracle::lacks(const Partition& partition,
                                                     const Replica& replica) const {
    const std::int64_t from = std::max(replica.log_start, partition.committed.start());
    return replica.log.first_difference(partition.committed, from, partition.committed.end());
}

std::optional<TopicIndex> ReplicationOracle::topic_of(const Partition& partition) const {
    const std::size_t dash = partition.name.rfind('-');
    return dash == std::string::npos
               ? std::nullopt
               : oracle_.find_topic(std::string_view(partition.name).substr(0, dash));
}

bool ReplicationOracle::is_promised(const Partition& partition) const {
    const auto topic = topic_of(partition);
    // The budget knows topics of the run only; damage may hit the system's as well.
    const bool is_over =
        topic.has_value() ? oracle_.budget().over(*topic) : oracle_.budget().count() > 0;
    return !partition.is_recovering && !is_over;
}

bool ReplicationOracle::is_judged(const Partition& partition) const {
    return is_promised(partition) && !partition.is_blind;
}

void ReplicationOracle::report(const Partition& partition, Invariant invariant, std::string text) {
    // Whatever an SC decides without those who are silent, they are to be told apart when they
    // come.
    const bool is_of_epochs =
        invariant == Invariant::i6_one_leader || invariant == Invariant::i9_prefix;
    if (is_judged(partition) || (is_of_epochs && is_promised(partition))) {
        oracle_.report(invariant, fmt::format("{}: {}", partition.name, text));
    }
}

ReplicationOracle::Replica* ReplicationOracle::find(HostId host, std::string_view dir,
                                                    Partition** partition) {
    const auto& dirs = dirs_[host];
    const auto found = dirs.find(dir);
    if (found == dirs.end()) {
        return nullptr;
    }
    *partition = &partitions_[found->second];
    // What was appended before its files are dropped may still be written.
    const auto replica = (*partition)->replicas.find(host);
    return replica == (*partition)->replicas.end() ? nullptr : &replica->second;
}

void ReplicationOracle::tell(HostId host, const Fact& fact) {
    // The only one that an SC tells.
    if (spu_hosts_.contains(host) || std::holds_alternative<SilentGivenUp>(fact)) {
        std::visit([this, host](const auto& one) { take(host, one); }, fact);
    }
}

void ReplicationOracle::take(HostId host, const LogOpened& fact) {
    dirs_[host].insert_or_assign(std::string(fact.dir), fact.partition);
    Partition& partition = partitions_[fact.partition];
    Replica& replica = partition.replicas[host];
    Machine& machine = world_.machine(host);
    if (is_running(host, replica)) {
        report(partition, Invariant::i18_one_writer,
               fmt::format("{} opens its log a second time", machine.name()));
    }
    if (replica.open) {
        partition.tail_losses.insert(host);
    }
    replica.incarnation = machine.incarnation();
    replica.open = true;
    replica.boot = kNoBoot;
    replica.role = ReplicaRole::none;
    replica.hw = -1;
    replica.log_start = fact.log_start.value();
    replica.leo = fact.leo.value();
    // Damage that the recovery has not come upon is found when it is read. Until then such a copy
    // counts as what was written.
    replica.log.cut(replica.leo);
    const bool is_known = replica.damaged && replica.log.start() <= replica.log_start &&
                          replica.log.end() == replica.leo;
    if (!is_known) {
        replica.log =
            read_ghost_log(machine.disk_image(), fact.dir, replica.log_start, replica.leo);
    }
    if (replica.log.end() != replica.leo) {
        report(partition, Invariant::i17_order,
               fmt::format("{} opens a log up to {}, its files hold batches up to {}",
                           machine.name(), replica.leo, replica.log.end()));
    }
    const bool keeps = partition.record.has_value() &&
                       partition.record->durability == Durability::fsync && !replica.lost;
    // Damage near the end of the active segment cannot be told from a write that was torn.
    if (keeps && replica.damaged && replica.leo < std::min(replica.acked, replica.active_base)) {
        report(
            partition, Invariant::a14_damage,
            fmt::format("{} cuts its log at {}, where a closed segment is damaged, and takes the "
                        "rest for whole; others count on {}",
                        machine.name(), replica.leo, replica.acked));
    }
    if (keeps && !replica.damaged && replica.leo < replica.acked) {
        report(partition, Invariant::i19_durable_ack,
               fmt::format("{} comes back with a log up to {}, others count on {}", machine.name(),
                           replica.leo, replica.acked));
    }
    const bool is_shorter = keeps && replica.damaged && replica.leo < replica.acked;
    replica.is_short = replica.is_short || is_shorter;
    replica.acked = std::min(replica.acked, replica.leo);
    replica.active_base = 0;
}

void ReplicationOracle::take(HostId host, const LogClosed& fact) {
    Partition* partition = nullptr;
    if (Replica* replica = find(host, fact.dir, &partition)) {
        replica->open = false;
    }
}

void ReplicationOracle::take(HostId host, const BatchWritten& fact) {
    Partition* partition = nullptr;
    Replica* replica = find(host, fact.dir, &partition);
    if (replica == nullptr) {
        return;
    }
    const GhostBatch batch = batch_of(fact);
    const std::string& machine = world_.machine(host).name();
    if (batch.base != replica->log.end() || batch.next <= batch.base) {
        report(*partition, Invariant::i17_order,
               fmt::format("{} writes [{}, {}) behind a log that ends at {}", machine, batch.base,
                           batch.next, replica->log.end()));
        return;
    }
    const auto& before = replica->log.batches();
    if (!before.empty() && before.back().epoch > batch.epoch) {
        report(*partition, Invariant::i17_order,
               fmt::format("{} writes epoch {} at {}, behind epoch {}", machine, batch.epoch,
                           batch.base, before.back().epoch));
    }
    check_sequence(*partition, *replica, batch);
    replica->log.append(batch);
    replica->leo = batch.next;
    if (batch.epoch >= 0) {
        std::vector<GhostBatch>& stamped = partition->stamped[batch.epoch];
        auto known = std::lower_bound(
            stamped.begin(), stamped.end(), batch.base,
            [](const GhostBatch& one, std::int64_t base) { return one.base < base; });
        if (known == stamped.end() || known->base != batch.base) {
            known = stamped.insert(known, batch);
        }
        if (*known != batch) {
            report(*partition, Invariant::i7_lineage,
                   fmt::format("{} writes other records at offset {} of epoch {} than another",
                               machine, batch.base, batch.epoch));
        }
    }
    if (replica->role == ReplicaRole::attached) {
        check_attached(*partition, *replica, batch.base);
    }
}

// What it let others count on before is theirs no more: it answers them after the cut.
void ReplicationOracle::take(HostId host, const CutBegun& fact) {
    Partition* partition = nullptr;
    if (Replica* replica = find(host, fact.dir, &partition)) {
        replica->acked = std::min(replica->acked, fact.all ? 0 : fact.to.value());
    }
}

void ReplicationOracle::take(HostId host, const LogCut& fact) {
    Partition* partition = nullptr;
    Replica* replica = find(host, fact.dir, &partition);
    if (replica == nullptr) {
        return;
    }
    const std::int64_t to = fact.all ? 0 : fact.to.value();
    const std::string& machine = world_.machine(host).name();
    if (to < partition->committed.end() && is_eligible(*partition, host, *replica)) {
        report(*partition, Invariant::i16_clean_cut,
               fmt::format("{} may be elected and cuts its log at {}, below {}, which is committed",
                           machine, to, partition->committed.end()));
    } else if (!fact.all && to < replica->hw && !partition->was_deleted) {
        report(*partition, Invariant::i16_clean_cut,
               fmt::format("{} cuts its log at {}, below its high watermark {}", machine, to,
                           replica->hw));
    }
    if (fact.all) {
        replica->log = GhostLog(fact.to.value());
        replica->log_start = fact.to.value();
    } else {
        replica->log.cut(to);
    }
    replica->leo = fact.to.value();
}

void ReplicationOracle::log_moved(HostId host, const LogPosition& position) {
    Partition* partition = nullptr;
    Replica* replica = find(host, position.dir, &partition);
    if (replica == nullptr) {
        return;
    }
    const std::int64_t start = position.log_start.value();
    // What the replica itself knows to be committed, and what is.
    const std::int64_t committed =
        partition->was_deleted ? position.committed.value()
                               : std::min(position.committed.value(), partition->committed.end());
    if (start > replica->log_start && start > committed) {
        report(
            *partition, Invariant::i28_retention,
            fmt::format("{} deletes up to {}, but only {} is committed{}",
                        world_.machine(host).name(), start, committed,
                        committed < partition->committed.end() ? ", for all that it knows" : ""));
    }
    replica->log_start = start;
}

void ReplicationOracle::take(HostId host, const PositionAcked& fact) {
    Partition* partition = nullptr;
    if (Replica* replica = find(host, fact.dir, &partition)) {
        replica->acked = std::max(replica->acked, fact.acked.value());
    }
}

void ReplicationOracle::take(HostId host, const LrsAsked& fact) {
    Partition& partition = partitions_[fact.partition];
    const auto key = std::make_tuple(fact.spu, fact.boot, fact.epoch, fact.version);
    const Request request{fact.content, {fact.lrs.begin(), fact.lrs.end()}, oracle_.now_ns()};
    const auto known = partition.asked.try_emplace(key, request).first;
    if (known->second.content != fact.content) {
        report(partition, Invariant::i29_one_request,
               fmt::format("{} asks for two changes of the LRS of version {}",
                           world_.machine(host).name(), fact.version.value()));
    }
}

void ReplicationOracle::take(HostId host, const ClientServed& fact) {
    const Partition& partition = partitions_[fact.partition];
    // A single replica rides through.
    if (!partition.record.has_value() || partition.record->replicas.size() == 1) {
        return;
    }
    const PartitionRecord& record = *partition.record;
    if (record.leader == fact.spu && record.leader_boot == fact.boot) {
        return;
    }
    const auto deposed = partition.deposed_ns.find(Leader{fact.spu, fact.boot});
    const std::int64_t late_ns =
        deposed == partition.deposed_ns.end() ? INT64_MAX : oracle_.now_ns() - deposed->second;
    if (late_ns > lease_.ns() && !is_restored_) {
        report(partition, Invariant::i20_stale_leader,
               fmt::format("{} serves a client, {} ms after it was deposed",
                           world_.machine(host).name(), late_ns / 1'000'000));
    }
}

void ReplicationOracle::take(HostId host, const ReplicaDropped& fact) {
    Partition& partition = partitions_[fact.partition];
    // A deletion goes on although a backup has brought the partition back.
    if (partition.record.has_value() && !partition.was_deleted) {
        for (const auto* places : {&partition.record->replicas, &partition.record->adding}) {
            for (const AssignedReplica& place : *places) {
                if (place.spu == fact.spu && place.uid.low == fact.replica_uid_low &&
                    !partition.freed.contains(fact.replica_uid_low)) {
                    report(partition, Invariant::i22_identity,
                           fmt::format("{} deletes its replica, which is assigned to it",
                                       world_.machine(host).name()));
                }
            }
        }
    }
    // What is still told of its files concerns nobody.
    std::erase_if(dirs_[host], [&](const auto& entry) { return entry.second == fact.partition; });
    partition.replicas.erase(host);
    if (partition.was_deleted) {
        partition.committed = GhostLog();
        partition.stamped.clear();
        partition.acked.clear();
    }
}

void ReplicationOracle::take(HostId host, const ReplicaMoved& fact) {
    Partition& partition = partitions_[fact.partition];
    Replica& replica = partition.replicas[host];
    const bool is_new_life = replica.boot != fact.boot || replica.hw < 0;
    if (replica.uid != fact.replica_uid_low) {
        replica.uid = fact.replica_uid_low;
        replica.fence = kNoEpoch;
        replica.entered = kNoEpoch;
    }
    check_order(partition, replica, fact);
    replica.spu = fact.spu;
    replica.boot = fact.boot;
    replica.fence = fact.fence_epoch;
    replica.entered = fact.entered_epoch;
    const ReplicaRole role_before = is_new_life ? ReplicaRole::none : replica.role;
    const bool is_new_role = role_before != fact.role || replica.epoch != fact.epoch;
    replica.role = fact.role;
    replica.epoch = fact.epoch;
    replica.committed_count = static_cast<std::uint32_t>(fact.committed_lrs.size());
    // It seldom changes.
    if (!std::equal(replica.maximal.begin(), replica.maximal.end(), fact.maximal_lrs.begin(),
                    fact.maximal_lrs.end())) {
        replica.maximal = {fact.maximal_lrs.begin(), fact.maximal_lrs.end()};
    }
    if (fact.role == ReplicaRole::leader) {
        check_leader(partition, host, replica, fact, is_new_role);
    } else if (fact.role == ReplicaRole::attached && is_new_role) {
        check_attached(partition, replica, replica.log_start);
    }
    const std::int64_t hw = hw_of(partition, replica, fact);
    if (hw > replica.hw) {
        check_commit(partition, host, replica, fact, hw);
    }
    replica.hw = hw;
    if (fact.role == ReplicaRole::leader) {
        check_commit_time(partition, replica, fact);
    }
}

}  // namespace weir::sim
