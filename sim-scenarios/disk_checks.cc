#include "sim-scenarios/disk_checks.h"

#include "core/spu/replica_manager.h"
#include "runtime/sim/check/segment_path.h"
#include "sim-scenarios/payload.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

namespace weir::sim {

namespace {

// How much longer than its bound an acknowledgement may stay unsynced: a sync under way, another
// one before it, and the time that the process takes.
constexpr std::int64_t kBoundedSlackSyncs = 40;
constexpr std::int64_t kBoundedSlackMs = 20;
constexpr std::int64_t kRecoveredNs = 1'000'000'000;

Oracle::RecoveredLog recovered_from(const InspectedLog& log) {
    Oracle::RecoveredLog recovered;
    recovered.log_start = log.log_start;
    recovered.leo = log.leo;
    for (const Bytes& value : log.values) {
        recovered.records.push_back(decode_payload(value));
    }
    return recovered;
}

}  // namespace

std::uint32_t DiskChecks::replication_factor(TopicIndex topic) const {
    const auto place = std::find(run_.topics.begin(), run_.topics.end(), topic);
    return place == run_.topics.end()
               ? scenario_.workload.churn_replicas
               : scenario_.topics[static_cast<std::size_t>(place - run_.topics.begin())]
                     .replication_factor;
}

bool DiskChecks::stays_alone(TopicIndex topic) const {
    return replication_factor(topic) == 1 && !scenario_.workload.moves_interval.has_value();
}

bool DiskChecks::over_budget(const Machine& machine) const {
    const SpuMachine* spu = cluster_.spu_of(machine);
    const auto disk = spu == nullptr ? disks_.end() : disks_.find(spu->id);
    return disk != disks_.end() && disk->second.damaged;
}

bool DiskChecks::charge_disk(SpuMachine& spu) {
    const HostId host = spu.machine->host();
    if (!replication_.may_lose_disk(host)) {
        return false;
    }
    replication_.disk_lost(host);
    for (const auto& [key, leader] : run_.leaders) {
        const bool has_it = leader == spu.id || !stays_alone(key.first);
        if (has_it && replication_factor(key.first) == 1) {
            oracle_.budget().charge(key.first, key.second);
        }
    }
    disk_of(spu).damaged = true;
    return true;
}

bool DiskChecks::charge(Machine& machine, std::string_view path) {
    SpuMachine* spu = cluster_.spu_of(machine);
    if (spu == nullptr) {
        return false;
    }
    if (path.empty()) {
        return charge_disk(*spu);
    }
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
        return false;
    }
    const std::string_view dir = path.substr(0, slash);
    const auto ref = spu::parse_replica_folder_name(last_part(dir));
    if (!ref.has_value()) {
        return false;
    }
    bool& damaged = disk_of(*spu).damaged;
    for (const TopicIndex topic : run_.topics) {
        if (oracle_.topic_name(topic) == ref->key.topic && replication_factor(topic) > 1) {
            // One copy of several may be damaged, again and again, and nothing is lost.
            const bool charged = oracle_.budget().charge_copy(topic, ref->key.partition, spu->id);
            damaged = damaged || charged;
            if (charged) {
                replication_.copy_damaged(machine.host(), dir);
            }
            return charged;
        }
        if (oracle_.topic_name(topic) == ref->key.topic) {
            oracle_.budget().charge(topic, ref->key.partition);
            damaged = true;
            return true;
        }
    }
    return false;
}

// Whether nothing in the scenario keeps an SPU from a sync that is due, but for its end.
bool DiskChecks::sync_in_time() const {
    return std::all_of(scenario_.faults.begin(), scenario_.faults.end(), [](const auto& spec) {
        return spec.target == Role::spu && spec.peer == Role::client &&
               (spec.kind == FaultKind::crash || spec.kind == FaultKind::power_loss ||
                spec.kind == FaultKind::restart || spec.kind == FaultKind::reset);
    });
}

Oracle::Allowance DiskChecks::allowance(const SpuMachine& spu, PartitionRef ref, Uid uid) const {
    Oracle::Allowance allowed;
    if (oracle_.over_budget(ref)) {
        allowed.from = 0;
        return allowed;
    }
    const auto known = disks_.find(spu.id);
    // Only a power loss loses anything (`synced_end` is empty otherwise), and only where an
    // acknowledgement does not wait for the sync.
    if (scenario_.durability == Durability::fsync || known == disks_.end() ||
        !known->second.power_lost) {
        return allowed;
    }
    const Disk& disk = known->second;
    if (scenario_.durability == Durability::bounded && disk.syncing && sync_in_time()) {
        allowed.acked_ns = oracle_.now_ns() - log_config_.bounded_delay_max.ns() -
                           kBoundedSlackSyncs * scenario_.sync_time_max().ns() -
                           kBoundedSlackMs * 1'000'000;
    }
    allowed.from = 0;
    const auto synced = disk.synced_end.find(uid);
    if (synced != disk.synced_end.end()) {
        const auto end = synced->second.find(ref.partition);
        allowed.from = end == synced->second.end() ? 0 : end->second;
    }
    return allowed;
}

