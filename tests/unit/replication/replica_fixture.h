// One replica under test, with hands for the SC, the other replicas, the log and the clock.
#pragma once

#include "core/replication/replica_state.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

namespace weir::replication {

inline const Uid kTopic{1, 1};
inline Uid uid_of(int spu) {
    return Uid{2, static_cast<std::uint64_t>(spu)};
}
inline BootEpoch boot_of(int spu) {
    return BootEpoch(static_cast<std::uint64_t>(spu) * 10);
}
inline Offset at(std::int64_t offset) {
    return Offset(offset);
}
inline LeaderEpoch epoch(std::int32_t number) {
    return LeaderEpoch(number);
}

inline SpuSet spus(std::initializer_list<int> ids) {
    SpuSet set;
    for (const int id : ids) {
        set.emplace_back(id);
    }
    return set;
}

// A record of SPUs 1, 2 and 3; `leader` 0 is nobody.
inline PartitionRecord record_of(int leader, std::int32_t leader_epoch, std::uint64_t version,
                                 std::initializer_list<int> lrs) {
    PartitionRecord record;
    record.topic_uid = kTopic;
    for (int id = 1; id <= 3; ++id) {
        record.replicas.push_back({SpuId(id), uid_of(id)});
    }
    if (leader != 0) {
        record.leader = SpuId(leader);
        record.leader_boot = boot_of(leader);
    }
    record.leader_epoch = LeaderEpoch(leader_epoch);
    record.version = RecordVersion(version);
    record.lrs = spus(lrs);
    record.min_live = 2;
    record.phase = PartitionPhase::online;
    return record;
}

// A log of one-record batches, all of them durable.
inline ReplicaLog log_of(std::initializer_list<std::int32_t> epochs, std::int64_t hw = 0) {
    ReplicaLog log;
    for (const std::int32_t number : epochs) {
        const BatchMark batch{log.leo, log.leo + 1, LeaderEpoch(number)};
        append(log, {&batch, 1});
    }
    log.durable = log.leo;
    log.hw = Offset(hw);
    return log;
}

class Replica {
public:
    explicit Replica(int spu, ReplicaLog log = {}, std::int32_t fence_epoch = -1,
                     ReplicaOptions replica_options = {}, std::uint64_t fence_version = 0)
        : options(replica_options),
          spu_(spu),
          state({SpuId(spu), boot_of(spu), kTopic, PartitionId(), uid_of(spu)}, options,
                {std::move(log), LeaderEpoch(fence_epoch), RecordVersion(fence_version)}, now) {}

    Moment moment() const { return {now, lease_end, in_doubt}; }

    void hear(const PartitionRecord& record, std::uint64_t sc_epoch = 1) {
        hear(LeaderIs{ScEpoch(sc_epoch), boot_of(spu_), record});
    }
    void hear(const LeaderIs& message) {
        effects.clear();
        state.step(message, moment(), effects);
    }
    void hear(const Probe& message) {
        effects.clear();
        state.step(message, effects);
    }
    void hear(const PeerMessage& message) {
        effects.clear();
        state.step(message, moment(), effects);
    }
    void tick(Duration later = Duration()) {
        now = now + later;
        effects.clear();
        state.tick(moment(), effects);
    }
    // Batches of one record each, durable or not.
    void append_records(std::int64_t count, std::int32_t in_epoch, bool durable = true) {
        effects.clear();
        for (std::int64_t i = 0; i < count; ++i) {
            const Offset base = state.log().leo;
            const BatchMark batch{base, base + 1, LeaderEpoch(in_epoch)};
            state.appended({&batch, 1}, moment(), effects);
        }
        if (durable) {
            state.synced(state.log().leo, moment(), effects);
        }
    }
    void sync() {
        effects.clear();
        state.synced(state.log().leo, moment(), effects);
    }

    template <typename T>
    const T* effect() const {
        for (const Effect& one : effects) {
            if (const auto* found = std::get_if<T>(&one)) {
                return found;
            }
        }
        return nullptr;
    }
    template <typename T>
    std::optional<T> peer_message() const {
        for (const Effect& one : effects) {
            const auto* to_peer = std::get_if<ToPeer>(&one);
            if (to_peer != nullptr && std::holds_alternative<T>(to_peer->message)) {
                return std::get<T>(to_peer->message);
            }
        }
        return std::nullopt;
    }
    template <typename T>
    std::optional<T> sc_message() const {
        for (const Effect& one : effects) {
            const auto* to_sc = std::get_if<ToSc>(&one);
            if (to_sc != nullptr && std::holds_alternative<T>(to_sc->message)) {
                return std::get<T>(to_sc->message);
            }
        }
        return std::nullopt;
    }
    // Where an effect is in the order; -1: nowhere.
    template <typename T>
    int place() const {
        for (std::size_t i = 0; i < effects.size(); ++i) {
            if (std::holds_alternative<T>(effects[i])) {
                return static_cast<int>(i);
            }
        }
        return -1;
    }

    ReplicaOptions options;
    Instant now = Instant::from_ns(1'000'000'000);
    bool in_doubt = false;
    Instant lease_end = Instant::from_ns(1'000'000'000'000);
    Effects effects;

private:
    int spu_;

public:
    ReplicaState state;
};

// What the follower on `spu` would ask, with this log.
inline Attach attach_of(int spu, std::int32_t in_epoch, std::uint64_t nonce,
                        const ReplicaLog& log) {
    Attach attach;
    attach.from = SpuId(spu);
    attach.boot = boot_of(spu);
    attach.uid = uid_of(spu);
    attach.epoch = LeaderEpoch(in_epoch);
    attach.nonce = nonce;
    attach.leo = log.leo;
    attach.acked = log.durable;
    attach.tail = log.lineage;
    return attach;
}

inline Ack ack_of(int spu, std::int32_t in_epoch, std::uint64_t nonce, std::int64_t acked) {
    Ack ack;
    ack.from = SpuId(spu);
    ack.boot = boot_of(spu);
    ack.epoch = LeaderEpoch(in_epoch);
    ack.nonce = nonce;
    ack.acked = Offset(acked);
    return ack;
}

}  // namespace weir::replication
