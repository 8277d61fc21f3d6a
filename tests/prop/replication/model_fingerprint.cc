#include "tests/prop/replication/model_fingerprint.h"

#include "tests/prop/replication/model_naming.h"
#include "tests/prop/replication/private_members.h"

#include <algorithm>
#include <map>
#include <optional>

namespace weir::replication::model {

namespace {

// Walks over all that counts, always in the same order.
template <typename Visit>
class Visitor {
public:
    explicit Visitor(Visit& to) : to_(to) {}

    void visit(const Whole& whole) {
        number(whole.now.ns());
        visit(whole.sc);
        for (const Node& node : whole.nodes) {
            visit(node);
        }
        const std::size_t spus = whole.nodes.size();
        for (std::size_t way = 0; way < (spus + 1) * (spus + 1); ++way) {
            for (const Mail& mail : whole.network) {
                if (slot(mail.from) * (spus + 1) + slot(mail.to) == way) {
                    visit(mail);
                }
            }
        }
        number(whole.late.size());
        for (const Mail& mail : whole.late) {
            visit(mail);
        }
        list(whole.oracle.committed());
    }

    // Apart, since it is for epochs that are known by then.
    void visit_stamps(const Oracle& oracle, const Ranks& epochs) {
        for (const auto& [epoch, stamper] : oracle.stampers()) {
            if (epochs.has(raw(epoch))) {
                to_.epoch(epoch);
                spu(stamper.first);
                to_.boot(stamper.first, stamper.second);
            }
        }
        for (const auto& [at, value] : oracle.stamped()) {
            if (epochs.has(raw(at.first))) {
                to_.epoch(at.first);
                number(at.second.value());
                to_.value(value);
            }
        }
    }

private:
    template <typename Number>
    void number(Number number) {
        to_.number(static_cast<std::uint64_t>(number));
    }
    void spu(SpuId spu) { number(spu.value()); }
    void uid(const Uid& uid) { to_.uid(uid); }
    void time(Instant at) { number(at.ns()); }
    void offset(const std::optional<Offset>& offset) { number(offset ? offset->value() : -1); }
    void set(const SpuSet& set) {
        number(set.size());
        for (const SpuId member : set) {
            spu(member);
        }
    }
    void list(const std::vector<Rec>& log) {
        number(log.size());
        for (const Rec& rec : log) {
            to_.epoch(rec.epoch);
            to_.value(rec.value);
        }
    }
    void list(const Lineage& lineage) {
        number(lineage.size());
        for (const auto& entry : lineage) {
            to_.epoch(entry.epoch);
            number(entry.start.value());
        }
    }
    void visit(const EnteredEpoch& entered) {
        to_.epoch(entered.epoch);
        number(entered.start.value());
    }
    void list(const std::vector<AssignedReplica>& replicas) {
        number(replicas.size());
        for (const AssignedReplica& replica : replicas) {
            spu(replica.spu);
            uid(replica.uid);
        }
    }

    // Topic and settings are the same in all states of a search.
    void visit(const PartitionRecord& record) {
        list(record.replicas);
        list(record.adding);
        set(record.removing);
        spu(record.leader);
        to_.boot(record.leader, record.leader_boot);
        to_.epoch(record.leader_epoch);
        to_.version(record.version);
        set(record.lrs);
        set(record.elr);
        set(record.last_known);
        number(record.delete_before.value());
        number(record.phase);
    }

    void visit(const Sc& sc) {
        visit(sc.record());
        number(sc.epoch().value());
        for (const auto& [spu, state] : sc.spus()) {
            to_.boot(spu, state.boot);
            number(state.fenced);
        }
        std::map<SpuId, const Sc::Report*> reports;
        for (const Sc::Report& report : sc.reports()) {
            reports[report.said.spu] = &report;
        }
        number(reports.size());
        for (const auto& [from, report] : reports) {
            spu(from);
            to_.boot(from, report->said.boot);
            uid(report->said.uid);
            to_.epoch(report->said.last_epoch);
            number(report->said.leo.value());
            number(report->said.healthy);
            // It is compared with the record's epoch only, which does not go down.
            number(std::max(report->since.value() - sc.record().leader_epoch.value(), -1));
        }
        set(sc.round().tried);
        to_.epoch(sc.round().promoted_epoch);
    }

