// What the SC stores: whether it may, and what it says about the replicas.

#include "runtime/sim/check/record_view.h"
#include "runtime/sim/check/replication_oracle.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::sim {

namespace {

// A version that nobody has decided anything by.
bool is_same_but_version(PartitionRecord before, const PartitionRecord& after) {
    before.version = after.version;
    return before == after;
}

}  // namespace

void ReplicationOracle::found(sc::RecordKind kind, const std::vector<sc::StoreItem>& items) {
    std::set<std::string> names;
    for (const sc::StoreItem& item : items) {
        names.insert(item.name);
        sc::Mutation mutation;
        mutation.key = {kind, item.name};
        mutation.value = item.value.bytes;
        stored(mutation);
    }
    if (kind != sc::RecordKind::partition) {
        return;
    }
    for (auto& [identity, partition] : partitions_) {
        if (partition.record.has_value() && !names.contains(partition.name)) {
            partition.record.reset();
        }
    }
}

void ReplicationOracle::stored(const sc::Mutation& mutation) {
    if (mutation.key.kind == sc::RecordKind::partition) {
        take_partition(mutation.key.name, mutation.value);
    } else if (mutation.key.kind == sc::RecordKind::spu) {
        take_spu(mutation.key.name, mutation.value);
    } else if (mutation.key.kind == sc::RecordKind::cluster) {
        take_cluster(mutation.value);
    }
}

void ReplicationOracle::store_restored() {
    for (auto& [identity, partition] : partitions_) {
        partition.record.reset();
        partition.leaders.clear();
        partition.deposed_ns.clear();
        partition.asked.merge(partition.asked_before);
        partition.asked_before = std::exchange(partition.asked, {});
    }
    names_.clear();
    spus_.clear();
    cluster_.reset();
    terms_.clear();
    is_restored_ = true;
}

void ReplicationOracle::take_cluster(const std::optional<Bytes>& bytes) {
    const auto record = bytes.has_value() ? sc::decode_cluster_record(*bytes)
                                          : Result<sc::ClusterRecord>(fail(ErrorCode::corrupt, ""));
    if (!record.has_value()) {
        return;
    }
    if (cluster_.has_value() &&
        (record->sc_epoch < cluster_->sc_epoch || record->boot_counter < cluster_->boot_counter)) {
        oracle_.report(Invariant::i12_monotone,
                       fmt::format("the SC's epoch and boot counter go from {} and {} to {} and {}",
                                   cluster_->sc_epoch.value(), cluster_->boot_counter.value(),
                                   record->sc_epoch.value(), record->boot_counter.value()));
    }
    cluster_ = *record;
}

void ReplicationOracle::take(HostId host, const TermObeyed& fact) {
    ScEpoch& last = terms_[{host, fact.boot}];
    if (fact.term < last) {
        oracle_.report(Invariant::i12_monotone,
                       fmt::format("{} works for an SC of term {} after one of term {}",
                                   world_.machine(host).name(), fact.term.value(), last.value()));
    }
    last = fact.term;
}

void ReplicationOracle::take_spu(const std::string& name, const std::optional<Bytes>& bytes) {
    if (!bytes.has_value()) {
        spus_.erase(name);
        return;
    }
    const Result<sc::SpuRecord> record = sc::decode_spu_record(*bytes);
    if (!record.has_value()) {
        return;
    }
    const auto known = spus_.find(name);
    if (known != spus_.end() && record->boot < known->second.boot) {
        oracle_.report(Invariant::i12_monotone,
                       fmt::format("the boot of {} goes from {} to {}", name,
                                   known->second.boot.value(), record->boot.value()));
    }
    spus_.insert_or_assign(name, *record);
}

void ReplicationOracle::take(HostId /*host*/, const SilentGivenUp& /*fact*/) {
    for (auto& [identity, partition] : partitions_) {
        // By a record whose members all have nothing any more nobody is to lead until all have
        // come.
        const bool is_held =
            partition.record.has_value() &&
            std::any_of(partition.record->replicas.begin(), partition.record->replicas.end(),
                        [&](const AssignedReplica& one) { return has_any_of(partition, one.spu); });
        if (!partition.is_old || !is_held) {
            continue;
        }
        partition.is_blind = true;
        // Who has led by that record all the time goes on, and does not begin to lead.
        for (auto& [host, replica] : partition.replicas) {
            const bool goes_on = is_running(host, replica) && replica.role == ReplicaRole::leader &&
                                 replica.epoch == partition.record->leader_epoch;
            if (goes_on) {
                lead_after_loss(partition, replica, replica.hw);
            }
        }
    }
}

