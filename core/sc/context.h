// What all parts of the SC share: the environment, the settings, the store, the catalog.
//
// Made and owned by the service before anything else and destroyed after everything else. One
// shard.
#pragma once

#include "core/control/regression.h"
#include "core/env/env.h"
#include "core/sc/catalog.h"
#include "core/sc/metadata_store.h"
#include "core/sc/service.h"
#include "core/sc/term.h"
#include "core/task/sync.h"

#include <cstdint>
#include <map>
#include <set>

namespace weir::sc {

// What this process has to compare an SPU's memory with that it has not heard before
// (control::MetadataView): the metadata as it found them, or as an operator adopted them since.
struct Found {
    control::MetadataView view;
    // An operator has adopted them: by what SPUs had set aside, too.
    bool is_adopted = false;
    // Topics that were there. One without partitions may have had some since these metadata.
    std::set<Uid> topics;
    // Those have memories of this process as well.
    std::set<SpuId> admitted;
    // Partitions of which one of those had nothing any more: what it remembered of them is gone.
    std::set<control::PartitionRef> dropped;
    // Partitions of which one of those had a replica that was led, and no place in the record, or
    // is to get one.
    std::set<control::PartitionRef> held;
};

// The first moments of a process of the SC. Its metadata may be older than the cluster, and only
// the SPUs can show that; until all of them have registered it changes nothing, since the replicas
// of any partition may be on other SPUs by now. Those that only lost their connection are served
// meanwhile, as far as others show that what they lead is theirs; what else comes waits.
class Beginning {
public:
    explicit Beginning(Executor& executor) : over_(executor) {}

    // `without`: partitions by whose record it has a replica, and of which it shows none, or one
    // that an SC has not listed since.
    void heard(SpuId spu, std::set<control::PartitionRef> without, const SpuTable& spus);
    // By these metadata `spu` leads a partition that lacks min_live replicas which have been shown,
    // or the leader's own: it may have been deposed long ago. A leader that these metadata do not
    // know has committed nothing without min_live replicas that have accepted its epoch; so one of
    // those would have shown it, unless the replicas are elsewhere by now. Of later versions of the
    // record in the leader's own epoch the leader alone may have heard, and commit by them.
    bool may_be_deposed(SpuId spu, const PartitionTable& partitions) const;
    // A silent SPU is not waited for any longer than before it is taken for gone.
    void end() { over_.set(); }
    Event& over() { return over_; }

private:
    bool lacks_witnesses(const PartitionRecord& record) const;

    std::map<SpuId, std::set<control::PartitionRef>> without_;
    Event over_;
};

// Partitions of which an SPU has proved that the SC's records are older than the cluster
// (replication.md 5.14): nothing about them changes until an operator decides. The SPUs prove it
// again after a restart; only what has happened to a partition meanwhile and is not in its record
// has to be stored (StoredPartition::in_doubt), since nobody tells it again.
struct Doubts {
    bool all = false;
    std::set<control::PartitionRef> partitions;
    // Whose last copy is gone from an SPU that should have it. Another one that has not come may
    // have the partition since; when all have come, and none has it, the doubt is over. Not stored:
    // the next process of the SC finds the copy gone as well.
    std::map<control::PartitionRef, SpuId> emptied;
    // Of which an SPU has set the replica aside, since an SC did not list it. Either that SC had
    // older metadata than this one, or this one's are from before the replica's place was given to
    // another SPU. That one shows it when it comes; when all have come, the doubt is over. Not
    // stored, either.
    std::map<control::PartitionRef, SpuId> unlisted;

    bool any() const { return all || !partitions.empty() || !emptied.empty() || !unlisted.empty(); }
    bool concern(const PartitionRecord& record) const {
        const control::PartitionRef ref = {record.topic_uid, record.partition};
        return all || partitions.contains(ref) || emptied.contains(ref) || unlisted.contains(ref);
    }
    bool concern(const Uid& topic) const;
};

// To who asks for a change of what is in doubt.
inline constexpr const char* kInDoubt =
    "the metadata are older than the cluster: nothing is changed or deleted until they are adopted";

struct Context {
    Context(Env& env_in, const Config& config_in, MetadataStore& store_in)
        : env(env_in),
          config(config_in),
          store(env_in, store_in),
          catalog(env_in.executor),
          changing(env_in.executor),
          beginning(env_in.executor),
          uid_prng(env_in.random.stream("sc.uid")) {}

    Env& env;
    const Config& config;
    TermStore store;
    Catalog catalog;
    // Held from looking at the catalog to the change that was decided by it: what is decided
    // (a name is free, an SPU has the fewest leaders) must still be true when it is stored, and
    // storing suspends.
    AsyncMutex changing;
    Beginning beginning;
    Prng uid_prng;
    Doubts doubts;
    // How many have begun since the start.
    std::uint64_t doubt_count = 0;
    Found found;
    // Topics that were deleted since the start: what an SPU that was away still has of them is not
    // to be taken for something that the metadata have lost.
    std::set<Uid> deleted_topics;
};

// An SPU that has run before has not come to this process of the SC.
bool is_one_missing(const Context& context);

// Somebody who has no place in the record may have the partition: one that is missing, or one that
// has come with it.
bool may_be_elsewhere(const Context& context, const PartitionRecord& record);

// The leader epoch of a record that is to be stored, or one above it (control::leap_over_lost) when
// it may have been given out already, by an SC that these metadata have lost.
LeaderEpoch free_epoch(Context& context, const PartitionRecord& record);

}  // namespace weir::sc
