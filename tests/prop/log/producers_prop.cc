// The table of producers against a twin that remembers every batch of the log
// (core/log/producers.h).
#include "core/base/prng.h"
#include "core/log/format.h"
#include "core/log/producers.h"
#include "tests/support/rapidcheck.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace weir::log {
namespace {

struct Twin {
    std::vector<BatchHeader> batches;
    Offset start;

    Offset end() const { return batches.empty() ? start : batches.back().next_offset(); }
    // The batches that count for `header`: of its producer, in the latest epoch.
    std::vector<BatchHeader> of(std::int64_t producer_id) const {
        std::vector<BatchHeader> found;
        for (const BatchHeader& batch : batches) {
            if (batch.producer_id != producer_id) {
                continue;
            }
            if (!found.empty() && found.back().producer_epoch != batch.producer_epoch) {
                found.clear();
            }
            found.push_back(batch);
        }
        return found;
    }
    // 5.16, with all of the log to look at.
    SequenceAnswer judge(const BatchHeader& header) const {
        const std::vector<BatchHeader> known = of(header.producer_id);
        const bool begins = header.first_sequence == 0;
        if (known.empty()) {
            return {begins ? SequenceVerdict::next : SequenceVerdict::unknown, Offset()};
        }
        const BatchHeader& last = known.back();
        if (header.producer_epoch != last.producer_epoch) {
            const bool later = header.producer_epoch > last.producer_epoch;
            return {!later   ? SequenceVerdict::fenced
                    : begins ? SequenceVerdict::next
                             : SequenceVerdict::gap,
                    Offset()};
        }
        const std::int64_t next = last.first_sequence + last.record_count();
        if (header.first_sequence >= next) {
            return {header.first_sequence == next ? SequenceVerdict::next : SequenceVerdict::gap,
                    Offset()};
        }
        // Where each sequence of the epoch is.
        std::map<std::int64_t, Offset> at;
        for (const BatchHeader& batch : known) {
            for (std::int64_t i = 0; i < batch.record_count(); ++i) {
                at[batch.first_sequence + i] = batch.base_offset + i;
            }
        }
        const auto first = at.find(header.first_sequence);
        for (std::int64_t i = 0; i < header.record_count(); ++i) {
            const auto found = at.find(header.first_sequence + i);
            if (first == at.end() || found == at.end() || found->second != first->second + i) {
                return {SequenceVerdict::unknown, Offset()};
            }
        }
        return {SequenceVerdict::duplicate, first->second};
    }
};

ProducerTable fold(const std::vector<BatchHeader>& batches, Offset from, Offset to) {
    ProducerTable table;
    for (const BatchHeader& batch : batches) {
        if (batch.base_offset >= from && batch.next_offset() <= to) {
            table.note(batch);
        }
    }
    return table;
}

// A log that a leader writes as its table says, and what clients send to it.
struct Case {
    explicit Case(std::uint64_t seed) : prng(seed) {}

    Prng prng;
    Twin twin;
    ProducerTable table;
    // Every batch that was ever sent.
    std::vector<BatchHeader> sent;
    // A truncation may have taken what the table knew.
    bool was_cut = false;

    BatchHeader draw() {
        if (!sent.empty() && prng.chance(1, 3)) {
            return sent[prng.below(sent.size())];  // once more, however late
        }
        BatchHeader header;
        header.producer_id = prng.between(-1, 3);
        header.last_offset_delta = static_cast<std::int32_t>(prng.between(0, 3));
        if (header.producer_id >= 0) {
            const std::vector<BatchHeader> known = twin.of(header.producer_id);
            header.producer_epoch = known.empty() ? std::int16_t{0} : known.back().producer_epoch;
            header.first_sequence =
                known.empty() ? 0
                              : known.back().first_sequence +
                                    static_cast<std::int32_t>(known.back().record_count());
            if (prng.chance(1, 10)) {
                header.first_sequence += static_cast<std::int32_t>(prng.between(1, 4));
            } else if (prng.chance(1, 10)) {
                ++header.producer_epoch;
                header.first_sequence = 0;
            }
        }
        sent.push_back(header);
        return header;
    }

    Offset some_boundary() {
        const std::size_t index = prng.below(twin.batches.size() + 1);
        return index == twin.batches.size() ? twin.end() : twin.batches[index].base_offset;
    }

    void append(BatchHeader header) {
        header.base_offset = twin.end();
        twin.batches.push_back(header);
        table.note(header);
    }

