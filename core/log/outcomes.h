// Which appends have failed, by sequence number.
//
// Almost always empty: only failed writes make an entry, and failures in a row share one. Bounded:
// of very old failures only the fact is kept that their outcome is no longer known. A value owned
// by one Log.
#pragma once

#include "core/base/result.h"

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
            forgotten_through_ = failures_.front().last;
            failures_.pop_front();
        }
    }

    // Why the append has failed, if it has.
    std::optional<Error> failure_of(std::uint64_t sequence) const {
        if (sequence <= forgotten_through_) {
            return Error(ErrorCode::unavailable, "append: its outcome is no longer known");
        }
        for (const Failure& failure : failures_) {
            if (sequence >= failure.first && sequence <= failure.last) {
                return failure.error;
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
    std::deque<Failure> failures_;
    std::uint64_t forgotten_through_ = 0;
};

}  // namespace weir::log
