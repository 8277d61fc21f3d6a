#include "runtime/sim/disk/disk_image.h"

#include "runtime/sim/sched/heap_account.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::sim {

namespace {

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
    return Place{directory.get(), name};
}

void DiskImage::link(DiskNode& directory, std::string_view name, DiskNodePtr node) {
    directory.pending_.push_back(
        {DiskNode::EntryChange::Kind::link, std::string(name), std::string(), node});
    directory.entries_[std::string(name)] = std::move(node);
}

void DiskImage::unlink(DiskNode& directory, std::string_view name) {
    const auto found = directory.entries_.find(name);
    // Space of a file that is still open is given back at once: the difference does not matter
    // here.
    used_bytes_ -= tree_bytes(*found->second);
    found->second->linked_ = false;
    directory.entries_.erase(found);
    directory.pending_.push_back(
        {DiskNode::EntryChange::Kind::unlink, std::string(name), std::string(), nullptr});
}

Result<DiskNodePtr> DiskImage::open(std::string_view path, OpenMode mode) {
    const OutsideHeap outside;
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
    const OutsideHeap outside;
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
    const OutsideHeap outside;
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
            link(*node, name, child);
            node = std::move(child);
        } else if (!found->second->is_directory_) {
            return fail(ErrorCode::already_exists, quoted(path) + " is not a directory");
        } else {
            node = found->second;
        }
    }
}

Result<void> DiskImage::rename(std::string_view from, std::string_view to) {
    const OutsideHeap outside;
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
        source.parent->entries_[std::string(target.name)] = node;
        source.parent->pending_.push_back({DiskNode::EntryChange::Kind::rename,
                                           std::string(source.name), std::string(target.name),
                                           node});
        return {};
    }
    link(*target.parent, target.name, node);
    source.parent->entries_.erase(found);
    source.parent->pending_.push_back(
        {DiskNode::EntryChange::Kind::unlink, std::string(source.name), std::string(), nullptr});
    return {};
}

Result<void> DiskImage::remove_file(std::string_view path) {
    const OutsideHeap outside;
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
    const OutsideHeap outside;
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

Result<void> DiskImage::write(DiskNode& file, std::uint64_t position, ByteSpan bytes) {
    const OutsideHeap outside;
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
    const OutsideHeap outside;
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
    const OutsideHeap outside;
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

std::uint64_t DiskImage::tree_bytes(const DiskNode& node) {
    std::uint64_t bytes = node.size();
    for (const auto& [name, child] : node.entries_) {
        bytes += tree_bytes(*child);
    }
    return bytes;
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