void ReplicationOracle::take_partition(const std::string& name, const std::optional<Bytes>& bytes) {
    if (!bytes.has_value()) {
        const auto known = names_.find(name);
        if (known != names_.end()) {
            Partition& partition = partitions_[known->second];
            partition.record.reset();
            partition.was_deleted = true;
            names_.erase(known);
        }
        return;
    }
    const Result<sc::StoredPartition> stored = sc::decode_stored_partition(*bytes);
    if (!stored.has_value()) {
        oracle_.report(Invariant::i13_good_record, name + ": its record cannot be decoded");
        return;
    }
    const PartitionRecord& after = stored->record;
    const PartitionIdentity identity{after.topic_uid.high, after.topic_uid.low, after.partition};
    names_.insert_or_assign(name, identity);
    Partition& partition = partitions_[identity];
    partition.name = name;
    partition.number = after.partition;
    const std::optional<PartitionRecord> before = partition.record;
    // By an old record nobody was a candidate.
    const bool was_old = partition.is_old;
    note_age(partition, before, *stored);
    if (before.has_value()) {
        if (stored->in_doubt && after != *before) {
            report(partition, Invariant::i15_discipline, "the record has changed, and is in doubt");
        }
        note_freed(partition, *before, after);
        check_change(partition, *before, after);
        check_unclean(partition, *before, after);
        const bool is_deposed =
            before->leader != kNoSpu &&
            (after.leader != before->leader || after.leader_boot != before->leader_boot);
        if (is_deposed) {
            partition.deposed_ns[Leader{before->leader, before->leader_boot}] = oracle_.now_ns();
        }
    }
    check_record(partition, after);
    if (after.leader != kNoSpu) {
        partition.leaders.insert_or_assign(after.leader_epoch,
                                           Leader{after.leader, after.leader_boot});
    }
    partition.record = after;
    const bool was_whole = before.has_value() && before->lrs.size() == before->replicas.size();
    if (!was_whole && after.lrs.size() == after.replicas.size()) {
        partition.tail_losses.clear();
    }
    if (!partition.is_old) {
        check_members(partition, was_old ? std::nullopt : before, after);
    }
    check_superset(partition);
}

// What lost its place is given up, whatever record comes back.
void ReplicationOracle::note_freed(Partition& partition, const PartitionRecord& before,
                                   const PartitionRecord& after) {
    for (const auto* places : {&before.replicas, &before.adding}) {
        for (const AssignedReplica& place : *places) {
            if (!has_place(after, place)) {
                partition.freed.insert(place.uid.low);
            }
        }
    }
}

// A record that is older than what was stored once comes from a backup. The SC may know that of one
// that looks newer, from what the SPUs have.
void ReplicationOracle::note_age(Partition& partition, const std::optional<PartitionRecord>& before,
                                 const sc::StoredPartition& stored) {
    const PartitionRecord& after = stored.record;
    const auto age = std::tie(after.leader_epoch, after.version);
    if (!before.has_value()) {
        partition.is_old = age < std::tie(partition.newest_epoch, partition.newest_version);
    } else if (!is_same_but_version(*before, after)) {
        partition.is_old = false;
    }
    partition.is_old = partition.is_old || stored.in_doubt;
    if (age > std::tie(partition.newest_epoch, partition.newest_version)) {
        partition.newest_epoch = after.leader_epoch;
        partition.newest_version = after.version;
    }
}

// I3, of those who are candidates since `before`.
void ReplicationOracle::check_members(Partition& partition,
                                      const std::optional<PartitionRecord>& before,
                                      const PartitionRecord& after) {
    for (auto& [host, replica] : partition.replicas) {
        const bool is_new = may_be_elected(after, replica.spu) &&
                            (!before.has_value() || !may_be_elected(*before, replica.spu));
        if (!is_new) {
            continue;
        }
        // A request of its leader from before the loss may still be answered with yes.
        const bool is_back = contains(after.lrs, replica.spu) && is_running(host, replica);
        replica.lost = replica.lost && !is_back;
        replica.is_short = replica.is_short && !is_back;
        if (!is_running(host, replica) || replica.boot == kNoBoot || replica.is_short) {
            continue;
        }
        if (const auto place = lacks(partition, replica)) {
            report(partition, Invariant::i3_candidates,
                   fmt::format("SPU {} may be elected now and lacks what is committed at {}",
                               replica.spu.value(), *place));
        }
    }
}

