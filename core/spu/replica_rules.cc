// The inputs of a replica's rules: what the SC, the other replicas and the log say.

#include "core/base/mutant.h"
#include "core/log/epochs.h"
#include "core/spu/replica.h"
#include "core/spu/replica_manager.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::spu {

using replication::Append;
using replication::BatchMark;
using replication::LeaderIs;
using replication::PeerMessage;
using wire::internal::PartitionMessage;

namespace {

// Of this SPU's place in the assignment; zero: it has none.
Uid own_uid(const PartitionRecord& record, SpuId self) {
    for (const auto* replicas : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *replicas) {
            if (replica.spu == self) {
                return replica.uid;
            }
        }
    }
    return Uid();
}

}  // namespace

// --- From the SC ---------------------------------------------------------------------------------

void Replica::begins_empty() {
    is_new_ = true;
}

void Replica::assign(const wire::internal::ReplicaAssignment& assignment) {
    WEIR_ASSERT(assignment.key == key());
    WEIR_ASSERT(assignment.record.topic_uid == topic_uid());
    spec_ = assignment.spec;
    durability_ = assignment.record.durability;
    if (log_ != nullptr && !mutant(Mutant::update_not_applied)) {
        log_->configure(log_config());
    }
    told_ = assignment.record;
    obey();
}

void Replica::obey() {
    if (!told_.has_value() || context_.terms.doubted.contains(partition())) {
        return;
    }
    leader_ = told_->leader;
    is_unlisted_ = false;
    if (is_new_) {
        new_uid_ = own_uid(*told_, context_.config.id);
    }
    add_input(LeaderIs{context_.terms.sc_epoch, context_.terms.boot, *std::move(told_)});
    told_.reset();
}

void Replica::probe(LeaderEpoch epoch) {
    add_input(ProbeInput{context_.terms.sc_epoch, context_.terms.boot, epoch});
}

void Replica::set_aside() {
    leader_ = kNoSpu;
    told_.reset();
    add_input(SetAsideInput());
}

void Replica::add_input(ScInput input) {
    inputs_.push_back(std::move(input));
    start_work();
}

void Replica::start_work() {
    if (!working_ && !closed_ && !deleted_ && !manager_.is_closed()) {
        working_ = true;
        manager_.spawn(work(shared_from_this()));
    }
}

// Exists while there is something to do that cannot be done at once. Keeps itself alive.
Task<void> Replica::work(std::shared_ptr<Replica> self) {
    WEIR_ASSERT(self.get() == this);
    while (true) {
        if (effects_done_ < effects_.size()) {
            if (!carry_out_now(effects_[effects_done_])) {
                replication::Effect effect = std::move(effects_[effects_done_]);
                const Result<void> done = co_await carry_out_waiting(std::move(effect));
                if (!done.has_value()) {
                    give_up(done.error());
                    continue;
                }
            }
            ++effects_done_;
            continue;
        }
        effects_.clear();
        effects_done_ = 0;
        update_role();
        if (inputs_.empty()) {
            break;
        }
        ScInput input = std::move(inputs_.front());
        inputs_.pop_front();
        co_await take_input(std::move(input));
    }
    working_ = false;
    settled_.notify_all();
}

Task<void> Replica::take_input(ScInput input) {
    if (auto* leader = std::get_if<LeaderIs>(&input)) {
        co_await take_leader(std::move(*leader));
        co_return;
    }
    if (std::holds_alternative<SetAsideInput>(input)) {
        last_leader_.reset();
        forget_rules();
        co_return;
    }
    const auto& probe = std::get<ProbeInput>(input);
    if (state_.has_value()) {
        state_->step(replication::Probe{probe.sc_epoch, probe.boot, probe.epoch}, effects_);
    } else if (to_be_replaced_) {
        // A recovery waits for the answers of all that are known.
        report_damage(probe.boot, probe.epoch);
    }
}

Task<void> Replica::take_leader(LeaderIs message) {
    if (mutant(Mutant::old_leader_serves) && state_.has_value() && state_->leader() != nullptr &&
        message.record.leader != context_.config.id) {
        co_return;
    }
    if (is_outdated(message.record)) {
        co_return;
    }
    const Uid uid = own_uid(message.record, context_.config.id);
    if (uid == Uid()) {
        WEIR_LOG(logger_, error, "the SC assigned {} without a place for this SPU",
                 to_string(key()));
        co_return;
    }
    if (state_.has_value() && (state_->self().uid != uid || state_->self().boot != message.boot)) {
        // Another life of the partition here, or of this SPU.
        forget_rules();
    }
    Result<void> ready;
    if (!state_.has_value()) {
        ready = co_await prepare(message);
        // Once the files are open and the rules begin anew there is nothing to start over. A disk
        // that refused is asked again; what is read wrong stays so.
        gave_up_ = !ready.has_value() && (gave_up_ || ready.error().code != ErrorCode::corrupt);
    }
    if (ready.has_value()) {
        ready = co_await begin(message);
    }
    if (closed_ || deleted_) {
        co_return;
    }
    if (!ready.has_value()) {
        note_failed(ready.error(), message);
    }
    last_leader_ = message;
    if (state_.has_value()) {
        const std::size_t first = effects_.size();
        state_->step(message, context_.moment(partition()), effects_);
        count_cuts(first);
    }
    if (to_be_replaced_ && !mutant(Mutant::damage_told_once)) {
        report_damage(message.boot, message.record.leader_epoch);
    }
    manager_.role_changed(*this);
}

