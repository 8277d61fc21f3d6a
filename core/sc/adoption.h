// The operator's `adopt` (replication.md 5.14): the metadata were found to be older than the
// cluster (Context::doubts), and from now on what the SPUs have reported counts.
//
// Keeps the last registration of each SPU, refused ones included. Volatile: after a restart the
// SPUs register again. Owned by the service; one shard.
#pragma once

#include "core/sc/record_changes.h"
#include "core/sc/spus.h"
#include "core/sc/topics.h"
#include "core/wire/internal.h"
#include "core/wire/own_api.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::sc {

class Adoption {
public:
    Adoption(Context& context, Spus& spus, PartitionReports& reports, Topics& topics);

    // An SPU has said what it has.
    void note(const wire::internal::RegisterSpu& request);

    // What is in doubt, or known to SPUs alone; one line each, for a person.
    std::vector<std::string> doubts() const;

    // Rebuilds the records that are in doubt, and topics that the metadata do not know at all, from
    // what was reported; ends the doubts. Answers when it is stored. Without `force` refused while
    // an SPU of the cluster has not reported. What one said before the last doubt began may be true
    // no longer: it is asked anew, and waited for as long as before it is taken for gone. An SPU
    // that comes later with newer numbers raises doubts again, and that is to be adopted again.
    Task<wire::Operated> adopt(bool force, CancelToken token);

private:
    struct Reported {
        BootEpoch last_boot = kNoBoot;
        ScEpoch sc_epoch;
        std::vector<control::RegisteredReplica> replicas;
        // The names of their topics.
        std::map<Uid, std::string> topics;
        // Context::doubt_count then. Until the next doubt nothing about what is in doubt changes.
        std::uint64_t doubt_count = 0;
    };
    // What is said of one topic that the metadata do not know, or not all partitions of.
    struct Found {
        std::string name;
        std::map<std::uint32_t, std::vector<control::RegisteredReplica>> partitions;
    };

    bool is_needed(bool force) const;
    // They have reported, before the last doubt began. An adoption goes by nothing that they said;
    // that they know a topic is worth telling all the same.
    SpuSet outdated_spus() const;
    Task<void> hear_again(CancelToken token);
    std::vector<std::string> silent_spus(const SpuSet& outdated) const;
    std::map<control::PartitionRef, std::vector<control::RegisteredReplica>> reports(
        const SpuSet& outdated) const;
    std::map<Uid, Found> find_unknown(const SpuSet& outdated) const;
    // Changes the records; one line for each into `answer`.
    Task<Result<void>> adopt_records(const SpuSet* outdated, wire::Operated* answer);
    // What can be made of a topic goes into the metadata, and a line about it into `answer`.
    Task<Result<void>> adopt_topic(Uid uid, Found found, wire::Operated* answer);

    Context& context_;
    Spus& spus_;
    PartitionReports& reports_;
    Topics& topics_;
    Logger log_;
    std::map<SpuId, Reported> reported_;
    Notifier noted_;
};

}  // namespace weir::sc
