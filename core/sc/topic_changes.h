// What an Update makes of a topic's spec, or why it is refused (control-plane spec 8.7), and what
// our own AlterTopic does.
//
// Pure: reads the catalog, changes nothing. Any executor.
#pragma once

#include "core/control/topic_rules.h"
#include "core/sc/catalog.h"
#include "core/wire/control_plane.h"

#include <cstdint>
#include <variant>

namespace weir::sc {

// The new spec, or the answer to give. `partitions_max` is for one topic.
std::variant<TopicSpec, wire::Status> changed_spec(const TopicObject& topic,
                                                   const wire::AddPartition& add,
                                                   std::uint32_t partitions_max);
std::variant<TopicSpec, wire::Status> changed_spec(const TopicObject& topic,
                                                   const wire::AddMirror& add,
                                                   const Catalog& catalog);
// How long and how much is kept, and which compression: refused for system topics, and as at the
// creation of a topic.
std::variant<TopicSpec, wire::Status> changed_spec(const TopicObject& topic,
                                                   const TopicChanges& changes);

// The answer to a topic that breaks a rule.
wire::Status refused_topic(const std::string& name, const TopicSpec& spec,
                           const control::Refusal& refusal);

}  // namespace weir::sc
