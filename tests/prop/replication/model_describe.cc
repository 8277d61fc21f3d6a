// How a cluster looks, for the person who has to explain it.
#include "tests/prop/replication/model_cluster.h"

#include <fmt/format.h>

namespace weir::replication::model {

namespace {

std::string text(const SpuSet& set) {
    std::string out;
    for (const SpuId spu : set) {
        out += fmt::format("{}{}", out.empty() ? "" : " ", spu.value());
    }
    return "{" + out + "}";
}

std::string text(const PartitionRecord& record) {
    return fmt::format(
        "leader {} boot {} epoch {} version {} lrs {} elr {} last_known {} min_live {} {} phase {}",
        record.leader.value(), record.leader_boot.value(), record.leader_epoch.value(),
        record.version.value(), text(record.lrs), text(record.elr), text(record.last_known),
        record.min_live, record.durability == Durability::fsync ? "fsync" : "async",
        static_cast<int>(record.phase));
}

std::string text(const Disk& disk) {
    std::string out;
    for (const Rec& rec : disk.log) {
        out += fmt::format(" {}:{}", rec.epoch.value(), rec.value);
    }
    return fmt::format("durable {}, fence {},{}", disk.durable, disk.fence_epoch.value(), out);
}

std::string role(const ReplicaState& state) {
    if (const LeaderReplica* leader = state.leader()) {
        return fmt::format("leads, leso {}, maximal {}{}", leader->leso().value(),
                           text(leader->maximal_lrs()), leader->proposal() ? ", proposes" : "");
    }
    if (const FollowerReplica* follower = state.follower()) {
        return fmt::format("follows, nonce {}{}", follower->nonce(),
                           follower->is_attached() ? ", attached" : "");
    }
    return state.is_suspect() ? "suspect" : "idle";
}

}  // namespace

std::string Cluster::describe() const {
    std::string out = fmt::format("  SC: {}\n", text(sc_.record()));
    for (const Node& node : nodes_) {
        const bool is_fenced = !control::is_unfenced(sc_.spus(), node.spu);
        out += fmt::format("  SPU {} boot {}{}: ", node.spu.value(), node.boot.value(),
                           is_fenced ? " fenced" : "");
        if (node.state == nullptr) {
            out += "down";
        } else {
            out += fmt::format("{}, hw {}, knows {}", role(*node.state),
                               node.state->log().hw.value(), text(node.state->record()));
        }
        out += fmt::format("\n    {}\n", text(node.disk));
    }
    return out;
}

}  // namespace weir::replication::model
