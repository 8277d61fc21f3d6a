// The link to the SC: register, take assignments, report.
//
// The first registration waits until what is on the disk has been opened, because it tells that.
// Each heartbeat that the SC answers is a lease from when it was sent (Context::terms).
//
// Owner: `run` in service.cc. `run_link` dials for as long as its token lives; what the SC said
// stays in force while it cannot be reached. One shard.
#pragma once

#include "core/model/uid.h"
#include "core/rpc/frame.h"
#include "core/spu/identity.h"
#include "core/spu/replica_manager.h"

#include <memory>
#include <string>

namespace weir::spu {

class ScLink {
public:
    // `registered` is set after the first full list of replicas; may be null. `boot_id` names this
    // start of the process.
    ScLink(Context& context, ReplicaManager& replicas, IdentityFile& identity, Uid boot_id,
           Event* registered);

    Task<void> run_link(CancelToken token);
    // Notified when the cluster view or the assignments have changed.
    Notifier& cluster_changed() { return cluster_changed_; }

private:
    // One connection, from its establishment to its end.
    class Session;
    Task<Result<void>> connect_and_serve(CancelToken token);

    Context& context_;
    ReplicaManager& replicas_;
    IdentityFile& identity_;
    Uid boot_id_;
    Event* registered_;
    Logger logger_;
    Notifier cluster_changed_;
    // The last attempt got as far as being accepted.
    bool was_accepted_ = false;
};

}  // namespace weir::spu
