// Makes a list small while something stays true of it: delta debugging (Zeller and Hildebrandt,
// "Simplifying and Isolating Failure-Inducing Input", 2002), the test being free to look at many
// candidates at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace weir::app {

// `first_good` gets candidates in order of preference and answers the index of the first that still
// has the property; nothing ends this round. `items` has the property. The result is 1-minimal
// unless `first_good` gave up early.
template <typename T, typename FirstGood>
std::vector<T> minimize(std::vector<T> items, FirstGood first_good) {
    using Candidates = std::vector<std::vector<T>>;
    if (items.empty() || first_good(Candidates{{}}).has_value()) {
        return {};
    }
    std::size_t parts = std::min<std::size_t>(2, items.size());
    while (items.size() > 1) {
        const auto cut = [&](std::size_t part) {
            return items.begin() + static_cast<std::ptrdiff_t>(items.size() * part / parts);
        };
        Candidates candidates;
        for (std::size_t part = 0; part < parts; ++part) {
            candidates.emplace_back(cut(part), cut(part + 1));
        }
        for (std::size_t part = 0; parts > 2 && part < parts; ++part) {
            std::vector<T> rest(items.begin(), cut(part));
            rest.insert(rest.end(), cut(part + 1), items.end());
            candidates.push_back(std::move(rest));
        }
        const std::optional<std::size_t> found = first_good(candidates);
        if (found.has_value()) {
            const bool is_part = *found < parts;
            items = std::move(candidates[*found]);
            parts = is_part ? 2 : std::max<std::size_t>(parts - 1, 2);
            parts = std::min(parts, items.size());
        } else if (parts >= items.size()) {
            break;
        } else {
            parts = std::min(parts * 2, items.size());
        }
    }
    return items;
}

}  // namespace weir::app
