#include "core/spu/replica_manager.h"

#include "core/base/mutant.h"
#include "core/env/dawdle.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::spu {

using wire::internal::ReplicaAssignment;
using wire::internal::ReplicaRef;

namespace {

// Logs that are opened at the same time: enough to overlap their waits for the disk.
constexpr std::size_t kOpenersMax = 8;
// Of a log found at the start whose disk fails.
constexpr int kOpenTriesMax = 5;
constexpr Duration kBeginningMax = Duration::from_s(2);
constexpr Duration kOpenRetryInterval = Duration::from_ms(200);

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
      files_changed_(context.env.executor),
      peers_changed_(context.env.executor),
      begun_(context.env.executor),
      report_due_(context.env.executor),
      background_(context.env.executor) {}

Task<Result<void>> ReplicaManager::start() {
    WEIR_CO_CHECK(co_await context_.env.disk.create_directories(dir_));
    WEIR_CO_CHECK(co_await log::Log::destroy_leftovers(context_.env, dir_));
    WEIR_CO_TRY(const std::vector<DirectoryEntry> entries, co_await context_.env.disk.list(dir_));
    for (const DirectoryEntry& entry : entries) {
        const auto ref = parse_replica_folder_name(entry.name);
        if (entry.is_directory && ref.has_value()) {
            auto replica = std::make_shared<Replica>(context_, *this,
                                                     fmt::format("{}/{}", dir_, entry.name), *ref);
            unclaimed_.emplace(*ref, Unclaimed{replica, std::nullopt});
            to_open_.push_back(std::move(replica));
        }
    }
    start_openers();
    co_return Result<void>();
}

Task<Result<void>> ReplicaManager::wait_opened(CancelToken token) {
    while (!to_open_.empty() || opener_count_ > 0) {
        WEIR_CO_CHECK(co_await files_changed_.wait(token));
    }
    co_return Result<void>();
}

std::vector<wire::internal::StoredReplica> ReplicaManager::stored() const {
    std::vector<wire::internal::StoredReplica> all;
    const auto add = [&all](const Replica& replica) {
        auto stored = replica.stored();
        if (stored.has_value()) {
            all.push_back(*std::move(stored));
        }
    };
    for (const auto& [ref, unclaimed] : unclaimed_) {
        add(*unclaimed.replica);
    }
    for (const auto& [key, replica] : replicas_) {
        add(*replica);
    }
    return all;
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
    was_told_ = true;
    check_begun();
}

void ReplicaManager::doubts_changed() {
    for (const auto& [key, replica] : replicas_) {
        replica->obey();
    }
}

void ReplicaManager::check_begun() {
    if (was_told_ && !begun_.is_set() &&
        std::all_of(replicas_.begin(), replicas_.end(),
                    [](const auto& entry) { return entry.second->is_settled(); })) {
        begun_.set();
    }
}

Task<void> ReplicaManager::end_beginning(CancelToken token) {
    const Result<void> slept =
        co_await sleep_for(context_.env.clock, context_.env.executor, kBeginningMax, token);
    if (slept.has_value()) {
        begun_.set();
    }
}

void ReplicaManager::assign(const ReplicaAssignment& assignment) {
    if (!is_safe_name(assignment.key.topic)) {
        WEIR_LOG(logger_, error, "the SC assigned a replica of a topic with an impossible name");
        return;
    }
    const ReplicaRef ref{assignment.key, assignment.record.topic_uid};
    const auto found = replicas_.find(assignment.key);
    if (found != replicas_.end() && found->second->topic_uid() == ref.topic_uid) {
        found->second->assign(assignment);
        note_change(*found->second);
        return;
    }
    if (found != replicas_.end()) {
        // The SC says first that the former one is gone, but there must never be two.
        drop(found->second->ref());
    }
    const auto former = removing_.lower_bound(ReplicaRef{assignment.key, Uid()});
    if (former != removing_.end() && former->key == assignment.key) {
        context_.env.probe.reached(Sometimes::spu_recreated);
    }
    std::shared_ptr<Replica> replica;
    const auto stored = unclaimed_.find(ref);
    if (stored != unclaimed_.end()) {
        replica = stored->second.replica;
        unclaimed_.erase(stored);
        claimed_any_ = true;
    } else {
        replica = std::make_shared<Replica>(
            context_, *this, fmt::format("{}/{}", dir_, replica_folder_name(ref)), ref);
        replica->begins_empty();
    }
    replicas_.insert_or_assign(assignment.key, replica);
    by_partition_.insert_or_assign(replica->partition(), replica);
    replica->assign(assignment);
}

void ReplicaManager::drop(const ReplicaRef& ref) {
    std::shared_ptr<Replica> replica;
    const auto found = replicas_.find(ref.key);
    const auto stored = unclaimed_.find(ref);
    if (found != replicas_.end() && found->second->topic_uid() == ref.topic_uid) {
        replica = found->second;
        replicas_.erase(found);
        by_partition_.erase(replica->partition());
        reported_.erase(ref.key);
    } else if (stored != unclaimed_.end()) {
        replica = stored->second.replica;
        unclaimed_.erase(stored);
    } else {
        // Nothing of it is here, which is what the SC wants to hear.
        removed(ref);
        return;
    }
    replica->unlink();
    replica->mark_deleted();
    removing_.insert(ref);
    background_.spawn(remove_replica(std::move(replica)));
}

void ReplicaManager::start_openers() {
    while (opener_count_ < std::min(kOpenersMax, to_open_.size())) {
        ++opener_count_;
        background_.spawn(open_stored());
    }
}

Task<void> ReplicaManager::open_stored() {
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
        co_await open_or_give_up(*replica);
        note_news(*replica);
    }
    --opener_count_;
    files_changed_.notify_all();
}

