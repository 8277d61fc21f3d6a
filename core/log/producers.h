// What a log remembers of idempotent producers, so that a batch that is sent twice is stored once
// (design, replication 5.16): for each producer id the epoch, and where its last sequences are.
//
// A table is a fold over batch headers: note() in the order of the offsets, cut() when the log is
// truncated, trim() when retention takes its start. So every replica has it, and a restart finds it
// again, from the index files of closed segments and the batches of the active one. Batches without
// a producer (id below 0, as every client of Fluvio sends) leave no trace.
//
// A producer numbers its records from 0 in each of its epochs, without gaps and without wrapping
// around. Batches that follow each other in sequence and offset make one run; the last
// kRunCountMax runs are kept, so the memory is bounded: kProducerCountMax producers, of which the
// one that has been silent for the longest goes first. A truncation may leave less than a fold
// would find, but never another newest run: it is the last one there is, or nothing. So no batch is
// taken for new that may be there: what the table does not know any more is `unknown`, and the
// producer has to begin another epoch.
//
// A value, owned by one Log (or by a scan). Pure; any executor.
#pragma once

#include "core/base/ids.h"
#include "core/model/batch.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace weir::log {

// Records of one producer epoch that follow each other in sequence and offset.
struct SequenceRun {
    std::int32_t first_sequence = 0;
    std::int32_t record_count = 0;
    Offset base_offset;

    // At most one above the largest sequence.
    std::int64_t next_sequence() const { return std::int64_t{first_sequence} + record_count; }
    Offset next_offset() const { return base_offset + record_count; }
    friend bool operator==(const SequenceRun&, const SequenceRun&) = default;
};

struct ProducerEntry {
    std::int16_t epoch = 0;
    // After the last record that is known of it.
    Offset end;
    // Oldest first. Empty: a truncation took all that was known, and there is more before it.
    std::vector<SequenceRun> runs;
    friend bool operator==(const ProducerEntry&, const ProducerEntry&) = default;
};

enum class SequenceVerdict : std::uint8_t {
    none,       // the batch has no producer
    next,       // to be appended
    duplicate,  // it is in the log already
    gap,        // the one before it is missing
    fenced,     // the producer has begun a later epoch
    unknown,    // what came before it is not known any more
    malformed,  // epoch or sequence below 0, or beyond the largest sequence
};

struct SequenceAnswer {
    SequenceVerdict verdict = SequenceVerdict::none;
    // Of a duplicate: where it is.
    Offset base_offset;
};

class ProducerTable {
public:
    static constexpr std::size_t kRunCountMax = 5;
    static constexpr std::size_t kProducerCountMax = 4'096;

    bool empty() const { return entries_.empty(); }
    const std::map<std::int64_t, ProducerEntry>& entries() const { return entries_; }

    // What a leader does with a batch that its log would put at its end. `header` as the client has
    // sent it.
    SequenceAnswer judge(const BatchHeader& header) const;

    // A batch is at header.base_offset, which is the end of the log. Anything is taken: it is
    // there.
    void note(const BatchHeader& header);
    // What another table knows of the part of the log that follows. What it has forgotten there
    // takes what is known of the time before with it.
    void join(const ProducerTable& later);
    // The log ends at `end` now, or starts at `start`; both are where a batch starts.
    void cut(Offset end);
    void trim(Offset start);
    // What is known of the batches in [from, to), where the log ends.
    ProducerTable within(Offset from, Offset to) const;
    // As decoded from an index.
    void put(std::int64_t producer_id, ProducerEntry entry);

    friend bool operator==(const ProducerTable& a, const ProducerTable& b) {
        return a.entries_ == b.entries_;
    }

private:
    using Entries = std::map<std::int64_t, ProducerEntry>;

    void add_run(std::int64_t producer_id, std::int16_t epoch, const SequenceRun& run);
    void set_end(Entries::value_type& entry, Offset end);
    Entries::iterator erase(Entries::iterator at);
    void forget_silent();

    Entries entries_;
    // The end of each entry, and whose it is.
    std::set<std::pair<Offset, std::int64_t>> by_end_;
};

}  // namespace weir::log
