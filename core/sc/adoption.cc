#include "core/sc/adoption.h"

#include "core/control/live_sets.h"
#include "core/control/topic_rules.h"
#include "core/sc/registration.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace weir::sc {

namespace {

using control::PartitionRef;
using control::RegisteredReplica;
using wire::Operated;

constexpr std::size_t kDetailsMax = 1'000;

void add_detail(Operated* answer, std::string line) {
    if (answer->details.size() < kDetailsMax) {
        answer->details.push_back(wire::cut_text(line));
    }
}

std::string text_of(const std::vector<RegisteredReplica>& reported) {
    std::string text;
    for (const RegisteredReplica& replica : reported) {
        text += fmt::format("{}spu {}{}: {} records, epoch {}", text.empty() ? "" : "; ",
                            replica.report.spu.value(), replica.report.healthy ? "" : " (damaged)",
                            std::max<std::int64_t>(replica.report.leo.value(), 0),
                            replica.report.last_epoch.value());
    }
    return text;
}

// Who holds the partition and has said nothing about it.
std::string unheard(const PartitionRecord& record, const std::vector<RegisteredReplica>& reported) {
    std::string text;
    for (const AssignedReplica& replica : record.replicas) {
        const bool heard = std::any_of(
            reported.begin(), reported.end(),
            [&](const RegisteredReplica& one) { return one.report.spu == replica.spu; });
        if (!heard) {
            text += fmt::format("{}{}", text.empty() ? "" : ", ", replica.spu.value());
        }
    }
    return text.empty() ? "" : fmt::format("; what only spu {} has is lost", text);
}

std::string told(const std::string& name, const PartitionRecord& record,
                 const std::vector<RegisteredReplica>& reported) {
    const bool stays_offline =
        record.unclean_policy == UncleanPolicy::never && record.replicas.size() > 1;
    const std::string from =
        reported.empty() ? "nobody"
                         : fmt::format("{}{}", text_of(reported), unheard(record, reported));
    return fmt::format(
        "{}: epoch {}, from {}{}", name, record.leader_epoch.value(), from,
        stays_offline ? "; nobody leads it as long as its unclean policy is never" : "");
}

}  // namespace

Adoption::Adoption(Context& context, Spus& spus, PartitionReports& reports, Topics& topics)
    : context_(context),
      spus_(spus),
      reports_(reports),
      topics_(topics),
      log_(context.env.log, "sc.adoption"),
      noted_(context.env.executor) {}

void Adoption::note(const wire::internal::RegisterSpu& request) {
    Reported reported;
    reported.last_boot = std::max(request.boot, request.clean_boot);
    reported.sc_epoch = request.sc_epoch;
    for (const wire::internal::StoredReplica& stored : request.replicas) {
        reported.replicas.push_back(registered_replica(request.spu, request.boot, stored));
        reported.topics[stored.partition.topic_uid] = stored.topic;
    }
    reported.doubt_count = context_.doubt_count;
    reported_[request.spu] = std::move(reported);
    noted_.notify_all();
}

SpuSet Adoption::outdated_spus() const {
    SpuSet outdated;
    for (const auto& [spu, reported] : reported_) {
        if (reported.doubt_count < context_.doubt_count && context_.catalog.find_spu(spu)) {
            outdated.push_back(spu);
        }
    }
    return outdated;
}

Task<void> Adoption::hear_again(CancelToken token) {
    const Clock& clock = context_.env.clock;
    Deadline deadline(context_.env.clock, clock.now() + context_.config.spu_heartbeat_timeout,
                      token);
    for (SpuSet outdated = outdated_spus(); !outdated.empty(); outdated = outdated_spus()) {
        for (const SpuId spu : outdated) {
            spus_.register_again(spu);
        }
        const Result<void> noted = co_await noted_.wait(deadline.token());
        if (!noted.has_value()) {
            break;
        }
    }
}

std::vector<std::string> Adoption::silent_spus(const SpuSet& outdated) const {
    std::vector<std::string> silent;
    for (const auto& [name, entry] : context_.catalog.spus.entries()) {
        const SpuId spu = entry.object.spec.id;
        if (!reported_.contains(spu) || control::contains(outdated, spu)) {
            silent.push_back(fmt::format("{} ({})", spu.value(), name));
        }
    }
    return silent;
}

