// The link to the SC: register, take assignments, report.
//
// Owner: `run` in service.cc. `run_link` dials for as long as its token lives; what the SC said
// stays in force while it cannot be reached. One shard.
#pragma once

#include "core/model/uid.h"
#include "core/rpc/frame.h"
#include "core/spu/replica_manager.h"

#include <memory>
#include <string>

namespace weir::spu {

struct LinkIdentity {
    Uid storage_id;
    Uid boot_id;
};

class ScLink {
public:
    // `registered` is set after the first full list of replicas; may be null.
    ScLink(Context& context, ReplicaManager& replicas, LinkIdentity identity, Event* registered);

    Task<void> run_link(CancelToken token);
    // Notified when the cluster view or the assignments have changed.
    Notifier& cluster_changed() { return cluster_changed_; }

private:
    // One connection, from its establishment to its end.
    class Session;
    Task<Result<void>> connect_and_serve(CancelToken token);

    Context& context_;
    ReplicaManager& replicas_;
    LinkIdentity identity_;
    Event* registered_;
    Logger logger_;
    Notifier cluster_changed_;
    // The last attempt got as far as being accepted.
    bool was_accepted_ = false;
};

}  // namespace weir::spu
