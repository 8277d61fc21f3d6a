#include "core/spu/replica_manager.h"

#include "core/base/mutant.h"
#include "core/env/dawdle.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace weir::spu {

using wire::internal::ReplicaAssignment;
using wire::internal::ReplicaRef;
using wire::internal::ReplicaReport;

namespace {

// Logs that are opened at the same time: enough to overlap their waits for the disk.
constexpr std::size_t kOpenersMax = 8;

std::optional<std::uint64_t> parse_hex64(std::string_view digits) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        std::uint64_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint64_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<std::uint64_t>(c - 'a') + 10;
        } else {
            return std::nullopt;
        }
        value = value << 4 | digit;
    }
    return value;
}

// The SC checks names; this keeps a faulty one from reaching outside of the folder all the same.
bool is_safe_name(std::string_view topic) {
    return !topic.empty() && topic.find('/') == std::string_view::npos &&
           topic.find('\0') == std::string_view::npos && topic[0] != '.';
}

}  // namespace

std::string replica_folder_name(const ReplicaRef& replica) {
    return fmt::format("{}.{}", to_string(replica.key), to_string(replica.topic_uid));
}

std::optional<ReplicaRef> parse_replica_folder_name(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || name.size() - dot != 33) {
        return std::nullopt;
    }
    const auto high = parse_hex64(name.substr(dot + 1, 16));
    const auto low = parse_hex64(name.substr(dot + 17, 16));
    const auto key = parse_replica_key(name.substr(0, dot));
    if (!high.has_value() || !low.has_value() || !key.has_value()) {
        return std::nullopt;
    }
    ReplicaRef ref;
    ref.key = *key;
    ref.topic_uid.high = *high;
    ref.topic_uid.low = *low;
    return ref;
}

ReplicaManager::ReplicaManager(Context& context, std::string dir)
    : context_(context),
      logger_(context.logger("spu.replicas")),
      dir_(std::move(dir)),
      report_due_(context.env.executor),
      background_(context.env.executor) {}

Task<Result<void>> ReplicaManager::start() {
    WEIR_CO_CHECK(co_await context_.env.disk.create_directories(dir_));
    WEIR_CO_CHECK(co_await log::Log::destroy_leftovers(context_.env, dir_));
    WEIR_CO_TRY(const std::vector<DirectoryEntry> entries, co_await context_.env.disk.list(dir_));
    for (const DirectoryEntry& entry : entries) {
        const auto ref = parse_replica_folder_name(entry.name);
        if (entry.is_directory && ref.has_value()) {
            unclaimed_.emplace(*ref, std::nullopt);
        }
    }
    co_return Result<void>();
}

void ReplicaManager::apply(const wire::internal::Assignments& change) {
    for (const ReplicaRef& ref : change.removed_replicas) {
        drop(ref);
    }
    if (change.full) {
        set_unlisted_aside(change);
    }
    for (const ReplicaAssignment& assignment : change.replicas) {
        assign(assignment);
    }
    if (change.full) {
        note_orphans();
    }
    start_openers();
}

void ReplicaManager::assign(const ReplicaAssignment& assignment) {
    if (!is_safe_name(assignment.key.topic)) {
        WEIR_LOG(logger_, error, "the SC assigned a replica of a topic with an impossible name");
        return;
    }
    const auto found = replicas_.find(assignment.key);
    if (found != replicas_.end()) {
        if (found->second->topic_uid() == assignment.topic_uid) {
            found->second->update(assignment);
            note_change(*found->second);
            return;
        }
        context_.env.probe.reached(Sometimes::spu_recreated);
        drop(ReplicaRef{found->second->key(), found->second->topic_uid()});
    }
    const ReplicaRef ref{assignment.key, assignment.topic_uid};
    claimed_any_ = unclaimed_.erase(ref) > 0 || claimed_any_;
    auto replica = std::make_shared<Replica>(
        context_, fmt::format("{}/{}", dir_, replica_folder_name(ref)), assignment);
    replicas_.insert_or_assign(assignment.key, replica);
    to_open_.push_back(std::move(replica));
}

void ReplicaManager::drop(const ReplicaRef& ref) {
    const auto found = replicas_.find(ref.key);
    if (found != replicas_.end() && found->second->topic_uid() == ref.topic_uid) {
        std::shared_ptr<Replica> replica = found->second;
        replicas_.erase(found);
        reported_.erase(ref.key);
        replica->unlink();
        replica->mark_deleted();
        background_.spawn(remove_replica(std::move(replica)));
        return;
    }
    if (unclaimed_.erase(ref) > 0) {
        background_.spawn(remove_folder(ref));
        return;
    }
    // Nothing of it is here, which is what the SC wants to hear.
    removed(ref);
}

