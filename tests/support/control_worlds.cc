#include "tests/support/control_worlds.h"

#include "core/control/live_sets.h"
#include "core/control/record_check.h"

#include <fmt/core.h>

#include <limits>
#include <string>
#include <utility>

namespace weir::test {

using namespace control;

namespace {

BootEpoch first_boot(SpuId spu) {
    return BootEpoch(100 + static_cast<std::uint64_t>(spu.value()));
}

SpuSet random_subset(Prng& prng, const SpuSet& from, std::uint64_t of_four) {
    SpuSet set;
    for (const SpuId spu : from) {
        if (prng.chance(of_four, 4)) {
            set.push_back(spu);
        }
    }
    return set;
}

SpuSet assigned(const PartitionRecord& record) {
    SpuSet all;
    for (const auto* places : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *places) {
            insert(all, replica.spu);
        }
    }
    return all;
}

// 1 to 8 in a random order.
std::vector<SpuId> shuffled_ids(Prng& prng) {
    std::vector<SpuId> ids;
    for (std::int32_t id = 1; id <= 8; ++id) {
        const std::uint64_t place = prng.below(ids.size() + 1);
        ids.insert(ids.begin() + static_cast<std::ptrdiff_t>(place), SpuId(id));
    }
    return ids;
}

AssignedReplica place(SpuId spu) {
    AssignedReplica replica;
    replica.spu = spu;
    replica.uid = uid_of(spu);
    return replica;
}

void fill_sets(Prng& prng, PartitionRecord& record) {
    const SpuSet all = assigned(record);
    if (prng.chance(1, 5)) {
        record.last_known = random_subset(prng, all, 1 + prng.below(4));
        return;
    }
    record.lrs = random_subset(prng, all, prng.below(5));
    if (record.lrs.size() < record.min_live) {
        record.elr = random_subset(prng, difference(all, record.lrs), prng.below(4));
        const SpuSet rest = difference(difference(all, record.lrs), record.elr);
        record.last_known = random_subset(prng, rest, prng.below(5));
    }
}

void fill_leader(Prng& prng, PartitionRecord& record) {
    record.leader_epoch = LeaderEpoch(static_cast<std::int32_t>(prng.between(0, 9)));
    record.version = RecordVersion(prng.below(20));
    const bool recovering = record.lrs.size() < record.min_live && prng.chance(1, 3);
    if (record.lrs.empty() || prng.chance(1, 3)) {
        const bool searching = prng.chance(1, 2);
        record.phase = searching ? PartitionPhase::election : PartitionPhase::offline;
    } else {
        record.leader = record.lrs[prng.below(record.lrs.size())];
        record.leader_boot = first_boot(record.leader);
        const bool found = prng.chance(1, 3);
        record.phase = found ? PartitionPhase::candidate_found : PartitionPhase::online;
    }
    if (recovering) {
        record.phase = PartitionPhase::recovering;
    }
}

ReplicaReport random_report(Prng& prng, SpuId spu, const SpuStates& spus) {
    ReplicaReport one;
    one.spu = spu;
    one.boot = prng.chance(9, 10) ? boot_of(spus, spu) : BootEpoch(prng.below(3));
    one.uid = uid_of(spu, prng.chance(9, 10) ? 1 : 2);
    one.last_epoch = LeaderEpoch(static_cast<std::int32_t>(prng.between(-1, 2)));
    one.leo = Offset(prng.between(0, 5));
    one.healthy = prng.chance(9, 10);
    return one;
}

}  // namespace

SpuSet spus(std::initializer_list<int> ids) {
    SpuSet set;
    for (const int id : ids) {
        set.emplace_back(id);
    }
    return set;
}

Uid uid_of(SpuId spu, std::uint64_t generation) {
    Uid uid;
    uid.high = static_cast<std::uint64_t>(spu.value());
    uid.low = generation;
    return uid;
}

PartitionRecord online_record(std::initializer_list<int> ids) {
    PartitionRecord record;
    record.topic_uid.low = 7;
    for (const int id : ids) {
        record.replicas.push_back(place(SpuId(id)));
        insert(record.lrs, SpuId(id));
    }
    record.leader = record.replicas.front().spu;
    record.leader_boot = first_boot(record.leader);
    record.leader_epoch = LeaderEpoch(5);
    record.version = RecordVersion(10);
    record.min_live = 2;
    record.phase = PartitionPhase::online;
    return record;
}