std::map<PartitionRef, std::vector<RegisteredReplica>> Adoption::reports(
    const SpuSet& outdated) const {
    std::map<PartitionRef, std::vector<RegisteredReplica>> all;
    for (const auto& [spu, reported] : reported_) {
        // Of one that was unregistered nothing can be used.
        if (context_.catalog.find_spu(spu) == nullptr || control::contains(outdated, spu)) {
            continue;
        }
        for (const RegisteredReplica& replica : reported.replicas) {
            all[replica.of].push_back(replica);
        }
    }
    return all;
}

std::map<Uid, Adoption::Found> Adoption::find_unknown(const SpuSet& outdated) const {
    std::set<PartitionRef> known;
    for (const auto& [name, entry] : context_.catalog.partitions.entries()) {
        known.insert({entry.extra.record.topic_uid, entry.extra.record.partition});
    }
    std::map<Uid, Found> unknown;
    for (const auto& [ref, replicas] : reports(outdated)) {
        if (known.contains(ref) || context_.deleted_topics.contains(ref.topic_uid)) {
            continue;
        }
        Found& found = unknown[ref.topic_uid];
        found.name = reported_.at(replicas.front().report.spu).topics.at(ref.topic_uid);
        found.partitions[ref.partition.value()] = replicas;
    }
    return unknown;
}

std::vector<std::string> Adoption::doubts() const {
    std::vector<std::string> lines;
    if (context_.doubts.all) {
        lines.emplace_back("the metadata are older than the cluster: no SPU is served");
    }
    for (const auto& [name, entry] : context_.catalog.partitions.entries()) {
        const PartitionRecord& record = entry.extra.record;
        if (context_.doubts.partitions.contains({record.topic_uid, record.partition})) {
            lines.push_back(fmt::format("the record of {} is older than a replica", name));
        }
        const auto emptied = context_.doubts.emptied.find({record.topic_uid, record.partition});
        if (emptied != context_.doubts.emptied.end()) {
            lines.push_back(
                fmt::format("spu {} has nothing of {}: an SPU that has not come may have it",
                            emptied->second.value(), name));
        }
        const auto unlisted = context_.doubts.unlisted.find({record.topic_uid, record.partition});
        if (unlisted != context_.doubts.unlisted.end()) {
            lines.push_back(
                fmt::format("spu {} has set {} aside, which an SC did not list: an SPU that has "
                            "not come may have it",
                            unlisted->second.value(), name));
        }
    }
    for (const auto& [uid, found] : find_unknown({})) {
        const std::string topic =
            fmt::format("{} ({})", wire::cut_text(found.name), to_string(uid));
        lines.push_back(
            context_.doubts.concern(uid)
                ? fmt::format("only SPUs know {} partitions of topic {}: the metadata have lost "
                              "them; adopt puts them back",
                              found.partitions.size(), topic)
                : fmt::format("only SPUs know topic {}: it was deleted, or the metadata have lost "
                              "it; adopt with force makes it anew",
                              topic));
    }
    return lines;
}

bool Adoption::is_needed(bool force) const {
    return context_.doubts.any() || (force && !find_unknown({}).empty());
}

Task<Operated> Adoption::adopt(bool force, CancelToken token) {
    Operated answer;
    if (is_needed(force)) {
        co_await hear_again(token);
    }
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        answer.message = to_string(guard.error());
        co_return answer;
    }
    if (!is_needed(force)) {
        answer.message = "no SPU has shown that the metadata are older than the cluster";
        for (std::string& line : doubts()) {
            add_detail(&answer, std::move(line));
        }
        co_return answer;
    }
    const SpuSet outdated = outdated_spus();
    const std::vector<std::string> silent = silent_spus(outdated);
    if (!silent.empty() && !force) {
        answer.message = fmt::format(
            "{} SPUs have not reported yet: start them, or adopt with force, and what "
            "only they have is lost",
            silent.size());
        for (const std::string& spu : silent) {
            add_detail(&answer, "not reported: spu " + spu);
        }
        co_return answer;
    }
    const std::map<Uid, Found> unknown = find_unknown(outdated);
    Result<void> done = co_await adopt_records(&outdated, &answer);
    for (auto found = unknown.begin(); found != unknown.end() && done.has_value(); ++found) {
        done = co_await adopt_topic(found->first, found->second, &answer);
    }
    answer.accepted = done.has_value();
    answer.message = done.has_value()
                         ? fmt::format("the cluster is as {} of its {} SPUs have reported it",
                                       context_.catalog.spus.entries().size() - silent.size(),
                                       context_.catalog.spus.entries().size())
                         : to_string(done.error());
    WEIR_LOG(log_, warn, "adopt: {}", answer.message);
    for (const std::string& line : answer.details) {
        WEIR_LOG(log_, warn, "adopt: {}", line);
    }
    co_return answer;
}

