// Topics and their partitions: create, delete, add partitions, place what waits for SPUs.
//
// Owned by the service. Every function may be called by any task of the shard; changes are made one
// after another (Context::changing), stored before they are seen, and answered as a Status of the
// wire. Cancelling ends the waiting of create(), never a change that is being stored.
#pragma once

#include "core/sc/context.h"
#include "core/sc/spus.h"
#include "core/wire/control_plane.h"
#include "core/wire/own_api.h"

#include <map>
#include <string>
#include <vector>

namespace weir::sc {

class Topics {
public:
    Topics(Context& context, const Spus& spus, PartitionReports& reports);

    // Control-plane spec 8.2: answers when all partitions are online, or after topic_wait.
    Task<wire::Status> create(wire::CreateRequest request, TopicSettings settings,
                              CancelToken token);
    // 8.5.
    Task<wire::Status> remove(std::string name, bool force);
    // 8.7.
    Task<wire::Status> update(wire::UpdateTopic request);
    // Our own: other settings, of the partitions that there are and of those to come.
    Task<wire::Status> alter(wire::AlterTopic request);

    // Places every topic that waits for SPUs. Call it when an SPU has come online.
    Task<Result<void>> place_waiting();
    // The system topic of 8.6, unless it exists.
    Task<Result<void>> create_consumer_offset_topic();

    // --- For whoever holds Context::changing
    // ------------------------------------------------------

    // A record with the settings of new ones, and without replicas.
    PartitionRecord bare_record(const Uid& topic_uid, std::uint32_t number,
                                std::size_t replica_count) const;
    // Stores partitions that follow those that the topic has, or that are the first of a topic that
    // is made for them, with settings as of one that names none.
    Task<Result<void>> put_back(std::string name, Uid uid,
                                std::map<std::uint32_t, PartitionRecord> records);

private:
    struct Plan {
        TopicObject topic;
        TopicExtra extra;
        std::vector<PartitionObject> partitions;
        std::vector<PartitionExtra> partition_extras;
        std::vector<Mutation> mutations;
    };
    using Records = std::map<std::uint32_t, PartitionRecord>;
    // The topic's new state with what it takes to store it.
    // Partitions that it has not yet get new records, except for the `given` ones.
    Plan plan(std::string name, TopicExtra extra, TopicSpec spec, TopicStatus status,
              const Records& given = Records()) const;
    // With fresh uids, and a leader if there is one to elect.
    PartitionRecord new_record(const TopicExtra& topic, std::uint32_t number,
                               const std::vector<SpuId>& row) const;
    Task<Result<void>> carry_out(Plan plan);
    Task<wire::Status> store_new(std::string name, TopicSpec spec, TopicSettings settings,
                                 bool dry_run);
    Task<wire::Status> wait_online(std::string name, Uid uid, CancelToken token);
    std::size_t online_count(const std::string& name) const;

    Context& context_;
    const Spus& spus_;
    PartitionReports& reports_;
    Logger log_;
};

}  // namespace weir::sc
