#include "core/control/even_placement.h"

#include "core/base/assert.h"
#include "core/control/live_sets.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace weir::control {

namespace {

// Largest rack first, then by name; each with its SPUs ascending.
std::vector<std::vector<SpuId>> racks_of(const EvenPlacementInput& input) {
    std::map<std::string, std::vector<SpuId>> by_name;
    for (const SpuId spu : input.spus) {
        by_name[input.racks.at(spu)].push_back(spu);
    }
    // Ordered by what is missing to the size of all, and then by the name.
    std::map<std::pair<std::size_t, std::string>, std::vector<SpuId>> by_size;
    for (auto& [name, members] : by_name) {
        by_size[{input.spus.size() - members.size(), name}] = std::move(members);
    }
    std::vector<std::vector<SpuId>> racks;
    for (auto& [key, members] : by_size) {
        racks.push_back(std::move(members));
    }
    return racks;
}

// A walk down the diagonals of the table that has a line for each rack. A shorter rack begins again
// where it ends; an SPU that was met before is passed over.
std::vector<SpuId> rack_order(const std::vector<std::vector<SpuId>>& racks) {
    const std::size_t columns = racks.front().size();
    std::vector<SpuId> order;
    for (std::size_t i = 0; i < racks.size() * columns; ++i) {
        const std::size_t line = i % racks.size();
        const std::size_t column = (i / racks.size() + line) % columns;
        const SpuId spu = racks[line][column % racks[line].size()];
        if (!contains(order, spu)) {
            order.push_back(spu);
        }
    }
    return order;
}

}  // namespace

Result<std::vector<std::vector<SpuId>>> place_evenly(const EvenPlacementInput& input) {
    WEIR_ASSERT(is_ascending(input.spus));
    if (input.spus.empty() || input.spus.size() < input.replication_factor) {
        return tl::unexpected(Error(
            ErrorCode::unavailable,
            fmt::format("{} replicas on {} spus", input.replication_factor, input.spus.size())));
    }
    const bool by_rack = !input.racks.empty();
    if (by_rack && !std::all_of(input.spus.begin(), input.spus.end(),
                                [&](SpuId spu) { return input.racks.contains(spu); })) {
        return tl::unexpected(
            Error(ErrorCode::invalid_argument, "some spus have a rack and some have none"));
    }
    const std::vector<SpuId> order = by_rack ? rack_order(racks_of(input)) : input.spus;
    WEIR_ASSERT(order.size() == input.spus.size());
    const std::uint64_t gap_count = by_rack ? 1 : order.size() - input.replication_factor + 1;
    std::vector<std::vector<SpuId>> rows;
    for (std::uint64_t row = 0; row < input.row_count; ++row) {
        const std::uint64_t index = input.start_index + row;
        const std::uint64_t gap = index / order.size() % gap_count;
        std::vector<SpuId> members;
        for (std::uint32_t replica = 0; replica < input.replication_factor; ++replica) {
            const std::uint64_t behind = replica == 0 ? 0 : replica + gap;
            members.push_back(order[(index + behind) % order.size()]);
        }
        rows.push_back(std::move(members));
    }
    return rows;
}

}  // namespace weir::control
