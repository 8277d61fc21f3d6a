// The replicas of this SPU: which there are (the SC says so), their files, their reports.
//
// Owner: `run` in service.cc; closed by close() before it is destroyed. One shard.
//
// Files: <dir>/<topic>-<partition>.<topic uid>/, one log each, so that a topic that was deleted and
// created again never meets the files of its former life. Replicas are opened in the background as
// they are assigned, and deleted in the background when the SC says that they are removed. A
// replica that it merely does not list is closed and stays for Config::unlisted_grace: the SC may
// have forgotten it, and may come to know it again.
#pragma once

#include "core/spu/replica.h"
#include "core/task/task_scope.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
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

    // Finds out what is on the disk, and finishes deletions that were interrupted.
    Task<Result<void>> start();
    // What the SC sent. Never waits; the work goes on in the background.
    void apply(const wire::internal::Assignments& change);

    // Null when there is none.
    std::shared_ptr<Replica> find(std::string_view topic, std::uint32_t partition) const;
    // Null when this SPU does not lead it.
    std::shared_ptr<Replica> find_leader(std::string_view topic, std::uint32_t partition) const;
    std::size_t replica_count() const { return replicas_.size(); }

    // --- Reports to the SC --------------------------------------------------------------------

    // Something about the replica has changed that the SC wants to know. Cheap, any number of
    // times.
    void note_change(Replica& replica);
    // As after a new connection to the SC.
    void note_all();
    bool has_report() const { return !changed_.empty() || !removed_.empty(); }
    // Notified when has_report() becomes true.
    Notifier& report_due() { return report_due_; }
    // Everything noted since the last call, in the order of being noted.
    std::vector<wire::internal::ReplicaReport> take_reports();
    // Replicas whose files are gone. Give them back with return_removed() if they could not be
    // sent.
    std::vector<wire::internal::ReplicaRef> take_removed();
    void return_removed(std::vector<wire::internal::ReplicaRef> removed);

    // Retention and other upkeep of all logs, until the token is cancelled.
    Task<void> run_upkeep(CancelToken token);
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
    Task<void> set_aside(std::shared_ptr<Replica> replica);
    void note_orphans();
    void drop_old_orphans();
    void start_openers();
    Task<void> open_assigned();
    Task<void> remove_replica(std::shared_ptr<Replica> replica);
    Task<void> remove_folder(wire::internal::ReplicaRef ref);
    void removed(wire::internal::ReplicaRef ref);
    void note_if_changed(Replica& replica);

    Context& context_;
    Logger logger_;
    std::string dir_;
    std::map<ReplicaKey, std::shared_ptr<Replica>, KeyLess> replicas_;
    // Folders that no assignment wants, or not yet: those that were there at the start, and those
    // of replicas that are not listed any more. Since when the SC has known of others but not of
    // this one; nullopt: it has said nothing yet, or knows nothing of what is here.
    std::map<wire::internal::ReplicaRef, std::optional<Instant>> unclaimed_;
    // The SC has assigned one of the folders that were there.
    bool claimed_any_ = false;
    std::deque<std::shared_ptr<Replica>> to_open_;
    std::size_t opener_count_ = 0;
    IntrusiveList<Replica> changed_;
    std::vector<wire::internal::ReplicaRef> removed_;
    // What the SC was told last, to leave out what is the same.
    std::map<ReplicaKey, wire::internal::ReplicaReport> reported_;
    Notifier report_due_;
    TaskScope background_;
};

}  // namespace weir::spu
