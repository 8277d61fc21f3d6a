#include "runtime/sim/check/oracle.h"

#include "core/base/assert.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

// More would only repeat the first.
constexpr std::size_t kViolationsMax = 20;
// Offsets beyond this come from damaged bytes, not from a run.
constexpr std::int64_t kOffsetMax = 100'000'000;
// For which a deposed leader may serve on: its lease by the slowest clock, and a turn.
constexpr std::int64_t kLeaseNs = 2'700'000'000;

}  // namespace

void Oracle::report(Invariant invariant, std::string text) {
    if (violations_.size() >= kViolationsMax) {
        return;
    }
    Trace& trace = world_.trace();
    const std::int64_t now_ns = world_.scheduler().now_ns();
    violations_.push_back(Violation{invariant, std::move(text), now_ns, trace.events()});
    trace.event(EventKind::oracle, 0xffff, now_ns, static_cast<std::uint64_t>(invariant) + 1, 0);
    world_.scheduler().request_stop();
}

TopicIndex Oracle::add_topic(std::string name, std::uint32_t partition_count) {
    Topic topic;
    topic.name = std::move(name);
    topic.partitions.resize(partition_count);
    topics_.push_back(std::move(topic));
    return static_cast<TopicIndex>(topics_.size() - 1);
}

std::optional<TopicIndex> Oracle::find_topic(std::string_view name) const {
    for (std::size_t i = topics_.size(); i-- > 0;) {
        if (topics_[i].name == name) {
            return static_cast<TopicIndex>(i);
        }
    }
    return std::nullopt;
}

std::string Oracle::name(PartitionRef ref) const {
    return fmt::format("{}-{}", topics_[ref.topic].name, ref.partition);
}

std::string Oracle::describe(RecordId record) const {
    if (record == 0 || record >= records_.size()) {
        return "no record of this run";
    }
    const RecordState& state = records_[record];
    return fmt::format("record {} of producer {}", record, state.producer);
}

RecordId Oracle::begin_send(std::uint32_t producer, TopicIndex topic) {
    RecordState state;
    state.topic = topic;
    state.producer = producer;
    records_.push_back(state);
    ++pending_;
    ++counts_.sent;
    return records_.size() - 1;
}

void Oracle::acked(RecordId record, std::uint32_t partition_index, std::int64_t offset,
                   std::uint32_t attempt_count) {
    RecordState& state = records_[record];
    WEIR_ASSERT(state.state == State::pending);
    --pending_;
    ++counts_.acked;
    counts_.retried_acks += attempt_count > 1 ? 1 : 0;
    const PartitionRef ref{state.topic, partition_index};
    if (partition_index >= topics_[state.topic].partitions.size() || offset < 0 ||
        offset > kOffsetMax) {
        report(Invariant::a5_one_value,
               fmt::format("{} was acknowledged at {}-{} offset {}, which does not exist",
                           describe(record), topics_[state.topic].name, partition_index, offset));
        return;
    }
    if (record < partition(ref).loss_record) {
        // It may have been written before the loss.
        state.state = State::indeterminate;
        return;
    }
    state.state = State::acked;
    state.partition = partition_index;
    state.offset = offset;
    state.attempt_count = attempt_count;
    state.acked_ns = world_.scheduler().now_ns();
    world_.trace().event(EventKind::oracle, 0xffff, world_.scheduler().now_ns(), record,
                         static_cast<std::uint64_t>(offset));
    if (!learn(ref, offset, record, "an acknowledgement")) {
        return;
    }
    Partition& model = partition(ref);
    model.offsets[static_cast<std::size_t>(offset)].acked = true;
    model.acked_end.note(state.acked_ns, offset + 1);
    check_order(ref, record);
}

// Compared with the latest only, which costs nothing; count_copies compares all at the end.
void Oracle::check_order(PartitionRef ref, RecordId record) {
    const RecordState& state = records_[record];
    std::vector<Latest>& latest_of_producer = partition(ref).latest_of_producer;
    if (latest_of_producer.size() <= state.producer) {
        latest_of_producer.resize(state.producer + 1);
    }
    Latest& latest = latest_of_producer[state.producer];
    if (latest.record != 0 && (record > latest.record) != (state.offset > latest.offset)) {
        report(Invariant::a10_order_and_copies,
               fmt::format("{} is at {} offset {}, but {} of the same producer at {}",
                           describe(record), name(ref), state.offset, describe(latest.record),
                           latest.offset));
    }
    if (record > latest.record) {
        latest = Latest{record, state.offset};
    }
}

