// Damage to the log of a replica: how it is found, and what becomes of the files (design,
// replication 5.13).
//
// A replica of several that is damaged serves nothing and says so, again with each record that it
// gets: others may have its records now that did not when it said so before. When the SC knows one
// of them, it gives the replica's place another uid: only then anything is removed. The only copy
// stays as it is, for an operator.

#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/spu/replica.h"
#include "core/spu/replica_manager.h"

#include <fmt/core.h>

namespace weir::spu {

bool is_damage(const Error& error) {
    return error.code == ErrorCode::corrupt || error.code == ErrorCode::io_error;
}

void Replica::read_failed(const Error& error) {
    if (!is_damage(error) || !has_peers() || state_->is_suspect() || closed_ || deleted_) {
        return;
    }
    take_out(error);
}

void Replica::take_out(const Error& error) {
    WEIR_LOG(logger_, error, "{} is damaged, and serves nothing any more: {}", to_string(key()),
             to_string(error));
    context_.env.probe.reached(Sometimes::spu_replica_damaged);
    is_damaged_ = true;
    state_->damaged(effects_);
    carry_out();
    ask_for_replacement();
    manager_.note_change(*this);
}

void Replica::ask_for_replacement() {
    WEIR_ASSERT(state_->is_suspect());
    to_be_replaced_ = true;
    report_damage(state_->self().boot, state_->record().leader_epoch);
}

// Unasked: the SC takes the replica out, and gives it another uid when its records are elsewhere.
void Replica::report_damage(BootEpoch boot, LeaderEpoch epoch) {
    if (mutant(Mutant::damage_not_reported)) {
        return;
    }
    replication::ProbeAnswer of_nothing_readable;
    of_nothing_readable.boot = boot;
    of_nothing_readable.epoch = epoch;
    of_nothing_readable.is_healthy = false;
    context_.sc_outbox.put(partition(),
                           state_.has_value() ? state_->probe_answer(epoch) : of_nothing_readable);
}

// What recovery takes for good may not be. Damage at the end of a log looks like a write that a
// power loss tore, and is cut off; but what was committed cannot have been torn. No checksum covers
// the epoch of a batch; but none was written before the fence epoch was stored.
std::optional<Error> Replica::contradiction(const PartitionRecord& record) const {
    if (is_of_only_copy(record)) {
        return std::nullopt;
    }
    if (is_damaged_) {
        return Error(ErrorCode::corrupt, "it was found damaged before");
    }
    if (log_->leo() < state_file_.high_watermark()) {
        return Error(ErrorCode::corrupt, "the log ends below what was committed");
    }
    if (replication::last_epoch(log_->lineage()) > state_file_.fence_epoch()) {
        return Error(ErrorCode::corrupt, "the log ends with an epoch that was never accepted");
    }
    return std::nullopt;
}

// The place has another uid, so that the records are elsewhere, and nothing that was said about
// this replica counts any more. Without a readable state file the old uid is not known, but then
// nothing was said about the replica in this process either, and its SPU has registered it as
// damaged. Nothing is kept: no checksum covers the epochs of the batches before the damage.
Task<Result<void>> Replica::replace_damaged(Uid replica_uid) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await files_.lock());
    if (closed_ || deleted_ || state_file_.replica_uid() == replica_uid) {
        co_return fail(ErrorCode::corrupt, fmt::format("{} is damaged", to_string(key())));
    }
    WEIR_LOG(logger_, warn, "{} was damaged and starts empty: others have its records",
             to_string(key()));
    tell_dropped();
    if (log_ != nullptr) {
        log_->set_observer(nullptr);
        const Result<void> closed = co_await log_->close();
        WEIR_MAYBE(closed.has_value());
        log_.reset();
    }
    state_file_.close_file();
    WEIR_CO_CHECK(co_await log::Log::destroy(context_.env, dir_));
    WEIR_CO_CHECK(co_await open_files());
    WEIR_CO_CHECK(co_await state_file_.set_replica_uid(replica_uid));
    context_.env.probe.reached(Sometimes::spu_replica_replaced);
    is_damaged_ = false;
    co_return Result<void>();
}

Task<std::uint64_t> Replica::scrub(std::uint64_t size_bytes_max) {
    const Clock& clock = context_.env.clock;
    if (log_ == nullptr || is_damaged_ || working_ || closed_ || deleted_ ||
        clock.now() < scrub_due_) {
        co_return 0;
    }
    const std::shared_ptr<log::Log> log = log_;
    const Result<log::ScrubStep> step = co_await log->scrub(scrub_cursor_, size_bytes_max);
    if (log != log_ || closed_ || deleted_ || mutant(Mutant::scrub_sees_nothing)) {
        co_return 0;
    }
    if (!step.has_value()) {
        scrub_due_ = clock.now() + context_.config.scrub_interval;
        if (is_damage(step.error())) {
            read_failed(step.error());
        }
        if (is_damage(step.error()) && !is_damaged_) {
            WEIR_LOG(logger_, error, "{} is damaged: {}", to_string(key()),
                     to_string(step.error()));
            is_damaged_ = true;
        }
        co_return size_bytes_max;
    }
    scrub_cursor_ = step->next;
    if (step->finished) {
        scrub_due_ = clock.now() + context_.config.scrub_interval;
    }
    co_return step->read_bytes;
}

}  // namespace weir::spu
