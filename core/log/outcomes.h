// Which appends have failed, by sequence number, or were cut off, by offset.
//
// Almost always empty: only failed writes and truncations make an entry, and failures in a row
// share one. Bounded: of very old ones only the fact is kept that their outcome is no longer known.
// A value owned by one Log.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace weir::log {

class Outcomes {
public:
    // Sequences [first, last] have failed with `error`. `first` is above all that were noted
    // before.
    void note_failed(std::uint64_t first, std::uint64_t last, const Error& error) {
        if (!failures_.empty() && failures_.back().last + 1 == first &&
            failures_.back().error.code == error.code) {
            failures_.back().last = last;
            return;
        }
        failures_.push_back(Failure{first, last, error});
        if (failures_.size() > kFailureCountMax) {
            forgotten_through_ = std::max(forgotten_through_, failures_.front().last);
            failures_.pop_front();
        }
    }

    // Everything at and above `end` was removed; `last` is the newest sequence given until then.
    void note_cut(std::uint64_t last, Offset end) {
        while (!cuts_.empty() && cuts_.back().end >= end) {
            cuts_.pop_back();
        }
        cuts_.push_back(CutOff{last, end});
        if (cuts_.size() > kFailureCountMax) {
            forgotten_through_ = std::max(forgotten_through_, cuts_.front().last);
            cuts_.pop_front();
        }
    }

    // Why the append that ends at `next_offset` has failed, if it has.
    std::optional<Error> failure_of(std::uint64_t sequence, Offset next_offset) const {
        if (sequence <= forgotten_through_) {
            return Error(ErrorCode::unavailable, "append: its outcome is no longer known");
        }
        for (const Failure& failure : failures_) {
            if (sequence >= failure.first && sequence <= failure.last) {
                return failure.error;
            }
        }
        for (const CutOff& cut : cuts_) {
            if (sequence <= cut.last && next_offset > cut.end) {
                return Error(ErrorCode::not_leader, "append: cut off, another leader took over");
            }
        }
        return std::nullopt;
    }

private:
    static constexpr std::size_t kFailureCountMax = 64;
    struct Failure {
        std::uint64_t first;
        std::uint64_t last;
        Error error;
    };
    struct CutOff {
        std::uint64_t last;
        Offset end;
    };
    std::deque<Failure> failures_;
    // Both fields rise.
    std::deque<CutOff> cuts_;
    std::uint64_t forgotten_through_ = 0;
};

}  // namespace weir::log