// I12, I15.
void ReplicationOracle::check_change(const Partition& partition, const PartitionRecord& before,
                                     const PartitionRecord& after) {
    if (after == before) {
        return;
    }
    if (after.leader_epoch < before.leader_epoch || after.version < before.version) {
        report(partition, Invariant::i12_monotone,
               fmt::format("the record goes from epoch {} version {} to {} and {}",
                           before.leader_epoch.value(), before.version.value(),
                           after.leader_epoch.value(), after.version.value()));
    }
    const bool moves = after.leader != before.leader || after.leader_boot != before.leader_boot;
    if (after.version == before.version || (moves && after.leader_epoch == before.leader_epoch)) {
        report(partition, Invariant::i15_discipline,
               fmt::format("the record has changed, and is still of epoch {} version {}",
                           after.leader_epoch.value(), after.version.value()));
    }
}

// I13, I14.
void ReplicationOracle::check_record(const Partition& partition, const PartitionRecord& record) {
    std::set<SpuId> members;
    bool is_good = record.leader == kNoSpu || contains(record.lrs, record.leader);
    for (const SpuSet* set : {&record.lrs, &record.elr, &record.last_known}) {
        for (const SpuId spu : *set) {
            is_good = is_good && is_assigned(record, spu) && members.insert(spu).second;
        }
    }
    // One that is about to be added may be in the LRS already.
    const bool grows = !record.adding.empty();
    const bool has_outsiders = !record.elr.empty() || !record.last_known.empty();
    is_good = (is_good || grows) && !(record.lrs.size() >= record.min_live && has_outsiders);
    if (!is_good) {
        report(partition, Invariant::i13_good_record,
               fmt::format("the record has leader {}, {} live, {} eligible and {} known replicas, "
                           "which do not go together",
                           record.leader.value(), record.lrs.size(), record.elr.size(),
                           record.last_known.size()));
    }
    if (partition.is_old) {
        // Boots are given out, and the SC leaves the record alone.
        return;
    }
    for (const auto& [name, spu] : spus_) {
        if (!has_any_of(partition, spu.spec.id)) {
            // It leads nothing. As long as another SPU may have the partition, the SC waits.
            continue;
        }
        const bool is_stale = record.leader == spu.spec.id && record.leader_boot != spu.boot;
        if (is_stale || (spu.fenced && contains(record.lrs, spu.spec.id))) {
            report(partition, Invariant::i14_fenced_out,
                   fmt::format("{} is in the LRS or leads, and is {}", name,
                               is_stale ? "another process by now" : "taken for gone"));
        }
    }
}

// I23, I24.
void ReplicationOracle::check_unclean(Partition& partition, const PartitionRecord& before,
                                      const PartitionRecord& after) {
    if (before.phase == PartitionPhase::recovering && after.phase != PartitionPhase::recovering &&
        after.lrs.size() < after.min_live) {
        report(partition, Invariant::i23_recovery_marked,
               fmt::format("the recovery counts as over with {} of {} live replicas",
                           after.lrs.size(), after.min_live));
    }
    const bool is_elected = after.leader != kNoSpu && after.leader_epoch != before.leader_epoch;
    const bool is_clean =
        may_be_elected(before, after.leader) || joins_before(partition, before, after);
    if (is_elected && !is_clean && after.replicas.size() == 1) {
        // There is no other copy: what it has is what there is.
        partition.is_recovering = after.durability != Durability::fsync;
    } else if (is_elected && !is_clean) {
        if (after.unclean_policy == UncleanPolicy::never) {
            report(partition, Invariant::i23_recovery_marked,
                   fmt::format("SPU {} is elected from outside of LRS and ELR, which the policy "
                               "forbids",
                               after.leader.value()));
        }
        const bool is_marked =
            after.phase == PartitionPhase::recovering ||
            (after.lrs.size() >= after.min_live && after.phase == PartitionPhase::online);
        if (!is_marked) {
            report(partition, Invariant::i23_recovery_marked,
                   fmt::format("SPU {} is elected from outside of LRS and ELR, and the record does "
                               "not say so",
                               after.leader.value()));
        }
        const bool is_lossy = after.durability != Durability::fsync;
        const auto lost_disks = std::count_if(partition.replicas.begin(), partition.replicas.end(),
                                              [](const auto& entry) { return entry.second.lost; });
        // A member that died before it had a log of a new partition cannot say that it has all of
        // it.
        const bool is_new = partition.committed.end() == 0;
        const bool is_adopted = this->is_adopted(before);
        const bool is_justified = is_new || lost_disks > 0 || is_adopted ||
                                  has_failed_disk(partition, before.last_known) ||
                                  (is_lossy && partition.tail_losses.size() >= before.min_live);
        if (!is_justified) {
            report(partition, Invariant::i24_survival,
                   fmt::format("SPU {} is elected from outside of LRS and ELR after {} lost tails",
                               after.leader.value(), partition.tail_losses.size()));
        }
        check_best_known(partition, before, after.leader);
        // An operator adopts what all SPUs have, and the one that has most has all of it.
        partition.is_recovering = !is_adopted || is_lossy || lost_disks > 0;
    }
}

