// Which steps are possible in a state, and what they are called.
#include "tests/prop/replication/model_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string_view>

namespace weir::replication::model {

namespace {

std::uint8_t number_of(SpuId spu) {
    return spu == kNoSpu ? std::uint8_t{0} : static_cast<std::uint8_t>(spu.value());
}

constexpr std::uint32_t kBlocks =
    bit(StepKind::part) | bit(StepKind::join) | bit(StepKind::block) | bit(StepKind::open);

std::uint8_t small(Offset offset) {
    return static_cast<std::uint8_t>(offset.value());
}

std::string name(std::uint8_t spu) {
    return spu == 0 ? "the SC" : fmt::format("SPU {}", spu);
}

std::string text(const PeerMessage& message) {
    constexpr std::string_view kNames[] = {"Attach", "AttachOk", "Diverged",
                                           "Reset",  "Append",   "Ack"};
    std::string out(kNames[message.index()]);
    if (const auto* append = std::get_if<Append>(&message)) {
        out += fmt::format(" of {} from {}, HW {}", append->batches.size(), append->base.value(),
                           append->hw.value());
    } else if (const auto* ack = std::get_if<Ack>(&message)) {
        out += fmt::format(" of {}", ack->acked.value());
    } else if (const auto* attach = std::get_if<Attach>(&message)) {
        out += fmt::format(" at {}", attach->leo.value());
    }
    return out;
}

std::string text(const Mail& mail) {
    constexpr std::string_view kNames[] = {"ProbeAnswer", "Promoted", "PromoteFailed", "AlterLrs"};
    if (const auto* peer = std::get_if<FromPeer>(&mail.content)) {
        return text(peer->message);
    }
    if (const auto* to_sc = std::get_if<ForSc>(&mail.content)) {
        return std::string(kNames[to_sc->message.index()]);
    }
    const auto& from_sc = std::get<FromSc>(mail.content);
    if (const auto* told = std::get_if<0>(&from_sc)) {
        const PartitionRecord& record = (*told)->record;
        return fmt::format("LeaderIs (leader {}, epoch {}, version {})", number_of(record.leader),
                           record.leader_epoch.value(), record.version.value());
    }
    return "Probe";
}

}  // namespace

void StepWorld::list_steps(std::uint32_t counted, std::vector<Step>& steps) const {
    list_ways(counted, steps);
    for (const Node& node : nodes_) {
        list_node(node, counted, steps);
    }
    if (sc_.record().leader == kNoSpu) {
        steps.push_back({StepKind::elect});
    }
    const auto add = [&](StepKind kind) {
        if ((counted & bit(kind)) != 0) {
            steps.push_back({kind});
        }
    };
    if (sc_.record().phase == PartitionPhase::candidate_found) {
        add(StepKind::give_up);
    }
    add(StepKind::restart_sc);
    add(StepKind::lag);
    if ((counted & kBlocks) != 0) {
        list_blocks(counted, steps);
    }
}

void StepWorld::list_blocks(std::uint32_t counted, std::vector<Step>& steps) const {
    const auto add = [&](StepKind kind, std::uint8_t from, std::uint8_t to) {
        if ((counted & bit(kind)) != 0) {
            steps.push_back({kind, from, to});
        }
    };
    for (std::uint8_t from = 0; from <= nodes_.size(); ++from) {
        if (from != 0) {
            add(is_blocked(from, 0) ? StepKind::join : StepKind::part, from, 0);
        }
        for (std::uint8_t to = 0; to <= nodes_.size(); ++to) {
            if (from != to) {
                add(is_blocked(from, to) ? StepKind::open : StepKind::block, from, to);
            }
        }
    }
}

// In the order of the ways, not of sending: that is not part of the state. A message to a process
// that is down waits for the next one.
void StepWorld::list_ways(std::uint32_t counted, std::vector<Step>& steps) const {
    std::uint64_t waiting = 0;
    for (const Mail& mail : network_) {
        waiting |= std::uint64_t{1} << way(number_of(mail.from), number_of(mail.to));
    }
    for (; waiting != 0; waiting &= waiting - 1) {
        const auto first = static_cast<unsigned>(std::countr_zero(waiting));
        const auto from = static_cast<std::uint8_t>(first / kWayBase);
        const auto to = static_cast<std::uint8_t>(first % kWayBase);
        if ((to == 0 || at(to).state != nullptr) && !is_blocked(from, to)) {
            steps.push_back({StepKind::deliver, from, to});
        }
        for (const StepKind kind : {StepKind::lose, StepKind::hold, StepKind::copy}) {
            if ((counted & bit(kind)) != 0) {
                steps.push_back({kind, from, to});
            }
        }
    }
    for (std::size_t i = 0; i < late_.size(); ++i) {
        const std::uint8_t to = number_of(late_[i].to);
        if (to == 0 || at(to).state != nullptr) {
            steps.push_back({StepKind::deliver_late, number_of(late_[i].from), to,
                             static_cast<std::uint8_t>(i)});
        }
    }
}

void StepWorld::list_node(const Node& node, std::uint32_t counted, std::vector<Step>& steps) const {
    const std::uint8_t self = number_of(node.spu);
    const auto add = [&](StepKind kind) {
        if ((counted & bit(kind)) != 0) {
            steps.push_back({kind, self});
        }
    };
    const bool is_fenced = !control::is_unfenced(sc_.spus(), node.spu);
    if (!is_fenced) {
        add(StepKind::fence);
        add(StepKind::move);
    }
    if (node.state == nullptr) {
        const Offset end(static_cast<std::int64_t>(node.disk.log.size()));
        const std::uint8_t hw_max = small(std::min(node.hw_seen, end));
        for (unsigned hw = 0; hw <= hw_max && (counted & bit(StepKind::start)) != 0; ++hw) {
            steps.push_back({StepKind::start, self, 0, static_cast<std::uint8_t>(hw)});
        }
        return;
    }
    if (is_fenced && !is_blocked(self, 0)) {
        steps.push_back({StepKind::unfence, self});
    }
    const bool counts_synced =
        sc_.record().durability == Durability::fsync || (counted & bit(StepKind::power_loss)) != 0;
    if (counts_synced && node.disk.durable < node.disk.log.size()) {
        steps.push_back({StepKind::sync, self});
    }
    list_leader(node, steps);
    if (is_worth_a_tick(node)) {
        steps.push_back({StepKind::tick, self});
    }
    if (node.state->may_produce(Isolation::read_uncommitted, moment()) == Permission::granted) {
        add(StepKind::produce);
    }
    list_crashes(node, counted, steps);
    add(StepKind::probe);
    for (const Node& other : nodes_) {
        if (other.spu != node.spu && (counted & bit(StepKind::disconnect)) != 0) {
            steps.push_back({StepKind::disconnect, self, number_of(other.spu)});
        }
    }
}

void StepWorld::list_crashes(const Node& node, std::uint32_t counted,
                             std::vector<Step>& steps) const {
    const std::uint8_t self = number_of(node.spu);
    for (const StepKind kind : {StepKind::kill, StepKind::stop}) {
        if ((counted & bit(kind)) != 0) {
            steps.push_back({kind, self});
        }
    }
    if ((counted & bit(StepKind::power_loss)) != 0 && lossy_left_ > 0) {
        const std::size_t at_stake = node.disk.log.size() - node.disk.durable;
        for (std::size_t kept = 0; kept <= at_stake; ++kept) {
            steps.push_back({StepKind::power_loss, self, 0, static_cast<std::uint8_t>(kept)});
        }
    }
    for (const StepKind kind : {StepKind::replace, StepKind::damage}) {
        if ((counted & bit(kind)) != 0 && disks_left_ > 0 && is_spare(node)) {
            steps.push_back({kind, self});
        }
    }
}

void StepWorld::list_leader(const Node& node, std::vector<Step>& steps) const {
    for (const Node& other : nodes_) {
        if (other.spu != node.spu && has_news(node, other)) {
            steps.push_back({StepKind::push, number_of(node.spu), number_of(other.spu)});
        }
    }
}

// Records, or, once all of them have arrived or are lost, an empty Append to tell the HW or to find
// that something is missing.
bool StepWorld::has_news(const Node& leader, const Node& follower) const {
    const std::optional<Push> push = leader.state->next_push(follower.spu, moment());
    if (!push) {
        return false;
    }
    if (push->bytes_max > 0) {
        return true;
    }
    return follower.state != nullptr && is_quiet(leader.spu, follower.spu) &&
           (follower.state->log().hw < leader.state->log().hw ||
            follower.state->log().leo < push->base);
}

bool StepWorld::is_quiet(SpuId one, SpuId other) const {
    return std::none_of(network_.begin(), network_.end(), [&](const Mail& mail) {
        return (mail.from == one && mail.to == other) || (mail.from == other && mail.to == one);
    });
}

// A leader may propose at any time. What was asked before is asked again only when neither question
// nor answer is on the way.
bool StepWorld::is_worth_a_tick(const Node& node) const {
    if (const LeaderReplica* leader = node.state->leader()) {
        return !leader->proposal() || is_quiet(node.spu, kNoSpu);
    }
    const FollowerReplica* follower = node.state->follower();
    return follower != nullptr && (!follower->is_attached() || now_ > Instant::from_ns(1)) &&
           is_quiet(node.spu, node.state->record().leader);
}

// Another one is known to be complete.
bool StepWorld::is_spare(const Node& node) const {
    const auto is_other = [&](SpuId spu) { return spu != node.spu; };
    const PartitionRecord& record = sc_.record();
    return std::any_of(record.lrs.begin(), record.lrs.end(), is_other) ||
           std::any_of(record.elr.begin(), record.elr.end(), is_other);
}

std::string StepWorld::describe(const Step& step) const {
    constexpr std::string_view kNames[] = {"deliver",
                                           "deliver late",
                                           "push",
                                           "sync",
                                           "tick",
                                           "elect",
                                           "unfence",
                                           "produce",
                                           "kill",
                                           "stop",
                                           "power loss",
                                           "start",
                                           "fence",
                                           "lose",
                                           "hold",
                                           "copy",
                                           "disconnect",
                                           "probe",
                                           "move the leader to",
                                           "give up the candidate",
                                           "restart the SC",
                                           "much time passes",
                                           "replace the disk of",
                                           "damage the log of",
                                           "cut off",
                                           "join",
                                           "block",
                                           "open"};
    static_assert(std::size(kNames) == static_cast<std::size_t>(StepKind::count));
    std::string out(kNames[static_cast<std::size_t>(step.kind)]);
    const bool is_mail = step.kind == StepKind::deliver || step.kind == StepKind::lose ||
                         step.kind == StepKind::hold || step.kind == StepKind::copy;
    if (step.kind == StepKind::block || step.kind == StepKind::open) {
        out += " " + name(step.from) + " to " + name(step.to);
    } else if (is_mail || step.kind == StepKind::deliver_late) {
        const auto mail = std::find_if(network_.begin(), network_.end(), [&](const Mail& one) {
            return number_of(one.from) == step.from && number_of(one.to) == step.to;
        });
        out += fmt::format(" {}, {} to {}", text(is_mail ? *mail : late_[step.choice]),
                           name(step.from), name(step.to));
    } else if (step.from != 0) {
        out += " " + name(step.from);
        if (step.to != 0) {
            out += " to " + name(step.to);
        }
    }
    if (step.kind == StepKind::start) {
        out += fmt::format(", HW file says {}", step.choice);
    } else if (step.kind == StepKind::power_loss) {
        out += fmt::format(", {} records that were not synced stay", step.choice);
    }
    if (step.cut != kNoCut) {
        out += fmt::format("; its process ends after {} effects", step.cut);
    }
    return out;
}

}  // namespace weir::replication::model
