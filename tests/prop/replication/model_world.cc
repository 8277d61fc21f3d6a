#include "tests/prop/replication/model_world.h"

#include <algorithm>
#include <utility>

namespace weir::replication::model {

namespace {

constexpr std::size_t kMailMax = 48;
constexpr std::uint64_t kHoldOneIn = 12;
constexpr std::uint64_t kHoldMax = 60;

PartitionRecord random_record(Prng& prng) {
    const std::int64_t count = prng.between(2, 4);
    const auto min_live =
        static_cast<std::uint32_t>(prng.between(1, std::min<std::int64_t>(3, count)));
    return first_record(static_cast<std::size_t>(count), min_live,
                        prng.chance(1, 2) ? Durability::fsync : Durability::async);
}

}  // namespace

World World::of_seed(std::uint64_t seed) {
    Prng prng(seed);
    const PartitionRecord record = random_record(prng);
    const std::size_t spare = prng.chance(1, 2) ? 1 : 0;
    return World(record, record.replicas.size() + spare, prng);
}

World::World(const PartitionRecord& record, std::size_t spu_count, const Prng& prng)
    : Cluster(record, spu_count, hasty_options()), prng_(prng) {
    const bool is_fsync = sc_.record().durability == Durability::fsync;
    lossy_crashes_left_ = is_fsync ? ~std::uint64_t{0} : sc_.record().min_live - 1;
    disks_left_ = is_fsync ? 1 : 0;
    reassignments_left_ = prng_.below(4);
    for (Node& node : nodes_) {
        start(node);
    }
    sc_.create();
}

bool World::may_perform(Node&, const Effect& effect) {
    if (!is_calm_ && prng_.chance(1, 400)) {
        ++counts_.crashes;
        return false;
    }
    if (std::holds_alternative<TruncateLog>(effect)) {
        ++counts_.truncations;
    }
    return true;
}

// Now and then the disk is full.
bool World::may_write(const Node&) {
    return is_calm_ || !prng_.chance(1, 60);
}

Offset World::stored_hw(const Node&, Offset limit) {
    return Offset(prng_.between(0, limit.value()));
}

std::size_t World::kept_by_power_loss(const Node& node) {
    ++counts_.lossy_crashes;
    const std::size_t at_stake = node.disk.log.size() - node.disk.durable;
    return static_cast<std::size_t>(prng_.between(0, static_cast<std::int64_t>(at_stake)));
}

void World::end(Node& node, CrashKind kind) {
    ++counts_.crashes;
    crash(node, kind);
}

void World::send(Mail mail) {
    Held held{std::move(mail), 0};
    if (!is_calm_ && prng_.chance(1, kHoldOneIn)) {
        held.ready_at = deliveries_ + prng_.below(kHoldMax);
    }
    if (network_.size() >= kMailMax) {
        std::swap(network_[prng_.below(network_.size())], network_.back());
        network_.pop_back();
    }
    network_.push_back(std::move(held));
}

bool World::deliver_one() {
    for (int attempt = 0; attempt < 4 && !network_.empty(); ++attempt) {
        const std::size_t chosen = is_calm_ ? 0 : prng_.below(network_.size());
        if (network_[chosen].ready_at > deliveries_) {
            continue;
        }
        ++deliveries_;
        if (!is_calm_ && prng_.chance(1, 8)) {
            deliver(Mail(network_[chosen].mail));  // and once more later
            return true;
        }
        Held held = std::move(network_[chosen]);
        if (is_calm_) {
            network_.erase(network_.begin());
        } else {
            network_[chosen] = std::move(network_.back());
            network_.pop_back();
        }
        if (is_calm_ || !prng_.chance(1, 10)) {
            deliver(std::move(held.mail));
        }
        return true;
    }
    ++deliveries_;
    return false;
}

}  // namespace weir::replication::model
