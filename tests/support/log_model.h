// A log run against a model: random operations, crashes and power losses, and after each of them
// the log must hold what the model says.
//
// The model is the list of appended batches. What was committed must be there for ever; what was
// appended and neither committed nor definitely failed may be there after a crash, as a prefix.
// A cut (truncate or reset) that a crash interrupts has happened, or not. In a replicated model
// epochs and roles change, and batches come as from another node. log_model_replica.cc holds the
// steps of replication, log_model.cc the others. Every step returns nothing, or a sentence that
// says what was violated.
#pragma once

#include "core/log/log.h"
#include "tests/support/log_batches.h"
#include "tests/support/log_world.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

class LogModel {
public:
    // Draws a number below the bound (> 0).
    using Choose = std::function<std::uint64_t(std::uint64_t)>;
    using Violation = std::optional<std::string>;

    explicit LogModel(Choose choose);
    ~LogModel();

    // Opens the log; the first step.
    Violation start();
    Violation random_step();
    // Reads everything in every way and compares.
    Violation check();

    // The steps, for tests that want to place them.
    Violation append(std::size_t count, std::uint64_t step_limit);
    Violation crash(std::optional<sim::LossMode> loss);
    Violation open();
    // Damages files as no power loss does, and opens: the log holds right batches only, up to the
    // checkpoint at least, or the damage is reported, and corrupt() tells so. Then a repair (that
    // may be interrupted) leaves a log that opens and holds right batches only.
    Violation damage_and_open();
    bool corrupt() const { return corrupt_; }

    LogWorld& world() { return world_; }
    log::Log* log() { return log_.get(); }
    log::LogConfig& config() { return config_; }
    static const char* dir() { return "logs/t-0"; }

private:
    struct Item {
        Offset base_offset;
        std::int32_t record_count;
        std::string payload;
        LeaderEpoch epoch;
        Offset next_offset() const { return base_offset + record_count; }
    };

    // What the log's end may be after a crash in the middle of it.
    struct PendingCut {
        Offset end;
        bool reset;
    };
    struct HeldSlice {
        log::LogSlice slice;
        Bytes bytes;
    };

    BufferSlice draw_append(std::vector<Item>& items, LeaderEpoch& last, Offset& next);
    Result<log::Appended> offer(BufferSlice batches);
    Violation settle_append(const log::Appended& appended, std::vector<Item> items);
    Violation adopt(Offset end_min, Offset start_min);
    Violation compare(Offset from, const std::vector<ReadBatch>& batches) const;
    Violation read_some();
    Violation fill_disk();
    Violation maintain();
    Violation reopen();
    Violation interrupted_open();
    Offset checkpointed_end() const;
    void damage_file(const std::string& path);
    Violation check_damaged();
    Violation repair();

    // log_model_replica.cc
    LeaderEpoch last_item_epoch() const;
    LeaderEpoch draw_epoch(LeaderEpoch last);
    Violation begin_epoch();
    Violation change_epoch();
    Violation refused_appends();
    Violation cut();
    Offset draw_cut_end();
    void apply_cut(PendingCut cut);
    void adopt_cut(Offset& end_min, Offset& start_min);
    Violation check_lineage() const;
    Violation check_producers() const;
    Violation check_held();
    Violation scrub();
    Offset promised_end(bool power_loss) const;
    void drop_below(Offset start);
    Result<Bytes> bytes_of(const log::LogSlice& slice);

    Choose choose_;
    LogWorld world_;
    log::LogConfig config_;
    std::unique_ptr<LogNode> node_;
    std::unique_ptr<log::Log> log_;
    // Below the log's end: certain. Then those that may or may not have been stored.
    std::vector<Item> items_;
    std::vector<Item> uncertain_;
    // Below start_: a file may hold them still, and a log that loses its checkpoint shows them.
    std::vector<Item> deleted_;
    Offset end_;
    Offset start_;
    // What the log must still hold when it is opened next: now, and after a power loss first.
    Offset end_min_;
    Offset durable_min_;
    bool corrupt_ = false;
    bool damaged_ = false;

    bool replicated_ = false;
    LeaderEpoch epoch_{-1};
    log::AppendRole role_ = log::AppendRole::leader;
    // Of the batch before start_, as far as the log still knows.
    LeaderEpoch start_epoch_{-1};
    std::optional<PendingCut> pending_cut_;
    // What a cut removed may still be in a file, where only checkpoint and index say that it is
    // not.
    bool cut_since_open_ = false;
    std::optional<HeldSlice> held_;
    log::ScrubCursor scrub_cursor_;
};

}  // namespace weir::test