    void visit(const Node& node) {
        list(node.disk.log);
        number(node.disk.durable);
        to_.epoch(node.disk.fence_epoch);
        to_.version(node.disk.fence_version);
        visit(node.disk.entered);
        to_.boot(node.spu, node.disk.clean_boot);
        uid(node.disk.storage);
        uid(node.disk.replica);
        uid(node.known_storage);
        to_.boot(node.spu, node.boot);
        to_.nonce(node.spu, node.last_nonce);
        number(node.state != nullptr);
        if (node.state == nullptr) {
            number(node.hw_seen.value());
        } else {
            visit(*node.state);
        }
    }

    void visit(const ReplicaState& state) {
        const SpuId self = state.self().spu;
        const ReplicaLog& log = state.log();
        for (const Offset at : {log.log_start, log.leo, log.durable, log.hw}) {
            number(at.value());
        }
        list(log.lineage);
        visit(log.entered);
        to_.epoch(state.fence_epoch());
        to_.version(state.*member(StateFenceVersion()));
        number((state.*member(StateScEpoch())).value());
        visit(state.record());
        const auto& fence = state.*member(StateFence());
        number(fence.has_value());
        if (fence) {
            number(fence->sc_epoch.value());
            to_.epoch(fence->epoch);
        }
        const FollowerHistory& history = state.*member(StateHistory());
        to_.nonce(self, history.last_nonce);
        time(history.followed_at);
        number(state.is_suspect());
        number(state.leader() != nullptr ? 1 : state.follower() != nullptr ? 2 : 0);
        if (state.leader() != nullptr) {
            visit(*state.leader(), self);
        } else if (state.follower() != nullptr) {
            visit(*state.follower(), self);
        }
    }

    void visit(const LeaderReplica& leader, SpuId self) {
        number(leader.leso().value());
        time(leader.*member(LeaderHwHoldsUntil()));
        set(leader.maximal_lrs());
        number(leader.proposal().has_value());
        if (leader.proposal()) {
            visit(*leader.proposal(), self);
            time(leader.*member(LeaderProposedAt()));
        }
        for (const FollowerProgress& follower : leader.*member(LeaderFollowers())) {
            visit(follower);
        }
    }

    void visit(const FollowerProgress& follower) {
        spu(follower.spu());
        uid(follower.uid());
        to_.boot(follower.spu(), follower.*member(ProgressBootSeen()));
        to_.nonce(follower.spu(), follower.*member(ProgressNonceSeen()));
        time(follower.*member(ProgressCaughtUpAt()));
        number((follower.*member(ProgressMarkLeo())).value());
        time(follower.*member(ProgressMarkAt()));
        const auto& session = follower.*member(ProgressSession());
        number(session.has_value());
        if (!session) {
            return;
        }
        to_.boot(follower.spu(), session->boot);
        to_.nonce(follower.spu(), session->nonce);
        number(session->acked.value());
        number(session->has_acked);
        number(session->cursor.value());
        time(session->held_since);
        number(session->has_echo);
        time(session->echo);
        time(session->pushed_at);
        number(session->bytes_in_flight);
        number(session->in_flight.size());
        for (const auto& sent : session->in_flight) {
            number(sent.end.value());
            number(sent.bytes);
        }
    }

    void visit(const FollowerReplica& follower, SpuId self) {
        number(follower.is_attached());
        to_.nonce(self, follower.nonce());
        time(follower.*member(FollowerAskedAt()));
        time(follower.*member(FollowerRetryAt()));
        number((follower.*member(FollowerRetryAfter())).ns());
        number((follower.*member(FollowerSilenceMax())).ns());
        time(follower.*member(FollowerHeardAt()));
        offset(follower.*member(FollowerLeso()));
        offset(follower.*member(FollowerLeaderHw()));
        number((follower.*member(FollowerLeaderLogStart())).value());
        number((follower.*member(FollowerEvictionAsked())).value());
        time(follower.*member(FollowerEcho()));
        offset(follower.*member(FollowerAcked()));
    }

