// Of any replicas of which one was waited for at the last commit and has kept its log, the longest
// of those that have entered the newest epoch has all that was committed, whatever leaders came and
// went: Raft's figure 8 and worse. A small model of leaders, followers and commits around the real
// bookkeeping.
#include "core/base/prng.h"
#include "core/replication/high_watermark.h"
#include "core/replication/replica_log.h"
#include "tests/support/rapidcheck.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::replication {

namespace {

constexpr std::size_t kReplicas = 4;

struct Copy {
    // The epoch of each record.
    std::vector<std::int32_t> records;
    EnteredEpoch entered;
    std::int64_t hw = 0;

    std::int64_t end() const { return static_cast<std::int64_t>(records.size()); }
    LeaderEpoch newest() const {
        const LeaderEpoch written = records.empty() ? kNoEpoch : LeaderEpoch(records.back());
        return std::max(written, entered.epoch);
    }
};

struct Model {
    std::vector<Copy> copies = std::vector<Copy>(kReplicas);
    std::vector<std::int32_t> committed;
    // Whom the last commit waited for.
    SpuSet waited;
    std::int32_t epoch = 0;
};

bool has_committed(const Model& model, const Copy& copy) {
    return copy.records.size() >= model.committed.size() &&
           std::equal(model.committed.begin(), model.committed.end(), copy.records.begin());
}

std::size_t best_of(const Model& model, const std::vector<std::size_t>& heard) {
    return *std::max_element(heard.begin(), heard.end(), [&](std::size_t one, std::size_t other) {
        const auto rank = [&](std::size_t i) {
            return std::make_pair(model.copies[i].newest(), model.copies[i].end());
        };
        return rank(one) < rank(other);
    });
}

void follow(Copy& copy, const Copy& leader, std::int32_t epoch, std::int64_t leso,
            std::int64_t until) {
    const auto parted = std::mismatch(copy.records.begin(), copy.records.end(),
                                      leader.records.begin(), leader.records.end());
    copy.records.erase(parted.first, copy.records.end());
    copy.entered.cut(Offset(copy.end()));
    while (copy.end() < std::min(until, leader.end())) {
        copy.records.push_back(leader.records[copy.records.size()]);
    }
    if (copy.end() >= leso) {
        copy.entered.enter({LeaderEpoch(epoch), Offset(leso)});
    }
    copy.hw = std::min(leader.hw, copy.end());
}

// One that comes back without the end of its log; somebody else keeps all.
void lose_a_tail(Model& model, Prng& prng) {
    const std::size_t loses = prng.below(kReplicas);
    model.waited.erase(std::remove(model.waited.begin(), model.waited.end(),
                                   SpuId(static_cast<std::int32_t>(loses))),
                       model.waited.end());
    if (model.waited.empty()) {
        return;
    }
    Copy& copy = model.copies[loses];
    copy.records.resize(prng.below(copy.records.size() + 1));
    copy.hw = std::min(copy.hw, copy.end());
    copy.entered.found(Offset(copy.end()));
}

// Elects one that has all that was committed; some follow it for a while, or not; it commits what
// it may.
void one_epoch(Model& model, Prng& prng) {
    std::vector<std::size_t> complete;
    for (std::size_t i = 0; i < kReplicas; ++i) {
        if (has_committed(model, model.copies[i])) {
            complete.push_back(i);
        }
    }
    const std::size_t leads = complete[prng.below(complete.size())];
    const std::int32_t epoch = ++model.epoch;
    Copy& leader = model.copies[leads];
    const std::int64_t leso = leader.end();
    leader.entered.enter({LeaderEpoch(epoch), Offset(leso)});
    SpuSet lrs;
    for (std::size_t i = 0; i < kReplicas; ++i) {
        if (i == leads || prng.chance(1, 3)) {
            lrs.emplace_back(static_cast<std::int32_t>(i));
        }
    }
    for (std::uint64_t step = prng.below(8); step > 0; --step) {
        if (prng.chance(1, 3)) {
            leader.records.push_back(epoch);
        }
        std::vector<AckedPosition> acked;
        for (std::size_t i = 0; i < kReplicas; ++i) {
            if (i != leads && prng.chance(1, 2)) {
                follow(model.copies[i], leader, epoch, leso,
                       model.copies[i].end() + prng.between(0, 3));
                acked.push_back(
                    {SpuId(static_cast<std::int32_t>(i)), Offset(model.copies[i].end())});
            }
        }
        HwInput input;
        input.hw = Offset(leader.hw);
        input.leso = Offset(leso);
        input.self = SpuId(static_cast<std::int32_t>(leads));
        input.own = Offset(leader.end());
        input.acked = acked;
        input.maximal_lrs = lrs;
        input.committed_lrs = lrs;
        leader.hw = compute_hw(input).value();
        if (leader.hw > static_cast<std::int64_t>(model.committed.size())) {
            model.committed.assign(leader.records.begin(), leader.records.begin() + leader.hw);
            model.waited = lrs;
        }
    }
}

}  // namespace

RC_GTEST_PROP(EnteredEpoch, tells_who_has_all_that_was_committed, (std::uint64_t seed)) {
    Prng prng(seed);
    Model model;
    for (int i = 0; i < 12; ++i) {
        if (prng.chance(1, 4)) {
            lose_a_tail(model, prng);
        }
        one_epoch(model, prng);
        if (model.committed.empty()) {
            continue;
        }
        for (std::size_t set = 1; set < (1U << kReplicas); ++set) {
            std::vector<std::size_t> heard;
            bool is_waited = false;
            for (std::size_t one = 0; one < kReplicas; ++one) {
                if ((set & (1U << one)) != 0) {
                    heard.push_back(one);
                    is_waited = is_waited || std::find(model.waited.begin(), model.waited.end(),
                                                       SpuId(static_cast<std::int32_t>(one))) !=
                                                 model.waited.end();
                }
            }
            if (is_waited) {
                RC_ASSERT(has_committed(model, model.copies[best_of(model, heard)]));
            }
        }
    }
}

}  // namespace weir::replication
