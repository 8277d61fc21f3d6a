// A value that only goes up, and since when it was how high.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::sim {

class Rises {
public:
    // Times do not go back. A lower value changes nothing.
    void note(std::int64_t now_ns, std::int64_t value) {
        if (value > last()) {
            rises_.emplace_back(now_ns, value);
        }
    }
    std::int64_t last() const { return rises_.empty() ? 0 : rises_.back().second; }
    // What it was at that time, or was to become in the same instant.
    std::int64_t at(std::int64_t ns) const {
        const auto after =
            std::upper_bound(rises_.begin(), rises_.end(), ns,
                             [](std::int64_t time, const auto& rise) { return time < rise.first; });
        return after == rises_.begin() ? 0 : (after - 1)->second;
    }
    // From here on it is at most that.
    void fall(std::int64_t value) {
        for (auto& rise : rises_) {
            rise.second = std::min(rise.second, value);
        }
    }

private:
    std::vector<std::pair<std::int64_t, std::int64_t>> rises_;
};

}  // namespace weir::sim
