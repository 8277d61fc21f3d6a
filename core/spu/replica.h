// One partition on this SPU: its assignment and its log.
//
// Owner: the ReplicaManager, shared with whoever serves a request of it (requests may outlive the
// assignment; they find `deleted` or no leadership then). The log is opened on first use and closed
// by close() or remove(), which the manager calls. One shard.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/log/log.h"
#include "core/spu/context.h"
#include "core/wire/internal.h"

#include <memory>
#include <optional>
#include <string>

namespace weir::spu {

// Told when a replica's leadership or existence has changed. Unlinks itself when destroyed.
class ReplicaWatcher : public ListNode {
public:
    virtual ~ReplicaWatcher() = default;
    // Only notes or wakes; called from inside the change.
    virtual void replica_changed() = 0;
};

class Replica : public ListNode {
public:
    Replica(Context& context, std::string dir, wire::internal::ReplicaAssignment assignment);

    const ReplicaKey& key() const { return assignment_.key; }
    const Uid& topic_uid() const { return assignment_.topic_uid; }
    const PartitionSpec& spec() const { return assignment_.spec; }
    const std::string& dir() const { return dir_; }
    // This SPU serves the partition's clients.
    bool leads() const { return !deleted_ && spec().leader == context_.config.id; }
    // The topic is gone, or the partition was taken from this SPU.
    bool deleted() const { return deleted_; }

    // The key and the topic's uid are the same.
    void update(wire::internal::ReplicaAssignment assignment);
    void mark_deleted();
    void watch(ReplicaWatcher& watcher) { watchers_.push_back(watcher); }

    // Opens the log if it is not open. An error stays: `corrupt` for good, others until the next
    // call. Cancelling the wait does not cancel an opening that another caller waits for.
    Task<Result<std::shared_ptr<log::Log>>> open_log();
    // Null while it is not open.
    const std::shared_ptr<log::Log>& log_if_open() const { return log_; }

    // The state for the SC; nullopt while the log was not tried to open yet.
    std::optional<wire::internal::ReplicaReport> report() const;

    // Ends the log in order.
    Task<Result<void>> close();
    // Deletes the files.
    Task<Result<void>> remove();

private:
    log::LogConfig log_config() const;

    Context& context_;
    std::string dir_;
    wire::internal::ReplicaAssignment assignment_;
    bool deleted_ = false;
    // Opening, closing and removing exclude each other: they are many steps on the same files.
    AsyncMutex files_;
    bool closed_ = false;
    std::shared_ptr<log::Log> log_;
    std::optional<Error> open_error_;
    IntrusiveList<ReplicaWatcher> watchers_;
};

}  // namespace weir::spu