void Oracle::failed(RecordId record) {
    WEIR_ASSERT(records_[record].state == State::pending);
    records_[record].state = State::failed;
    --pending_;
    ++counts_.failed;
}

void Oracle::indeterminate(RecordId record) {
    WEIR_ASSERT(records_[record].state == State::pending);
    records_[record].state = State::indeterminate;
    --pending_;
    ++counts_.indeterminate;
}

// Whether somebody wrote it there. A client sends to the name of a topic: what was on its way when
// the topic was deleted may come to the next one of that name.
bool Oracle::may_be_in(PartitionRef ref, RecordId record) const {
    if (record == 0 || record >= records_.size()) {
        return false;
    }
    const RecordState& state = records_[record];
    if (state.topic == ref.topic) {
        return true;
    }
    const Topic& meant = topics_[state.topic];
    const bool was_under_way = state.state == State::pending ||
                               state.state == State::indeterminate ||
                               (state.state == State::acked && state.acked_ns >= meant.deleted_ns);
    return meant.deleted && was_under_way && meant.name == topics_[ref.topic].name;
}

bool Oracle::learn(PartitionRef ref, std::int64_t offset, RecordId record, const char* source) {
    Partition& model = partition(ref);
    const auto index = static_cast<std::size_t>(offset);
    if (model.offsets.size() <= index) {
        model.offsets.resize(index + 1);
    }
    OffsetState& known = model.offsets[index];
    if (known.record != 0 && known.record != record) {
        // A value that was promised (acknowledged, or shown to a committed reader) is final. One
        // that only an uncommitted reader saw may be withdrawn by a power loss.
        if (known.acked || known.seen_committed) {
            report(Invariant::a5_one_value,
                   fmt::format("{} offset {}: {} says {}, but {} was {} there", name(ref), offset,
                               source, describe(record), describe(known.record),
                               known.acked ? "acknowledged" : "shown as committed"));
            return false;
        }
    }
    known.record = record;
    return true;
}

SessionId Oracle::begin_session(PartitionRef ref, bool committed, std::int64_t first) {
    ++counts_.sessions;
    Session session;
    session.partition = ref;
    session.committed = committed;
    session.next = first;
    session.losses = partition(ref).losses;
    sessions_.push_back(session);
    return static_cast<SessionId>(sessions_.size() - 1);
}

void Oracle::consumed(SessionId id, std::int64_t offset, RecordId record,
                      std::int64_t high_watermark) {
    ++counts_.consumed;
    Session& session = sessions_[id];
    const PartitionRef ref = session.partition;
    world_.trace().event(EventKind::oracle, 0xffff, world_.scheduler().now_ns(), record,
                         static_cast<std::uint64_t>(offset));
    if (!may_be_in(ref, record)) {
        report(Invariant::a14_damage,
               fmt::format("{} offset {}: a reader got bytes that nobody wrote there", name(ref),
                           offset));
        return;
    }
    if (session.next >= 0 && offset > session.next && topics_[ref.topic].retention) {
        // What lies between must have been deleted: polls after this one will tell.
        Partition& skipped = partition(ref);
        if (offset > skipped.skipped_to) {
            skipped.skipped_to = offset;
            skipped.skipped_ns = world_.scheduler().now_ns();
        }
    } else if (session.next >= 0 && offset != session.next) {
        report(Invariant::a9_session, fmt::format("{}: a session got offset {} where {} comes next",
                                                  name(ref), offset, session.next));
    }
    session.next = offset + 1;
    if (session.losses != partition(ref).losses) {
        return;  // what it reads may be from before the loss
    }
    // A new leader's may lag, which shows nothing that was committed as not committed.
    if (high_watermark < session.high_watermark && !topics_[ref.topic].replicated) {
        report(Invariant::a3_never_back,
               fmt::format("{}: a session saw the high watermark go from {} to {}", name(ref),
                           session.high_watermark, high_watermark));
    }
    session.high_watermark = std::max(session.high_watermark, high_watermark);
    Partition& told = partition(ref);
    if (!topics_[ref.topic].deleted) {
        told.high_watermark.note(world_.scheduler().now_ns(), high_watermark);
    }
    if (session.committed && offset >= high_watermark) {
        report(Invariant::a11_committed_only,
               fmt::format("{} offset {}: shown as committed with a high watermark of {}",
                           name(ref), offset, high_watermark));
    }
    if (offset < 0 || offset > kOffsetMax) {
        report(Invariant::a14_damage, fmt::format("{}: offset {} was served", name(ref), offset));
        return;
    }
    if (learn(ref, offset, record, "a reader") && session.committed) {
        partition(ref).offsets[static_cast<std::size_t>(offset)].seen_committed = true;
    }
}

