// What the numbers of a state are called in its fingerprint, and the two visits that find that out.
//
// Values of one call of fingerprint(). Why the names are sound is said there.
#pragma once

#include "core/base/prng.h"
#include "core/model/partition_record.h"
#include "tests/prop/replication/model_fingerprint.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::replication::model {

// Numbers of one kind that occur in a state, and what each is called there.
class Ranks {
public:
    void add(std::uint64_t number) { seen_.push_back(number); }
    bool has(std::uint64_t number) const {
        return std::find(seen_.begin(), seen_.end(), number) != seen_.end();
    }
    // With `step_max` 1 only the order is kept.
    void close(std::uint64_t step_max) {
        std::sort(seen_.begin(), seen_.end());
        seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
        ranks_.clear();
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            const std::uint64_t step = i == 0 ? 0 : std::min(seen_[i] - seen_[i - 1], step_max);
            ranks_.push_back(i == 0 ? 0 : ranks_.back() + step);
        }
    }
    std::uint64_t of(std::uint64_t number) const {
        const auto at = std::lower_bound(seen_.begin(), seen_.end(), number);
        return ranks_[static_cast<std::size_t>(at - seen_.begin())];
    }

private:
    std::vector<std::uint64_t> seen_;
    std::vector<std::uint64_t> ranks_;
};

inline constexpr std::size_t kSpusMax = 8;

inline std::size_t slot(SpuId spu) {
    return spu == kNoSpu ? 0 : static_cast<std::size_t>(spu.value());
}

inline std::uint64_t raw(LeaderEpoch epoch) {
    return static_cast<std::uint64_t>(epoch.value() + 1);
}

struct Names {
    Ranks epochs;
    Ranks versions;
    std::array<Ranks, kSpusMax> boots;
    std::array<Ranks, kSpusMax> nonces;
};

// First visit: which numbers there are.
struct Collecting {
    Names& names;

    void number(std::uint64_t) {}
    void value(std::uint32_t) {}
    void uid(const Uid&) {}
    void epoch(LeaderEpoch epoch) { names.epochs.add(raw(epoch)); }
    void version(RecordVersion version) { names.versions.add(version.value()); }
    void boot(SpuId spu, BootEpoch boot) { names.boots[slot(spu)].add(boot.value()); }
    void nonce(SpuId spu, std::uint64_t nonce) { names.nonces[slot(spu)].add(nonce); }
};

// Of `identity` among those that came before, of which it is one then.
template <typename Identity>
std::size_t place_of(const Identity& identity, std::vector<Identity>& seen) {
    const auto found = std::find(seen.begin(), seen.end(), identity);
    const auto place = static_cast<std::size_t>(found - seen.begin());
    if (found == seen.end()) {
        seen.push_back(identity);
    }
    return place;
}

// Second visit: the state, by the names of its numbers.
struct Hashing {
    const Names& names;
    Fingerprint sum = {};
    std::vector<std::uint32_t> values = {};
    std::vector<Uid> uids = {};

    void number(std::uint64_t number) {
        sum.high = mix64(sum.high ^ number);
        sum.low = mix64(sum.low * 0x9E3779B97F4A7C15U + number + 1);
    }
    void value(std::uint32_t value) { number(place_of(value, values)); }
    void uid(const Uid& uid) { number(uid.is_none() ? 0 : 1 + place_of(uid, uids)); }
    void epoch(LeaderEpoch epoch) { number(names.epochs.of(raw(epoch))); }
    void version(RecordVersion version) { number(names.versions.of(version.value())); }
    void boot(SpuId spu, BootEpoch boot) { number(names.boots[slot(spu)].of(boot.value())); }
    void nonce(SpuId spu, std::uint64_t nonce) { number(names.nonces[slot(spu)].of(nonce)); }
};

}  // namespace weir::replication::model
