// One partition on this SPU: its files, its assignment, and the rules of replication at work on
// them (core/replication/replica_state.h).
//
// Owner: the ReplicaManager, shared with whoever serves a request of it (requests may outlive the
// assignment; they find `deleted` or no leadership then). The log is opened by open() or with the
// first assignment, and closed by close() or remove(), which the manager calls. One shard.
//
// How the rules are driven. Each input is a step of the ReplicaState, in the turn in which it
// comes; what the step wants done (effects) joins a queue that is carried out strictly in order.
// What can be done at once is done at once; the first effect that has to wait for the disk makes a
// task, which exists until the queue is empty. While it is not empty the replica serves no client:
// what it has promised may not be durable yet. The SC's inputs go through a queue of their own in
// front of that, because before a new epoch reaches the rules, the log must have ended the old one
// (Log::begin_epoch): nothing is appended for it afterwards, and the rules know all that was.
//
// What it implements: replica.cc the files and the assignment, replica_rules.cc the inputs,
// replica_effects.cc the effects, replica_push.cc what goes to followers, replica_damage.cc what
// becomes of a damaged log, replica_facts.cc what a listening probe is told.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/log/log.h"
#include "core/log/replica_state.h"
#include "core/replication/replica_state.h"
#include "core/spu/context.h"
#include "core/wire/internal.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::spu {

class ReplicaManager;

// The error says that stored bytes are lost.
bool is_damage(const Error& error);

// Told when a replica's leadership or existence has changed. Unlinks itself when destroyed.
class ReplicaWatcher : public ListNode {
public:
    virtual ~ReplicaWatcher() = default;
    // Only notes or wakes; called from inside the change.
    virtual void replica_changed() = 0;
};

