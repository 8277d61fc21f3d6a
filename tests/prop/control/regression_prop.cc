// Metadata that are older than the cluster (replication.md 5.14): found whenever an SPU can prove
// it, and adopted into a record that no replica's past contradicts.

#include "core/control/live_sets.h"
#include "core/control/record_check.h"
#include "core/control/regression.h"
#include "tests/support/control_worlds.h"
#include "tests/support/property.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace weir::control {

namespace {

using test::holds;

std::vector<RegisteredReplica> random_replicas(Prng& prng) {
    std::vector<RegisteredReplica> replicas;
    const std::uint64_t count = prng.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
        RegisteredReplica one;
        one.of.topic_uid.low = 7;
        one.report.spu = SpuId(static_cast<std::int32_t>(prng.between(1, 6)));
        one.report.boot = BootEpoch(100 + prng.below(3));
        one.report.uid = test::uid_of(one.report.spu, 1 + prng.below(3));
        one.report.last_epoch = LeaderEpoch(static_cast<std::int32_t>(prng.between(-1, 12)));
        one.report.leo = Offset(prng.between(0, 9));
        one.report.healthy = prng.chance(4, 5);
        one.fence_epoch = LeaderEpoch(static_cast<std::int32_t>(prng.between(-1, 14)));
        one.fence_version = RecordVersion(prng.below(5));
        replicas.push_back(one);
    }
    return replicas;
}

std::string adopted_is_above_all(std::uint64_t seed) {
    Prng prng(seed);
    const PartitionRecord known = test::random_record(prng);
    const std::vector<RegisteredReplica> reported = random_replicas(prng);
    const PartitionRecord record = adopt(known, reported, prng.next());
    const bool usable =
        std::any_of(reported.begin(), reported.end(),
                    [](const RegisteredReplica& one) { return one.report.healthy; });
    const bool has_members = !known.lrs.empty() || !known.elr.empty() || !known.last_known.empty();
    if (!usable && !has_members) {
        return record == known ? "" : "adopted nothing";
    }
    for (const SpuSet* set : {&known.lrs, &known.elr, &known.last_known}) {
        for (const SpuId spu : *set) {
            if (!usable && !contains(record.last_known, spu)) {
                return "a member is forgotten: " + test::to_text(record);
            }
        }
    }
    if (!check_record(record).empty()) {
        return "not good: " + test::to_text(record);
    }
    // So far that a silent one has no epoch as high as this.
    const LeaderEpoch leap{known.leader_epoch.value() + (1 << 10)};
    if (record.leader_epoch < leap || record.version <= known.version) {
        return "went back: " + test::to_text(record);
    }
    for (const RegisteredReplica& one : reported) {
        const bool above =
            one.fence_epoch < record.leader_epoch && one.report.last_epoch < record.leader_epoch;
        const bool member = contains(record.last_known, one.report.spu);
        if (!above || (one.report.healthy && !member)) {
            return "not above or not a member: " + test::to_text(record);
        }
    }
    return record.lrs.empty() && record.elr.empty() ? "" : "believed to be complete";
}

// After the adoption the election has what it needs, and the best reported log wins.
std::string adopted_can_be_led(std::uint64_t seed) {
    Prng prng(seed);
    ElectionInput input;
    PartitionRecord known = test::random_record(prng);
    known.unclean_policy = UncleanPolicy::balanced;
    const std::vector<RegisteredReplica> reported = random_replicas(prng);
    input.record = adopt(known, reported, prng.next());
    LogEnd best;
    for (const RegisteredReplica& one : reported) {
        SpuState state;
        state.boot = one.report.boot;
        state.fenced = false;
        input.spus.try_emplace(one.report.spu, state);
        if (!one.report.healthy) {
            continue;
        }
        ReplicaReport report = one.report;
        report.boot = boot_of(input.spus, report.spu);
        input.reports.push_back(report);
        best = std::max(best, LogEnd{report.last_epoch, report.leo});
    }
    if (input.reports.empty()) {
        return "";
    }
    const ElectionDecision decision = elect(input);
    if (decision.record.leader == kNoSpu || !decision.loss.has_value()) {
        return "not led: " + test::to_text(decision.record);
    }
    return log_end(input, decision.record.leader) == best ? "" : "not the best";
}

