#include "tests/transcript/stage.h"

#include "core/control/live_sets.h"
#include "tests/transcript/message_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace weir::replication::transcript {

using model::Mail;
using model::Node;

namespace {

std::string name_of(SpuId spu) {
    return spu == kNoSpu ? std::string("SC") : std::to_string(spu.value());
}

std::string text_of(const Mail& mail) {
    const std::string way = fmt::format("{} -> {}  ", name_of(mail.from), name_of(mail.to));
    if (const auto* peer = std::get_if<model::FromPeer>(&mail.content)) {
        return way + text(peer->message);
    }
    if (const auto* for_sc = std::get_if<model::ForSc>(&mail.content)) {
        return way + text(for_sc->message);
    }
    const auto& from_sc = std::get<model::FromSc>(mail.content);
    if (const auto* leader = std::get_if<std::shared_ptr<const LeaderIs>>(&from_sc)) {
        return way + text(**leader);
    }
    return way + text(std::get<Probe>(from_sc));
}

std::string_view role_of(const Node& node) {
    if (node.state == nullptr) {
        return "is down";
    }
    if (node.state->leader() != nullptr) {
        return "leads";
    }
    if (const FollowerReplica* follower = node.state->follower()) {
        return follower->is_attached() ? "follows" : "seeks its leader";
    }
    return node.state->is_suspect() ? "is suspect" : "waits";
}

// The SC repeats itself; what changes nothing is not told.
bool is_repetition(const Mail& mail, const Node& node) {
    const auto* from_sc = std::get_if<model::FromSc>(&mail.content);
    if (from_sc == nullptr || node.state == nullptr) {
        return false;
    }
    const auto* leader = std::get_if<std::shared_ptr<const LeaderIs>>(from_sc);
    return leader != nullptr && (*leader)->record.version <= node.state->record().version &&
           (*leader)->boot == node.boot;
}

}  // namespace

Stage::Stage(const Size& size)
    : Cluster(model::first_record(size.replicas, size.min_live, size.durability), size.spus,
              ReplicaOptions()) {}

bool Stage::has(SpuId spu) const {
    return spu.value() >= 1 && static_cast<std::size_t>(spu.value()) <= nodes_.size();
}

void Stage::note_record(RecordVersion before) {
    if (sc_.record().version != before) {
        say("  SC stores " + text(sc_.record()));
    }
}

void Stage::create() {
    const RecordVersion before = sc_.record().version;
    sc_.create();
    note_record(before);
    tell_all();
}

void Stage::begin() {
    for (Node& node : nodes_) {
        start(node);
        sc_.unfence(node.spu);
    }
    sc_.create();
    sc_.elect();
    tell_all();
    deliver_all();
    lines_.clear();
    say("  SC has stored " + text(sc_.record()));
}

void Stage::start_spu(SpuId spu, std::optional<Offset> hw) {
    const RecordVersion before = sc_.record().version;
    next_hw_ = hw;
    Node& node = node_of(spu);
    start(node);
    say(fmt::format("{} starts as boot {}", spu.value(), node.boot.value()));
    note_record(before);
}

void Stage::end_spu(SpuId spu, CrashKind kind) {
    Node& node = node_of(spu);
    const std::size_t before = node.disk.log.size();
    crash(node, kind);
    say(fmt::format("{} is down{}", spu.value(),
                    node.disk.log.size() < before
                        ? fmt::format(", its log ends at {}", node.disk.log.size())
                        : std::string()));
    // What it has sent is on the way; what was sent to it is lost with its connections.
    std::erase_if(network_, [&](const Mail& mail) { return mail.to == spu; });
}

void Stage::wipe(SpuId spu) {
    Node& node = node_of(spu);
    const Uid before = node.disk.storage;
    node.disk = model::Disk();
    node.disk.storage = Uid{before.high + 1, before.low};
    node.hw_seen = Offset();
    say(fmt::format("{} has an empty disk", spu.value()));
}

void Stage::elect() {
    const RecordVersion before = sc_.record().version;
    sc_.elect();
    note_record(before);
    tell_all();
}

void Stage::fence(SpuId spu) {
    const RecordVersion before = sc_.record().version;
    sc_.fence(spu);
    note_record(before);
    tell_all();
}

void Stage::move(SpuId to) {
    const RecordVersion before = sc_.record().version;
    sc_.move_leader(to);
    note_record(before);
    tell_all();
}

void Stage::restart_sc() {
    sc_.restart();
    std::erase_if(network_,
                  [](const Mail& mail) { return mail.to == kNoSpu || mail.from == kNoSpu; });
    tell_all();
}

void Stage::reassign(const std::vector<SpuId>& target) {
    const RecordVersion before = sc_.record().version;
    const Result<void> begun = sc_.reassign(target);
    if (!begun.has_value()) {
        say("refused: " + begun.error().context);
        return;
    }
    note_record(before);
    for (const AssignedReplica& replica : sc_.record().adding) {
        Node& node = node_of(replica.spu);
        if (node.boot != kNoBoot && node.state == nullptr) {
            assign(node, replica.uid);
        }
    }
    tell_all();
}