    void cut() {
        const Offset end = some_boundary();
        std::erase_if(twin.batches, [&](const BatchHeader& b) { return b.base_offset >= end; });
        table.cut(end);
        was_cut = true;
    }

    void trim() {
        const Offset start = some_boundary();
        std::erase_if(twin.batches, [&](const BatchHeader& b) { return b.base_offset < start; });
        twin.start = std::max(twin.start, start);
        table.trim(start);
    }

    // Sends one batch; what the table says is right, whatever it has forgotten.
    void send() {
        const BatchHeader header = draw();
        const SequenceAnswer said = table.judge(header);
        if (header.producer_id < 0) {
            RC_ASSERT(said.verdict == SequenceVerdict::none);
            append(header);
            return;
        }
        const SequenceAnswer right = twin.judge(header);
        if (said.verdict == SequenceVerdict::unknown) {
            // Never asked to store again what it may have, at worst to begin another epoch.
            RC_ASSERT(was_cut || right.verdict != SequenceVerdict::next);
            return;
        }
        // A cut may leave a producer's epoch known that has no batch any more.
        const bool same = said.verdict == right.verdict;
        RC_ASSERT(same || (was_cut && said.verdict == SequenceVerdict::fenced) ||
                  (was_cut && said.verdict == SequenceVerdict::gap &&
                   right.verdict == SequenceVerdict::unknown) ||
                  (was_cut && said.verdict == SequenceVerdict::next && header.first_sequence == 0));
        if (said.verdict == SequenceVerdict::duplicate) {
            RC_ASSERT(said.base_offset == right.base_offset);
        }
        if (said.verdict == SequenceVerdict::next) {
            append(header);
        }
    }

    // I25: sequences of one epoch follow each other, and epochs never go back.
    void check_log() const {
        for (std::int64_t id = 0; id <= 3; ++id) {
            std::optional<BatchHeader> before;
            for (const BatchHeader& batch : twin.batches) {
                if (batch.producer_id != id) {
                    continue;
                }
                if (before.has_value()) {
                    RC_ASSERT(batch.producer_epoch >= before->producer_epoch);
                    const bool same = batch.producer_epoch == before->producer_epoch;
                    const auto next =
                        static_cast<std::int32_t>(before->first_sequence + before->record_count());
                    RC_ASSERT(batch.first_sequence == (same ? next : 0));
                }
                before = batch;
            }
        }
    }

