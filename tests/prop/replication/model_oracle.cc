#include "tests/prop/replication/model_oracle.h"

#include "core/control/live_sets.h"
#include "core/control/record_check.h"

#include <algorithm>

namespace weir::replication::model {

namespace {

std::string name(SpuId spu) {
    return "SPU " + std::to_string(spu.value());
}

std::size_t index(Offset offset) {
    return static_cast<std::size_t>(offset.value());
}

bool is_current(const Node& node, const control::SpuStates& spus) {
    return node.state != nullptr && control::boot_of(spus, node.spu) == node.boot;
}

bool is_prefix(const std::vector<Rec>& log, const std::vector<Rec>& of) {
    return log.size() <= of.size() && std::equal(log.begin(), log.end(), of.begin());
}

}  // namespace

void Oracle::fail(std::string invariant, std::string text) {
    if (!is_violated()) {
        violation_ = {std::move(invariant), std::move(text)};
    }
}

const Node& Oracle::node_of(SpuId spu) const {
    return *std::find_if(nodes_.begin(), nodes_.end(),
                         [spu](const Node& node) { return node.spu == spu; });
}

bool Oracle::is_complete(const Node& node) const {
    return is_prefix(committed_, node.disk.log);
}

void Oracle::record_written(const PartitionRecord& before, const PartitionRecord& after,
                            const control::SpuStates& spus) {
    if (after.leader_epoch < before.leader_epoch || after.version < before.version) {
        fail("I12", "the record's epoch or version went down");
    }
    if (!control::check_record(after).empty()) {
        fail("I13", std::string(control::to_string(control::check_record(after).front())));
    }
    for (const SpuId spu : after.lrs) {
        if (!control::is_unfenced(spus, spu)) {
            fail("I14", name(spu) + " is fenced and in the LRS");
        }
    }
    const bool same_leader =
        before.leader == after.leader && before.leader_boot == after.leader_boot;
    if (!same_leader && after.leader_epoch == before.leader_epoch) {
        fail("I15", "another leader in the same epoch");
    }
    if (after.version == before.version) {
        fail("I15", "a change without a new version");
    }
    if (!same_leader && after.leader != kNoSpu) {
        const Node& node = node_of(after.leader);
        if (is_current(node, spus) && !is_complete(node)) {
            fail("I2", name(after.leader) + " is elected and lacks what is committed");
        }
    }
    eligible_changed_ = true;
}

void Oracle::produced(const Node& node, Offset at) {
    const Rec& rec = node.disk.log[index(at)];
    const auto [stamper, is_first] =
        stampers_.try_emplace(rec.epoch, std::pair(node.spu, node.boot));
    if (stamper->second != std::pair(node.spu, node.boot)) {
        fail("I6", name(node.spu) + " writes in an epoch of another");
    }
    const auto [value, is_new] = stamped_.try_emplace(std::pair(rec.epoch, at), rec.value);
    if (value->second != rec.value) {
        fail("I7", name(node.spu) + " writes one offset of an epoch twice");
    }
}

void Oracle::hw_advanced(const Node& node, Offset hw) {
    const PartitionRecord& record = node.state->record();
    if (record.lrs.size() < record.min_live) {
        fail("I11", name(node.spu) + " commits with fewer than min_live replicas");
    }
    if (record.durability == Durability::fsync && index(hw) > node.disk.durable) {
        fail("I19", name(node.spu) + " counts what it has not synced");
    }
    for (std::size_t i = 0; i < index(hw); ++i) {
        if (i >= committed_.size()) {
            committed_.push_back(node.disk.log[i]);
            eligible_changed_ = true;
        } else if (committed_[i] != node.disk.log[i]) {
            fail("I1", name(node.spu) + " commits another record at " + std::to_string(i));
            return;
        }
    }
}

void Oracle::fence_stored(const Node& node, LeaderEpoch epoch) {
    if (epoch < node.disk.fence_epoch) {
        fail("I12", "the fence epoch of " + name(node.spu) + " goes down");
    }
}

void Oracle::spoke(const Node& node) {
    if (node.state->record().leader_epoch > node.disk.fence_epoch) {
        fail("I12", name(node.spu) + " acts in an epoch that it has not stored");
    }
}

void Oracle::acked(const Node& node, Offset acked) {
    if (node.state->record().durability == Durability::fsync && index(acked) > node.disk.durable) {
        fail("I19", name(node.spu) + " acknowledges what it has not synced");
    }
}

void Oracle::truncated(const Node& node, Offset to, const PartitionRecord& record,
                       const control::SpuStates& spus) {
    const bool is_eligible = is_current(node, spus) && (control::contains(record.lrs, node.spu) ||
                                                        control::contains(record.elr, node.spu));
    if (is_eligible && index(to) < committed_.size()) {
        fail("I16", name(node.spu) + " is eligible and cuts what is committed");
    }
    eligible_changed_ = true;
}

void Oracle::alarm(const Node& node, const Alarm& alarm) {
    switch (alarm.kind) {
        case AlarmKind::truncation_below_hw:
            fail("I16", name(node.spu) + " would cut its log below its HW");
            return;
        case AlarmKind::metadata_regression:
            fail("I12", name(node.spu) + " sees a follower with a newer epoch");
            return;
        case AlarmKind::lrs_member_out_of_reach:
            fail("I16", name(node.spu) + " can't serve a member of the LRS");
            return;
    }
}

void Oracle::check(const Node* touched, const PartitionRecord& record,
                   const control::SpuStates& spus) {
    if (touched != nullptr && touched->state != nullptr) {
        check_log(*touched);
        check_prefix(*touched);
    }
    for (const Node& node : nodes_) {
        if (node.state != nullptr) {
            check_superset(node, record);
        }
    }
    if (eligible_changed_) {
        eligible_changed_ = false;
        check_eligible(record, spus);
    }
}

void Oracle::check_eligible(const PartitionRecord& record, const control::SpuStates& spus) {
    for (const auto* set : {&record.lrs, &record.elr}) {
        for (const SpuId spu : *set) {
            const Node& node = node_of(spu);
            if (is_current(node, spus) && !is_complete(node)) {
                fail("I3", name(spu) + " is eligible and lacks what is committed");
            }
            const bool is_kept = record.durability == Durability::fsync;
            if (is_kept && committed_.size() > node.disk.durable && is_complete(node)) {
                fail("I24", name(spu) + " is eligible and could lose what is committed");
            }
        }
    }
}

void Oracle::check_superset(const Node& node, const PartitionRecord& record) {
    const LeaderReplica* leader = node.state->leader();
    const PartitionRecord& known = node.state->record();
    if (leader == nullptr || known.leader_epoch != record.leader_epoch ||
        known.lrs.size() < known.min_live) {
        return;
    }
    const SpuSet& maximal = leader->maximal_lrs();
    for (const auto* set : {&record.lrs, &record.elr}) {
        for (const SpuId spu : *set) {
            if (!control::contains(maximal, spu)) {
                fail("I10",
                     name(spu) + " is eligible and " + name(node.spu) + " does not wait for it");
            }
        }
    }
}

void Oracle::check_log(const Node& node) {
    const ReplicaLog& log = node.state->log();
    if (index(log.leo) != node.disk.log.size() || log.hw > log.leo || log.hw < log.log_start) {
        fail("I17", name(node.spu) + ": the ends of its log are wrong");
        return;
    }
    Lineage lineage;
    for (std::size_t i = 0; i < node.disk.log.size(); ++i) {
        const LeaderEpoch epoch = node.disk.log[i].epoch;
        if (epoch < last_epoch(lineage)) {
            fail("I17", name(node.spu) + ": the epochs of its log go down");
            return;
        }
        note_batch(lineage, epoch, Offset(static_cast<std::int64_t>(i)));
    }
    if (lineage != log.lineage) {
        fail("I17", name(node.spu) + ": the lineage is not that of its log");
    }
    const std::size_t hw = index(log.hw);
    if (hw > committed_.size() ||
        !std::equal(committed_.begin(), committed_.begin() + static_cast<std::ptrdiff_t>(hw),
                    node.disk.log.begin())) {
        fail("I8", name(node.spu) + " has something else below its HW");
    }
}

void Oracle::check_prefix(const Node& node) {
    for (const Node& other : nodes_) {
        const bool leads = node.state->leader() != nullptr;
        const Node& leader = leads ? node : other;
        const Node& follower = leads ? other : node;
        if (&other == &node || leader.state == nullptr || follower.state == nullptr ||
            leader.state->leader() == nullptr || follower.state->follower() == nullptr ||
            !follower.state->follower()->is_attached()) {
            continue;
        }
        const PartitionRecord& record = follower.state->record();
        const bool same = record.leader == leader.spu && record.leader_boot == leader.boot &&
                          leader.state->record().leader_epoch == record.leader_epoch;
        if (same && !is_prefix(follower.disk.log, leader.disk.log)) {
            fail("I9", name(follower.spu) + " is attached and not a prefix of " + name(leader.spu));
        }
    }
}

}  // namespace weir::replication::model