SpuStates unfenced(std::initializer_list<int> ids) {
    SpuStates states;
    for (const int id : ids) {
        SpuState state;
        state.boot = first_boot(SpuId(id));
        state.fenced = false;
        states[SpuId(id)] = state;
    }
    return states;
}

ReplicaReport report(int id, int last_epoch, int leo) {
    ReplicaReport one;
    one.spu = SpuId(id);
    one.boot = first_boot(one.spu);
    one.uid = uid_of(one.spu);
    one.last_epoch = LeaderEpoch(last_epoch);
    one.leo = Offset(leo);
    return one;
}

ElectionInput election(const PartitionRecord& record) {
    ElectionInput input;
    input.record = record;
    for (const SpuId spu : assigned(record)) {
        SpuState state;
        state.boot = first_boot(spu);
        state.fenced = false;
        input.spus[spu] = state;
        input.reports.push_back(report(spu.value(), 5, 100));
    }
    return input;
}

PartitionRecord random_record(Prng& prng) {
    const std::vector<SpuId> ids = shuffled_ids(prng);
    const std::uint64_t replica_count = prng.below(5) + 1;
    const std::uint64_t adding_count = prng.chance(1, 4) ? prng.below(3) : 0;
    PartitionRecord record;
    record.topic_uid.low = 7;
    for (std::uint64_t i = 0; i < replica_count + adding_count; ++i) {
        auto& places = i < replica_count ? record.replicas : record.adding;
        places.push_back(place(ids[i]));
    }
    if (adding_count > 0 || prng.chance(1, 8)) {
        for (std::uint64_t i = 0; i + 1 < replica_count; ++i) {
            if (prng.chance(1, 2)) {
                insert(record.removing, ids[i]);
            }
        }
    }
    record.min_live = static_cast<std::uint32_t>(prng.below(replica_count) + 1);
    const std::uint64_t durability = prng.below(3);
    record.durability = static_cast<Durability>(durability);
    const std::uint64_t policy = prng.below(3);
    record.unclean_policy = static_cast<UncleanPolicy>(policy);
    fill_sets(prng, record);
    fill_leader(prng, record);
    return record;
}

SpuStates random_spus(Prng& prng, const PartitionRecord& record) {
    SpuStates states;
    SpuSet ids = assigned(record);
    insert(ids, SpuId(9));
    insert(ids, SpuId(10));
    const std::uint64_t fenced_of_eight = prng.below(6);
    for (const SpuId spu : ids) {
        if (prng.chance(1, 20)) {
            continue;
        }
        SpuState state;
        state.boot = first_boot(spu);
        state.fenced = prng.chance(fenced_of_eight, 8);
        state.draining = prng.chance(1, 8);
        states[spu] = state;
    }
    return states;
}

ElectionInput random_election(Prng& prng) {
    ElectionInput input;
    input.record = random_record(prng);
    input.spus = random_spus(prng, input.record);
    const std::uint64_t reporting_of_eight = 5 + prng.below(4);
    for (const SpuId spu : assigned(input.record)) {
        if (prng.chance(reporting_of_eight, 8)) {
            input.reports.push_back(random_report(prng, spu, input.spus));
        }
        if (prng.chance(1, 10)) {
            input.reports.insert(input.reports.begin(), random_report(prng, spu, input.spus));
        }
        if (prng.chance(1, 10)) {
            insert(input.tried, spu);
        }
        if (prng.chance(1, 2)) {
            input.leader_counts[spu] = static_cast<std::uint32_t>(prng.below(3));
        }
    }
    input.known_end = Offset(prng.between(0, 8));
    input.grace_is_over = prng.chance(1, 2);
    return input;
}