void ReplicaManager::set_unlisted_aside(const wire::internal::Assignments& change) {
    std::set<ReplicaRef> listed;
    for (const ReplicaAssignment& assignment : change.replicas) {
        listed.insert(ReplicaRef{assignment.key, assignment.topic_uid});
    }
    std::vector<std::shared_ptr<Replica>> unlisted;
    for (const auto& [key, replica] : replicas_) {
        if (!listed.contains(ReplicaRef{key, replica->topic_uid()})) {
            unlisted.push_back(replica);
        }
    }
    for (std::shared_ptr<Replica>& replica : unlisted) {
        replicas_.erase(replica->key());
        reported_.erase(replica->key());
        replica->unlink();
        replica->mark_deleted();
        // The same SC has assigned it before.
        claimed_any_ = true;
        background_.spawn(set_aside(std::move(replica)));
    }
}

Task<void> ReplicaManager::set_aside(std::shared_ptr<Replica> replica) {
    const Result<void> closed = co_await replica->close();
    if (!closed.has_value()) {
        WEIR_LOG(logger_, warn, "{}: {}", replica->dir(), to_string(closed.error()));
    }
    const auto now = replicas_.find(replica->key());
    const bool is_back = now != replicas_.end() && now->second->topic_uid() == replica->topic_uid();
    if (!is_back) {
        unclaimed_.emplace(ReplicaRef{replica->key(), replica->topic_uid()}, std::nullopt);
        note_orphans();
    }
}

// Folders that no assignment wants. A topic that was deleted while this SPU was away leaves such a
// folder; so does an SC whose metadata were restored from a backup, and it cannot be told which. An
// SC that knows none of what is here is another one, or has lost everything: then their time does
// not even begin.
void ReplicaManager::note_orphans() {
    const bool known =
        claimed_any_ || std::any_of(unclaimed_.begin(), unclaimed_.end(), [this](const auto& one) {
            return context_.cluster.has_topic(one.first.key.topic, one.first.topic_uid);
        });
    if (!known && !unclaimed_.empty()) {
        WEIR_LOG(logger_, warn,
                 "{} replicas in {} belong to no topic that the SC knows; they are kept",
                 unclaimed_.size(), dir_);
        return;
    }
    for (auto& [ref, since] : unclaimed_) {
        if (!since.has_value()) {
            WEIR_LOG(logger_, warn,
                     "the SC does not list {} (topic {}) any more; it is kept for "
                     "{} s",
                     to_string(ref.key), to_string(ref.topic_uid),
                     context_.config.unlisted_grace.s());
            since = context_.env.clock.now();
        }
    }
    if (mutant(Mutant::unlisted_deleted_at_once)) {
        drop_old_orphans();
    }
}

void ReplicaManager::drop_old_orphans() {
    const Instant now = context_.env.clock.now();
    for (auto at = unclaimed_.begin(); at != unclaimed_.end();) {
        const auto& [ref, since] = *at;
        const bool is_old = since.has_value() && now - *since >= context_.config.unlisted_grace;
        if (!is_old && !(since.has_value() && mutant(Mutant::unlisted_deleted_at_once))) {
            ++at;
            continue;
        }
        WEIR_LOG(logger_, info, "{} is deleted: the SC has not listed it for {} s",
                 to_string(ref.key), (now - *since).s());
        context_.env.probe.reached(Sometimes::spu_orphan_removed);
        background_.spawn(remove_folder(ref));
        at = unclaimed_.erase(at);
    }
}

void ReplicaManager::start_openers() {
    while (opener_count_ < std::min(kOpenersMax, to_open_.size())) {
        ++opener_count_;
        background_.spawn(open_assigned());
    }
}

Task<void> ReplicaManager::open_assigned() {
    while (!to_open_.empty() && !background_.token().cancelled()) {
        if (mutant(Mutant::order_by_address)) {
            std::sort(to_open_.begin(), to_open_.end());
        }
        const std::shared_ptr<Replica> replica = std::move(to_open_.front());
        to_open_.pop_front();
        if (replica->deleted()) {
            continue;
        }
        if (context_.env.probe.fault(FaultPoint::spu_open_late)) {
            co_await dawdle(context_.env, background_.token());
        }
        const auto opened = co_await replica->open_log();
        WEIR_MAYBE(opened.has_value());  // either way the SC wants to know
        note_change(*replica);
    }
    --opener_count_;
}