std::string found_exactly_when_proven(std::uint64_t seed) {
    Prng prng(seed);
    const std::vector<RegisteredReplica> replicas = random_replicas(prng);
    MetadataView view;
    view.boot_counter = BootEpoch(prng.below(5));
    SpuMemory memory;
    memory.last_boot = BootEpoch(prng.below(5));
    view.sc_epoch = ScEpoch(prng.below(3));
    memory.sc_epoch = ScEpoch(prng.below(3));
    PartitionRef known;
    known.topic_uid.low = 7;
    const bool is_known = prng.chance(3, 4);
    const LeaderEpoch epoch(static_cast<std::int32_t>(prng.between(0, 14)));
    const RecordVersion version(prng.below(4));
    const bool is_of_only_copy = prng.chance(1, 2);
    if (is_known) {
        view.records[known] = {epoch, version, is_of_only_copy};
    } else if (prng.chance(1, 2)) {
        view.tombstones.insert(known.topic_uid);
    }
    std::size_t expected = memory.last_boot > view.boot_counter ? 1 : 0;
    expected += memory.sc_epoch > view.sc_epoch ? 1U : 0U;
    for (const RegisteredReplica& one : replicas) {
        const bool newer = one.fence_epoch > epoch ||
                           (is_of_only_copy && one.report.last_epoch > epoch) ||
                           (one.fence_epoch == epoch && one.fence_version > version);
        const bool proof = is_known ? newer : view.tombstones.empty();
        expected += proof ? 1 : 0;
    }
    const std::size_t found = find_regressions(view, memory, replicas).size();
    return found == expected ? "" : fmt::format("found {} of {}", found, expected);
}

// What is given out while SPUs are silent is above all that a lost history of some hundred changes
// of leader has given out, and only once.
std::string leap_is_far_and_once(std::uint64_t seed) {
    Prng prng(seed);
    const auto most = std::int64_t{std::numeric_limits<std::int32_t>::max()};
    const std::int64_t end = prng.chance(1, 4) ? most - 1 : 1'000'000;
    const LeaderEpoch found(static_cast<std::int32_t>(prng.between(0, end)));
    const LeaderEpoch next = next_epoch(found);
    const LeaderEpoch leapt = leap_over_lost(found, next, prng.next());
    if (leapt < next) {
        return "goes back";
    }
    const bool has_room = found.value() <= most / 2 - (1 << 17);
    if (!has_room) {
        // Counters end somewhere; what is left of them is for changes of leader.
        return leapt == next || leapt.value() <= most / 2 ? "" : "leaps to the end";
    }
    const std::int64_t distance = std::int64_t{leapt.value()} - found.value();
    if (distance < 1 << 10 || distance > 1 << 17) {
        return fmt::format("leaps by {}", distance);
    }
    const LeaderEpoch then = next_epoch(leapt);
    return leap_over_lost(found, then, prng.next()) == then ? "" : "leaps again";
}

}  // namespace

RC_GTEST_PROP(Regression, leap_is_far_and_once, (std::uint64_t seed)) {
    holds(leap_is_far_and_once, seed);
}
RC_GTEST_PROP(Regression, adopted_is_above_all, (std::uint64_t seed)) {
    holds(adopted_is_above_all, seed);
}
RC_GTEST_PROP(Regression, adopted_can_be_led, (std::uint64_t seed)) {
    holds(adopted_can_be_led, seed);
}
RC_GTEST_PROP(Regression, found_exactly_when_proven, (std::uint64_t seed)) {
    holds(found_exactly_when_proven, seed);
}

#ifdef WEIR_MUTANTS
TEST(Regression, FindsThePlantedBugs) {
    test::expect_found({
        {Mutant::epoch_of_silent_reused, leap_is_far_and_once},
        {Mutant::term_of_spu_ignored, found_exactly_when_proven},
        {Mutant::version_of_replica_ignored, found_exactly_when_proven},
    });
}
#endif

}  // namespace weir::control