    void step() {
        const std::uint64_t what = prng.below(40);
        if (what == 0) {
            cut();
        } else if (what == 1) {
            trim();
        } else {
            send();
        }
        check_log();
    }
};

RC_GTEST_PROP(Producers, store_each_batch_once_whatever_is_sent, (std::uint64_t seed)) {
    Case one(seed);
    for (int i = 0; i < 120; ++i) {
        one.step();
    }
}

// What a restart finds: the closed segments' tables as their index files have them, and the last
// segment's by a scan.
RC_GTEST_PROP(Producers, state_equals_a_fold_over_the_log, (std::uint64_t seed)) {
    Case one(seed);
    for (int i = 0; i < 80; ++i) {
        one.send();
    }
    const Offset end = one.twin.end();
    RC_ASSERT(one.table == fold(one.twin.batches, Offset(0), end));
    ProducerTable joined;
    Offset from;
    while (from < end) {
        const Offset to = std::max(one.some_boundary(), one.prng.chance(1, 4) ? end : Offset(0));
        if (to <= from) {
            continue;
        }
        IndexHeader header;
        header.base_offset = from;
        header.next_offset = to;
        header.end_position = kSegmentHeaderSize;
        IndexSummary summary;
        summary.epochs.push_back(EpochStart{LeaderEpoch(0), from});
        summary.producers = fold(one.twin.batches, from, to);
        const Bytes bytes = encode_index(header, summary, {});
        const auto read_header = decode_index_header(bytes);
        RC_ASSERT(read_header.has_value());
        const auto read =
            decode_index_summary(*read_header, ByteSpan(bytes).subspan(kIndexHeaderSize));
        RC_ASSERT(read.has_value());
        RC_ASSERT(read->producers == summary.producers);
        joined.join(read->producers);
        from = to;
    }
    RC_ASSERT(joined == one.table);
    // As a roll sees it: of the part behind any place, everything.
    const Offset place = one.some_boundary();
    const ProducerTable part = one.table.within(place, end);
    const ProducerTable exact = fold(one.twin.batches, place, end);
    for (const auto& [id, entry] : exact.entries()) {
        RC_ASSERT(part.entries().contains(id));
        RC_ASSERT(part.entries().at(id) == entry);
    }
    RC_ASSERT(part.entries().size() == exact.entries().size());
}

RC_GTEST_PROP(Producers, cut_and_trim_leave_what_a_fold_finds_but_for_the_forgotten,
              (std::uint64_t seed)) {
    Case one(seed);
    for (int i = 0; i < 80; ++i) {
        one.send();
    }
    one.trim();
    RC_ASSERT(one.table == fold(one.twin.batches, one.twin.start, one.twin.end()));
    one.cut();
    const ProducerTable exact = fold(one.twin.batches, one.twin.start, one.twin.end());
    for (const auto& [id, entry] : one.table.entries()) {
        if (entry.runs.empty()) {
            continue;  // what was known is gone, and everything of this epoch is refused
        }
        // The newest that it knows are the newest that are there.
        const auto found = exact.entries().find(id);
        RC_ASSERT(found != exact.entries().end());
        RC_ASSERT(found->second.epoch == entry.epoch);
        RC_ASSERT(found->second.runs.size() >= entry.runs.size());
        RC_ASSERT(
            std::equal(entry.runs.rbegin(), entry.runs.rend() - 1, found->second.runs.rbegin()));
    }
    for (const auto& [id, entry] : exact.entries()) {
        RC_ASSERT(one.table.entries().contains(id));
    }
}

// The index of a segment that was cut has only what the log still knew of it then. What a restart
// joins must not miss a run in the middle: a later cut would make the one before it the newest.
RC_GTEST_PROP(Producers, join_leaves_no_gap_that_a_cut_could_show, (std::uint64_t seed)) {
    Case one(seed);
    for (int i = 0; i < 80; ++i) {
        one.send();
    }
    const Offset middle = one.some_boundary();
    ProducerTable joined = fold(one.twin.batches, Offset(0), middle);
    do {
        one.cut();
    } while (one.twin.end() > middle && one.prng.chance(1, 2));
    if (one.twin.end() <= middle) {
        return;
    }
    joined.join(one.table.within(middle, one.twin.end()));
    const Offset end = one.some_boundary();
    joined.cut(end);
    const ProducerTable exact = fold(one.twin.batches, Offset(0), end);
    for (const auto& [id, entry] : joined.entries()) {
        if (entry.runs.empty()) {
            continue;
        }
        const auto found = exact.entries().find(id);
        RC_ASSERT(found != exact.entries().end());
        RC_ASSERT(found->second.runs.back().next_sequence() == entry.runs.back().next_sequence());
        RC_ASSERT(found->second.runs.back().next_offset() == entry.runs.back().next_offset());
    }
}

TEST(Producers, MemoryIsBoundedAndTheSilentGoFirst) {
    ProducerTable table;
    BatchHeader header;
    header.producer_epoch = 0;
    header.first_sequence = 0;
    const auto count = static_cast<std::int64_t>(ProducerTable::kProducerCountMax);
    for (std::int64_t id = 0; id < count; ++id) {
        header.producer_id = id;
        header.base_offset = Offset(id);
        table.note(header);
    }
    header.producer_id = 0;
    header.first_sequence = 1;
    header.base_offset = Offset(count);
    table.note(header);
    header.producer_id = count;
    header.first_sequence = 0;
    header.base_offset = Offset(count + 1);
    table.note(header);
    EXPECT_EQ(table.entries().size(), ProducerTable::kProducerCountMax);
    EXPECT_TRUE(table.entries().contains(0));
    EXPECT_FALSE(table.entries().contains(1));
    // It went on, and is told that nothing is known of it.
    header.producer_id = 1;
    header.first_sequence = 1;
    EXPECT_EQ(table.judge(header).verdict, SequenceVerdict::unknown);
}

TEST(Producers, ImpossibleNumbersAreValues) {
    ProducerTable table;
    BatchHeader header;
    header.producer_id = 7;
    header.producer_epoch = -1;
    header.first_sequence = 0;
    EXPECT_EQ(table.judge(header).verdict, SequenceVerdict::malformed);
    header.producer_epoch = 0;
    header.first_sequence = -1;
    EXPECT_EQ(table.judge(header).verdict, SequenceVerdict::malformed);
    header.first_sequence = INT32_MAX;
    header.last_offset_delta = 1;
    EXPECT_EQ(table.judge(header).verdict, SequenceVerdict::malformed);
    header.producer_epoch = -1;
    table.note(header);
    EXPECT_TRUE(table.empty());
}

}  // namespace
}  // namespace weir::log
