#include "runtime/sim/disk/disk_image.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace weir::sim {

namespace {

// Beyond this much unsynced data per file, the older half counts as written back.
constexpr std::size_t kWritebackBytes = 4U << 20U;

std::string quoted(std::string_view path) {
    return "'" + std::string(path) + "'";
}

// The next component of `path` from `at` on; empty at the end.
std::string_view next_name(std::string_view path, std::size_t& at) {
    while (at < path.size() && path[at] == '/') {
        ++at;
    }
    const std::size_t start = at;
    while (at < path.size() && path[at] != '/') {
        ++at;
    }
    return path.substr(start, at - start);
}

}  // namespace

DiskImage::DiskImage(std::uint64_t capacity_bytes)
    : root_(std::make_shared<DiskNode>(true)), capacity_bytes_(capacity_bytes) {}

DiskImage DiskImage::clone() const {
    // Looked up only, never iterated: addresses decide nothing.
    std::map<const DiskNode*, DiskNodePtr> copies;
    std::vector<const DiskNode*> todo;
    const auto copy_of = [&](const DiskNodePtr& node) -> DiskNodePtr {
        if (node == nullptr) {
            return nullptr;
        }
        DiskNodePtr& copy = copies[node.get()];
        if (copy == nullptr) {
            copy = std::make_shared<DiskNode>(*node);
            todo.push_back(node.get());
        }
        return copy;
    };
    DiskImage image(capacity_bytes_);
    image.root_ = copy_of(root_);
    while (!todo.empty()) {
        const DiskNode* node = todo.back();
        todo.pop_back();
        DiskNode& copy = *copies[node];
        for (auto& [name, child] : copy.entries_) {
            child = copy_of(child);
        }
        for (auto& [name, child] : copy.durable_entries_) {
            child = copy_of(child);
        }
        for (DiskNode::EntryChange& change : copy.pending_) {
            change.node = copy_of(change.node);
        }
    }
    image.used_bytes_ = used_bytes_;
    image.sequence_ = sequence_;
    return image;
}

DiskNodePtr DiskImage::find(std::string_view path) const {
    DiskNodePtr node = root_;
    std::size_t at = 0;
    while (true) {
        const std::string_view name = next_name(path, at);
        if (name.empty()) {
            return node;
        }
        if (name == ".") {
            continue;
        }
        if (!node->is_directory_) {
            return nullptr;
        }
        const auto found = node->entries_.find(name);
        if (found == node->entries_.end()) {
            return nullptr;
        }
        node = found->second;
    }
}

Result<DiskImage::Place> DiskImage::locate(std::string_view path) const {
    while (!path.empty() && path.back() == '/') {
        path.remove_suffix(1);
    }
    const std::size_t slash = path.rfind('/');
    const std::string_view parent =
        slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (name.empty()) {
        return fail(ErrorCode::invalid_argument, "the root has no parent");
    }
    const DiskNodePtr directory = find(parent);
    if (directory == nullptr || !directory->is_directory_) {
        return fail(ErrorCode::not_found, "no directory " + quoted(parent));
    }
    return Place{directory.get(), std::string(name)};
}

void DiskImage::link(DiskNode& directory, const std::string& name, DiskNodePtr node) {
    directory.pending_.push_back({DiskNode::EntryChange::Kind::link, name, std::string(), node});
    directory.entries_[name] = std::move(node);
}

void DiskImage::unlink(DiskNode& directory, const std::string& name) {
    const auto found = directory.entries_.find(name);
    // Space of a file that is still open is given back at once: the difference does not matter
    // here.
    used_bytes_ -= tree_bytes(*found->second);
    found->second->linked_ = false;
    directory.entries_.erase(found);
    directory.pending_.push_back(
        {DiskNode::EntryChange::Kind::unlink, name, std::string(), nullptr});
}

Result<DiskNodePtr> DiskImage::open(std::string_view path, OpenMode mode) {
    WEIR_TRY(const Place place, locate(path));
    const auto found = place.parent->entries_.find(place.name);
    if (found != place.parent->entries_.end()) {
        if (mode == OpenMode::create_new) {
            return fail(ErrorCode::already_exists, "file " + quoted(path) + " exists");
        }
        if (found->second->is_directory_) {
            return fail(ErrorCode::io_error, quoted(path) + " is a directory");
        }
        return found->second;
    }
    if (mode == OpenMode::read_only || mode == OpenMode::read_write) {
        return fail(ErrorCode::not_found, "no file " + quoted(path));
    }
    if (free_bytes() == 0) {
        return fail(ErrorCode::disk_full, "no space to create " + quoted(path));
    }
    auto node = std::make_shared<DiskNode>(false);
    link(*place.parent, place.name, node);
    return node;
}

Result<std::vector<DirectoryEntry>> DiskImage::list(std::string_view path) const {
    const DiskNodePtr directory = find(path);
    if (directory == nullptr || !directory->is_directory_) {
        return fail(ErrorCode::not_found, "no directory " + quoted(path));
    }
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, node] : directory->entries_) {
        entries.push_back(DirectoryEntry{name, node->is_directory_, node->size()});
    }
    return entries;
}

