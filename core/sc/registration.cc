#include "core/sc/registration.h"

#include "core/base/mutant.h"
#include "core/control/live_sets.h"
#include "core/control/regression.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace weir::sc {

namespace {

using control::ReplicaHealth;
using control::ReturnKind;
using wire::internal::Registered;
using wire::internal::RegisterResult;
using wire::internal::RegisterSpu;
using wire::internal::StoredReplica;

control::PartitionRef ref_of(const StoredReplica& replica) {
    return {replica.partition.topic_uid, replica.partition.partition};
}

// `stored`: what the SPU has of the replica that the record assigns to it; nullptr for nothing.
ReturnKind return_of(const PartitionRecord& record, const SpuExtra& known,
                     const RegisterSpu& request, const StoredReplica* stored) {
    if (record.leader_epoch == kNoEpoch) {
        // Nobody has led it yet: there is nothing that could be missing.
        return ReturnKind::complete;
    }
    control::RegistrationFacts facts;
    facts.storage = request.storage_id;
    facts.clean_boot = request.clean_boot;
    control::KnownSpu before;
    // Uids are drawn: who has the replica has the disk, although the SC was made to forget it.
    const bool forgotten = known.storage_id.is_none() && stored != nullptr;
    before.storage = forgotten ? request.storage_id : known.storage_id;
    before.boot = known.boot;
    if (stored == nullptr) {
        // Not created yet when the process ended, or it cannot be opened now.
        return before.storage == facts.storage ? ReturnKind::unproven : ReturnKind::lost;
    }
    const ReplicaHealth health =
        stored->is_healthy ? ReplicaHealth::healthy : ReplicaHealth::damaged;
    return control::classify_return(facts, before, record.durability, health);
}

// One that has run under a later boot than these metadata know never goes back.
bool is_known_process(const SpuTable::Entry& entry, const RegisterSpu& request) {
    const SpuExtra& known = entry.extra;
    return known.boot != kNoBoot && known.boot_id == request.boot_id && request.boot <= known.boot;
}

bool holds(const PartitionRecord& record, SpuId spu) {
    return control::assigned_uid(record, spu).has_value();
}

using StoredReplicas = std::map<control::PartitionRef, const StoredReplica*>;

StoredReplicas stored_of(const RegisterSpu& request) {
    StoredReplicas stored;
    for (const StoredReplica& replica : request.replicas) {
        stored[ref_of(replica)] = &replica;
    }
    return stored;
}

// Of the replica that the record assigns to the SPU; null: nothing, or an earlier replica of the
// same partition.
const StoredReplica* find_assigned(const StoredReplicas& stored, const PartitionRecord& record,
                                   SpuId spu) {
    const auto found = stored.find({record.topic_uid, record.partition});
    const bool is_it =
        found != stored.end() && control::assigned_uid(record, spu) == found->second->uid;
    return is_it ? found->second : nullptr;
}

}  // namespace

control::RegisteredReplica registered_replica(SpuId spu, BootEpoch boot,
                                              const StoredReplica& stored) {
    control::RegisteredReplica replica;
    replica.of = ref_of(stored);
    replica.report.spu = spu;
    replica.report.boot = boot;
    replica.report.uid = stored.uid;
    replica.report.last_epoch = stored.last_epoch;
    replica.report.leo = stored.leo;
    replica.report.healthy = stored.is_healthy;
    replica.fence_epoch = stored.fence_epoch;
    replica.fence_version = stored.fence_version;
    return replica;
}

control::MetadataView view_of(const Catalog& catalog) {
    control::MetadataView view;
    view.sc_epoch = catalog.cluster.sc_epoch;
    view.boot_counter = catalog.cluster.boot_counter;
    for (const auto& [name, entry] : catalog.partitions.entries()) {
        const PartitionRecord& record = entry.extra.record;
        view.records[{record.topic_uid, record.partition}] = {record.leader_epoch, record.version,
                                                              is_of_only_copy(record)};
    }
    return view;
}

PartitionRecord keep_only_copy(PartitionRecord record, SpuId spu) {
    if (is_of_only_copy(record) && record.lrs.empty() && record.elr.empty()) {
        control::insert(record.last_known, spu);
    }
    return record;
}

Registration::Registration(Context& context, Partitions& partitions, PartitionReports& reports,
                           Adoption& adoption)
    : context_(context),
      partitions_(partitions),
      reports_(reports),
      adoption_(adoption),
      log_(context.env.log, "sc.registration") {}

Task<Registered> Registration::admit(RegisterSpu request, CancelToken token) {
    while (true) {
        std::optional<Registered> answer = co_await try_admit(&request);
        if (answer.has_value()) {
            co_return *std::move(answer);
        }
        const Result<void> begun = co_await context_.beginning.over().wait(token);
        if (!begun.has_value()) {
            answer.emplace();
            answer->result = RegisterResult::unavailable;
            answer->message = to_string(begun.error());
            co_return *std::move(answer);
        }
    }
}

