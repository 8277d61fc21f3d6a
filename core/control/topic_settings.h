// How the settings of topic and cluster become those of a partition's record, and what a change
// makes of a topic.
//
// Pure; any executor.
#pragma once

#include "core/base/result.h"
#include "core/model/topic_settings.h"

#include <cstddef>
#include <cstdint>

namespace weir::control {

// How many replicas must be live to commit, where nobody has said it: most of them with three or
// more, else one.
std::uint32_t default_min_live(std::size_t replica_count);

// What `topic` leaves open is as in `cluster`.
TopicSettings merge(const TopicSettings& topic, const TopicSettings& cluster);

// invalid_argument, with a text for a person, for a topic of so many replicas.
Result<void> check_settings(const TopicSettings& settings, std::size_t replica_count);

// Fills in the settings of a record that is being made. A min_live of the cluster may be more than
// there are replicas: then all of them. `replica_count` is at least 1.
void apply_settings(PartitionRecord& record, const TopicSettings& settings,
                    std::size_t replica_count);

// The record with the settings that `changes` names. One version more if that is a difference.
// invalid_argument, with a text for a person: min_live above the number of replicas, or another
// durability. That one stays: a replica that comes back is judged by it, and what was written under
// the old one may not be on disk.
Result<PartitionRecord> change_settings(const PartitionRecord& record,
                                        const TopicSettings& changes);

// The spec with what `changes` names; whether it is allowed is check_topic_limits' matter.
TopicSpec with_changes(TopicSpec spec, const TopicChanges& changes);

}  // namespace weir::control
