// The replicas of this SPU: which there are (the SC says so), their files, their reports.
//
// Owner: `run` in service.cc; closed by close() before it is destroyed. One shard.
//
// Files: <dir>/<topic>-<partition>.<topic uid>/, one log each, so that a topic that was deleted and
// created again never meets the files of its former life. What is on the disk is opened at the
// start, before the SC is told; new replicas are opened as they are assigned, and deleted in the
// background when they are taken away. What the SC does not list, without having taken it away, is
// kept for Config::unlisted_grace.
#pragma once

#include "core/spu/replica.h"
#include "core/task/task_scope.h"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::spu {

// The name of a replica's folder, and back; nullopt when the name is none.
std::string replica_folder_name(const wire::internal::ReplicaRef& replica);
std::optional<wire::internal::ReplicaRef> parse_replica_folder_name(std::string_view name);

class ReplicaManager {
public:
    ReplicaManager(Context& context, std::string dir);

    // Finds out what is on the disk, finishes deletions that were interrupted, and begins to open.
    Task<Result<void>> start();
    // Until everything that was on the disk at the start is open, or cannot be opened.
    Task<Result<void>> wait_opened(CancelToken token);
    std::vector<wire::internal::StoredReplica> stored() const;
    // Until the SC has said after the start who leads the replicas here, and this SPU leads those
    // that it shall: before that nobody is to be told that it does not. At most 2 s, since the SC
    // may be away, or a partition without a leader.
    Event& begun() { return begun_; }
    // Sets the limit.
    Task<void> end_beginning(CancelToken token);
    // What the SC sent. Never waits; the work goes on in the background.
    void apply(const wire::internal::Assignments& change);
    // The doubts of `context.terms` have changed.
    void doubts_changed();

    // Null when there is none.
    std::shared_ptr<Replica> find(std::string_view topic, std::uint32_t partition) const;
    // Null when this SPU does not lead it.
    std::shared_ptr<Replica> find_leader(std::string_view topic, std::uint32_t partition) const;
    // Of this incarnation of the topic; null when there is none.
    std::shared_ptr<Replica> find(const wire::internal::PartitionRef& partition) const;
    std::size_t replica_count() const { return replicas_.size(); }

    // --- For the replicas ---------------------------------------------------------------------

    // Runs the task; not any more when is_closed().
    void spawn(Task<void> task) { background_.spawn(std::move(task)); }
    bool is_closed() const { return is_closed_; }
    // Opens its log, in turn with others, after its folder is free of what was there before.
    Task<Result<void>> open(std::shared_ptr<Replica> replica);
    // It leads from now on, or no longer, or has peers now.
    void role_changed(Replica& replica);

    // --- Other SPUs ---------------------------------------------------------------------------

    void leader_gone(SpuId spu);
    void follower_gone(SpuId spu);
    // Ticks the rules of the replicas with peers, until the token is cancelled.
    Task<void> run_ticks(CancelToken token);

    // --- Reports to the SC --------------------------------------------------------------------

    // Something about the replica has changed that the SC wants to know. Cheap, any number of
    // times.
    void note_change(Replica& replica);
    // The same, and somebody waits for it: it does not wait for its turn.
    void note_news(Replica& replica);
    // There is a new connection to the SC.
    void note_all();
    bool has_report() const { return !changed_.empty() || !removed_.empty(); }
    // Until the next take_reports().
    bool has_news() const { return has_news_; }
    // Notified when one of the two becomes true, and by who else wants a report to be sent.
    Notifier& report_due() { return report_due_; }
    // Everything noted since the last call, in the order of being noted.
    std::vector<wire::internal::ReplicaReport> take_reports();
    // Replicas whose files are gone. Give them back with return_removed() if they could not be
    // sent.
    std::vector<wire::internal::ReplicaRef> take_removed();
    void return_removed(std::vector<wire::internal::ReplicaRef> removed);

    // Retention and other upkeep of all logs, until the token is cancelled.
    Task<void> run_upkeep(CancelToken token);
    // Reads what nobody reads, at the rate of the settings, until the token is cancelled.
    Task<void> run_scrub(CancelToken token);
    // Ends the background work and closes all logs; the first error.
    Task<Result<void>> close();

private:
    struct KeyView {
        std::string_view topic;
        std::uint32_t partition;
    };
    struct KeyLess {
        using is_transparent = void;
        template <typename A, typename B>
        bool operator()(const A& a, const B& b) const {
            const std::string_view left = a.topic;
            const std::string_view right = b.topic;
            return left != right ? left < right : a.partition < b.partition;
        }
    };

    void assign(const wire::internal::ReplicaAssignment& assignment);
    void drop(const wire::internal::ReplicaRef& ref);
    void set_unlisted_aside(const wire::internal::Assignments& change);
    void note_orphans();
    void drop_old_orphans();
    void start_openers();
    Task<void> open_stored();
    Task<void> open_or_give_up(Replica& replica);
    Task<void> remove_replica(std::shared_ptr<Replica> replica);
    void removed(wire::internal::ReplicaRef ref);
    void note_if_changed(Replica& replica);
    void check_begun();

    Context& context_;
    Logger logger_;
    std::string dir_;
    std::map<ReplicaKey, std::shared_ptr<Replica>, KeyLess> replicas_;
    // The same replicas.
    std::map<wire::internal::PartitionRef, std::shared_ptr<Replica>> by_partition_;
    // On the disk without an assignment: never assigned since the start, or not listed any more.
    struct Unclaimed {
        std::shared_ptr<Replica> replica;
        // When the SC was first heard without it.
        std::optional<Instant> since;
    };
    std::map<wire::internal::ReplicaRef, Unclaimed> unclaimed_;
    // The SC has assigned one of the folders that were there.
    bool claimed_any_ = false;
    std::deque<std::shared_ptr<Replica>> to_open_;
    std::size_t opener_count_ = 0;
    // Logs that are being opened for new replicas.
    std::size_t opening_count_ = 0;
    // Their files are being deleted.
    std::set<wire::internal::ReplicaRef> removing_;
    // One of the four above has changed.
    Notifier files_changed_;
    Notifier peers_changed_;
    bool was_told_ = false;
    Event begun_;
    IntrusiveList<Replica> changed_;
    bool has_news_ = false;
    std::vector<wire::internal::ReplicaRef> removed_;
    // What the SC was told last, to leave out what is the same.
    std::map<ReplicaKey, wire::internal::ReplicaReport> reported_;
    Notifier report_due_;
    bool is_closed_ = false;
    TaskScope background_;
};

}  // namespace weir::spu