Task<std::optional<Registered>> Registration::try_admit(const RegisterSpu* of) {
    const RegisterSpu& request = *of;
    Registered answer;
    answer.cluster_id = context_.catalog.cluster.cluster_id;
    answer.sc_epoch = context_.catalog.cluster.sc_epoch;
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    const SpuTable::Entry* entry = context_.catalog.find_spu(request.spu);
    if (!guard.has_value()) {
        answer.result = RegisterResult::unavailable;
        answer.message = to_string(guard.error());
        co_return answer;
    }
    if (entry == nullptr) {
        answer.result = RegisterResult::unknown_spu;
        answer.message = fmt::format("no SPU with id {} is registered", request.spu.value());
        co_return answer;
    }
    answer.spu_name = entry->object.name;
    const Uid known = entry->extra.storage_id;
    if (!request.cluster_id.is_none() && request.cluster_id != answer.cluster_id) {
        answer.result = RegisterResult::storage_mismatch;
        answer.message =
            fmt::format("the storage belongs to cluster {}", to_string(request.cluster_id));
        co_return answer;
    }
    if (!known.is_none() && known != request.storage_id) {
        answer.result = RegisterResult::storage_mismatch;
        answer.message = fmt::format(
            "SPU {} was registered with storage {} and comes with {}: if its data are gone for "
            "good, unregister it and register it again",
            request.spu.value(), to_string(known), to_string(request.storage_id));
        co_return answer;
    }
    NotShown not_shown = find_not_shown(request);
    hear(request, not_shown);
    if (context_.found.admitted.contains(request.spu) || mutant(Mutant::dropped_counted_on)) {
        not_shown = NotShown();
    }
    const bool is_unchanged = is_known_process(*entry, request) && not_shown.missing.empty();
    const bool may_wait = !context_.doubts.all && !is_unchanged;
    if (may_wait && !context_.beginning.over().is_set()) {
        co_return std::nullopt;
    }
    const Result<void> taken = co_await take_in(entry, &request, &not_shown, &answer);
    if (!taken.has_value()) {
        answer.result = RegisterResult::unavailable;
        answer.message = to_string(taken.error());
    }
    co_return answer;
}

void Registration::hear(const RegisterSpu& request, const NotShown& not_shown) {
    look_for_regressions(request);
    adoption_.note(request);
    std::set<control::PartitionRef> without;
    for (const Entries* entries : {&not_shown.missing, &not_shown.unlisted}) {
        for (const PartitionTable::Entry* entry : *entries) {
            without.insert({entry->extra.record.topic_uid, entry->extra.record.partition});
        }
    }
    context_.beginning.heard(request.spu, std::move(without), context_.catalog.spus);
    // Leaders may wait for it.
    context_.catalog.notify();
}

Task<Result<void>> Registration::take_in(const SpuTable::Entry* entry, const RegisterSpu* request,
                                         const NotShown* not_shown, Registered* answer) {
    if (context_.doubts.all) {
        // It would delete what these metadata do not know.
        co_return fail(ErrorCode::unavailable,
                       "the metadata are older than the cluster: restore the newest ones, or adopt "
                       "what the SPUs have (weir cluster adopt)");
    }
    RecordChanges changes(context_, reports_);
    if (is_known_process(*entry, *request)) {
        // On a new connection. Whether it is fenced is the heartbeats' matter.
        answer->boot = entry->extra.boot;
        for (const PartitionTable::Entry* partition : not_shown->unlisted) {
            doubt_unlisted(*partition, request->spu);
        }
        for (const PartitionTable::Entry* partition : not_shown->missing) {
            give_up(*partition, request->spu, changes);
        }
        WEIR_CO_CHECK(co_await changes.commit());
        context_.found.admitted.insert(request->spu);
        note_reports(*request, answer->boot);
        co_return co_await end_doubts();
    }
    ClusterRecord cluster = context_.catalog.cluster;
    // Above all that was ever given out, whatever happened to the metadata.
    const BootEpoch last = std::max({cluster.boot_counter, request->boot, request->clean_boot});
    cluster.boot_counter = BootEpoch(last.value() + 1);
    const StoredReplicas stored = stored_of(*request);
    for (const auto& [name, partition] : context_.catalog.partitions.entries()) {
        if (holds(partition.extra.record, request->spu)) {
            bring_back(partition, *entry, *request,
                       find_assigned(stored, partition.extra.record, request->spu), changes);
        }
    }
    SpuRecord record = record_of(*entry);
    record.storage_id = request->storage_id;
    record.boot_id = request->boot_id;
    record.boot = cluster.boot_counter;
    record.fenced = false;
    changes.put(cluster);
    changes.put(*entry, std::move(record));
    WEIR_CO_CHECK(co_await changes.commit());
    context_.found.admitted.insert(request->spu);
    answer->boot = cluster.boot_counter;
    note_reports(*request, cluster.boot_counter);
    co_return co_await end_doubts();
}