// The rules would not obey it. Nor is its uid the one that this replica has now: it was in doubt,
// and an operator's adoption, which says the newest one, is about to come.
bool Replica::is_outdated(const PartitionRecord& record) const {
    return std::tie(record.leader_epoch, record.version) <
           std::make_tuple(state_file_.fence_epoch(), state_file_.fence_version());
}

// The rules at work on what is on the disk.
Task<Result<void>> Replica::prepare(const LeaderIs& message) {
    const Uid uid = own_uid(message.record, context_.config.id);
    to_be_replaced_ = false;
    if (log_ == nullptr) {
        const Result<void> opened = co_await manager_.open(shared_from_this());
        if (!opened.has_value() && is_damage(opened.error())) {
            WEIR_CO_CHECK(co_await replace_damaged(uid));
        } else if (!opened.has_value()) {
            co_return opened;
        }
    }
    if (is_outdated(message.record)) {
        co_return fail(ErrorCode::unavailable, "the SC's record is older than what is here");
    }
    WEIR_CO_CHECK(co_await settle_uid(uid));
    is_new_ = false;
    new_uid_.reset();
    log_->configure(log_config());
    replication::ReplicaIdentity self;
    self.spu = context_.config.id;
    self.boot = message.boot;
    self.topic_uid = topic_uid();
    self.partition = PartitionId(key().partition);
    self.uid = uid;
    replication::RecoveredReplica recovered;
    recovered.log.log_start = log_->log_start();
    recovered.log.leo = log_->leo();
    recovered.log.durable = log_->synced_end();
    recovered.log.hw = log_->committed_end();
    recovered.log.lineage = log::with_epoch_before(log_->lineage(), log_->log_start(), log_->leo(),
                                                   log_->epoch_before_start());
    recovered.log.entered = state_file_.entered();
    recovered.fence_epoch = state_file_.fence_epoch();
    recovered.fence_version = state_file_.fence_version();
    recovered.last_nonce = last_nonce_;
    state_.emplace(self, context_.config.replication, std::move(recovered),
                   context_.env.clock.now());
    if (const std::optional<Error> error = contradiction(message.record); error.has_value()) {
        take_out(*error);
    }
    co_return Result<void>();
}

// Ends the old epoch in the log before the rules hear of the new one.
Task<Result<void>> Replica::begin(const LeaderIs& message) {
    const PartitionRecord& record = message.record;
    if (record.leader_epoch <= state_->record().leader_epoch ||
        record.leader_epoch < state_->fence_epoch()) {
        co_return Result<void>();
    }
    const bool leads = record.leader == context_.config.id && record.leader_boot == message.boot;
    if (mutant(Mutant::log_opened_again)) {
        WEIR_CO_CHECK(co_await open_files());
    }
    const auto role = leads ? log::AppendRole::leader : log::AppendRole::follower;
    co_return co_await log_->begin_epoch(record.leader_epoch, role);
}

void Replica::note_failed(const Error& error, const LeaderIs& message) {
    WEIR_LOG(logger_, error, "{} cannot take part in epoch {}: {}", to_string(key()),
             message.record.leader_epoch.value(), to_string(error));
    if (state_.has_value()) {
        state_->damaged(effects_);
        return;
    }
    to_be_replaced_ = is_damage(error) && !is_of_only_copy(message.record);
    if (message.record.leader == context_.config.id) {
        context_.sc_outbox.put(
            partition(), replication::PromoteFailed{message.boot, message.record.leader_epoch});
    }
}

// --- From the other replicas ---------------------------------------------------------------------

