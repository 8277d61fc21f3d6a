#include "apps/weir-sim/schedule.h"

#include <algorithm>
#include <utility>

namespace weir::app {

bool Schedule::loses_power() const {
    return std::any_of(deviations.begin(), deviations.end(),
                       [](const Deviation& one) { return one.power_loss_at.has_value(); });
}

std::uint64_t Branches::child_count() const {
    std::uint64_t count = power_losses.size();
    for (const Point& point : choices) {
        count += point.options - 1;
    }
    return count;
}

void Children::add(Schedule parent, Branches branches) {
    count_ += branches.child_count();
    parents_.push_back(Parent{std::move(parent), std::move(branches)});
}

std::optional<Schedule> Children::next() {
    for (; parent_ < parents_.size(); ++parent_, point_ = 0) {
        const Parent& parent = parents_[parent_];
        const std::size_t choice_count = parent.branches.choices.size();
        Deviation deviation;
        if (point_ < choice_count) {
            const Branches::Point& point = parent.branches.choices[point_];
            deviation.event = point.event;
            deviation.choice = point.choice;
            deviation.place = place_;
            if (++place_ == point.options) {
                ++point_;
                place_ = 1;
            }
        } else if (point_ < choice_count + parent.branches.power_losses.size()) {
            const Branches::PowerLoss& loss = parent.branches.power_losses[point_ - choice_count];
            deviation.event = loss.event;
            deviation.power_loss_at = loss.at;
            ++point_;
        } else {
            continue;
        }
        Schedule child = parent.schedule;
        child.deviations.push_back(deviation);
        return child;
    }
    return std::nullopt;
}

std::vector<std::uint64_t> choices_of(const Schedule& schedule) {
    std::vector<std::uint64_t> places;
    for (const Deviation& one : schedule.deviations) {
        if (!one.power_loss_at.has_value()) {
            places.resize(static_cast<std::size_t>(one.choice) + 1, 0);
            places.back() = one.place;
        }
    }
    return places;
}

}  // namespace weir::app
