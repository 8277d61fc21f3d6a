#include "runtime/sim/tape/tape.h"

#include "core/base/assert.h"
#include "runtime/sim/sched/heap_account.h"

#include <utility>

namespace weir::sim {

TapeDeck::TapeDeck(Tape tape) : playing_(true) {
    for (auto& [label, values] : tape) {
        track(label).values = std::move(values);
    }
}

TapeTrack& TapeDeck::track(std::string_view label) {
    const OutsideHeap outside;
    const auto found = tracks_.find(label);
    if (found != tracks_.end()) {
        return *found->second;
    }
    auto made = std::make_unique<TapeTrack>();
    made->playing = playing_;
    return *tracks_.emplace(std::string(label), std::move(made)).first->second;
}

Tape TapeDeck::tape() const {
    Tape tape;
    for (const auto& [label, track] : tracks_) {
        if (!track->values.empty()) {
            tape.emplace(label, track->values);
        }
    }
    return tape;
}

TapeFit TapeDeck::fit() const {
    TapeFit fit;
    for (const auto& [label, track] : tracks_) {
        fit.played += track->position;
        fit.misfits += track->misfit_count;
        fit.missing += track->missing_count;
        fit.left_over += track->values.size() - track->position;
    }
    return fit;
}

std::uint64_t Draws::taped(std::uint64_t bound, std::uint64_t drawn) {
    WEIR_ASSERT(bound > 0);
    if (!track_->playing) {
        const OutsideHeap outside;
        track_->values.push_back(drawn);
        ++track_->position;
        return drawn;
    }
    if (track_->position == track_->values.size()) {
        ++track_->missing_count;
        return 0;
    }
    const std::uint64_t value = track_->values[track_->position++];
    if (value >= bound) {
        ++track_->misfit_count;
        return bound - 1;
    }
    return value;
}

std::int64_t Draws::between(std::int64_t low, std::int64_t high) {
    const std::int64_t drawn = prng_.between(low, high);
    if (track_ == nullptr) {
        return drawn;
    }
    const auto bound = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    return low + static_cast<std::int64_t>(taped(bound, static_cast<std::uint64_t>(drawn - low)));
}

bool Draws::chance(std::uint64_t numerator, std::uint64_t denominator) {
    const bool drawn = prng_.chance(numerator, denominator);
    return track_ == nullptr ? drawn : taped(2, drawn ? 1 : 0) != 0;
}

std::int64_t Draws::exponential(std::int64_t mean) {
    const std::int64_t drawn = prng_.exponential(mean);
    if (track_ == nullptr) {
        return drawn;
    }
    // Prng::exponential() promises at most 16 times the mean.
    const std::uint64_t bound = static_cast<std::uint64_t>(mean) * 16 + 1;
    return static_cast<std::int64_t>(taped(bound, static_cast<std::uint64_t>(drawn)));
}

}  // namespace weir::sim