void Registration::doubt_emptied(const PartitionTable::Entry& entry, SpuId spu) {
    const PartitionRecord& record = entry.extra.record;
    if (!control::is_last_copy(record, spu) || !may_be_elsewhere(context_, record) ||
        mutant(Mutant::empty_members_elected)) {
        return;
    }
    begin_doubt(context_.doubts.emptied, entry, spu);
}

// A process that goes on has set it aside, and another one has forgotten that.
void Registration::doubt_unlisted(const PartitionTable::Entry& entry, SpuId spu) {
    if (!is_one_missing(context_) || context_.found.is_adopted) {
        return;
    }
    WEIR_LOG(log_, warn, "{}: spu {} has set its replica aside, which an SC did not list",
             entry.object.name, spu.value());
    begin_doubt(context_.doubts.unlisted, entry, spu);
}

void Registration::begin_doubt(std::map<control::PartitionRef, SpuId>& doubts,
                               const PartitionTable::Entry& entry, SpuId spu) {
    const PartitionRecord& record = entry.extra.record;
    if (doubts.insert_or_assign({record.topic_uid, record.partition}, spu).second) {
        ++context_.doubt_count;
    }
    WEIR_LOG(log_, warn,
             "{}: nothing about it changes until every SPU has come, or an operator adopts what "
             "they have",
             entry.object.name);
}

Task<Result<void>> Registration::end_doubts() {
    if (context_.doubts.emptied.empty() && context_.doubts.unlisted.empty()) {
        co_return Result<void>();
    }
    RecordChanges changes(context_, reports_);
    Doubts next = context_.doubts;
    end_emptied(next, changes);
    end_unlisted(next, changes);
    WEIR_CO_CHECK(co_await changes.commit());
    context_.doubts = std::move(next);
    context_.catalog.notify();
    co_return Result<void>();
}

// When all have come, nobody has any of it, and it begins anew; or somebody has it.
void Registration::end_emptied(Doubts& next, RecordChanges& changes) {
    for (const auto& [ref, spu] : context_.doubts.emptied) {
        const PartitionTable::Entry* entry = partitions_.find(ref);
        if (entry == nullptr || context_.doubts.partitions.contains(ref)) {
            next.emptied.erase(ref);
        } else if (context_.found.held.contains(ref)) {
            next.emptied.erase(ref);
            next.partitions.insert(ref);
        } else if (!may_be_elsewhere(context_, entry->extra.record)) {
            next.emptied.erase(ref);
            changes.adopt(*entry, keep_only_copy(control::on_missing(entry->extra.record, spu,
                                                                     draw_uid(context_.uid_prng)),
                                                 spu));
        }
    }
}

// When all have come, and none has shown a newer record, this one holds, with a version that
// answers what its leader has asked meanwhile; unless something has happened that is not in it.
void Registration::end_unlisted(Doubts& next, RecordChanges& changes) {
    for (const auto& [ref, spu] : context_.doubts.unlisted) {
        const PartitionTable::Entry* entry = partitions_.find(ref);
        if (entry == nullptr || context_.doubts.partitions.contains(ref)) {
            next.unlisted.erase(ref);
        } else if (entry->extra.in_doubt) {
            next.unlisted.erase(ref);
            next.partitions.insert(ref);
        } else if (!is_one_missing(context_)) {
            next.unlisted.erase(ref);
            PartitionRecord record = entry->extra.record;
            record.version = control::next_version(record.version);
            changes.adopt(*entry, std::move(record));
        }
    }
}

Registration::NotShown Registration::find_not_shown(const RegisterSpu& request) const {
    NotShown not_shown;
    const StoredReplicas stored = stored_of(request);
    for (const auto& [name, entry] : context_.catalog.partitions.entries()) {
        const PartitionRecord& record = entry.extra.record;
        if (!holds(record, request.spu) || record.leader_epoch == kNoEpoch) {
            continue;
        }
        const StoredReplica* replica = find_assigned(stored, record, request.spu);
        if (replica == nullptr) {
            not_shown.missing.push_back(&entry);
        } else if (replica->is_unlisted) {
            not_shown.unlisted.push_back(&entry);
        }
    }
    return not_shown;
}