void Stage::settle() {
    const RecordVersion before = sc_.record().version;
    sc_.settle();
    note_record(before);
    remove_unassigned();
    tell_all();
}

void Stage::remove_unassigned() {
    for (Node& node : nodes_) {
        if (node.state != nullptr && !control::assigned_uid(sc_.record(), node.spu).has_value()) {
            node.state.reset();
            node.disk.log.clear();
            node.disk.durable = 0;
            say(fmt::format("  {} deletes its replica", node.spu.value()));
        }
    }
}

void Stage::produce_records(SpuId spu, Isolation isolation, std::size_t count) {
    Node& node = node_of(spu);
    for (std::size_t i = 0; i < count; ++i) {
        if (!produce(node, isolation)) {
            const Permission permission = node.state->may_produce(isolation, moment());
            say(permission == Permission::not_leader ? "  refused: not the leader"
                                                     : "  refused: not enough replicas");
            return;
        }
    }
    say(fmt::format("  {} has records up to {}", spu.value(), node.disk.log.size()));
}

void Stage::sync_log(SpuId spu) {
    sync(node_of(spu));
}

void Stage::push_all(SpuId spu) {
    Node& node = node_of(spu);
    for (const Node& other : nodes_) {
        std::size_t before = network_.size() + 1;
        while (node.state != nullptr && network_.size() != before) {
            before = network_.size();
            push(node, other.spu);
        }
    }
}

void Stage::part(SpuId one, SpuId other) {
    std::erase_if(network_, [&](const Mail& mail) {
        return (mail.from == one && mail.to == other) || (mail.from == other && mail.to == one);
    });
    for (const auto& [here, there] : {Way(one, other), Way(other, one)}) {
        if (runs(here)) {
            disconnect(node_of(here), there);
        }
    }
}

void Stage::deliver_all() {
    // More than any conversation without an end that would be worth reading.
    constexpr std::size_t kMessagesMax = 500;
    for (std::size_t i = 0; i < kMessagesMax && !network_.empty(); ++i) {
        Mail mail = std::move(network_.front());
        network_.erase(network_.begin());
        pass(std::move(mail));
    }
    if (!network_.empty()) {
        say("  ... and so on: this does not come to rest");
    }
}

void Stage::deliver_way(SpuId from, SpuId to) {
    std::vector<Mail> due;
    std::erase_if(network_, [&](Mail& mail) {
        const bool is_due = mail.from == from && mail.to == to;
        if (is_due) {
            due.push_back(mail);
        }
        return is_due;
    });
    for (Mail& mail : due) {
        pass(std::move(mail));
    }
}

void Stage::drop_way(SpuId from, SpuId to) {
    std::erase_if(network_, [&](const Mail& mail) {
        const bool is_due = mail.from == from && mail.to == to;
        if (is_due) {
            say("lost: " + text_of(mail));
        }
        return is_due;
    });
}

void Stage::show() {
    say("  SC has stored " + text(sc_.record()));
    for (const Node& node : nodes_) {
        std::string log;
        for (const model::Rec& record : node.disk.log) {
            log += fmt::format(" {}:{}", record.epoch.value(), record.value);
        }
        const std::string hw = node.state == nullptr
                                   ? std::string()
                                   : fmt::format(" hw {},", node.state->log().hw.value());
        say(fmt::format("  {} {},{} synced to {}, has{}", node.spu.value(), role_of(node), hw,
                        node.disk.durable, log.empty() ? " nothing" : log));
    }
    for (const Mail& mail : network_) {
        say("  on the way: " + text_of(mail));
    }
}

void Stage::check() {
    oracle_.check(touched_, sc_.record(), sc_.spus());
    if (oracle_.is_violated()) {
        say(fmt::format("VIOLATED {}: {}", oracle_.violation().invariant,
                        oracle_.violation().text));
    }
}

void Stage::send(Mail mail) {
    network_.push_back(std::move(mail));
}

bool Stage::may_perform(Node& node, const Effect& effect) {
    const std::string line = text(effect);
    if (!line.empty()) {
        say(fmt::format("  {} {}", node.spu.value(), line));
    }
    return true;
}

Offset Stage::stored_hw(const Node&, Offset limit) {
    return std::min(next_hw_.value_or(limit), limit);
}

void Stage::pass(Mail mail) {
    if (mail.to != kNoSpu) {
        const Node& node = node_of(mail.to);
        if (node.state == nullptr || is_repetition(mail, node)) {
            return;
        }
    }
    say(text_of(mail));
    const RecordVersion before = sc_.record().version;
    deliver(std::move(mail));
    note_record(before);
    check();
}

}  // namespace weir::replication::transcript
