// What the faults of a run have taken from its promises.
//
// A partition with one copy keeps its promises as long as the disk under it does. Damage to stored
// bytes puts it over budget, for the rest of the run: from then on records may be lost, and it may
// refuse to serve. What it does serve must still be right. A value; the runner fills it in.
#pragma once

#include <cstdint>
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
    std::size_t count() const { return damaged_.size(); }

private:
    std::set<std::pair<std::uint32_t, std::uint32_t>> damaged_;
};

}  // namespace weir::sim
