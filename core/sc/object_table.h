// The objects of one kind as they are now, and what changed since a watcher last looked.
//
// Every change gets the next epoch. Deleted objects are remembered until every watcher has passed
// them, so that a watcher is told of each deletion, and of a recreation as a deletion and an
// update, in this order (control-plane spec 6.3). A watcher that does not come any more must be
// destroyed: the connection's write timeout sees to that. Owned by the Catalog; one shard. Pointers
// to entries are valid until the next change of the table.
#pragma once

#include "core/base/assert.h"
#include "core/model/object.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::sc {

template <typename Spec, typename Extra>
class ObjectTable {
public:
    struct Entry {
        Object<Spec> object;
        // What the SC knows beyond what is shown.
        Extra extra;
        // Of the last change.
        std::uint64_t epoch = 0;
    };

    struct Removed {
        Object<Spec> object;
        Extra extra;
    };

    // What happened after a watcher's last look.
    struct Delta {
        // Everything there is; `removed` is empty.
        bool full = false;
        std::uint64_t epoch = 0;
        // First these...
        std::vector<const Removed*> removed;
        // ...then these.
        std::vector<const Entry*> updated;
        bool empty() const { return !full && removed.empty() && updated.empty(); }
    };

    // A position in the table's changes; outlived by the table.
    class Watcher {
    public:
        explicit Watcher(ObjectTable& table) : table_(&table) {}
        Watcher(Watcher&& other) noexcept
            : table_(std::exchange(other.table_, nullptr)), seen_(other.seen_) {}
        Watcher& operator=(Watcher&&) = delete;
        ~Watcher() {
            if (table_ != nullptr && seen_.has_value()) {
                table_->forget(*seen_);
            }
        }

        bool behind() const { return !seen_.has_value() || *seen_ != table_->epoch_; }
        // The first look gives everything. The pointers are valid until the table changes.
        Delta look() const { return table_->delta_since(seen_); }
        // What look() gave has been used.
        void advance() {
            const std::optional<std::uint64_t> before = seen_;
            seen_ = table_->epoch_;
            ++table_->watchers_[*seen_];
            if (before.has_value()) {
                table_->forget(*before);
            }
        }

    private:
        ObjectTable* table_;
        std::optional<std::uint64_t> seen_;
    };

    std::uint64_t epoch() const { return epoch_; }
    std::size_t size() const { return entries_.size(); }
    // By name.
    const std::map<std::string, Entry>& entries() const { return entries_; }
    const Entry* find(const std::string& name) const {
        const auto found = entries_.find(name);
        return found == entries_.end() ? nullptr : &found->second;
    }

    // Inserts or replaces; false when nothing is different.
    bool put(Object<Spec> object, Extra extra) {
        const auto found = entries_.find(object.name);
        if (found != entries_.end()) {
            if (found->second.object == object && found->second.extra == extra) {
                return false;
            }
            by_epoch_.erase(found->second.epoch);
        }
        ++epoch_;
        std::string name = object.name;
        Entry& entry = entries_[name];
        entry.object = std::move(object);
        entry.extra = std::move(extra);
        entry.epoch = epoch_;
        by_epoch_.emplace(epoch_, std::move(name));
        return true;
    }

    // False when there is no such object.
    bool remove(const std::string& name) {
        const auto found = entries_.find(name);
        if (found == entries_.end()) {
            return false;
        }
        ++epoch_;
        by_epoch_.erase(found->second.epoch);
        Removed removed;
        removed.object = std::move(found->second.object);
        removed.extra = std::move(found->second.extra);
        entries_.erase(found);
        removed_.emplace(epoch_, std::move(removed));
        prune();
        return true;
    }

    std::size_t remembered_count_for_test() const { return removed_.size(); }

private:
    Delta delta_since(std::optional<std::uint64_t> seen) const {
        Delta delta;
        delta.epoch = epoch_;
        if (!seen.has_value()) {
            delta.full = true;
            for (const auto& [name, entry] : entries_) {
                delta.updated.push_back(&entry);
            }
            return delta;
        }
        for (auto at = removed_.upper_bound(*seen); at != removed_.end(); ++at) {
            delta.removed.push_back(&at->second);
        }
        for (auto at = by_epoch_.upper_bound(*seen); at != by_epoch_.end(); ++at) {
            delta.updated.push_back(find(at->second));
        }
        return delta;
    }

    void forget(std::uint64_t epoch) {
        const auto found = watchers_.find(epoch);
        WEIR_ASSERT(found != watchers_.end());
        if (--found->second == 0) {
            watchers_.erase(found);
            prune();
        }
    }

    void prune() {
        const std::uint64_t needed_after = watchers_.empty() ? epoch_ : watchers_.begin()->first;
        removed_.erase(removed_.begin(), removed_.upper_bound(needed_after));
    }

    std::uint64_t epoch_ = 0;
    std::map<std::string, Entry> entries_;
    std::map<std::uint64_t, std::string> by_epoch_;
    std::map<std::uint64_t, Removed> removed_;
    // How many watchers have seen everything up to an epoch.
    std::map<std::uint64_t, std::size_t> watchers_;
};

}  // namespace weir::sc