// The SC takes a replica that is not open for one without its data, for good. So a disk that fails
// now and then is asked again before anything is said; one that always fails is not waited for.
Task<void> ReplicaManager::open_or_give_up(Replica& replica) {
    for (int tries = 1;; ++tries) {
        const auto opened = co_await replica.open_log();
        const bool may_pass = !opened.has_value() && opened.error().code != ErrorCode::corrupt;
        if (!may_pass || replica.deleted() || tries == kOpenTriesMax) {
            co_return;
        }
        const Result<void> slept = co_await sleep_for(context_.env.clock, context_.env.executor,
                                                      kOpenRetryInterval, background_.token());
        if (!slept.has_value()) {
            co_return;
        }
    }
}

Task<Result<void>> ReplicaManager::open(std::shared_ptr<Replica> replica) {
    const CancelToken token = background_.token();
    while (opening_count_ >= kOpenersMax || removing_.contains(replica->ref())) {
        WEIR_CO_CHECK(co_await files_changed_.wait(token));
    }
    ++opening_count_;
    if (context_.env.probe.fault(FaultPoint::spu_open_late)) {
        co_await dawdle(context_.env, token);
    }
    const auto opened = co_await replica->open_log();
    --opening_count_;
    files_changed_.notify_all();
    if (!opened.has_value()) {
        co_return fail(opened.error());
    }
    co_return Result<void>();
}

Task<void> ReplicaManager::remove_replica(std::shared_ptr<Replica> replica) {
    if (context_.env.probe.fault(FaultPoint::spu_removal_late)) {
        co_await dawdle(context_.env, background_.token());
    }
    const Result<void> result = co_await replica->remove();
    removing_.erase(replica->ref());
    files_changed_.notify_all();
    if (!result.has_value()) {
        WEIR_LOG(logger_, error, "the files of {} could not be deleted: {}",
                 to_string(replica->key()), to_string(result.error()));
        co_return;
    }
    removed(replica->ref());
}

std::shared_ptr<Replica> ReplicaManager::find(std::string_view topic,
                                              std::uint32_t partition) const {
    const auto found = replicas_.find(KeyView{topic, partition});
    return found == replicas_.end() ? nullptr : found->second;
}

std::shared_ptr<Replica> ReplicaManager::find(const wire::internal::PartitionRef& partition) const {
    const auto found = by_partition_.find(partition);
    return found == by_partition_.end() ? nullptr : found->second;
}

std::shared_ptr<Replica> ReplicaManager::find_leader(std::string_view topic,
                                                     std::uint32_t partition) const {
    std::shared_ptr<Replica> replica = find(topic, partition);
    return replica != nullptr && replica->leads() ? replica : nullptr;
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
            const Result<void> ticked = co_await replica->upkeep();
            if (!ticked.has_value() && !replica->deleted()) {
                WEIR_LOG(logger_, warn, "upkeep of {}: {}", to_string(replica->key()),
                         to_string(ticked.error()));
            }
            note_if_changed(*replica);
        }
    }
}

void ReplicaManager::role_changed(Replica& replica) {
    note_news(replica);
    check_begun();
    if (replica.has_peers()) {
        peers_changed_.notify_all();
    }
}

void ReplicaManager::leader_gone(SpuId spu) {
    for (const auto& [key, replica] : replicas_) {
        replica->leader_gone(spu);
    }
}

void ReplicaManager::follower_gone(SpuId spu) {
    for (const auto& [key, replica] : replicas_) {
        replica->follower_gone(spu);
    }
}

// Without replicas that have peers there is no timer.
Task<void> ReplicaManager::run_ticks(CancelToken token) {
    while (true) {
        std::size_t count = 0;
        for (const auto& [key, replica] : replicas_) {
            if (replica->has_peers()) {
                replica->tick();
                ++count;
            }
        }
        Result<void> waited;
        if (count == 0) {
            waited = co_await peers_changed_.wait(token);
        } else {
            waited = co_await sleep_for(context_.env.clock, context_.env.executor,
                                        context_.config.replication_tick, token);
        }
        if (!waited.has_value()) {
            co_return;
        }
    }
}

Task<Result<void>> ReplicaManager::close() {
    co_await background_.close();
    is_closed_ = true;
    Result<void> first;
    std::vector<std::shared_ptr<Replica>> all;
    for (const auto& [ref, unclaimed] : unclaimed_) {
        all.push_back(unclaimed.replica);
    }
    for (const auto& [key, replica] : replicas_) {
        all.push_back(replica);
    }
    by_partition_.clear();
    unclaimed_.clear();
    replicas_.clear();
    for (const std::shared_ptr<Replica>& replica : all) {
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