void Registration::bring_back(const PartitionTable::Entry& entry, const SpuTable::Entry& spu,
                              const RegisterSpu& request, const StoredReplica* stored,
                              RecordChanges& changes) {
    const PartitionRecord& before = changes.record(entry);
    const ReturnKind kind = return_of(before, spu.extra, request, stored);
    const bool has_nothing = kind == ReturnKind::unproven && stored == nullptr;
    // It ended before it had heard of it.
    const bool is_unmade = has_nothing && control::is_as_made(before);
    const Uid fresh_uid = draw_uid(context_.uid_prng);
    PartitionRecord after = is_unmade ? control::on_missing(before, request.spu, fresh_uid)
                                      : control::on_register(before, request.spu, kind, fresh_uid);
    if (kind != ReturnKind::complete && !is_unmade) {
        WEIR_LOG(log_, warn, "{}: the replica on spu {} comes back {}", entry.object.name,
                 request.spu.value(),
                 kind == ReturnKind::unproven ? "without proof that it is complete"
                                              : "without its data");
    }
    if (has_nothing) {
        context_.found.dropped.insert({before.topic_uid, before.partition});
    }
    if (stored == nullptr) {
        doubt_emptied(entry, request.spu);
    }
    changes.put(entry, keep_only_copy(std::move(after), request.spu));
}

void Registration::note_reports(const RegisterSpu& request, BootEpoch boot) {
    for (const StoredReplica& replica : request.replicas) {
        const PartitionTable::Entry* entry = partitions_.find(ref_of(replica));
        if (entry == nullptr) {
            continue;
        }
        const std::vector<AssignedReplica>& places = entry->extra.record.replicas;
        const AssignedReplica place = {request.spu, replica.uid};
        if (replica.last_epoch != kNoEpoch &&
            std::find(places.begin(), places.end(), place) == places.end()) {
            context_.found.held.insert(ref_of(replica));
        }
        partitions_.note_report(*entry, registered_replica(request.spu, boot, replica).report);
    }
}

void Registration::give_up(const PartitionTable::Entry& entry, SpuId spu, RecordChanges& changes) {
    const PartitionRecord& before = changes.record(entry);
    WEIR_LOG(log_, warn, "{}: spu {} has nothing of its replica any more", entry.object.name,
             spu.value());
    context_.found.dropped.insert({before.topic_uid, before.partition});
    doubt_emptied(entry, spu);
    changes.put(entry,
                keep_only_copy(control::on_missing(before, spu, draw_uid(context_.uid_prng)), spu));
}

void Registration::look_for_regressions(const RegisterSpu& request) {
    control::MetadataView view = view_of(context_.catalog);
    const Found& found = context_.found;
    if (!found.admitted.contains(request.spu)) {
        view.sc_epoch = found.view.sc_epoch;
        view.boot_counter = found.view.boot_counter;
        for (const auto& [ref, age] : found.view.records) {
            view.records[ref] = age;
        }
    }
    std::set<Uid> topics;
    for (const auto& [name, topic] : context_.catalog.topics.entries()) {
        topics.insert(topic.extra.uid);
    }
    std::vector<control::RegisteredReplica> replicas;
    for (const StoredReplica& stored : request.replicas) {
        // What was deleted while the SPU was away is no sign: nobody keeps every topic that was.
        // But of one that is there no partition is ever deleted.
        if (view.records.contains(ref_of(stored)) || topics.contains(stored.partition.topic_uid)) {
            replicas.push_back(registered_replica(request.spu, request.boot, stored));
        }
    }
    control::SpuMemory memory;
    memory.last_boot = std::max(request.boot, request.clean_boot);
    memory.sc_epoch = request.sc_epoch;
    for (const auto& regression : control::find_regressions(view, memory, replicas)) {
        const bool is_of_all = regression.sign == control::RegressionSign::boot_above_counter ||
                               regression.sign == control::RegressionSign::term_above_last;
        if (is_of_all) {
            if (!std::exchange(context_.doubts.all, true)) {
                ++context_.doubt_count;
            }
            WEIR_LOG(log_, error,
                     "spu {} has run as boot {} in term {}, which was never given out: the "
                     "metadata are older than the cluster; no SPU is served until the newest ones "
                     "are restored or an operator adopts what the SPUs have",
                     request.spu.value(), memory.last_boot.value(), memory.sc_epoch.value());
        } else {
            if (context_.doubts.partitions.insert(regression.of).second) {
                ++context_.doubt_count;
            }
            WEIR_LOG(log_, error,
                     "spu {} has {} {}/{}: nothing about it changes until an operator adopts what "
                     "the SPUs have",
                     request.spu.value(),
                     regression.sign == control::RegressionSign::unknown_partition
                         ? "a partition that the metadata have lost,"
                         : "accepted a newer record than the metadata know of",
                     to_string(regression.of.topic_uid), regression.of.partition.value());
        }
    }
}

}  // namespace weir::sc