KeeperIndex Oracle::add_keeper(std::string id, PartitionRef ref) {
    Keeper keeper;
    keeper.id = std::move(id);
    keeper.partition = ref;
    keepers_.push_back(std::move(keeper));
    return static_cast<KeeperIndex>(keepers_.size() - 1);
}

void Oracle::delivered(KeeperIndex index, std::int64_t next) {
    keepers_[index].delivered = std::max(keepers_[index].delivered, next);
}

void Oracle::store_confirmed(KeeperIndex index, std::int64_t next) {
    ++counts_.offsets_stored;
    keepers_[index].confirmed = std::max(keepers_[index].confirmed, next);
}

void Oracle::stored_seen(KeeperIndex index, std::int64_t next) {
    const Keeper& keeper = keepers_[index];
    if (topics_[keeper.partition.topic].deleted) {
        return;
    }
    if (next > keeper.delivered) {
        report(Invariant::a20_stored_offset,
               fmt::format("{} is to go on at {} offset {}, but got only what is below {}",
                           keeper.id, name(keeper.partition), next, keeper.delivered));
    }
    if (next < keeper.confirmed && !keeper.is_open) {
        report(Invariant::a20_stored_offset,
               fmt::format("{} is to go on at {} offset {}, but {} was stored", keeper.id,
                           name(keeper.partition), next, keeper.confirmed));
    }
}

void Oracle::polled(PartitionRef ref, std::int64_t asked_ns, std::int64_t log_start,
                    std::int64_t high_watermark) {
    ++counts_.polls;
    if (topics_[ref.topic].deleted) {
        return;
    }
    Partition& model = partition(ref);
    if (asked_ns <= model.loss_ns) {
        return;
    }
    if (log_start > high_watermark) {
        report(Invariant::a4_start_hw_leo, fmt::format("{}: log start {} above high watermark {}",
                                                       name(ref), log_start, high_watermark));
    }
    // Replicas delete each in its own time: who leads next may start below where a session
    // was sent.
    if (asked_ns >= model.skipped_ns && log_start < model.skipped_to &&
        !topics_[ref.topic].replicated) {
        report(Invariant::a9_session,
               fmt::format("{}: a session went on at offset {}, but the log starts at {}",
                           name(ref), model.skipped_to, log_start));
    }
    if (log_start > 0 && !topics_[ref.topic].retention) {
        report(Invariant::a16_retention,
               fmt::format("{}: the log starts at {}, but nothing of it may be deleted", name(ref),
                           log_start));
    }
    // Only a question that was asked after an answer had arrived must not get an older one.
    const bool may_lag = topics_[ref.topic].replicated && !topics_[ref.topic].strict;
    const std::int64_t told = model.high_watermark.at(may_lag ? asked_ns - kLeaseNs : asked_ns);
    if (high_watermark < told) {
        report(Invariant::a3_never_back, fmt::format("{}: high watermark went from {} to {}",
                                                     name(ref), told, high_watermark));
    }
    if (topics_[ref.topic].strict && high_watermark < model.acked_end.at(asked_ns)) {
        report(Invariant::i20_stale_leader,
               fmt::format("{}: high watermark {}, and {} was acknowledged before the question",
                           name(ref), high_watermark, model.acked_end.at(asked_ns)));
    }
    if (asked_ns >= model.log_start_ns && log_start < model.log_start &&
        !topics_[ref.topic].replicated) {
        report(Invariant::a3_never_back, fmt::format("{}: log start went from {} to {}", name(ref),
                                                     model.log_start, log_start));
    }
    const std::int64_t now_ns = world_.scheduler().now_ns();
    model.high_watermark.note(now_ns, high_watermark);
    if (log_start > model.log_start) {
        model.log_start = log_start;
        model.log_start_ns = now_ns;
    }
}

}  // namespace weir::sim
