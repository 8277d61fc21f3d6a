// What of a DiskImage is durable, and what a power loss leaves of the rest.

#include "core/base/assert.h"
#include "runtime/sim/disk/disk_image.h"
#include "runtime/sim/sched/heap_account.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace weir::sim {

namespace {

// Beyond this much unsynced data per file, the older half counts as written back.
constexpr std::size_t kWritebackBytes = 4U << 20U;
// Counted in that for each write, beside the bytes that it replaced.
constexpr std::size_t kUndoBytes = 64;

}  // namespace

void DiskImage::note_undo(DiskNode& file, std::uint64_t position, std::uint64_t length,
                          bool truncation) {
    const std::uint64_t old_size = file.size();
    DiskNode::Undo undo;
    undo.sequence = ++sequence_;
    undo.position = position;
    undo.length = length;
    undo.replaced_at = file.replaced_.size();
    undo.replaced_size = 0;
    if (position < old_size) {
        undo.replaced_size = std::min(old_size - position, length);
        const ByteSpan replaced = file.content().subspan(position, undo.replaced_size);
        file.replaced_.insert(file.replaced_.end(), replaced.begin(), replaced.end());
    }
    undo.old_size = old_size;
    undo.truncation = truncation;
    undo.lost_by_sync_error = false;
    file.undo_.push_back(undo);
    if (file.replaced_.size() + file.undo_.size() * kUndoBytes > kWritebackBytes) {
        file_synced(file, file.undo_[file.undo_.size() / 2].sequence);
    }
}

// Bytes and sizes that are durable now are not undone by what an older failed sync has lost.
void DiskImage::replaced_by(DiskNode& file, const DiskNode::Undo& durable, std::uint64_t size) {
    const std::uint64_t from = durable.position;
    const std::uint64_t to = durable.position + durable.length;
    for (std::size_t i = 0; i < file.undo_.size(); ++i) {
        DiskNode::Undo& old = file.undo_[i];
        if (!old.lost_by_sync_error || old.sequence >= durable.sequence) {
            continue;
        }
        old.old_size = size;
        const std::uint64_t end = old.position + old.length;
        if (to <= old.position || from >= end) {
            continue;
        }
        if (to < end) {
            DiskNode::Undo behind = old;
            behind.position = to;
            behind.length = end - to;
            const std::uint64_t skipped = std::min(to - old.position, old.replaced_size);
            behind.replaced_at += skipped;
            behind.replaced_size -= skipped;
            file.undo_.insert(file.undo_.begin() + static_cast<std::ptrdiff_t>(i) + 1, behind);
        }
        DiskNode::Undo& before = file.undo_[i];
        before.length = from > before.position ? from - before.position : 0;
        before.replaced_size = std::min(before.replaced_size, before.length);
    }
}

void DiskImage::file_synced(DiskNode& file, std::uint64_t up_to_sequence) {
    const OutsideHeap outside;
    const auto durable = [up_to_sequence](const DiskNode::Undo& undo) {
        return undo.sequence <= up_to_sequence && !undo.lost_by_sync_error;
    };
    const bool any_lost =
        std::any_of(file.undo_.begin(), file.undo_.end(),
                    [](const DiskNode::Undo& undo) { return undo.lost_by_sync_error; });
    if (any_lost) {
        const std::vector<DiskNode::Undo> all = file.undo_;
        const auto later =
            std::find_if(all.begin(), all.end(), [up_to_sequence](const DiskNode::Undo& undo) {
                return undo.sequence > up_to_sequence;
            });
        const std::uint64_t size = later == all.end() ? file.size() : later->old_size;
        for (const DiskNode::Undo& undo : all) {
            if (durable(undo)) {
                replaced_by(file, undo, size);
            }
        }
    }
    file.undo_.erase(std::remove_if(file.undo_.begin(), file.undo_.end(), durable),
                     file.undo_.end());
    // What the others replaced moves to the front.
    std::uint64_t kept = 0;
    for (DiskNode::Undo& undo : file.undo_) {
        WEIR_ASSERT(kept <= undo.replaced_at);
        WEIR_ASSERT(undo.replaced_at + undo.replaced_size <= file.replaced_.size());
        if (undo.replaced_at != kept) {
            std::memmove(file.replaced_.data() + kept, file.replaced_.data() + undo.replaced_at,
                         undo.replaced_size);
            undo.replaced_at = kept;
        }
        kept += undo.replaced_size;
    }
    file.replaced_.resize(kept);
}

void DiskImage::file_sync_failed(DiskNode& file, std::uint64_t up_to_sequence) {
    const OutsideHeap outside;
    for (DiskNode::Undo& undo : file.undo_) {
        if (undo.sequence <= up_to_sequence) {
            undo.lost_by_sync_error = true;
        }
    }
}