Result<void> DiskImage::create_directories(std::string_view path) {
    DiskNodePtr node = root_;
    std::size_t at = 0;
    while (true) {
        const std::string_view name = next_name(path, at);
        if (name.empty()) {
            return {};
        }
        if (name == ".") {
            continue;
        }
        const auto found = node->entries_.find(name);
        if (found == node->entries_.end()) {
            if (free_bytes() == 0) {
                return fail(ErrorCode::disk_full, "no space to create " + quoted(path));
            }
            auto child = std::make_shared<DiskNode>(true);
            link(*node, std::string(name), child);
            node = std::move(child);
        } else if (!found->second->is_directory_) {
            return fail(ErrorCode::already_exists, quoted(path) + " is not a directory");
        } else {
            node = found->second;
        }
    }
}

Result<void> DiskImage::rename(std::string_view from, std::string_view to) {
    WEIR_TRY(const Place source, locate(from));
    WEIR_TRY(const Place target, locate(to));
    const auto found = source.parent->entries_.find(source.name);
    if (found == source.parent->entries_.end()) {
        return fail(ErrorCode::not_found, "no file " + quoted(from));
    }
    const DiskNodePtr node = found->second;
    const auto replaced = target.parent->entries_.find(target.name);
    if (replaced != target.parent->entries_.end()) {
        if (replaced->second == node) {
            return {};
        }
        if (replaced->second->is_directory_) {
            return fail(ErrorCode::already_exists, quoted(to) + " is a directory");
        }
        used_bytes_ -= tree_bytes(*replaced->second);
        replaced->second->linked_ = false;
    }
    if (source.parent == target.parent) {
        source.parent->entries_.erase(found);
        source.parent->entries_[target.name] = node;
        source.parent->pending_.push_back(
            {DiskNode::EntryChange::Kind::rename, source.name, target.name, node});
        return {};
    }
    link(*target.parent, target.name, node);
    source.parent->entries_.erase(source.name);
    source.parent->pending_.push_back(
        {DiskNode::EntryChange::Kind::unlink, source.name, std::string(), nullptr});
    return {};
}

Result<void> DiskImage::remove_file(std::string_view path) {
    WEIR_TRY(const Place place, locate(path));
    const auto found = place.parent->entries_.find(place.name);
    if (found == place.parent->entries_.end() || found->second->is_directory_) {
        return fail(ErrorCode::not_found, "no file " + quoted(path));
    }
    unlink(*place.parent, place.name);
    return {};
}

bool DiskImage::remove_children(DiskNode& directory, std::uint64_t& steps) {
    while (!directory.entries_.empty()) {
        const auto first = directory.entries_.begin();
        const std::string name = first->first;
        const DiskNodePtr child = first->second;
        if (child->is_directory_ && !remove_children(*child, steps)) {
            return false;
        }
        if (steps == 0) {
            return false;
        }
        --steps;
        unlink(directory, name);
    }
    return true;
}

Result<bool> DiskImage::remove_tree(std::string_view path, std::uint64_t limit_steps) {
    WEIR_TRY(const Place place, locate(path));
    const auto found = place.parent->entries_.find(place.name);
    if (found == place.parent->entries_.end()) {
        return fail(ErrorCode::not_found, "no directory " + quoted(path));
    }
    const DiskNodePtr node = found->second;
    if (node->is_directory_ && !remove_children(*node, limit_steps)) {
        return false;
    }
    if (limit_steps == 0) {
        return false;
    }
    unlink(*place.parent, place.name);
    return true;
}

std::uint64_t DiskImage::count_tree(std::string_view path) const {
    const DiskNodePtr top = find(path);
    if (top == nullptr) {
        return 0;
    }
    std::uint64_t count = 0;
    std::vector<const DiskNode*> todo{top.get()};
    while (!todo.empty()) {
        const DiskNode* node = todo.back();
        todo.pop_back();
        ++count;
        for (const auto& [name, child] : node->entries_) {
            todo.push_back(child.get());
        }
    }
    return count;
}

void DiskImage::account(const DiskNode& file, std::uint64_t old_size) {
    if (file.linked_) {
        used_bytes_ += file.size();
        used_bytes_ -= old_size;
    }
}

void DiskImage::note_undo(DiskNode& file, std::uint64_t position, std::uint64_t length,
                          bool truncation) {
    const std::uint64_t old_size = file.size();
    DiskNode::Undo undo;
    undo.sequence = ++sequence_;
    undo.position = position;
    undo.length = length;
    if (position < old_size) {
        const std::uint64_t end = std::min(old_size, position + length);
        undo.replaced.assign(file.content_.begin() + static_cast<std::ptrdiff_t>(position),
                             file.content_.begin() + static_cast<std::ptrdiff_t>(end));
    }
    undo.old_size = old_size;
    undo.truncation = truncation;
    undo.lost_by_sync_error = false;
    file.undo_bytes_ += undo.replaced.size() + 64;
    file.undo_.push_back(std::move(undo));
    if (file.undo_bytes_ > kWritebackBytes) {
        file_synced(file, file.undo_[file.undo_.size() / 2].sequence);
    }
}

