#include "core/sc/partitions.h"

#include "core/control/fencing.h"
#include "core/control/live_sets.h"
#include "core/task/task_scope.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace weir::sc {

namespace {

constexpr Duration kRetryDelay = Duration::from_s(1);

}  // namespace

Partitions::Partitions(Context& context, Spus& spus, PartitionReports& reports)
    : context_(context),
      spus_(spus),
      reports_(reports),
      log_(context.env.log, "sc.partitions"),
      wake_(context.env.executor),
      watcher_(context.catalog.partitions) {}

void Partitions::take(SpuId spu, const wire::internal::ScMessages& messages) {
    for (const auto& entry : messages.messages) {
        const control::PartitionRef ref = {entry.partition.topic_uid, entry.partition.partition};
        inbox_.insert_or_assign(MessageKey(ref, spu, entry.message.index()), entry.message);
    }
    wake_.notify_all();
}

const PartitionTable::Entry* Partitions::find(const control::PartitionRef& ref) {
    collect();
    const auto found = names_.find(ref);
    return found == names_.end() ? nullptr : context_.catalog.partitions.find(found->second);
}

void Partitions::note_report(const PartitionTable::Entry& entry,
                             const control::ReplicaReport& report) {
    Round& round = rounds_[entry.object.name];
    round.reports.insert_or_assign(report.spu, report);
    control::erase(round.answered, report.spu);
    if (round.stage == Stage::pausing && round.election.failed_promotion_count == 0) {
        // It waited for news.
        begin(entry.object.name, round, Stage::resting, round.epoch, std::nullopt);
        pending_.insert(entry.object.name);
    }
}

// Takes note of every partition that is new, different or gone.
void Partitions::collect() {
    if (!watcher_.behind()) {
        return;
    }
    const PartitionTable::Delta delta = watcher_.look();
    for (const auto* removed : delta.removed) {
        const std::string& name = removed->object.name;
        names_.erase({removed->extra.record.topic_uid, removed->extra.record.partition});
        if (const auto round = rounds_.find(name); round != rounds_.end()) {
            set_due(name, round->second, std::nullopt);
            rounds_.erase(round);
        }
        leaderless_.erase(name);
        pending_.erase(name);
    }
    for (const Entry* entry : delta.updated) {
        names_[{entry->extra.record.topic_uid, entry->extra.record.partition}] = entry->object.name;
        pending_.insert(entry->object.name);
    }
    watcher_.advance();
}

bool Partitions::has_work() const {
    return watcher_.behind() || !inbox_.empty() || !pending_.empty() ||
           context_.catalog.spus.epoch() != spus_seen_;
}

std::optional<Instant> Partitions::next_due() {
    std::optional<Instant> due = silence_ends_;
    if (!timers_.empty() && (!due.has_value() || timers_.begin()->first < *due)) {
        due = timers_.begin()->first;
    }
    return due;
}

// The catalog tells everybody of everything; only some of it is work here.
Task<void> Partitions::wake_on_changes(CancelToken token) {
    while (true) {
        const Result<void> waited = co_await context_.catalog.changed().wait(token);
        if (!waited.has_value()) {
            co_return;
        }
        wake_.notify_all();
    }
}

Task<void> Partitions::run(CancelToken token) {
    TaskScope scope(context_.env.executor, token);
    scope.spawn(wake_on_changes(scope.token()));
    for (const auto& [name, entry] : context_.catalog.spus.entries()) {
        // Who stays silent is waited for from now on.
        spus_.presence(entry.object.spec.id);
    }
    const Result<void> begun = co_await context_.beginning.over().wait(token);
    static_cast<void>(begun);
    while (!token.cancelled()) {
        const Result<void> done = co_await step();
        if (!done.has_value()) {
            WEIR_LOG(log_, warn, "records cannot be changed: {}; trying again",
                     to_string(done.error()));
            const Result<void> slept =
                co_await sleep_for(context_.env.clock, context_.env.executor, kRetryDelay, token);
            static_cast<void>(slept);
            continue;
        }
        const std::optional<Instant> due = next_due();
        if (has_work() || (due.has_value() && *due <= now())) {
            continue;
        }
        if (due.has_value()) {
            Deadline deadline(context_.env.clock, *due, token);
            const Result<void> waited = co_await wake_.wait(deadline.token());
            static_cast<void>(waited);
        } else {
            const Result<void> waited = co_await wake_.wait(token);
            static_cast<void>(waited);
        }
    }
    co_await scope.close();
}