    void visit(const Mail& mail) {
        spu(mail.from);
        spu(mail.to);
        number(mail.content.index());
        if (const auto* from_peer = std::get_if<FromPeer>(&mail.content)) {
            number(from_peer->message.index());
            std::visit([&](const auto& message) { visit(message, mail); }, from_peer->message);
            for (const std::uint32_t value : from_peer->values) {
                to_.value(value);
            }
        } else if (const auto* from_sc = std::get_if<FromSc>(&mail.content)) {
            number(from_sc->index());
            if (const auto* leader_is = std::get_if<std::shared_ptr<const LeaderIs>>(from_sc)) {
                number((*leader_is)->sc_epoch.value());
                to_.boot(mail.to, (*leader_is)->boot);
                visit((*leader_is)->record);
            } else {
                const Probe& probe = std::get<Probe>(*from_sc);
                number(probe.sc_epoch.value());
                to_.boot(mail.to, probe.boot);
                to_.epoch(probe.epoch);
            }
        } else {
            const ScMessage& message = std::get<ForSc>(mail.content).message;
            number(message.index());
            std::visit([&](const auto& one) { visit(one, mail.from); }, message);
        }
    }

    void visit(const Attach& attach, const Mail& mail) {
        to_.boot(mail.from, attach.boot);
        uid(attach.uid);
        to_.epoch(attach.epoch);
        to_.nonce(mail.from, attach.nonce);
        number(attach.leo.value());
        number(attach.acked.value());
        list(attach.tail);
    }
    void visit(const AttachOk& answer, const Mail& mail) {
        to_.epoch(answer.epoch);
        to_.nonce(mail.to, answer.nonce);
        offset(answer.leso);
    }
    void visit(const Diverged& answer, const Mail& mail) {
        to_.epoch(answer.epoch);
        to_.nonce(mail.to, answer.nonce);
        to_.epoch(answer.at.common.epoch);
        number(answer.at.common.end.value());
    }
    void visit(const Reset& answer, const Mail& mail) {
        to_.epoch(answer.epoch);
        to_.nonce(mail.to, answer.nonce);
        number(answer.log_start.value());
        to_.epoch(answer.preceding_epoch);
    }
    void visit(const Append& append, const Mail& mail) {
        to_.epoch(append.epoch);
        to_.nonce(mail.to, append.nonce);
        number(append.base.value());
        to_.epoch(append.preceding_epoch);
        number(append.hw.value());
        number(append.log_start.value());
        time(append.sent_at);
        number(append.batches.size());
        for (const BatchMark& batch : append.batches) {
            to_.epoch(batch.epoch);
        }
    }
    void visit(const Ack& ack, const Mail& mail) {
        to_.boot(mail.from, ack.boot);
        to_.epoch(ack.epoch);
        to_.nonce(mail.from, ack.nonce);
        number(ack.acked.value());
        time(ack.echo);
    }
    void visit(const ProbeAnswer& answer, SpuId from) {
        to_.boot(from, answer.boot);
        to_.epoch(answer.epoch);
        to_.epoch(answer.last_epoch);
        number(answer.leo.value());
        number(answer.hw.value());
        number(answer.is_healthy);
    }
    void visit(const Promoted& answer, SpuId from) {
        to_.boot(from, answer.boot);
        to_.epoch(answer.epoch);
        number(answer.leo.value());
    }
    void visit(const PromoteFailed& answer, SpuId from) {
        to_.boot(from, answer.boot);
        to_.epoch(answer.epoch);
    }
    void visit(const AlterLrs& request, SpuId from) {
        to_.boot(from, request.boot);
        to_.epoch(request.epoch);
        to_.version(request.version);
        set(request.lrs);
        number(request.added.size());
        for (const AddedMember& member : request.added) {
            spu(member.spu);
            uid(member.uid);
            to_.boot(member.spu, member.boot);
        }
    }

    Visit& to_;
};

}  // namespace

Fingerprint fingerprint(const Whole& whole) {
    Names names;
    Collecting collecting{names};
    // What stands for "none" keeps its distance from the others.
    names.epochs.add(raw(kNoEpoch));
    names.versions.add(0);
    Visitor(collecting).visit(whole);
    Visitor(collecting).visit_stamps(whole.oracle, names.epochs);
    names.epochs.close(2);
    names.versions.close(2);
    for (std::size_t spu = 0; spu < kSpusMax; ++spu) {
        names.boots[spu].add(0);
        names.boots[spu].close(1);
        names.nonces[spu].add(0);
        names.nonces[spu].close(1);
    }
    Hashing hashing{names};
    Visitor(hashing).visit(whole);
    Visitor(hashing).visit_stamps(whole.oracle, names.epochs);
    return hashing.sum;
}

}  // namespace weir::replication::model
