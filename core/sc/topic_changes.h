// What an Update makes of a topic's spec, or why it is refused (control-plane spec 8.7).
//
// Pure: reads the catalog, changes nothing. Any executor.
#pragma once

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

}  // namespace weir::sc
