#include "tests/prop/replication/model_search.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace weir::replication::model {

namespace {

using Index = std::uint32_t;

constexpr Index kNone = ~Index{0};
constexpr std::uint64_t kTwinOneIn = 256;

// How a state was reached.
struct Seen {
    Index from = kNone;
    Step step;
    std::uint8_t operations = 0;
    std::uint16_t depth = 0;
    bool is_expanded = false;
    bool is_violated = false;
};

struct HashOfFingerprint {
    std::size_t operator()(const Fingerprint& print) const { return print.low; }
};

class Search {
public:
    explicit Search(const SearchBounds& bounds) : bounds_(bounds), first_(bounds.size) {
        waiting_.resize(bounds.operations + 3);
    }

    SearchResult run() {
        reach(first_, kNone, Step(), 0, 0);
        for (std::uint32_t operations = 0; operations <= bounds_.operations; ++operations) {
            auto& level = waiting_[operations];
            for (std::size_t depth = 0; depth < level.size(); ++depth) {
                // Grows at greater depths only, which moves the lists.
                const std::vector<Index> states = std::move(level[depth]);
                for (const Index state : states) {
                    if (!visit(state, operations, depth)) {
                        return std::move(result_);
                    }
                }
            }
        }
        result_.is_complete = true;
        return std::move(result_);
    }

private:
    // False when the search ends here.
    bool visit(Index state, std::uint32_t operations, std::size_t depth) {
        if (seen_[state].is_expanded || seen_[state].operations != operations ||
            seen_[state].depth != depth) {
            return true;  // was reached on a shorter way since
        }
        if (seen_[state].is_violated) {
            tell(state);
            return false;
        }
        if (seen_.size() >= bounds_.states_max) {
            return false;
        }
        seen_[state].is_expanded = true;
        result_.deepest = std::max(result_.deepest, static_cast<std::uint32_t>(depth));
        // At rest nothing is free.
        if (operations < bounds_.operations || bounds_.order != Order::at_rest) {
            expand(make(state), state, operations);
        }
        return true;
    }

    void expand(const StepWorld& world, Index state, std::uint32_t operations) {
        for_each_successor(world, operations, [&](const StepWorld& next, const Step& step) {
            ++result_.transitions;
            const std::uint32_t cost = cost_of(step);
            reach(next, state, step, operations + cost, seen_[state].depth + 1U);
        });
    }

    template <typename Take>
    void for_each_successor(const StepWorld& world, std::uint32_t operations, Take take) const {
        const bool may_count = operations < bounds_.operations;
        std::vector<Step> steps;
        world.list_steps(may_count ? bounds_.counted : 0, steps);
        if (bounds_.order == Order::at_rest) {
            std::erase_if(steps, [&](const Step& step) { return cost_of(step) == 0; });
        }
        bool is_gone_on = false;
        for (const Step& step : steps) {
            if (operations + cost_of(step) > bounds_.operations ||
                (is_gone_on && cost_of(step) == 0)) {
                continue;
            }
            StepWorld next(world);
            take_step(next, step, nullptr);
            // The first free one that changes something is the only one in this order.
            is_gone_on = is_gone_on || (bounds_.order == Order::running && cost_of(step) == 0 &&
                                        (!may_be_idle(step) || next.hash() != world.hash()));
            take(next, step);
            take_cuts(world, step, next.effect_count(), operations, take);
        }
    }

    template <typename Take>
    void take_cuts(const StepWorld& world, Step step, std::uint8_t effects,
                   std::uint32_t operations, Take& take) const {
        for (std::uint8_t cut = 0; bounds_.with_cuts && cut < effects; ++cut) {
            step.cut = cut;
            if (operations + cost_of(step) <= bounds_.operations) {
                StepWorld ended(world);
                take_step(ended, step, nullptr);
                take(ended, step);
            }
        }
    }

    void take_step(StepWorld& world, const Step& step, std::vector<std::string>* told) const {
        if (told != nullptr) {
            told->push_back(world.describe(step));
        }
        world.apply(step);
        if (bounds_.order == Order::at_rest) {
            world.come_to_rest(told);
        }
    }

    std::uint32_t cost_of(const Step& step) const {
        const bool is_free = step.kind < StepKind::produce &&
                             (step.kind != StepKind::deliver_late || bounds_.order == Order::any);
        return (is_free ? 0U : 1U) + (step.cut != kNoCut ? 1U : 0U);
    }

    void reach(const StepWorld& world, Index from, const Step& step, std::uint32_t operations,
               std::size_t depth) {
        const auto [found, is_new] =
            index_.try_emplace(world.hash(), static_cast<Index>(seen_.size()));
        if (is_new) {
            seen_.emplace_back();
            ++result_.states;
            result_.committed_max =
                std::max<std::uint64_t>(result_.committed_max, world.oracle().committed_count());
        }
        Seen& seen = seen_[found->second];
        const bool is_nearer =
            operations < seen.operations || (operations == seen.operations && depth < seen.depth);
        if (!is_new && !is_nearer) {
            try_twin(world, found->second);
            return;
        }
        seen.from = from;
        seen.step = step;
        seen.operations = static_cast<std::uint8_t>(operations);
        seen.depth = static_cast<std::uint16_t>(depth);
        seen.is_violated = world.oracle().is_violated();
        auto& level = waiting_[operations];
        level.resize(std::max(level.size(), depth + 1));
        level[depth].push_back(found->second);
    }

    // What is taken for the same has to go on in the same way.
    void try_twin(const StepWorld& world, Index known) {
        if (++reached_again_ % kTwinOneIn != 0 || seen_[known].is_violated) {
            return;
        }
        ++result_.twins_tried;
        if (successors(world) != successors(make(known))) {
            ++result_.twins_unlike;
        }
    }

    std::vector<Fingerprint> successors(const StepWorld& world) const {
        std::vector<Fingerprint> prints;
        for_each_successor(
            world, 0, [&](const StepWorld& next, const Step&) { prints.push_back(next.hash()); });
        std::sort(prints.begin(), prints.end());
        return prints;
    }

    std::vector<Step> way_to(Index state) const {
        std::vector<Step> steps;
        for (; seen_[state].from != kNone; state = seen_[state].from) {
            steps.push_back(seen_[state].step);
        }
        std::reverse(steps.begin(), steps.end());
        return steps;
    }

    StepWorld make(Index state) const {
        StepWorld world(first_);
        for (const Step& step : way_to(state)) {
            take_step(world, step, nullptr);
        }
        return world;
    }

    void tell(Index state) {
        Counterexample told;
        told.operations = seen_[state].operations;
        StepWorld world(first_);
        for (const Step& step : way_to(state)) {
            take_step(world, step, &told.steps);
        }
        told.violation = world.oracle().violation();
        told.picture = world.Cluster::describe();
        result_.found = std::move(told);
    }

    const SearchBounds& bounds_;
    const StepWorld first_;
    std::vector<Seen> seen_;
    std::unordered_map<Fingerprint, Index, HashOfFingerprint> index_;
    // By counted steps and depth.
    std::vector<std::vector<std::vector<Index>>> waiting_;
    std::uint64_t reached_again_ = 0;
    SearchResult result_;
};

}  // namespace

SearchResult search(const SearchBounds& bounds) {
    return Search(bounds).run();
}

}  // namespace weir::replication::model
