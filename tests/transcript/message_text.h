// The messages and effects of replication as lines for a person.
#pragma once

#include "core/model/partition_record.h"
#include "core/replication/effects.h"
#include "core/replication/messages.h"

#include <string>

namespace weir::replication::transcript {

std::string text(const PeerMessage& message);
std::string text(const LeaderIs& message);
std::string text(const Probe& message);
std::string text(const ScMessage& message);
// Who leads, in which epoch, who is live; what is not usual.
std::string text(const PartitionRecord& record);
// Empty for messages, which are told when they arrive.
std::string text(const Effect& effect);

}  // namespace weir::replication::transcript