// So that only whole segments were removed.
void DiskChecks::check_log_start(PartitionRef ref, std::int64_t log_start) {
    const SpuMachine* spu = cluster_.leader_of(ref);
    // Who leads a partition changes, but of a single replica that is not moved; an operator deletes
    // inside segments, too.
    if (spu == nullptr || log_start <= 0 || !stays_alone(ref.topic) ||
        scenario_.workload.deletion_interval.has_value()) {
        return;
    }
    const std::string& topic = oracle_.topic_name(ref.topic);
    bool begins = false;
    bool inside = false;
    for (const auto& [path, node] : spu->machine->disk_image().files()) {
        const auto segment = parse_segment_path(path);
        if (!segment.has_value()) {
            continue;
        }
        const auto replica = spu::parse_replica_folder_name(last_part(segment->dir));
        if (replica.has_value() && replica->key.topic == topic &&
            replica->key.partition == ref.partition) {
            begins = begins || segment->base == log_start;
            inside = inside || segment->base < log_start;
        }
    }
    if (inside && !begins) {
        oracle_.report(Invariant::a16_retention,
                       fmt::format("{}-{} starts at {}, which is inside a segment", topic,
                                   ref.partition, log_start));
    }
}

void DiskChecks::before_power_loss(Machine& machine) {
    SpuMachine* spu = cluster_.spu_of(machine);
    if (spu == nullptr) {
        return;
    }
    // What is certainly on the platter: what remains when everything unsynced is lost.
    DiskImage image = machine.disk_image().clone();
    Draws unused{Prng(0)};
    image.power_loss(unused, LossMode::all);
    Disk& disk = disk_of(*spu);
    disk.power_lost = true;
    disk.syncing = machine.running() && oracle_.now_ns() - disk.boot_ns > kRecoveredNs;
    disk.synced_end.clear();
    for (const WalkedLog& log : walk_logs(image, "data/")) {
        disk.synced_end[log.identity.uid][log.identity.partition] = log.end;
    }
}

void DiskChecks::after_power_loss(Machine& machine) {
    if (SpuMachine* spu = cluster_.spu_of(machine)) {
        inspect(*spu, "after a power loss");
    }
}

void DiskChecks::before_boot(Machine& machine) {
    SpuMachine* spu = cluster_.spu_of(machine);
    if (spu == nullptr) {
        return;
    }
    Disk& disk = disk_of(*spu);
    disk.boot_ns = oracle_.now_ns();
    if (!disk.damaged) {
        return;
    }
    for (const auto& [path, node] : machine.disk_image().files()) {
        if (const auto segment = parse_segment_path(path)) {
            replication_.segment_found(machine.host(), segment->dir, Offset(segment->base));
        }
    }
    // Damage shows when a log is recovered: from then on the oracle knows what is left.
    if (oracle_.violations().empty()) {
        inspect(*spu, "before a start");
    }
}

std::optional<TopicIndex> DiskChecks::topic_of(const InspectedLog& log) {
    // Of those of its name the latest: records that were meant for the one before may be in it.
    std::optional<TopicIndex> latest;
    for (const Bytes& value : log.values) {
        latest = std::max(latest, oracle_.topic_of(decode_payload(value)));
    }
    if (latest.has_value()) {
        topic_of_uid_.emplace(log.identity.uid, *latest);
        return latest;
    }
    const auto known = topic_of_uid_.find(log.identity.uid);
    if (known != topic_of_uid_.end()) {
        return known->second;
    }
    // Topics of the scenario exist once: their name is enough.
    const auto ref = spu::parse_replica_folder_name(last_part(log.dir));
    for (const TopicIndex topic : run_.topics) {
        if (ref.has_value() && oracle_.topic_name(topic) == ref->key.topic) {
            return topic;
        }
    }
    return std::nullopt;
}

// Of a log that cannot be opened: what it holds once all of its sectors can be read again.
void DiskChecks::accept_what_is_left(const SpuMachine& spu, PartitionRef ref,
                                     const InspectedLog& log) {
    if (!log.open_error.has_value()) {
        oracle_.accept_loss(ref, recovered_from(log));
        return;
    }
    DiskImage mended = spu.machine->disk_image().clone();
    for (const auto& [path, node] : mended.files()) {
        node->mend_sectors();
    }
    for (const InspectedLog& left : inspect_logs(mended, "data/", log_config_)) {
        if (left.dir == log.dir && !left.open_error.has_value()) {
            oracle_.accept_loss(ref, recovered_from(left));
        }
    }
}