// Nothing is left to carry out, and what a follower was given to write is written or refused.
Task<Result<void>> Replica::wait_settled(CancelToken token) {
    while (working_ || last_append_.has_value()) {
        if (working_) {
            WEIR_CO_CHECK(co_await settled_.wait(token));
            continue;
        }
        const std::shared_ptr<log::Log> log = log_;
        const log::Appended append = *last_append_;
        const Result<void> written = co_await log->wait_written(append, token);
        if (token.cancelled()) {
            co_return fail(ErrorCode::cancelled, "the connection is closing");
        }
        if (last_append_.has_value() && last_append_->sequence == append.sequence) {
            last_append_.reset();
            if (!written.has_value()) {
                refuse_appends_until_ =
                    context_.env.clock.now() + context_.config.log.disk_full_retry_interval;
            }
        }
    }
    co_return Result<void>();
}

Task<Result<void>> Replica::take(PartitionMessage message, CancelToken token) {
    WEIR_CO_CHECK(co_await wait_settled(token));
    if (closed_ || deleted_ || !state_.has_value()) {
        co_return Result<void>();
    }
    if (std::holds_alternative<Append>(message.message) &&
        context_.env.clock.now() < refuse_appends_until_) {
        // The disk does not take it. Silence lets the leader's window fill up.
        co_return Result<void>();
    }
    step(message.message, std::move(message.batches));
    co_return Result<void>();
}

void Replica::step(const PeerMessage& message, std::vector<BufferSlice> batches) {
    const std::size_t first = effects_.size();
    state_->step(message, context_.moment(partition()), effects_);
    for (std::size_t i = first; i < effects_.size(); ++i) {
        if (std::holds_alternative<replication::WriteBatches>(effects_[i])) {
            to_write_.push_back(std::move(batches));
        }
    }
    count_cuts(first);
    const SpuId follower = state_->leader() == nullptr ? kNoSpu : note_heard(message);
    carry_out();
    if (follower != kNoSpu) {
        tell_follower(follower);
    }
}

// What a leader's follower says moves what the report tells of it.
SpuId Replica::note_heard(const PeerMessage& message) {
    SpuId from = kNoSpu;
    Offset acked;
    if (const auto* ack = std::get_if<replication::Ack>(&message);
        ack != nullptr && ack->epoch == state_->record().leader_epoch) {
        from = ack->from;
        acked = ack->acked;
    } else if (const auto* attach = std::get_if<replication::Attach>(&message);
               attach != nullptr && attach->epoch == state_->record().leader_epoch) {
        from = attach->from;
        acked = attach->acked;
    }
    for (const auto& news : followers_) {
        if (news->follower == from && news->acked != acked) {
            news->acked = acked;
            manager_.note_change(*this);
        }
    }
    return from;
}

void Replica::leader_gone(SpuId spu) {
    if (state_.has_value() && state_->follower() != nullptr) {
        state_->disconnected(spu, context_.moment(partition()), effects_);
        carry_out();
    }
}

void Replica::follower_gone(SpuId spu) {
    if (!state_.has_value() || state_->leader() == nullptr) {
        return;
    }
    for (const auto& news : followers_) {
        if (news->follower == spu) {
            news->unlink();
            news->acked = Offset(-1);
            manager_.note_change(*this);
        }
    }
    state_->disconnected(spu, context_.moment(partition()), effects_);
    carry_out();
}

void Replica::tick() {
    if (!state_.has_value() || closed_ || deleted_) {
        return;
    }
    state_->tick(context_.moment(partition()), effects_);
    carry_out();
    tell_followers();
}

bool Replica::has_peers() const {
    return state_.has_value() &&
           state_->record().replicas.size() + state_->record().adding.size() > 1;
}

// --- From the log --------------------------------------------------------------------------------

// While a truncation is under way the rules are ahead of the log, and hear from it when it is done.
void Replica::written(Offset leo) {
    if (!state_.has_value() || cut_count_ != 0 || leo <= state_->log().leo) {
        return;
    }
    marks_.clear();
    Offset at = state_->log().leo;
    const Lineage& lineage = log_->lineage();
    for (std::size_t i = 0; i < lineage.size() && at < leo; ++i) {
        const bool is_last = i + 1 == lineage.size();
        const Offset end = is_last ? leo : std::min(leo, lineage[i + 1].start);
        if (end > at) {
            marks_.push_back(BatchMark{at, end, lineage[i].epoch});
            at = end;
        }
    }
    WEIR_ASSERT(at == leo);
    state_->appended(marks_, context_.moment(partition()), effects_);
    note_uncommitted(leo);
    carry_out();
    tell_followers();
}

void Replica::synced(Offset synced_end) {
    if (!state_.has_value() || cut_count_ != 0) {
        return;
    }
    state_->synced(std::min(synced_end, state_->log().leo), context_.moment(partition()), effects_);
    carry_out();
}

void Replica::evicted(Offset log_start) {
    if (state_.has_value() && cut_count_ == 0 && log_start > state_->log().log_start) {
        state_->evicted(log_start);
    }
}

}  // namespace weir::spu