Result<void> DiskImage::directory_synced(std::string_view path) {
    const OutsideHeap outside;
    const DiskNodePtr directory = find(path);
    if (directory == nullptr || !directory->is_directory_) {
        return fail(ErrorCode::not_found, "no directory '" + std::string(path) + "'");
    }
    for (const DiskNode::EntryChange& change : directory->pending_) {
        apply(directory->durable_entries_, change);
    }
    directory->pending_.clear();
    return {};
}

void DiskImage::apply(DiskNode::Entries& entries, const DiskNode::EntryChange& change) {
    switch (change.kind) {
        case DiskNode::EntryChange::Kind::link: entries[change.name] = change.node; break;
        case DiskNode::EntryChange::Kind::unlink: entries.erase(change.name); break;
        case DiskNode::EntryChange::Kind::rename: {
            // Atomic: either both names change or none does.
            const auto found = entries.find(change.name);
            if (found != entries.end() && found->second == change.node) {
                entries.erase(found);
                entries[change.new_name] = change.node;
            }
            break;
        }
    }
}

void DiskImage::lose_directory(DiskNode& directory, Draws& draws, LossMode mode) {
    const std::size_t count = directory.pending_.size();
    std::size_t keep = 0;
    if (mode == LossMode::none) {
        keep = count;
    } else if (mode != LossMode::all) {
        keep = static_cast<std::size_t>(draws.below(count + 1));
    }
    // `sectors` keeps any subset, the other modes a prefix.
    for (std::size_t i = 0; i < count; ++i) {
        const bool kept = mode == LossMode::sectors ? draws.chance(1, 2) : i < keep;
        if (kept) {
            apply(directory.durable_entries_, directory.pending_[i]);
        } else {
            ++entries_lost_;
        }
    }
    directory.pending_.clear();
    directory.entries_ = directory.durable_entries_;
    for (const auto& [name, child] : directory.entries_) {
        if (child->is_directory_) {
            lose_directory(*child, draws, mode);
        } else {
            lose_file(*child, draws, mode);
        }
    }
}

void DiskImage::lose_file(DiskNode& file, Draws& draws, LossMode mode) {
    file.linked_ = true;
    if (file.undo_.empty()) {
        return;
    }
    const std::size_t count = file.undo_.size();
    // A cut `c` keeps the writes with an index below c. Sizes and sectors choose their own.
    const std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t common = mode == LossMode::none ? everything : 0;
    if (mode == LossMode::prefix) {
        common = draws.below(count + 1);
    }
    std::map<std::uint64_t, std::uint64_t> sector_cut;
    const auto cut_of = [&](std::uint64_t sector) {
        if (mode == LossMode::all || mode == LossMode::none) {
            return common;
        }
        const auto known = sector_cut.find(sector);
        if (known != sector_cut.end()) {
            return known->second;
        }
        std::uint64_t cut = common;
        if (mode == LossMode::sectors) {
            cut = draws.below(count + 1);
        } else if (draws.chance(1, 2)) {
            cut = common + 1;  // the write at the point is torn
        }
        sector_cut.emplace(sector, cut);
        return cut;
    };
    const std::uint64_t size_cut = mode == LossMode::sectors ? draws.below(count + 1) : common;
    std::uint64_t size = file.size();
    for (std::size_t i = count; i-- > 0;) {
        const DiskNode::Undo& undo = file.undo_[i];
        if (i >= size_cut) {
            size = undo.old_size;
        }
        if (file.content_.size() < undo.position + undo.length) {
            file.content_.resize(undo.position + undo.length);
        }
        std::uint64_t at = undo.position;
        const std::uint64_t end = undo.position + undo.length;
        while (at < end) {
            const std::uint64_t sector = at / kSectorBytes;
            const std::uint64_t stop = std::min(end, (sector + 1) * kSectorBytes);
            const std::uint64_t cut = undo.truncation ? size_cut : cut_of(sector);
            if (i >= cut) {
                for (std::uint64_t byte = at; byte < stop; ++byte) {
                    const std::uint64_t index = byte - undo.position;
                    file.content_[byte] = index < undo.replaced_size
                                              ? file.replaced_[undo.replaced_at + index]
                                              : std::uint8_t{0};
                }
                ++sectors_lost_;
            }
            at = stop;
        }
    }
    file.content_.resize(size);
    file.undo_.clear();
    file.replaced_.clear();
}

void DiskImage::power_loss(Draws& draws, LossMode mode) {
    lose_directory(*root_, draws, mode);
    used_bytes_ = tree_bytes(*root_);
}

}  // namespace weir::sim