Task<Result<void>> Partitions::step() {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await context_.changing.lock());
    RecordChanges changes(context_, reports_);
    probes_.clear();
    leader_counts_.clear();
    left_.clear();
    collect();
    look_at_spus(changes);
    std::map<MessageKey, replication::ScMessage> inbox;
    inbox.swap(inbox_);
    for (const auto& [key, message] : inbox) {
        apply(key, message, changes);
    }
    while (!timers_.empty() && timers_.begin()->first <= now()) {
        pending_.insert(timers_.begin()->second);
        timers_.erase(timers_.begin());
    }
    const std::set<std::string> looked_at = pending_;
    for (const std::string& name : looked_at) {
        if (const Entry* entry = context_.catalog.partitions.find(name)) {
            advance(*entry, changes);
        }
    }
    const std::uint64_t spus_seen = context_.catalog.spus.epoch();
    const Result<void> stored = co_await changes.commit();
    if (!stored.has_value()) {
        // What was heard is not lost; the newer of two messages counts.
        inbox_.merge(inbox);
        co_return stored;
    }
    spus_seen_ = spus_seen;
    for (const SpuId spu : left_) {
        if (!spus_.connected(spu)) {
            spus_.presence(spu).has_left = false;
        }
    }
    for (const std::string& name : looked_at) {
        pending_.erase(name);
    }
    for (const auto& [spu, message] : probes_) {
        if (spus_.connected(spu)) {
            spus_.presence(spu).session->probe(message);
        }
    }
    co_return Result<void>();
}

void Partitions::look_at_spus(RecordChanges& changes) {
    silence_ends_.reset();
    const bool spus_changed = context_.catalog.spus.epoch() != spus_seen_;
    if (spus_changed) {
        pending_.insert(leaderless_.begin(), leaderless_.end());
    }
    for (const auto& [name, entry] : context_.catalog.spus.entries()) {
        const SpuId spu = entry.object.spec.id;
        if (spus_changed && entry.extra.draining) {
            look_at_all_of(spu);
        }
        Spus::Presence& presence = spus_.presence(spu);
        if (presence.session != nullptr) {
            if (entry.extra.fenced && control::may_unfence(presence.streak)) {
                unfence(entry, changes);
            }
            continue;
        }
        // While every record is in doubt nobody is taken out of one, so nobody is taken for gone.
        if (entry.extra.fenced || context_.doubts.all) {
            continue;
        }
        const Instant ends = presence.heard + context_.config.spu_heartbeat_timeout;
        if (ends <= now()) {
            fence(entry, changes);
            continue;
        }
        if (presence.has_left) {
            give_away(spu, changes);
        }
        silence_ends_ = std::min(silence_ends_.value_or(ends), ends);
    }
}

void Partitions::look_at_all_of(SpuId spu) {
    for (const auto& [name, entry] : context_.catalog.partitions.entries()) {
        if (control::contains(entry.extra.record.lrs, spu)) {
            pending_.insert(name);
        }
    }
}

void Partitions::fence(const SpuTable::Entry& entry, RecordChanges& changes) {
    const SpuId spu = entry.object.spec.id;
    WEIR_LOG(log_, warn, "spu {} (boot {}) is silent and taken for gone", spu.value(),
             entry.extra.boot.value());
    SpuRecord record = record_of(entry);
    record.fenced = true;
    changes.put(entry, std::move(record));
    for (const auto& [name, partition] : context_.catalog.partitions.entries()) {
        const PartitionRecord& before = changes.record(partition);
        PartitionRecord after = control::on_fence(before, spu);
        if (after != before) {
            changes.put(partition, std::move(after));
            pending_.insert(name);
        }
    }
}

void Partitions::unfence(const SpuTable::Entry& entry, RecordChanges& changes) {
    WEIR_LOG(log_, info, "spu {} (boot {}) is heard again", entry.object.spec.id.value(),
             entry.extra.boot.value());
    SpuRecord record = record_of(entry);
    record.fenced = false;
    changes.put(entry, std::move(record));
    pending_.insert(leaderless_.begin(), leaderless_.end());
}

void Partitions::give_away(SpuId spu, RecordChanges& changes) {
    for (const auto& [name, partition] : context_.catalog.partitions.entries()) {
        const PartitionRecord& before = changes.record(partition);
        const bool leads = before.leader == spu && before.lrs.size() > 1;
        const bool follows = before.leader != spu && control::contains(before.lrs, spu) &&
                             before.lrs.size() > before.min_live;
        if (leads || follows) {
            changes.put(partition, control::on_fence(before, spu));
            pending_.insert(name);
        }
    }
    left_.push_back(spu);
}

void Partitions::apply(const MessageKey& key, const replication::ScMessage& message,
                       RecordChanges& changes) {
    const auto& [ref, spu, kind] = key;
    const Entry* entry = find(ref);
    if (entry == nullptr || context_.doubts.concern(entry->extra.record)) {
        return;
    }
    const SpuId from = spu;
    std::visit(
        [&](const auto& one) {
            // Of an earlier process of the SPU.
            if (one.boot != kNoBoot && control::boot_of(changes.spus(), from) == one.boot) {
                take(*entry, from, one, changes);
                pending_.insert(entry->object.name);
            }
        },
        message);
}

void Partitions::set_due(const std::string& name, Round& round, std::optional<Instant> due) {
    if (round.due.has_value()) {
        timers_.erase({*round.due, name});
    }
    round.due = due;
    if (due.has_value()) {
        timers_.emplace(*due, name);
    }
}

void Partitions::begin(const std::string& name, Round& round, Stage stage, LeaderEpoch epoch,
                       std::optional<Duration> wait) {
    round.stage = stage;
    round.epoch = epoch;
    round.probed.clear();
    round.asked.clear();
    set_due(name, round, wait.has_value() ? std::optional(now() + *wait) : std::nullopt);
}

}  // namespace weir::sc
