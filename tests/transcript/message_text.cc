#include "tests/transcript/message_text.h"

#include <fmt/format.h>

#include <string_view>

namespace weir::replication::transcript {

namespace {

std::string text(const SpuSet& set) {
    std::string out;
    for (const SpuId spu : set) {
        out += fmt::format("{}{}", out.empty() ? "" : " ", spu.value());
    }
    return "{" + out + "}";
}

std::string text(const Lineage& lineage) {
    std::string out;
    for (const auto& entry : lineage) {
        out += fmt::format("{}{}@{}", out.empty() ? "" : " ", entry.epoch.value(),
                           entry.start.value());
    }
    return "[" + out + "]";
}

// The upper half of a nonce is the boot of the SPU that drew it (replica_state.cc).
std::string session(std::uint64_t nonce) {
    return fmt::format("session {}.{}", nonce >> 32U, nonce & 0xffff'ffffU);
}

std::string_view text(PartitionPhase phase) {
    switch (phase) {
        case PartitionPhase::online: return "online";
        case PartitionPhase::election: return "election";
        case PartitionPhase::candidate_found: return "candidate found";
        case PartitionPhase::offline: return "offline";
        case PartitionPhase::recovering: return "recovering";
    }
    return "unknown";
}

std::string_view text(AlarmKind kind) {
    switch (kind) {
        case AlarmKind::truncation_below_hw: return "its leader lacks what was committed";
        case AlarmKind::metadata_regression:
            return "a follower's log is of an epoch that was not given out";
        case AlarmKind::lrs_member_out_of_reach: return "a member of the LRS lacks what is deleted";
    }
    return "unknown";
}

struct PeerText {
    std::string operator()(const Attach& m) const {
        return fmt::format("Attach epoch {} {} leo {} acked {} lineage {}", m.epoch.value(),
                           session(m.nonce), m.leo.value(), m.acked.value(), text(m.tail));
    }
    std::string operator()(const AttachOk& m) const {
        return fmt::format("AttachOk epoch {} {}{}", m.epoch.value(), session(m.nonce),
                           m.leso ? fmt::format(" leso {}", m.leso->value()) : "");
    }
    std::string operator()(const Diverged& m) const {
        return fmt::format("Diverged epoch {} {}: epoch {} ends at {}", m.epoch.value(),
                           session(m.nonce), m.at.common.epoch.value(), m.at.common.end.value());
    }
    std::string operator()(const Reset& m) const {
        return fmt::format("Reset epoch {} {} to {}", m.epoch.value(), session(m.nonce),
                           m.log_start.value());
    }
    std::string operator()(const Append& m) const {
        return fmt::format("Append epoch {} base {} count {} hw {}", m.epoch.value(),
                           m.base.value(), m.batches.size(), m.hw.value());
    }
    std::string operator()(const Ack& m) const {
        return fmt::format("Ack epoch {} {} acked {}", m.epoch.value(), session(m.nonce),
                           m.acked.value());
    }
};

struct ScText {
    std::string operator()(const ProbeAnswer& m) const {
        return fmt::format("ProbeAnswer epoch {} last epoch {} leo {} hw {}", m.epoch.value(),
                           m.last_epoch.value(), m.leo.value(), m.hw.value());
    }
    std::string operator()(const Promoted& m) const {
        return fmt::format("Promoted epoch {} leo {}", m.epoch.value(), m.leo.value());
    }
    std::string operator()(const PromoteFailed& m) const {
        return fmt::format("PromoteFailed epoch {}", m.epoch.value());
    }
    std::string operator()(const AlterLrs& m) const {
        return fmt::format("AlterLrs epoch {} version {} lrs {}", m.epoch.value(),
                           m.version.value(), text(m.lrs));
    }
};

struct EffectText {
    std::string operator()(const PersistState& e) const {
        return fmt::format("stores epoch {}{}", e.epoch.value(),
                           e.entered.epoch == kNoEpoch
                               ? ""
                               : fmt::format(", entered {} from {}", e.entered.epoch.value(),
                                             e.entered.start.value()));
    }
    std::string operator()(const NoteVersion& e) const {
        return fmt::format("notes version {} of epoch {}", e.version.value(), e.epoch.value());
    }
    std::string operator()(const StopLeading& e) const {
        return fmt::format("leads epoch {} no longer", e.epoch.value());
    }
    std::string operator()(const TruncateLog& e) const {
        return fmt::format("cuts its log at {}", e.to.value());
    }
    std::string operator()(const ResetLog& e) const {
        return fmt::format("drops its log and starts at {}", e.start.value());
    }
    std::string operator()(const WriteBatches&) const { return "writes"; }
    std::string operator()(const EvictBelow& e) const {
        return fmt::format("deletes below {}", e.log_start.value());
    }
    std::string operator()(const HwAdvanced& e) const {
        return fmt::format("commits up to {}", e.hw.value());
    }
    std::string operator()(const Alarm& e) const {
        return fmt::format("ALARM at {}: {}", e.offset.value(), text(e.kind));
    }
    std::string operator()(const ToPeer&) const { return {}; }
    std::string operator()(const ToSc&) const { return {}; }
};

}  // namespace

std::string text(const PeerMessage& message) {
    return std::visit(PeerText(), message);
}

std::string text(const ScMessage& message) {
    return std::visit(ScText(), message);
}

std::string text(const Effect& effect) {
    return std::visit(EffectText(), effect);
}

std::string text(const Probe& message) {
    return fmt::format("Probe epoch {}", message.epoch.value());
}

std::string text(const LeaderIs& message) {
    return "LeaderIs " + text(message.record);
}

std::string text(const PartitionRecord& record) {
    const std::string leader =
        record.leader == kNoSpu ? std::string("nobody") : std::to_string(record.leader.value());
    std::string out = fmt::format("version {} epoch {} leader {} lrs {}", record.version.value(),
                                  record.leader_epoch.value(), leader, text(record.lrs));
    if (!record.elr.empty()) {
        out += " elr " + text(record.elr);
    }
    if (!record.last_known.empty()) {
        out += " last known " + text(record.last_known);
    }
    if (!record.adding.empty() || !record.removing.empty()) {
        SpuSet adding;
        for (const AssignedReplica& replica : record.adding) {
            adding.push_back(replica.spu);
        }
        out += fmt::format(" adding {} removing {}", text(adding), text(record.removing));
    }
    return fmt::format("{}, {}", out, text(record.phase));
}

}  // namespace weir::replication::transcript