Task<Result<void>> Adoption::adopt_records(const SpuSet* outdated, Operated* answer) {
    ClusterRecord cluster = context_.catalog.cluster;
    for (const auto& [spu, reported] : reported_) {
        cluster.boot_counter = std::max(cluster.boot_counter, reported.last_boot);
        cluster.sc_epoch = std::max(cluster.sc_epoch, ScEpoch(reported.sc_epoch.value() + 1));
    }
    auto reported = reports(*outdated);
    RecordChanges changes(context_, reports_);
    changes.put(cluster);
    for (const auto& [name, entry] : context_.catalog.partitions.entries()) {
        const PartitionRecord& record = entry.extra.record;
        if (!context_.doubts.concern(record)) {
            continue;
        }
        const std::vector<RegisteredReplica>& replicas =
            reported[{record.topic_uid, record.partition}];
        changes.adopt(entry, control::adopt(record, replicas, context_.uid_prng.next()));
        const PartitionRecord& next = changes.record(entry);
        add_detail(answer, next == record ? name + ": stays as it is, for nobody has ever had it"
                                          : told(name, next, replicas));
    }
    Result<void> stored = co_await changes.commit();
    if (stored.has_value()) {
        // Not before it is stored: until then SPUs obey none of it.
        context_.doubts = Doubts();
        context_.catalog.notify();
        // From here on an SPU that was not heard yet is compared with this.
        context_.found.view = view_of(context_.catalog);
        context_.found.is_adopted = true;
    } else {
        answer->details.clear();
    }
    co_return stored;
}

Task<Result<void>> Adoption::adopt_topic(Uid uid, Found found, Operated* answer) {
    const TopicTable::Entry* topic = context_.catalog.topics.find(found.name);
    const bool is_known = topic != nullptr && topic->extra.uid == uid;
    const std::string what = fmt::format("topic {} ({})", found.name, to_string(uid));
    if ((topic != nullptr && !is_known) || control::check_topic_name(found.name).has_value()) {
        add_detail(answer, fmt::format("{}: stays set aside on the SPUs, for the name {}", what,
                                       topic != nullptr ? "is another topic's" : "is none"));
        co_return Result<void>();
    }
    // A topic has the partitions 0 to n - 1: without one before it, none can be used.
    auto number = static_cast<std::uint32_t>(
        is_known ? context_.catalog.partitions_of(found.name).size() : 0);
    std::map<std::uint32_t, PartitionRecord> records;
    for (;; ++number) {
        const auto replicas = found.partitions.find(number);
        if (replicas == found.partitions.end()) {
            break;
        }
        const PartitionRecord bare = topics_.bare_record(uid, number, replicas->second.size());
        PartitionRecord record = control::adopt(bare, replicas->second, context_.uid_prng.next());
        if (record == bare) {
            break;
        }
        add_detail(answer,
                   told(fmt::format("{}-{}", found.name, number), record, replicas->second));
        records.emplace(number, std::move(record));
    }
    if (records.size() < found.partitions.size()) {
        add_detail(answer, fmt::format("{}: {} partitions stay set aside on the SPUs, for they are "
                                       "damaged, or those before them are missing",
                                       what, found.partitions.size() - records.size()));
    }
    if (records.empty()) {
        co_return Result<void>();
    }
    if (!is_known) {
        add_detail(answer, what +
                               ": made anew with default settings; it was created after the "
                               "metadata were saved, or deleted while an SPU was away");
    }
    co_return co_await topics_.put_back(std::move(found.name), uid, std::move(records));
}

}  // namespace weir::sc
