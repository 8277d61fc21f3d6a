// A partition's replicas and its SC under commands, with a transcript of what they do and say.
//
// Owned by the interpreter (interpreter.h); one thread. Messages wait on the way, in order for each
// pair, until a command delivers or drops them. Nothing happens by itself, and time moves by
// command only.
#pragma once

#include "tests/prop/replication/model_cluster.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::replication::transcript {

class Stage final : public model::Cluster {
public:
    using Cluster::CrashKind;

    struct Size {
        std::size_t spus = 3;
        std::uint32_t replicas = 3;
        std::uint32_t min_live = 2;
        Durability durability = Durability::fsync;
    };
    explicit Stage(const Size& size);

    // All of these add to the transcript. SPUs are those of has(); kNoSpu is the SC.
    bool has(SpuId spu) const;
    bool runs(SpuId spu) { return node_of(spu).state != nullptr; }
    void create();
    // All start, and the first replica leads: how most transcripts begin, told in one line.
    void begin();
    // With an HW file that says `hw`; with what the process before knew otherwise.
    void start_spu(SpuId spu, std::optional<Offset> hw);
    void end_spu(SpuId spu, CrashKind kind);
    void wipe(SpuId spu);
    void elect();
    void fence(SpuId spu);
    void unfence(SpuId spu) { sc_.unfence(spu); }
    void move(SpuId to);
    void restart_sc();
    void probe_spu(SpuId spu) { probe(node_of(spu)); }
    void reassign(const std::vector<SpuId>& target);
    void settle();
    void produce_records(SpuId spu, Isolation isolation, std::size_t count);
    void sync_log(SpuId spu);
    // To every follower, until there is nothing more.
    void push_all(SpuId spu);
    void tick_rules(SpuId spu) { tick(node_of(spu)); }
    void wait(Duration duration) { now_ = now_ + duration; }
    void part(SpuId one, SpuId other);
    // Everything on the way, and what that brings, or only what is on that way now.
    void deliver_all();
    void deliver_way(SpuId from, SpuId to);
    void drop_way(SpuId from, SpuId to);
    void show();
    void say(const std::string& line) { lines_.push_back(line); }
    // What an invariant has to say, if one is violated.
    void check();

    // The lines since the last call.
    std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }

private:
    using Way = std::pair<SpuId, SpuId>;

    void send(model::Mail mail) override;
    bool may_perform(model::Node& node, const Effect& effect) override;
    bool may_write(const model::Node&) override { return true; }
    Offset stored_hw(const model::Node& node, Offset limit) override;
    std::size_t kept_by_power_loss(const model::Node&) override { return 0; }

    void pass(model::Mail mail);
    // Tells what the SC has written since.
    void note_record(RecordVersion before);
    void remove_unassigned();

    // In order of sending.
    std::vector<model::Mail> network_;
    std::optional<Offset> next_hw_;
    std::vector<std::string> lines_;
};

}  // namespace weir::replication::transcript