Result<void> DiskImage::write(DiskNode& file, std::uint64_t position, ByteSpan bytes) {
    position -= std::min(position, std::exchange(file.misdirect_bytes_, 0));
    const std::uint64_t old_size = file.size();
    std::uint64_t end = position + bytes.size();
    bool full = false;
    if (end > old_size && end - old_size > free_bytes()) {
        full = true;
        end = old_size + free_bytes();
    }
    if (end > position) {
        const std::uint64_t length = end - position;
        note_undo(file, position, length, false);
        if (end > old_size) {
            file.content_.resize(end);
            account(file, old_size);
        }
        std::memcpy(file.content_.data() + position, bytes.data(), length);
        for (auto bad = file.bad_sectors_.lower_bound(position / kSectorBytes);
             bad != file.bad_sectors_.end() && *bad <= (end - 1) / kSectorBytes;) {
            bad = file.bad_sectors_.erase(bad);
        }
    }
    if (full) {
        return fail(ErrorCode::disk_full, "no space left on the simulated disk");
    }
    return {};
}

void DiskImage::truncate(DiskNode& file, std::uint64_t size_bytes) {
    const std::uint64_t old_size = file.size();
    if (size_bytes == old_size) {
        return;
    }
    if (size_bytes < old_size) {
        note_undo(file, size_bytes, old_size - size_bytes, true);
    } else {
        note_undo(file, old_size, 0, false);
    }
    file.content_.resize(size_bytes);
    account(file, old_size);
}

Result<void> DiskImage::allocate(DiskNode& file, std::uint64_t size_bytes) {
    if (size_bytes <= file.size()) {
        return {};
    }
    if (size_bytes - file.size() > free_bytes()) {
        return fail(ErrorCode::disk_full, "no space left to reserve on the simulated disk");
    }
    truncate(file, size_bytes);
    return {};
}

bool DiskNode::readable(std::uint64_t position, std::uint64_t length) const {
    if (bad_sectors_.empty() || length == 0) {
        return true;
    }
    const auto bad = bad_sectors_.lower_bound(position / kSectorBytes);
    return bad == bad_sectors_.end() || *bad > (position + length - 1) / kSectorBytes;
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
            const auto skipped = static_cast<std::ptrdiff_t>(
                std::min<std::uint64_t>(to - old.position, old.replaced.size()));
            behind.replaced.assign(old.replaced.begin() + skipped, old.replaced.end());
            file.undo_.insert(file.undo_.begin() + static_cast<std::ptrdiff_t>(i) + 1, behind);
        }
        DiskNode::Undo& before = file.undo_[i];
        before.length = from > before.position ? from - before.position : 0;
        if (before.replaced.size() > before.length) {
            before.replaced.resize(before.length);
        }
    }
}

void DiskImage::file_synced(DiskNode& file, std::uint64_t up_to_sequence) {
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
    file.undo_bytes_ = 0;
    for (const DiskNode::Undo& undo : file.undo_) {
        file.undo_bytes_ += undo.replaced.size() + 64;
    }
}

void DiskImage::file_sync_failed(DiskNode& file, std::uint64_t up_to_sequence) {
    for (DiskNode::Undo& undo : file.undo_) {
        if (undo.sequence <= up_to_sequence) {
            undo.lost_by_sync_error = true;
        }
    }
}

Result<void> DiskImage::directory_synced(std::string_view path) {
    const DiskNodePtr directory = find(path);
    if (directory == nullptr || !directory->is_directory_) {
        return fail(ErrorCode::not_found, "no directory " + quoted(path));
    }
    directory->durable_entries_ = directory->entries_;
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
                    file.content_[byte] =
                        index < undo.replaced.size() ? undo.replaced[index] : std::uint8_t{0};
                }
                ++sectors_lost_;
            }
            at = stop;
        }
    }
    file.content_.resize(size);
    file.undo_.clear();
    file.undo_bytes_ = 0;
}

std::uint64_t DiskImage::tree_bytes(const DiskNode& node) {
    std::uint64_t bytes = node.size();
    for (const auto& [name, child] : node.entries_) {
        bytes += tree_bytes(*child);
    }
    return bytes;
}

void DiskImage::power_loss(Draws& draws, LossMode mode) {
    lose_directory(*root_, draws, mode);
    used_bytes_ = tree_bytes(*root_);
}

std::vector<std::pair<std::string, DiskNodePtr>> DiskImage::files() const {
    std::vector<std::pair<std::string, DiskNodePtr>> found;
    std::vector<std::pair<std::string, DiskNodePtr>> todo{{std::string(), root_}};
    while (!todo.empty()) {
        const auto [path, node] = todo.back();
        todo.pop_back();
        for (const auto& [name, child] : node->entries_) {
            std::string child_path = path.empty() ? name : path + "/" + name;
            if (child->is_directory_) {
                todo.emplace_back(std::move(child_path), child);
            } else {
                found.emplace_back(std::move(child_path), child);
            }
        }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return found;
}

}  // namespace weir::sim
