// The life of a topic's status (control-plane spec 8.3).
//
// Pure; any executor. The driver stores the new status and the partitions that are missing in one
// transaction, before anybody sees either.
#pragma once

#include "core/control/placement.h"
#include "core/control/topic_rules.h"
#include "core/model/partition.h"
#include "core/model/topic.h"

#include <map>
#include <string>
#include <vector>

namespace weir::control {

// What the machine needs to know about the cluster.
struct ClusterView {
    // For the validation.
    TopicRuleInput rules;
    // Ascending.
    std::vector<SpuId> online;
    // Of the SPUs that have one.
    std::map<SpuId, std::string> racks;
    // Of all partitions that exist.
    std::map<SpuId, SpuWeight> weights;
};

// One step; equal to `status` when there is nothing to do.
TopicStatus step_topic(const TopicSpec& spec, const TopicStatus& status, const ClusterView& view);

// Steps until nothing changes. Does not change a status that is at rest.
TopicStatus settle_topic(const TopicSpec& spec, TopicStatus status, const ClusterView& view);

// The partition for row `partition` of the topic's replica map: settings from the topic, the first
// replica leads.
PartitionSpec partition_spec_for(const TopicSpec& spec, const std::vector<SpuId>& row);

}  // namespace weir::control
