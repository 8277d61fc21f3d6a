// What the disk of one machine holds, and what a power loss would leave of it.
//
// Survives crashes and restarts of the node; owned by the Machine. Two views exist at once: the
// current one, which the running process reads, and everything a power loss may turn it into. Each
// write since the last sync keeps the bytes it replaced; a power loss picks, per 512-byte sector,
// after which of those writes the sector stands. Directory changes since the last directory sync
// are a list of which any part may be lost. No IO time here: that is SimDisk's.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/env/disk.h"
#include "runtime/sim/tape/tape.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

inline constexpr std::uint64_t kSectorBytes = 512;

// How a power loss treats what is not synced.
enum class LossMode : std::uint8_t {
    all,     // everything unsynced is lost
    none,    // everything had reached the platter by chance
    prefix,  // writes are kept up to a point, the write at that point is torn
    sectors  // every sector decides for itself
};

class DiskNode;
using DiskNodePtr = std::shared_ptr<DiskNode>;

// A file or a directory. Shared by the tree, by pending directory changes and by open handles.
class DiskNode {
public:
    explicit DiskNode(bool is_directory) : is_directory_(is_directory) {}

    bool is_directory() const { return is_directory_; }
    std::uint64_t size() const { return content_.size(); }
    ByteSpan content() const { return content_; }
    MutByteSpan content_for_damage() { return content_; }
    // Sectors that cannot be read until they are written again.
    bool readable(std::uint64_t position, std::uint64_t length) const;
    void lose_sector(std::uint64_t sector) { bad_sectors_.insert(sector); }
    void mend_sectors() { bad_sectors_.clear(); }
    // The next write goes so many bytes before its place, at most to the start of the file.
    void misdirect_next(std::uint64_t back_bytes) { misdirect_bytes_ = back_bytes; }

private:
    friend class DiskImage;
    // A change of a file that is not known to be durable: what it replaced.
    struct Undo {
        std::uint64_t sequence;
        std::uint64_t position;
        std::uint64_t length;         // of the range that was written
        std::uint64_t replaced_at;    // where in `replaced_` the bytes are that stood there
        std::uint64_t replaced_size;  // may be less than `length`: the file ended there
        std::uint64_t old_size;
        bool truncation;          // undone as a whole or not at all
        bool lost_by_sync_error;  // no later sync makes it durable
    };
    // A change of a directory.
    struct EntryChange {
        enum class Kind : std::uint8_t { link, unlink, rename } kind;
        std::string name;
        std::string new_name;  // rename only
        DiskNodePtr node;      // link and rename
    };
    using Entries = std::map<std::string, DiskNodePtr, std::less<>>;

    bool is_directory_;
    bool linked_ = true;  // false: removed, alive only through open handles; takes no space
    Bytes content_;
    // Oldest first, and the bytes that they replaced in the same order. Both keep their memory: a
    // file that is written and synced over and over allocates nothing.
    std::vector<Undo> undo_;
    Bytes replaced_;
    std::set<std::uint64_t> bad_sectors_;
    std::uint64_t misdirect_bytes_ = 0;
    Entries entries_;
    Entries durable_entries_;
    std::vector<EntryChange> pending_;
};

class DiskImage {
public:
    explicit DiskImage(std::uint64_t capacity_bytes);

    // An independent copy of everything, the unsynced past included.
    DiskImage clone() const;

    // --- the current view -------------------------------------------------------------------
    // nullptr when there is no such path. "" and "." are the root.
    DiskNodePtr find(std::string_view path) const;
    Result<DiskNodePtr> open(std::string_view path, OpenMode mode);
    Result<std::vector<DirectoryEntry>> list(std::string_view path) const;
    Result<void> create_directories(std::string_view path);
    Result<void> rename(std::string_view from, std::string_view to);
    Result<void> remove_file(std::string_view path);
    // Removes at most `limit_steps` entries, children first; says whether the tree is gone.
    Result<bool> remove_tree(std::string_view path, std::uint64_t limit_steps);
    std::uint64_t count_tree(std::string_view path) const;

    // Writes what fits; disk_full if that is not all of it.
    Result<void> write(DiskNode& file, std::uint64_t position, ByteSpan bytes);
    void truncate(DiskNode& file, std::uint64_t size_bytes);
    Result<void> allocate(DiskNode& file, std::uint64_t size_bytes);

    // --- durability -------------------------------------------------------------------------
    // The point up to which a sync that starts now will reach.
    std::uint64_t sequence() const { return sequence_; }
    void file_synced(DiskNode& file, std::uint64_t up_to_sequence);
    // The sync failed: the kernel forgets that these writes are dirty, so no later one saves them.
    static void file_sync_failed(DiskNode& file, std::uint64_t up_to_sequence);
    Result<void> directory_synced(std::string_view path);

    void power_loss(Draws& draws, LossMode mode);

    // --- space, locks, damage ---------------------------------------------------------------
    std::uint64_t used_bytes() const { return used_bytes_; }
    std::uint64_t capacity_bytes() const { return capacity_bytes_; }
    void set_capacity_bytes(std::uint64_t capacity_bytes) { capacity_bytes_ = capacity_bytes; }
    std::uint64_t free_bytes() const {
        return capacity_bytes_ > used_bytes_ ? capacity_bytes_ - used_bytes_ : 0;
    }
    // All files of the current view with their paths, sorted by path.
    std::vector<std::pair<std::string, DiskNodePtr>> files() const;
    // What a power loss changed, for the fault counters.
    std::uint64_t sectors_lost() const { return sectors_lost_; }
    std::uint64_t entries_lost() const { return entries_lost_; }

private:
    struct Place {
        DiskNode* parent;
        std::string_view name;  // the end of the path
    };
    // Parent directory and last name of a path; not_found when the parent does not exist.
    Result<Place> locate(std::string_view path) const;
    void link(DiskNode& directory, std::string_view name, DiskNodePtr node);
    void unlink(DiskNode& directory, std::string_view name);
    bool remove_children(DiskNode& directory, std::uint64_t& steps);
    void note_undo(DiskNode& file, std::uint64_t position, std::uint64_t length, bool truncation);
    void account(const DiskNode& file, std::uint64_t old_size);
    // A write that a sync has made durable: older ones that it replaced do not matter any more.
    static void replaced_by(DiskNode& file, const DiskNode::Undo& durable, std::uint64_t size);
    void lose_directory(DiskNode& directory, Draws& draws, LossMode mode);
    void lose_file(DiskNode& file, Draws& draws, LossMode mode);
    static void apply(DiskNode::Entries& entries, const DiskNode::EntryChange& change);
    static std::uint64_t tree_bytes(const DiskNode& node);

    DiskNodePtr root_;
    std::uint64_t capacity_bytes_;
    std::uint64_t used_bytes_ = 0;
    std::uint64_t sequence_ = 0;
    std::uint64_t sectors_lost_ = 0;
    std::uint64_t entries_lost_ = 0;
};

}  // namespace weir::sim
