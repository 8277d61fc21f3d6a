// What the manager of the replicas has to report to the SC.

#include "core/spu/replica_manager.h"

#include <utility>

namespace weir::spu {

using wire::internal::ReplicaRef;
using wire::internal::ReplicaReport;

void ReplicaManager::removed(ReplicaRef ref) {
    removed_.push_back(std::move(ref));
    report_due_.notify_all();
}

void ReplicaManager::note_change(Replica& replica) {
    if (replica.deleted() || replica.linked()) {
        return;
    }
    const bool first = !has_report();
    changed_.push_back(replica);
    if (first) {
        report_due_.notify_all();
    }
}

void ReplicaManager::note_news(Replica& replica) {
    note_change(replica);
    if (has_report() && !has_news_) {
        has_news_ = true;
        report_due_.notify_all();
    }
}

void ReplicaManager::note_all() {
    reported_.clear();
    for (const auto& [key, replica] : replicas_) {
        note_change(*replica);
    }
}

std::vector<ReplicaReport> ReplicaManager::take_reports() {
    has_news_ = false;
    std::vector<ReplicaReport> reports;
    while (!changed_.empty()) {
        std::optional<ReplicaReport> report = changed_.pop_front().report();
        if (!report.has_value()) {
            continue;  // comes when it leads
        }
        const auto told = reported_.find(report->key);
        if (told != reported_.end() && told->second == *report) {
            continue;
        }
        reported_.insert_or_assign(report->key, *report);
        reports.push_back(*std::move(report));
    }
    return reports;
}

std::vector<ReplicaRef> ReplicaManager::take_removed() {
    return std::exchange(removed_, {});
}

void ReplicaManager::return_removed(std::vector<ReplicaRef> removed) {
    removed_.insert(removed_.begin(), removed.begin(), removed.end());
}

void ReplicaManager::note_if_changed(Replica& replica) {
    const auto told = reported_.find(replica.key());
    const auto report = replica.report();
    if (report.has_value() && (told == reported_.end() || !(told->second == *report))) {
        note_change(replica);
    }
}

}  // namespace weir::spu