bool ReplicationOracle::has_any_of(const Partition& partition, SpuId spu) {
    return std::any_of(
        partition.replicas.begin(), partition.replicas.end(),
        [spu](const auto& one) { return one.second.spu == spu && !one.second.lost; });
}

// Who was the last that was live and then could not sync is not known to be complete any more.
bool ReplicationOracle::has_failed_disk(const Partition& partition, const SpuSet& spus) const {
    return std::any_of(partition.replicas.begin(), partition.replicas.end(), [&](const auto& one) {
        return contains(spus, one.second.spu) &&
               world_.machine(one.first).disk_faults().syncs_failed > 0;
    });
}

// Rebuilt by an operator: in a record of the SC's own nobody is known to be complete only when
// disks or tails were lost.
bool ReplicationOracle::is_adopted(const PartitionRecord& record) const {
    return is_restored_ && record.lrs.empty() && record.elr.empty() && !record.last_known.empty();
}

LeaderEpoch ReplicationOracle::newest_epoch(const Replica& replica) {
    const auto& batches = replica.log.batches();
    return batches.empty() ? replica.entered
                           : std::max(replica.entered, LeaderEpoch(batches.back().epoch));
}

// One transaction may hold two changes: the old leader's request that the new one joins, and then
// the election.
bool ReplicationOracle::joins_before(const Partition& partition, const PartitionRecord& before,
                                     const PartitionRecord& after) const {
    const auto key =
        std::make_tuple(before.leader, before.leader_boot, before.leader_epoch, before.version);
    const auto is_asked = [&](const Partition::Asked& all) {
        const auto asked = all.find(key);
        return asked != all.end() && asked->second.lrs.contains(after.leader);
    };
    return after.version.value() > before.version.value() + 1 &&
           (is_asked(partition.asked) || is_asked(partition.asked_before));
}

// I24: of those who may know what was committed the one that knows most is chosen.
void ReplicationOracle::check_best_known(const Partition& partition, const PartitionRecord& before,
                                         SpuId winner) {
    const auto position = [](const Replica& replica) {
        return std::make_pair(newest_epoch(replica), replica.log.end());
    };
    const auto chosen = std::find_if(partition.replicas.begin(), partition.replicas.end(),
                                     [&](const auto& entry) { return entry.second.spu == winner; });
    for (const auto& [host, replica] : partition.replicas) {
        const bool is_useless = replica.lost || replica.damaged;
        if (contains(before.last_known, replica.spu) && !is_useless &&
            chosen != partition.replicas.end() && position(replica) > position(chosen->second)) {
            report(partition, Invariant::i24_survival,
                   fmt::format("SPU {} recovers up to {}, and SPU {}, which was known as well, has "
                               "records up to {}",
                               winner.value(), chosen->second.log.end(), replica.spu.value(),
                               replica.log.end()));
        }
    }
}

// I10, as far as leader and SC speak of the same epoch.
void ReplicationOracle::check_superset(const Partition& partition) {
    if (!partition.record.has_value() || partition.is_old) {
        return;
    }
    const PartitionRecord& record = *partition.record;
    for (const auto& [host, leader] : partition.replicas) {
        if (leader.role != ReplicaRole::leader || leader.epoch != record.leader_epoch ||
            leader.boot != record.leader_boot || !is_running(host, leader) ||
            leader.committed_count < record.min_live) {
            continue;
        }
        for (const SpuSet* set : {&record.lrs, &record.elr}) {
            for (const SpuId spu : *set) {
                if (!leader.maximal.contains(spu)) {
                    report(partition, Invariant::i10_superset,
                           fmt::format("SPU {} may be elected, and SPU {} does not wait for it",
                                       spu.value(), leader.spu.value()));
                }
            }
        }
    }
}

}  // namespace weir::sim
