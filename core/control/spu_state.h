// What the SC knows of the SPUs when it decides about partitions.
//
// Values; no owner, any executor. Maps, so that no decision can depend on the order of arrival.
#pragma once

#include "core/base/ids.h"
#include "core/model/partition_record.h"

#include <map>

namespace weir::control {

// An SPU that is missing from the map, or has no boot, counts as fenced.
struct SpuState {
    // Of its last registration.
    BootEpoch boot = kNoBoot;
    // Taken for gone: it neither leads nor is in any LRS.
    bool fenced = true;
    // Asked to give up what it has: it gets no new leadership and joins no LRS.
    bool draining = false;
    friend bool operator==(const SpuState&, const SpuState&) = default;
};

using SpuStates = std::map<SpuId, SpuState>;

inline bool is_unfenced(const SpuStates& spus, SpuId spu) {
    const auto found = spus.find(spu);
    return found != spus.end() && !found->second.fenced && found->second.boot != kNoBoot;
}

inline bool is_draining(const SpuStates& spus, SpuId spu) {
    const auto found = spus.find(spu);
    return found != spus.end() && found->second.draining;
}

// kNoBoot when it is not known.
inline BootEpoch boot_of(const SpuStates& spus, SpuId spu) {
    const auto found = spus.find(spu);
    return found == spus.end() ? kNoBoot : found->second.boot;
}

}  // namespace weir::control
