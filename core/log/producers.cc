#include "core/log/producers.h"

#include "core/base/mutant.h"

#include <algorithm>
#include <limits>

namespace weir::log {

namespace {

constexpr std::int64_t kSequenceEnd = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;

// Nothing of the producer comes before this run: every producer begins so.
bool is_first(const ProducerEntry& entry) {
    return entry.epoch == 0 && !entry.runs.empty() && entry.runs.front().first_sequence == 0;
}

SequenceAnswer judge_in_epoch(const ProducerEntry& entry, const BatchHeader& header) {
    if (entry.runs.empty()) {
        return {SequenceVerdict::unknown, Offset()};
    }
    const std::int64_t first = header.first_sequence;
    const std::int64_t next = first + header.record_count();
    if (first >= entry.runs.back().next_sequence()) {
        const bool follows = first == entry.runs.back().next_sequence();
        return {follows ? SequenceVerdict::next : SequenceVerdict::gap, Offset()};
    }
    for (const SequenceRun& run : entry.runs) {
        if (first >= run.first_sequence && next <= run.next_sequence()) {
            return {SequenceVerdict::duplicate, run.base_offset + (first - run.first_sequence)};
        }
    }
    return {SequenceVerdict::unknown, Offset()};
}

}  // namespace

SequenceAnswer ProducerTable::judge(const BatchHeader& header) const {
    if (header.producer_id < 0) {
        return {SequenceVerdict::none, Offset()};
    }
    if (header.producer_epoch < 0 || header.first_sequence < 0 ||
        header.first_sequence + header.record_count() > kSequenceEnd) {
        return {SequenceVerdict::malformed, Offset()};
    }
    const auto found = entries_.find(header.producer_id);
    if (found == entries_.end()) {
        const bool begins = header.first_sequence == 0;
        return {begins ? SequenceVerdict::next : SequenceVerdict::unknown, Offset()};
    }
    const ProducerEntry& entry = found->second;
    if (header.producer_epoch < entry.epoch) {
        return {SequenceVerdict::fenced, Offset()};
    }
    if (header.producer_epoch > entry.epoch) {
        const bool begins = header.first_sequence == 0;
        return {begins ? SequenceVerdict::next : SequenceVerdict::gap, Offset()};
    }
    return judge_in_epoch(entry, header);
}

void ProducerTable::note(const BatchHeader& header) {
    const bool counts = header.producer_id >= 0 && header.producer_epoch >= 0 &&
                        header.first_sequence >= 0 &&
                        header.first_sequence + header.record_count() <= kSequenceEnd;
    if (!counts) {
        return;
    }
    SequenceRun run;
    run.first_sequence = header.first_sequence;
    run.record_count = static_cast<std::int32_t>(
        std::min<std::int64_t>(header.record_count(), std::numeric_limits<std::int32_t>::max()));
    run.base_offset = header.base_offset;
    add_run(header.producer_id, header.producer_epoch, run);
    forget_silent();
}

void ProducerTable::add_run(std::int64_t producer_id, std::int16_t epoch, const SequenceRun& run) {
    auto& entry = *entries_.try_emplace(producer_id).first;
    ProducerEntry& state = entry.second;
    if (state.epoch != epoch) {
        state.epoch = epoch;
        state.runs.clear();
    }
    const bool goes_on =
        !state.runs.empty() && state.runs.back().next_sequence() == run.first_sequence &&
        state.runs.back().next_offset() == run.base_offset &&
        std::int64_t{state.runs.back().record_count} + run.record_count < kSequenceEnd;
    if (goes_on) {
        state.runs.back().record_count += run.record_count;
    } else {
        state.runs.push_back(run);
    }
    if (state.runs.size() > kRunCountMax) {
        state.runs.erase(state.runs.begin());
    }
    set_end(entry, run.next_offset());
}

void ProducerTable::join(const ProducerTable& later) {
    for (const auto& [producer_id, entry] : later.entries_) {
        if (entry.runs.empty()) {
            put(producer_id, entry);
            continue;
        }
        const auto known = entries_.find(producer_id);
        if (known != entries_.end() && !known->second.runs.empty() &&
            known->second.runs.back().next_sequence() != entry.runs.front().first_sequence) {
            // Runs between the two are forgotten, and only the newest may be known without a gap:
            // a cut must not make an older one the newest.
            known->second.runs.clear();
        }
        for (const SequenceRun& run : entry.runs) {
            add_run(producer_id, entry.epoch, run);
        }
    }
    forget_silent();
}

void ProducerTable::put(std::int64_t producer_id, ProducerEntry entry) {
    auto& stored = *entries_.try_emplace(producer_id).first;
    const Offset end = entry.end;
    entry.end = stored.second.end;
    stored.second = std::move(entry);
    set_end(stored, end);
    forget_silent();
}

void ProducerTable::cut(Offset end) {
    if (mutant(Mutant::producers_not_cut)) {
        return;
    }
    for (auto at = entries_.begin(); at != entries_.end();) {
        ProducerEntry& entry = at->second;
        const bool first = is_first(entry);
        while (!entry.runs.empty() && entry.runs.back().base_offset >= end) {
            entry.runs.pop_back();
        }
        if (!entry.runs.empty() && entry.runs.back().next_offset() > end) {
            SequenceRun& last = entry.runs.back();
            last.record_count = static_cast<std::int32_t>(end - last.base_offset);
        }
        if (entry.runs.empty() && first) {
            at = erase(at);
            continue;
        }
        set_end(*at,
                entry.runs.empty() ? std::min(entry.end, end) : entry.runs.back().next_offset());
        ++at;
    }
}

void ProducerTable::trim(Offset start) {
    for (auto at = entries_.begin(); at != entries_.end();) {
        ProducerEntry& entry = at->second;
        std::erase_if(entry.runs,
                      [start](const SequenceRun& run) { return run.next_offset() <= start; });
        if (entry.end <= start) {
            at = erase(at);
            continue;
        }
        if (!entry.runs.empty() && entry.runs.front().base_offset < start) {
            SequenceRun& run = entry.runs.front();
            const auto gone = static_cast<std::int32_t>(start - run.base_offset);
            run.first_sequence += gone;
            run.record_count -= gone;
            run.base_offset = start;
        }
        ++at;
    }
}

ProducerTable ProducerTable::within(Offset from, Offset to) const {
    ProducerTable part = *this;
    part.cut(to);
    part.trim(from);
    return part;
}

void ProducerTable::set_end(Entries::value_type& entry, Offset end) {
    by_end_.erase({entry.second.end, entry.first});
    entry.second.end = end;
    by_end_.insert({end, entry.first});
}

ProducerTable::Entries::iterator ProducerTable::erase(Entries::iterator at) {
    by_end_.erase({at->second.end, at->first});
    return entries_.erase(at);
}

void ProducerTable::forget_silent() {
    while (entries_.size() > kProducerCountMax) {
        erase(entries_.find(by_end_.begin()->second));
    }
}

}  // namespace weir::log
