// What the faults of a run have taken from its promises.
//
// A partition with one copy keeps its promises as long as the disk under it does. Damage to stored
// bytes puts it over budget, for the rest of the run: from then on records may be lost, and it may
// refuse to serve. What it does serve must still be right. A value; the runner fills it in.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace weir::sim {

class FaultBudget {
public:
    void charge(std::uint32_t topic, std::uint32_t partition) {
        damaged_.emplace(topic, partition);
    }
    bool over(std::uint32_t topic, std::uint32_t partition) const {
        return damaged_.contains({topic, partition});
    }
    bool over(std::uint32_t topic) const {
        const auto first = damaged_.lower_bound({topic, 0});
        return first != damaged_.end() && first->first == topic;
    }
    // Of several copies one is damaged, perhaps again; false when it would be a second one. The
    // partition keeps its promises. Until the others have repaired the copy, a reader may find
    // damage, as long as it does not take it for records.
    bool charge_copy(std::uint32_t topic, std::uint32_t partition, SpuId spu) {
        return copies_.try_emplace({topic, partition}, spu).first->second == spu;
    }
    bool copy_damaged(std::uint32_t topic, std::uint32_t partition, SpuId spu) const {
        const auto copy = copies_.find({topic, partition});
        return copy != copies_.end() && copy->second == spu;
    }
    bool any_copy_damaged(std::uint32_t topic) const {
        const auto first = copies_.lower_bound({topic, 0});
        return first != copies_.end() && first->first.first == topic;
    }
    bool any_copy_damaged() const { return !copies_.empty(); }
    std::size_t count() const { return damaged_.size(); }

private:
    std::set<std::pair<std::uint32_t, std::uint32_t>> damaged_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, SpuId> copies_;
};

}  // namespace weir::sim
