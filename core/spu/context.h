// What the parts of one SPU share: the world, the settings, what the SC has told.
//
// Made by `run` in service.cc, outlives everything that holds a reference. One shard.
#pragma once

#include "core/base/ids.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/env/env.h"
#include "core/model/uid.h"
#include "core/replication/step.h"
#include "core/spu/peer_hub.h"
#include "core/spu/sc_outbox.h"
#include "core/spu/service.h"
#include "core/task/sync.h"
#include "core/wire/error_code.h"
#include "core/wire/internal.h"

#include <map>
#include <set>
#include <string>

namespace weir::spu {

// For what ends as an answer to a client: the failure is what the client is told.
template <typename T>
using ApiResult = tl::expected<T, wire::ApiError>;

inline tl::unexpected<wire::ApiError> api_fail(wire::ApiError error) {
    return tl::unexpected<wire::ApiError>(std::move(error));
}

// The cluster as the SC last described it. Changed only by the link to the SC.
struct ClusterView {
    // Topics that exist, anywhere.
    std::map<std::string, Uid, std::less<>> topics;
    std::map<SpuId, wire::internal::SpuAddress> spus;
    // The keys of those that exist.
    std::set<std::string, std::less<>> smartmodules;
    // Who leads consumer-offset-0; -1: nobody yet.
    SpuId offsets_leader = SpuId(-1);

    void apply(const wire::internal::Assignments& change);
    // The topic exists, in this incarnation.
    bool has_topic(const std::string& name, const Uid& uid) const;
};

// What the SC has said about itself and this SPU. Changed only by the link to the SC.
struct ScTerms {
    ScEpoch sc_epoch;
    // kNoBoot before the first registration; the same for the life of the process afterwards.
    BootEpoch boot;
    // Until then the SC elects nobody in place of this SPU (design, replication 5.11).
    Instant lease_end;
    // It has no lease for these, and obeys no record of them: another SPU may lead them
    // (replication 5.14).
    std::set<wire::internal::PartitionRef> doubted;
};

struct Context {
    Context(Env& env_in, const Config& config_in)
        : env(env_in), config(config_in), peers(env_in.executor), sc_outbox(env_in.executor) {}

    Env& env;
    const Config& config;
    ClusterView cluster;
    ScTerms terms;
    PeerHub peers;
    ScOutbox sc_outbox;

    // Of a replica of that partition.
    replication::Moment moment(const wire::internal::PartitionRef& partition) const;
    Logger logger(std::string_view component) const { return Logger(env.log, component); }
};

}  // namespace weir::spu