AlterLrs random_alter(Prng& prng, const PartitionRecord& record, const SpuStates& states) {
    AlterLrs request;
    request.leader = record.leader;
    request.boot = record.leader_boot;
    request.epoch = record.leader_epoch;
    request.version = record.version;
    request.lrs = random_subset(prng, assigned(record), 1 + prng.below(4));
    insert(request.lrs, record.leader);
    for (const SpuId spu : difference(request.lrs, record.lrs)) {
        AddedMember added;
        added.spu = spu;
        added.uid = uid_of(spu, prng.chance(15, 16) ? 1 : 2);
        added.boot = boot_of(states, spu);
        if (prng.chance(1, 8)) {
            added.boot = BootEpoch(added.boot.value() - 1);
        }
        request.added.push_back(added);
    }
    switch (prng.below(16)) {
        case 0: request.leader = SpuId(9); break;
        case 1: request.boot = BootEpoch(request.boot.value() + 1); break;
        case 2: request.epoch = LeaderEpoch(request.epoch.value() - 1); break;
        case 3: request.version = RecordVersion(request.version.value() - 1); break;
        case 4: request.version = RecordVersion(request.version.value() + 1); break;
        case 5: erase(request.lrs, record.leader); break;
        case 6: request.lrs.push_back(request.lrs.front()); break;
        case 7: insert(request.lrs, SpuId(9)); break;
        case 8: request.added.clear(); break;
        default: break;
    }
    return request;
}

PartitionRecord spoil(Prng& prng, PartitionRecord record) {
    const SpuId any = record.replicas[prng.below(record.replicas.size())].spu;
    switch (prng.below(16)) {
        case 0: record.replicas.clear(); break;
        case 1: record.replicas.push_back(record.replicas.front()); break;
        case 2: record.replicas.front().uid = Uid(); break;
        case 3: insert(record.removing, SpuId(9)); break;
        case 4: record.adding.push_back(record.replicas.back()); break;
        case 5: record.lrs.push_back(SpuId(-5)); break;
        case 6: record.lrs.insert(record.lrs.end(), {any, any}); break;
        case 7: insert(record.elr, SpuId(9)); break;
        case 8: insert(record.last_known, SpuId(9)); break;
        case 9:
            insert(record.elr, any);
            insert(record.last_known, any);
            break;
        case 10:
            insert(record.lrs, any);
            insert(record.elr, any);
            break;
        case 11: record.leader = SpuId(9); break;
        case 12: record.leader_boot = BootEpoch(record.leader == kNoSpu ? 1 : 0); break;
        case 13: record.min_live = 0; break;
        case 14: record.leader_epoch = LeaderEpoch(std::numeric_limits<std::int32_t>::max()); break;
        default: record.version = RecordVersion(std::numeric_limits<std::uint64_t>::max()); break;
    }
    return record;
}

std::string broken_by(const PartitionRecord& before, const PartitionRecord& after) {
    const std::string both =
        fmt::format("\n  before {}\n  after  {}", to_text(before), to_text(after));
    if (!check_record(before).empty()) {
        return "the record was not good before" + both;
    }
    for (const RecordFault fault : check_record(after)) {
        return fmt::format("I13: {}{}", control::to_string(fault), both);
    }
    const bool led_otherwise =
        before.leader != after.leader || before.leader_boot != after.leader_boot;
    const std::int32_t epochs = after.leader_epoch.value() - before.leader_epoch.value();
    const std::uint64_t versions = after.version.value() - before.version.value();
    if (epochs < 0 || epochs > 1 || (led_otherwise && epochs != 1)) {
        return "I12, I15: the epoch" + both;
    }
    if (versions != (before == after ? 0 : 1)) {
        return "I12, I15: the version" + both;
    }
    return {};
}

std::string to_text(const PartitionRecord& record) {
    const auto list = [](const SpuSet& set) {
        std::string text;
        for (const SpuId spu : set) {
            text += fmt::format("{}{}", text.empty() ? "" : ",", spu.value());
        }
        return "{" + text + "}";
    };
    const auto places = [](const std::vector<AssignedReplica>& replicas) {
        std::string text;
        for (const AssignedReplica& replica : replicas) {
            text += fmt::format("{}{}.{}", text.empty() ? "" : ",", replica.spu.value(),
                                replica.uid.low);
        }
        return "[" + text + "]";
    };
    return fmt::format(
        "{} adding {} removing {} leader {} boot {} epoch {} version {} lrs {} elr {} last_known "
        "{} min_live {} policy {} phase {}",
        places(record.replicas), places(record.adding), list(record.removing),
        record.leader.value(), record.leader_boot.value(), record.leader_epoch.value(),
        record.version.value(), list(record.lrs), list(record.elr), list(record.last_known),
        record.min_live, static_cast<int>(record.unclean_policy), static_cast<int>(record.phase));
}

}  // namespace weir::test
