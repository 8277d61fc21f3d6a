// H1-H9 of the design (replication 9), H10 of docs/internals/replication.md, and a twin that is
// written down from its text.
#include "core/base/prng.h"
#include "core/replication/high_watermark.h"
#include "tests/support/rapidcheck.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace weir::replication {

namespace {

struct Case {
    Offset hw;
    Offset leso;
    Offset own;
    std::vector<AckedPosition> acked;
    SpuSet maximal;
    SpuSet committed;
    std::uint32_t min_live = 1;

    Offset compute() const {
        return compute_hw({hw, leso, SpuId(0), own, acked, maximal, committed, min_live});
    }
    bool is_known(SpuId spu) const {
        return spu == SpuId(0) || std::any_of(acked.begin(), acked.end(),
                                              [&](const auto& one) { return one.spu == spu; });
    }
};

Case random_case(Prng& prng) {
    Case one;
    one.hw = Offset(prng.between(0, 10));
    one.own = one.hw + prng.between(0, 10);
    for (std::int32_t id = 0; id < 5; ++id) {
        if (id != 0 && prng.chance(5, 6)) {
            one.acked.push_back({SpuId(id), Offset(prng.between(0, one.own.value()))});
        }
        if (id == 0 || prng.chance(1, 2)) {
            one.maximal.emplace_back(id);
            if (id == 0 || prng.chance(3, 4)) {
                one.committed.emplace_back(id);
            }
        }
    }
    one.min_live = static_cast<std::uint32_t>(prng.between(1, 3));
    one.leso = Offset(prng.between(0, one.own.value()));
    return one;
}

AckedPosition* draw_acked(Prng& prng, Case& one) {
    return one.acked.empty() ? nullptr : &one.acked[prng.below(one.acked.size())];
}

// 5.8: HW := max(HW, min over maximal LRS of acked LEO), self at its own position, only while
// |committed LRS| >= min_live; who is not attached is unknown, and then nothing moves; nor does it
// before that minimum is at the LESO.
Offset twin(const Case& one) {
    std::map<SpuId, Offset> positions;
    positions[SpuId(0)] = one.own;
    for (const AckedPosition& acked : one.acked) {
        positions[acked.spu] = acked.acked;
    }
    std::set<Offset> of_maximal;
    for (const SpuId spu : one.maximal) {
        if (!positions.contains(spu)) {
            return one.hw;
        }
        of_maximal.insert(positions[spu]);
    }
    if (one.committed.size() < one.min_live || *of_maximal.begin() < one.leso) {
        return one.hw;
    }
    return std::max(one.hw, *of_maximal.begin());
}

}  // namespace

RC_GTEST_PROP(HighWatermark, is_that_of_the_twin, (std::uint64_t seed)) {
    Prng prng(seed);
    const Case one = random_case(prng);
    RC_ASSERT(one.compute() == twin(one));
}

RC_GTEST_PROP(HighWatermark, H1_never_goes_down, (std::uint64_t seed)) {
    Prng prng(seed);
    const Case one = random_case(prng);
    RC_ASSERT(one.compute() >= one.hw);
}

RC_GTEST_PROP(HighWatermark, H2_never_passes_a_member_of_maximal, (std::uint64_t seed)) {
    Prng prng(seed);
    const Case one = random_case(prng);
    const Offset hw = one.compute();
    RC_PRE(hw > one.hw);
    RC_ASSERT(hw <= one.own);
    for (const AckedPosition& acked : one.acked) {
        const bool counts =
            std::find(one.maximal.begin(), one.maximal.end(), acked.spu) != one.maximal.end();
        RC_ASSERT(!counts || hw <= acked.acked);
    }
}

RC_GTEST_PROP(HighWatermark, H3_monotone_in_each_position, (std::uint64_t seed)) {
    Prng prng(seed);
    Case one = random_case(prng);
    const Offset before = one.compute();
    if (AckedPosition* acked = draw_acked(prng, one)) {
        acked->acked += prng.between(1, 5);
    }
    one.own += prng.between(0, 5);
    RC_ASSERT(one.compute() >= before);
}

RC_GTEST_PROP(HighWatermark, H4_another_member_never_raises_it, (std::uint64_t seed)) {
    Prng prng(seed);
    Case one = random_case(prng);
    const Offset before = one.compute();
    const SpuId more(static_cast<std::int32_t>(prng.below(6)));
    if (std::find(one.maximal.begin(), one.maximal.end(), more) == one.maximal.end()) {
        one.maximal.push_back(more);
    }
    RC_ASSERT(one.compute() <= before);
}

RC_GTEST_PROP(HighWatermark, H5_stands_below_min_live, (std::uint64_t seed)) {
    Prng prng(seed);
    Case one = random_case(prng);
    one.min_live = static_cast<std::uint32_t>(one.committed.size() + 1);
    RC_ASSERT(one.compute() == one.hw);
}

RC_GTEST_PROP(HighWatermark, H6_stands_while_a_member_is_unknown, (std::uint64_t seed)) {
    Prng prng(seed);
    Case one = random_case(prng);
    const SpuId unknown(static_cast<std::int32_t>(prng.between(1, 4)));
    std::erase_if(one.acked, [&](const auto& acked) { return acked.spu == unknown; });
    if (std::find(one.maximal.begin(), one.maximal.end(), unknown) == one.maximal.end()) {
        one.maximal.push_back(unknown);
    }
    RC_ASSERT(one.compute() == one.hw);
}

RC_GTEST_PROP(HighWatermark, H7_outsiders_have_no_influence, (std::uint64_t seed)) {
    Prng prng(seed);
    Case one = random_case(prng);
    const Offset before = one.compute();
    for (AckedPosition& acked : one.acked) {
        if (std::find(one.maximal.begin(), one.maximal.end(), acked.spu) == one.maximal.end()) {
            acked.acked = Offset(prng.between(0, 30));
        }
    }
    one.acked.push_back({SpuId(9), Offset(prng.between(0, 30))});
    RC_ASSERT(one.compute() == before);
}

RC_GTEST_PROP(HighWatermark, H8_is_a_position_of_somebody, (std::uint64_t seed)) {
    Prng prng(seed);
    const Case one = random_case(prng);
    const Offset hw = one.compute();
    const bool is_acked = std::any_of(one.acked.begin(), one.acked.end(),
                                      [hw](const auto& acked) { return acked.acked == hw; });
    RC_ASSERT(hw == one.hw || hw == one.own || is_acked);
}

RC_GTEST_PROP(HighWatermark, H9_order_is_irrelevant, (std::uint64_t seed)) {
    Prng prng(seed);
    Case one = random_case(prng);
    const Offset before = one.compute();
    for (std::size_t i = one.acked.size(); i > 1; --i) {
        std::swap(one.acked[i - 1], one.acked[prng.below(i)]);
    }
    std::reverse(one.maximal.begin(), one.maximal.end());
    RC_ASSERT(one.compute() == before);
}

RC_GTEST_PROP(HighWatermark, H10_stands_until_all_have_what_the_leader_began_with,
              (std::uint64_t seed)) {
    Prng prng(seed);
    const Case one = random_case(prng);
    RC_PRE(one.hw < one.leso);
    const Offset hw = one.compute();
    RC_ASSERT(hw == one.hw || hw >= one.leso);
}

}  // namespace weir::replication
