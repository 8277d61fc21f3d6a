#include "core/sc/partition_reports.h"

#include "core/control/partition_status.h"

#include <optional>
#include <utility>
#include <vector>

namespace weir::sc {

namespace {

// Nothing that a watcher waits for has changed. Where the log begins changes rarely, and who
// deletes records waits for it.
bool only_offsets_differ(const PartitionStatus& a, const PartitionStatus& b) {
    return a.resolution == b.resolution && a.leader.spu == b.leader.spu &&
           a.replicas.size() == b.replicas.size() && a.live_replica_count == b.live_replica_count &&
           a.base_offset == b.base_offset && (a.size_bytes < 0) == (b.size_bytes < 0);
}

control::LeaderReport leader_report(SpuId spu, const wire::internal::ReplicaReport& report) {
    control::LeaderReport merged;
    merged.leader = spu;
    merged.resolution = report.resolution;
    merged.hw = report.hw;
    merged.leo = report.leo;
    merged.log_start = report.log_start;
    merged.size_bytes = report.size_bytes;
    merged.followers = report.followers;
    return merged;
}

}  // namespace

PartitionSpec spec_under(PartitionSpec spec, const PartitionRecord& record) {
    if (record.leader != kNoSpu) {
        spec.leader = record.leader;
    }
    spec.replicas.clear();
    for (const AssignedReplica& replica : record.replicas) {
        spec.replicas.push_back(replica.spu);
    }
    return spec;
}

PartitionStatus PartitionReports::shown(PartitionStatus status, const PartitionRecord& record,
                                        const std::optional<ReportedLeader>& reported) const {
    const SpuTable::Entry* leader = context_.catalog.find_spu(record.leader);
    const bool is_there =
        leader != nullptr && leader->object.status.resolution == SpuResolution::online;
    const bool has_reported =
        reported.has_value() && reported->epoch == record.leader_epoch && record.leader != kNoSpu;
    return control::under_record(std::move(status), record, is_there,
                                 has_reported ? std::optional(reported->resolution) : std::nullopt);
}

PartitionStatus PartitionReports::current_status(const PartitionTable::Entry& entry) const {
    const auto found = unpublished_.find(entry.object.name);
    const bool valid =
        found != unpublished_.end() && found->second.topic_uid == entry.extra.topic_uid();
    return valid ? found->second.status : entry.object.status;
}

void PartitionReports::put_stored(const PartitionTable::Entry& entry, StoredPartition stored,
                                  std::uint64_t revision) {
    PartitionObject object = entry.object;
    PartitionExtra extra = entry.extra;
    extra.record = std::move(stored.record);
    extra.revision = revision;
    extra.in_doubt = stored.in_doubt;
    object.spec = spec_under(std::move(stored.spec), extra.record);
    object.status = shown(current_status(entry), extra.record, extra.reported);
    unpublished_.erase(object.name);
    context_.catalog.partitions.put(std::move(object), std::move(extra));
}

void PartitionReports::leader_gone(SpuId spu) {
    std::vector<std::string> led;
    for (const auto& [name, entry] : context_.catalog.partitions.entries()) {
        if (entry.object.spec.leader == spu) {
            led.push_back(name);
        }
    }
    for (const std::string& name : led) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
        PartitionObject object = entry->object;
        PartitionExtra extra = entry->extra;
        extra.reported.reset();
        object.status = control::leader_gone(current_status(*entry));
        unpublished_.erase(name);
        context_.catalog.partitions.put(std::move(object), std::move(extra));
    }
}

void PartitionReports::report_one(SpuId spu, const wire::internal::ReplicaReport& report) {
    const std::string name = to_string(report.key);
    const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
    // Of a topic that is gone, of its former life, or from somebody who does not lead.
    if (entry == nullptr || entry->extra.topic_uid() != report.topic_uid ||
        entry->extra.record.leader != spu ||
        entry->extra.record.leader_epoch != report.leader_epoch) {
        context_.env.probe.reached(Sometimes::sc_stale_report);
        return;
    }
    const ReportedLeader reported{report.leader_epoch, report.resolution};
    PartitionStatus status =
        shown(control::merge_report(current_status(*entry), leader_report(spu, report)),
              entry->extra.record, reported);
    const bool same_extra = entry->extra.reported == reported;
    if (same_extra && status == entry->object.status) {
        unpublished_.erase(name);
        return;
    }
    if (same_extra && only_offsets_differ(status, entry->object.status)) {
        Unpublished& later = unpublished_[name];
        later.topic_uid = entry->extra.topic_uid();
        later.status = std::move(status);
        return;
    }
    unpublished_.erase(name);
    PartitionObject object = entry->object;
    PartitionExtra extra = entry->extra;
    object.status = std::move(status);
    extra.reported = reported;
    context_.catalog.partitions.put(std::move(object), std::move(extra));
}

void PartitionReports::report(SpuId spu, const wire::internal::SpuReport& report) {
    const std::uint64_t before = context_.catalog.partitions.epoch();
    const bool waiting_before = offsets_waiting();
    for (const wire::internal::ReplicaReport& replica : report.replicas) {
        report_one(spu, replica);
    }
    // The publisher waits for the notification, too.
    if (context_.catalog.partitions.epoch() != before || offsets_waiting() != waiting_before) {
        context_.catalog.notify();
    }
}

void PartitionReports::publish_offsets() {
    if (unpublished_.empty()) {
        return;
    }
    std::map<std::string, Unpublished> waiting;
    waiting.swap(unpublished_);
    for (auto& [name, later] : waiting) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
        if (entry == nullptr || entry->extra.topic_uid() != later.topic_uid) {
            continue;
        }
        PartitionObject object = entry->object;
        object.status = std::move(later.status);
        context_.catalog.partitions.put(std::move(object), entry->extra);
    }
    context_.catalog.notify();
}

}  // namespace weir::sc
