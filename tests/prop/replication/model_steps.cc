#include "tests/prop/replication/model_steps.h"

#include "core/base/assert.h"

#include <algorithm>
#include <utility>

namespace weir::replication::model {

namespace {

// In one run, of each replica: a proposal that the SC refuses would be made again for ever, and who
// is not answered would ask for ever.
constexpr std::uint8_t kTicksMax = 4;

SpuId spu_of(std::uint8_t number) {
    return number == 0 ? kNoSpu : SpuId(number);
}

std::vector<Mail>::iterator oldest(std::vector<Mail>& network, const Step& step) {
    return std::find_if(network.begin(), network.end(), [&](const Mail& mail) {
        return mail.from == spu_of(step.from) && mail.to == spu_of(step.to);
    });
}

// It tells nothing that `before`, which waits in front of it, will not have told; or what `before`
// tells is no news any more.
bool replaces(const Mail& mail, const Mail& before) {
    if (mail.content.index() != before.content.index()) {
        return false;
    }
    if (const auto* peer = std::get_if<FromPeer>(&mail.content)) {
        const auto& other = std::get<FromPeer>(before.content);
        return peer->message == other.message && peer->values == other.values;
    }
    if (const auto* to_sc = std::get_if<ForSc>(&mail.content)) {
        return to_sc->message == std::get<ForSc>(before.content).message;
    }
    const auto* told = std::get_if<0>(&std::get<FromSc>(mail.content));
    const auto* earlier = std::get_if<0>(&std::get<FromSc>(before.content));
    return told != nullptr && earlier != nullptr && (*told)->boot == (*earlier)->boot;
}

}  // namespace

StepWorld::StepWorld(const Size& size)
    : Cluster(first_record(size.replicas, size.min_live, size.durability), size.replicas,
              hasty_options()) {
    lossy_left_ = size.durability == Durability::fsync ? 100 : size.min_live - 1;
    for (Node& node : nodes_) {
        start(node);
    }
    sc_.create();
    sc_.elect();
    tell_all();
    come_to_rest(nullptr);
    WEIR_ASSERT(network_.empty());
}

bool StepWorld::go_on(std::vector<std::string>* told) {
    std::vector<Step> steps;
    steps.reserve(16);
    list_steps(0, steps);
    for (const Step& step : steps) {
        const bool is_tick = step.kind == StepKind::tick;
        if (step.kind == StepKind::deliver_late || (is_tick && ++ticks_[step.from] > kTicksMax)) {
            continue;
        }
        std::string text = told == nullptr ? std::string() : describe(step);
        if (act_and_check(step)) {
            if (told != nullptr) {
                told->push_back(std::move(text));
            }
            return true;
        }
    }
    return false;
}

void StepWorld::come_to_rest(std::vector<std::string>* told) {
    while (!oracle_.is_violated() && go_on(told)) {
    }
}

Fingerprint StepWorld::hash() const {
    Fingerprint sum = fingerprint({nodes_, sc_, oracle_, network_, late_, now_});
    // Of a few values each.
    sum.low ^= mix64((blocked_ * 128 + lossy_left_) * 8 + disks_left_);
    return sum;
}

void StepWorld::send(Mail mail) {
    const auto last = std::find_if(network_.rbegin(), network_.rend(), [&](const Mail& other) {
        return other.from == mail.from && other.to == mail.to;
    });
    if (last != network_.rend() && replaces(mail, *last)) {
        *last = std::move(mail);
        return;
    }
    network_.push_back(std::move(mail));
}

bool StepWorld::may_perform(Node&, const Effect&) {
    if (effects_ == cut_) {
        return false;
    }
    ++effects_;
    return true;
}

Offset StepWorld::stored_hw(const Node&, Offset limit) {
    return std::min(Offset(choice_), limit);
}

std::size_t StepWorld::kept_by_power_loss(const Node&) {
    return choice_;
}

void StepWorld::apply(const Step& step) {
    cut_ = step.cut;
    effects_ = 0;
    ticks_.fill(0);
    act_and_check(step);
}

bool StepWorld::act_and_check(const Step& step) {
    const std::uint8_t effects_before = effects_;
    const RecordVersion version = sc_.record().version;
    choice_ = step.choice;
    touched_ = step.from == 0 ? nullptr : &at(step.from);
    act(step);
    oracle_.check(touched_, sc_.record(), sc_.spus());
    return !may_be_idle(step) || effects_ != effects_before || sc_.record().version != version;
}

bool StepWorld::is_blocked(std::uint8_t from, std::uint8_t to) const {
    return (blocked_ >> way(from, to) & 1U) != 0;
}

void StepWorld::set_blocked(std::uint8_t from, std::uint8_t to, bool is_blocked) {
    const std::uint64_t bit = std::uint64_t{1} << way(from, to);
    blocked_ = is_blocked ? blocked_ | bit : blocked_ & ~bit;
}

void StepWorld::isolate(std::uint8_t spu, bool is_isolated) {
    for (std::uint8_t other = 0; other <= nodes_.size(); ++other) {
        if (other != spu) {
            set_blocked(spu, other, is_isolated);
            set_blocked(other, spu, is_isolated);
        }
    }
}

void StepWorld::act(const Step& step) {
    switch (step.kind) {
        case StepKind::deliver: {
            const auto found = oldest(network_, step);
            Mail mail = std::move(*found);
            network_.erase(found);
            touched_ = step.to == 0 ? nullptr : &at(step.to);
            deliver(std::move(mail));
            return;
        }
        case StepKind::deliver_late: {
            Mail mail = std::move(late_[step.choice]);
            late_.erase(late_.begin() + step.choice);
            touched_ = step.to == 0 ? nullptr : &at(step.to);
            deliver(std::move(mail));
            return;
        }
        case StepKind::hold: late_.push_back(*oldest(network_, step)); [[fallthrough]];
        case StepKind::lose: network_.erase(oldest(network_, step)); return;
        case StepKind::copy: late_.push_back(*oldest(network_, step)); return;
        case StepKind::push: push(at(step.from), spu_of(step.to)); return;
        case StepKind::sync: sync(at(step.from)); return;
        case StepKind::tick: tick(at(step.from)); return;
        case StepKind::produce: produce(at(step.from), Isolation::read_uncommitted); return;
        case StepKind::kill: crash(at(step.from), CrashKind::process); return;
        case StepKind::stop: crash(at(step.from), CrashKind::orderly); return;
        case StepKind::power_loss:
            lossy_left_ -= sc_.record().durability == Durability::fsync ? 0U : 1U;
            crash(at(step.from), CrashKind::power);
            return;
        case StepKind::start: start(at(step.from)); return;
        case StepKind::disconnect: disconnect(at(step.from), spu_of(step.to)); return;
        case StepKind::probe: probe(at(step.from)); return;
        case StepKind::lag: now_ = now_ + options_->lag_max * 2; return;
        case StepKind::replace: replace_disk(at(step.from)); return;
        case StepKind::damage:
            --disks_left_;
            find_damage(at(step.from));
            return;
        case StepKind::elect:
        case StepKind::unfence:
        case StepKind::fence:
        case StepKind::move:
        case StepKind::give_up:
        case StepKind::restart_sc: act_on_sc(step); return;
        case StepKind::part:
        case StepKind::join: isolate(step.from, step.kind == StepKind::part); return;
        case StepKind::block:
        case StepKind::open: set_blocked(step.from, step.to, step.kind == StepKind::block); return;
        case StepKind::count: WEIR_ASSERT(false);
    }
}

void StepWorld::act_on_sc(const Step& step) {
    const RecordVersion before = sc_.record().version;
    const SpuId spu = spu_of(step.from);
    if (step.kind == StepKind::elect) {
        sc_.elect();
    } else if (step.kind == StepKind::unfence) {
        sc_.unfence(spu);
    } else if (step.kind == StepKind::fence) {
        sc_.fence(spu);
    } else if (step.kind == StepKind::move) {
        sc_.move_leader(spu);
    } else if (step.kind == StepKind::give_up) {
        sc_.give_up_candidate();
    } else {
        sc_.restart();
        tell_all();
    }
    if (sc_.record().version != before) {
        tell_all();
    }
}

void StepWorld::replace_disk(Node& node) {
    --disks_left_;
    crash(node, CrashKind::process);
    node.disk = Disk();
    node.disk.storage = Uid{3, ++last_storage_};
    node.hw_seen = Offset();
    start(node);
}

}  // namespace weir::replication::model