void DiskChecks::check_inspected(SpuMachine& spu, const InspectedLog& log, const char* when,
                                 FoundLogs& found) {
    if (log.dir.find(kConsumerOffsetTopic) != std::string::npos) {
        return;
    }
    const std::optional<TopicIndex> topic = topic_of(log);
    if (topic.has_value() && oracle_.deleted(*topic)) {
        return;
    }
    if (topic.has_value()) {
        found[{*topic, log.identity.partition}] = true;
    }
    const std::string where = fmt::format("{}: {} {}", spu.machine->name(), log.dir, when);
    if (topic.has_value() && may_be_damaged(spu, {*topic, log.identity.partition})) {
        return;
    }
    const bool over =
        topic.has_value() && oracle_.over_budget(PartitionRef{*topic, log.identity.partition});
    if (over && (log.open_error.has_value() || log.read_error.has_value())) {
        // Detected, which is all that can be asked for.
        accept_what_is_left(spu, PartitionRef{*topic, log.identity.partition}, log);
        return;
    }
    if (log.open_error.has_value()) {
        oracle_.report(Invariant::a13_recovery, fmt::format("{} cannot be recovered: {}", where,
                                                            to_string(*log.open_error)));
        return;
    }
    if (!log.second_difference.empty()) {
        oracle_.report(Invariant::a13_recovery, fmt::format("{}: recovery is not idempotent: {}",
                                                            where, log.second_difference));
    }
    // A topic that nobody was told of yet is a churn's.
    const bool has_others =
        (topic.has_value() ? replication_factor(*topic) : scenario_.workload.churn_replicas) > 1;
    const auto& synced_end = disk_of(spu).synced_end;
    const auto synced = synced_end.find(log.identity.uid);
    if (synced != synced_end.end()) {
        const auto end = synced->second.find(log.identity.partition);
        // A follower may have been about to sync a cut; what others count on is I19's.
        if (end != synced->second.end() && log.leo < end->second && !over && !has_others) {
            oracle_.report(
                Invariant::a13_recovery,
                fmt::format("{}: recovery ends at {}, but everything below {} was synced", where,
                            log.leo, end->second));
        }
    }
    if (log.read_error.has_value()) {
        oracle_.report(Invariant::a14_damage,
                       fmt::format("{}: recovery accepted what cannot be read: {}", where,
                                   to_string(*log.read_error)));
        return;
    }
    // One copy of several may lag behind or hold what was never committed: what was promised about
    // all of them shows in what is read.
    if (topic.has_value() && stays_alone(*topic)) {
        const PartitionRef ref{*topic, log.identity.partition};
        oracle_.recovered(ref, recovered_from(log), allowance(spu, ref, log.identity.uid));
    }
}

DiskChecks::FoundLogs DiskChecks::inspect(SpuMachine& spu, const char* when) {
    FoundLogs found;
    for (const InspectedLog& log : inspect_logs(spu.machine->disk_image(), "data/", log_config_)) {
        check_inspected(spu, log, when, found);
    }
    // A partition without any log must not have promised anything.
    for (const auto& [key, leader] : run_.leaders) {
        if (leader == spu.id && !found.contains(key) && !oracle_.deleted(key.first) &&
            stays_alone(key.first)) {
            const PartitionRef ref{key.first, key.second};
            oracle_.recovered(ref, Oracle::RecoveredLog(), allowance(spu, ref, Uid()));
        }
    }
    disk_of(spu).synced_end.clear();
    disk_of(spu).power_lost = false;
    return found;
}

void DiskChecks::check_copies() {
    if (scenario_.durability != Durability::fsync) {
        return;
    }
    std::map<std::pair<TopicIndex, std::uint32_t>, std::vector<Oracle::RecoveredLog>> copies;
    for (SpuMachine& spu : cluster_.spus()) {
        for (const InspectedLog& log :
             inspect_logs(spu.machine->disk_image(), "data/", log_config_)) {
            const std::optional<TopicIndex> topic = topic_of(log);
            if (topic.has_value() && !log.open_error.has_value() && !log.read_error.has_value()) {
                copies[{*topic, log.identity.partition}].push_back(recovered_from(log));
            }
        }
    }
    for (const TopicIndex topic : run_.topics) {
        for (std::uint32_t i = 0; i < oracle_.partition_count(topic); ++i) {
            if (!stays_alone(topic)) {
                oracle_.copies(PartitionRef{topic, i}, copies[{topic, i}]);
            }
        }
    }
}

void DiskChecks::check_unlisted(const FoundLogs& found) {
    for (const TopicIndex topic : run_.unlisted_topics) {
        for (std::uint32_t i = 0; i < oracle_.partition_count(topic); ++i) {
            if (!found.contains({topic, i})) {
                oracle_.recovered(PartitionRef{topic, i}, Oracle::RecoveredLog(),
                                  Oracle::Allowance());
            }
        }
    }
}

}  // namespace weir::sim
