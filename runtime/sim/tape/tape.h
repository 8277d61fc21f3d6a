// The decisions of a run, written down: what the scheduler chose, how long each message took, what
// a power loss left.
//
// A decision is a bounded integer in a named stream; 0 is the mildest choice. Without a tape each
// stream is drawn from the seed. A recording tape writes down what was drawn; a played one answers
// instead of the seed, stream by stream, and a stream that has ended answers 0. So a failure can be
// run again after changes elsewhere in the program, and made simpler by cutting and zeroing.
//
// A Tape is a value; a TapeDeck plays or records one during one run and outlives the World. `Draws`
// refer to the deck and belong to the parts of the simulator that decide.
#pragma once

#include "core/base/prng.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

using Tape = std::map<std::string, std::vector<std::uint64_t>, std::less<>>;

// One stream while it is recorded or played.
struct TapeTrack {
    bool playing = false;
    std::vector<std::uint64_t> values;
    std::size_t position = 0;
    // Played values that the bound at their place does not allow: the program has changed.
    std::uint64_t misfit_count = 0;
    // Decisions asked for after the end of the stream.
    std::uint64_t missing_count = 0;
};

// How well a played tape matched the run.
struct TapeFit {
    std::uint64_t played = 0;
    std::uint64_t misfits = 0;
    std::uint64_t missing = 0;
    std::uint64_t left_over = 0;
    bool exact() const { return misfits + missing + left_over == 0; }
};

class TapeDeck {
public:
    // Records.
    TapeDeck() = default;
    // Plays.
    explicit TapeDeck(Tape tape);
    TapeDeck(const TapeDeck&) = delete;
    TapeDeck& operator=(const TapeDeck&) = delete;

    // The track of a stream; opened once per stream. Stays valid as long as the deck.
    TapeTrack& track(std::string_view label);
    // What was recorded, or is left as it was played.
    Tape tape() const;
    TapeFit fit() const;

private:
    bool playing_ = false;
    std::map<std::string, std::unique_ptr<TapeTrack>, std::less<>> tracks_;
};

// Where decisions come from: the seed, and the tape if there is one.
class Draws {
public:
    explicit Draws(Prng prng, TapeTrack* track = nullptr) : prng_(prng), track_(track) {}

    // As in Prng.
    std::uint64_t below(std::uint64_t bound) {
        return track_ == nullptr ? prng_.below(bound) : taped(bound, prng_.below(bound));
    }
    std::int64_t between(std::int64_t low, std::int64_t high);
    bool chance(std::uint64_t numerator, std::uint64_t denominator);
    std::int64_t exponential(std::int64_t mean);

private:
    // `drawn` goes to the tape, or the tape answers; always below `bound`.
    std::uint64_t taped(std::uint64_t bound, std::uint64_t drawn);

    Prng prng_;
    TapeTrack* track_;
};

}  // namespace weir::sim