class Replica final : public ListNode,
                      public std::enable_shared_from_this<Replica>,
                      private log::LogObserver {
public:
    // `manager` outlives it, but for the tasks of requests that hold it.
    Replica(Context& context, ReplicaManager& manager, std::string dir,
            const wire::internal::ReplicaRef& ref);

    const ReplicaKey& key() const { return ref_.key; }
    const Uid& topic_uid() const { return ref_.topic_uid; }
    const wire::internal::ReplicaRef& ref() const { return ref_; }
    wire::internal::PartitionRef partition() const {
        return {topic_uid(), PartitionId(key().partition)};
    }
    const PartitionSpec& spec() const { return spec_; }
    // The SC said last that this SPU leads.
    bool is_to_lead() const { return leader_ == context_.config.id; }
    // Somebody leads, and this SPU does if it shall and can.
    bool is_settled() const {
        return leader_ != kNoSpu && (!is_to_lead() || led_ || open_error_.has_value());
    }
    const std::string& dir() const { return dir_; }
    // The topic is gone, or the partition was taken from this SPU.
    bool deleted() const { return deleted_; }
    void mark_deleted();
    void watch(ReplicaWatcher& watcher) { watchers_.push_back(watcher); }

    // --- Files --------------------------------------------------------------------------------

    // Opens the log if it is not open. An error stays: `corrupt` for good, others until the next
    // call. Cancelling the wait does not cancel an opening that another caller waits for.
    Task<Result<std::shared_ptr<log::Log>>> open_log();
    // Null while it is not open.
    const std::shared_ptr<log::Log>& log_if_open() const { return log_; }
    // For the registration, once it was tried to open; nullopt when nothing can be told.
    std::optional<wire::internal::StoredReplica> stored() const;
    // The state for the SC; nullopt unless it leads, or should and cannot.
    std::optional<wire::internal::ReplicaReport> report() const;
    // Retention and other upkeep; opens the files anew when the disk has failed the rules.
    Task<Result<void>> upkeep();
    // Reading its log has failed so. When bytes are lost and others have the records, it serves
    // nothing any more, and the SC is told, which has it start over (design, replication 5.13).
    void read_failed(const Error& error);
    // Reads and checks some of what is written, if that is due; how many bytes. 0: not due.
    Task<std::uint64_t> scrub(std::uint64_t size_bytes_max);
    // Ends the log in order.
    Task<Result<void>> close();
    // Deletes the files.
    Task<Result<void>> remove();

    // --- Inputs of the rules ------------------------------------------------------------------

    // Before the first assign() of a replica that has no files yet: it is not one without its data.
    void begins_empty();
    // What the SC said under `context.terms`.
    void assign(const wire::internal::ReplicaAssignment& assignment);
    // The doubts of `context.terms` may have ended. A record in doubt may be older than the one
    // that the replica obeys: nothing follows from it until then.
    void obey();
    void probe(LeaderEpoch epoch);
    // The SC does not list it any more: it does nothing until it is assigned again.
    void set_aside();
    // An SC whose topics are known here does not list it. An SC with older metadata that lists it
    // again may do so by mistake, and hears of it with the registration.
    void note_unlisted() { is_unlisted_ = true; }
    // From the other replicas. `batches` are those of an Append. Waits until what was said before
    // is done (a follower's log has to have it), and not for what this brings.
    Task<Result<void>> take(wire::internal::PartitionMessage message, CancelToken token);
    // The connection to the SPU that this one follows, or to one that follows this, is gone.
    void leader_gone(SpuId spu);
    void follower_gone(SpuId spu);
    // About every 100 ms when it has peers.
    void tick();
    bool has_peers() const;

    // --- For clients --------------------------------------------------------------------------

    // This SPU serves the partition's clients: it leads, in its lease.
    bool leads() const;
    bool may_read(replication::Isolation isolation) const;
    // What a producer waits for that asked for `asked` (the topic's ack_floor). Only while it
    // leads.
    replication::Isolation acknowledged_at(replication::Isolation asked) const {
        return state_->acknowledged_at(asked);
    }
    // Now; append() has to follow in the same turn. `isolation` as acknowledged_at() says.
    replication::Permission may_produce(replication::Isolation isolation) const;
    // As leader. Errors as for Log::append.
    Result<log::Appended> append(BufferSlice batches);
    // Cancelled when this leadership ends. Only while it leads.
    std::shared_ptr<CancelSource> leadership() const { return leadership_; }
    // A new leader may lag the committed end of the one before: waits until it does not. False
    // when that is not known in time, or it does not lead.
    Task<bool> wait_committed_end(Duration limit, CancelToken token);
    // Appended, and not committed.
    std::uint64_t uncommitted_size_bytes() const;

    // --- To followers -------------------------------------------------------------------------

    // Reads what the follower is to get next, and puts an Append into `outbox`; true when there is
    // more. Errors: offset_evicted (the follower must attach anew).
    Task<Result<bool>> push(SpuId follower, FollowerOutbox& outbox);
    // There may be more for this one.
    void tell_follower(SpuId spu);

    // A client is about to get an answer that says that this SPU leads.
    void note_served() const;

private:
    struct ProbeInput {
        ScEpoch sc_epoch;
        BootEpoch boot;
        LeaderEpoch epoch;
    };
    struct SetAsideInput {};
    using ScInput = std::variant<replication::LeaderIs, ProbeInput, SetAsideInput>;
    // Where the log ended when so many bytes had been written.
    struct WrittenMark {
        Offset end;
        std::uint64_t written_bytes = 0;
    };

    // replica.cc
    log::LogConfig log_config() const;
    Task<Result<void>> open_files();
    Task<Result<void>> void_files(Uid replica_uid);
    Task<Result<void>> settle_uid(Uid replica_uid);
    Task<Result<void>> start_over();
    void forget_rules();
    std::vector<ReplicaStatus> follower_statuses() const;

    // replica_damage.cc
    Task<Result<void>> replace_damaged(Uid replica_uid);
    std::optional<Error> contradiction(const PartitionRecord& record) const;
    void take_out(const Error& error);
    void ask_for_replacement();
    void report_damage(BootEpoch boot, LeaderEpoch epoch);

    // replica_rules.cc
    void add_input(ScInput input);
    Task<void> work(std::shared_ptr<Replica> self);
    Task<void> take_input(ScInput input);
    Task<void> take_leader(replication::LeaderIs message);
    bool is_outdated(const PartitionRecord& record) const;
    Task<Result<void>> begin(const replication::LeaderIs& message);
    Task<Result<void>> prepare(const replication::LeaderIs& message);
    void note_failed(const Error& error, const replication::LeaderIs& message);
    void step(const replication::PeerMessage& message, std::vector<BufferSlice> batches);
    SpuId note_heard(const replication::PeerMessage& message);
    Task<Result<void>> wait_settled(CancelToken token);
    void written(Offset leo) override;
    void synced(Offset synced_end) override;
    void evicted(Offset log_start) override;

    // replica_effects.cc
    void carry_out();
    void start_work();
    bool carry_out_now(replication::Effect& effect);
    Task<Result<void>> carry_out_waiting(replication::Effect effect);
    void count_cuts(std::size_t first);
    void give_up(const Error& error);
    void write_batches();
    void stop_leading();
    void note_committed(Offset hw);
    Task<void> note_version(std::shared_ptr<Replica> self, replication::NoteVersion version);
    void start_deleting();
    Task<void> delete_records(std::shared_ptr<Replica> self, Offset before);
    void note_uncommitted(Offset leo);
    void update_followed();
    void update_role();

    // replica_facts.cc
    PartitionIdentity identity() const;
    void tell_state() const;
    void tell_message(const replication::PeerMessage& message) const;
    void tell_message(const replication::ScMessage& message) const;
    void tell_dropped() const;

    // replica_push.cc
    void make_followers();
    void tell_followers();

    Context& context_;
    ReplicaManager& manager_;
    Logger logger_;
    std::string dir_;
    wire::internal::ReplicaRef ref_;
    PartitionSpec spec_;
    SpuId leader_ = kNoSpu;
    Durability durability_ = Durability::fsync;
    bool deleted_ = false;
    IntrusiveList<ReplicaWatcher> watchers_;

    // Opening, closing and removing exclude each other: they are many steps on the same files.
    AsyncMutex files_;
    bool closed_ = false;
    log::ReplicaStateFile state_file_;
    std::shared_ptr<log::Log> log_;
    std::optional<Error> open_error_;
    // Its files are to be made when it obeys for the first time: that replica it is from then on.
    bool is_new_ = false;
    std::optional<Uid> new_uid_;
    // Bytes of the open log are lost.
    bool is_damaged_ = false;
    // Up to where the open log was asked to delete what the record says; one task at a time.
    Offset deleted_before_;
    bool deleting_ = false;
    // Of no use as it is, which the SC hears with each of its records.
    bool to_be_replaced_ = false;
    log::ScrubCursor scrub_cursor_;
    Instant scrub_due_;

    // From the first assignment on.
    std::optional<replication::ReplicaState> state_;
    // Of the states before it in this process.
    std::uint64_t last_nonce_ = 0;
    std::deque<ScInput> inputs_;
    // The last that reached the rules.
    std::optional<replication::LeaderIs> last_leader_;
    // Is in doubt.
    std::optional<PartitionRecord> told_;
    bool is_unlisted_ = false;
    // The disk did not do what opening or an effect asked for; upkeep starts over.
    bool gave_up_ = false;
    replication::Effects effects_;
    std::size_t effects_done_ = 0;
    // Truncations among the effects that are not done.
    std::size_t cut_count_ = 0;
    // Of the WriteBatches among the effects, in their order.
    std::deque<std::vector<BufferSlice>> to_write_;
    // A follower's appends that may not be written yet.
    std::optional<log::Appended> last_append_;
    Instant refuse_appends_until_;
    bool working_ = false;
    Notifier settled_;
    // Kept for its memory.
    std::vector<replication::BatchMark> marks_;

    // As of the last update_role().
    bool led_ = false;
    SpuId followed_ = kNoSpu;
    std::shared_ptr<CancelSource> leadership_;
    std::vector<std::unique_ptr<FollowerNews>> followers_;
    std::vector<WrittenMark> uncommitted_;
    std::uint64_t committed_bytes_ = 0;
};

}  // namespace weir::spu