Task<void> ReplicaManager::remove_replica(std::shared_ptr<Replica> replica) {
    if (context_.env.probe.fault(FaultPoint::spu_removal_late)) {
        co_await dawdle(context_.env, background_.token());
    }
    const Result<void> result = co_await replica->remove();
    if (!result.has_value()) {
        WEIR_LOG(logger_, error, "the files of {} could not be deleted: {}",
                 to_string(replica->key()), to_string(result.error()));
        co_return;
    }
    removed(ReplicaRef{replica->key(), replica->topic_uid()});
}

Task<void> ReplicaManager::remove_folder(ReplicaRef ref) {
    const Result<void> result = co_await log::Log::destroy(
        context_.env, fmt::format("{}/{}", dir_, replica_folder_name(ref)));
    if (!result.has_value()) {
        WEIR_LOG(logger_, error, "the files of {} could not be deleted: {}", to_string(ref.key),
                 to_string(result.error()));
        co_return;
    }
    removed(std::move(ref));
}

void ReplicaManager::removed(ReplicaRef ref) {
    removed_.push_back(std::move(ref));
    report_due_.notify_all();
}

std::shared_ptr<Replica> ReplicaManager::find(std::string_view topic,
                                              std::uint32_t partition) const {
    const auto found = replicas_.find(KeyView{topic, partition});
    return found == replicas_.end() ? nullptr : found->second;
}

std::shared_ptr<Replica> ReplicaManager::find_leader(std::string_view topic,
                                                     std::uint32_t partition) const {
    std::shared_ptr<Replica> replica = find(topic, partition);
    return replica != nullptr && replica->leads() ? replica : nullptr;
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

void ReplicaManager::note_all() {
    reported_.clear();
    for (const auto& [key, replica] : replicas_) {
        note_change(*replica);
    }
}

std::vector<ReplicaReport> ReplicaManager::take_reports() {
    std::vector<ReplicaReport> reports;
    while (!changed_.empty()) {
        const Replica& replica = changed_.pop_front();
        if (!replica.leads()) {
            continue;
        }
        std::optional<ReplicaReport> report = replica.report();
        if (!report.has_value()) {
            continue;  // comes when it has been opened
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

Task<void> ReplicaManager::run_upkeep(CancelToken token) {
    while (true) {
        const std::int64_t divisor =
            context_.env.probe.fault(FaultPoint::spu_upkeep_early) ? 100 : 1;
        const Duration interval = Duration::from_ns(context_.config.tick_interval.ns() / divisor);
        const Result<void> slept =
            co_await sleep_for(context_.env.clock, context_.env.executor, interval, token);
        if (!slept.has_value()) {
            co_return;
        }
        drop_old_orphans();
        // By key: the map may change at each wait.
        std::optional<ReplicaKey> at;
        while (!token.cancelled()) {
            const auto next = at.has_value() ? replicas_.upper_bound(*at) : replicas_.begin();
            if (next == replicas_.end()) {
                break;
            }
            at = next->first;
            const std::shared_ptr<Replica> replica = next->second;
            const std::shared_ptr<log::Log> log = replica->log_if_open();
            if (log == nullptr) {
                continue;
            }
            const Result<void> ticked = co_await log->tick(log->committed_end());
            if (!ticked.has_value() && !replica->deleted()) {
                WEIR_LOG(logger_, warn, "upkeep of {}: {}", to_string(replica->key()),
                         to_string(ticked.error()));
            }
            note_if_changed(*replica);
        }
    }
}

Task<Result<void>> ReplicaManager::close() {
    co_await background_.close();
    Result<void> first;
    while (!replicas_.empty()) {
        const std::shared_ptr<Replica> replica = replicas_.begin()->second;
        replicas_.erase(replicas_.begin());
        replica->unlink();
        const Result<void> closed = co_await replica->close();
        if (!closed.has_value()) {
            WEIR_LOG(logger_, error, "{} was not closed in order: {}", to_string(replica->key()),
                     to_string(closed.error()));
            if (first.has_value()) {
                first = closed;
            }
        }
    }
    co_return first;
}

}  // namespace weir::spu
