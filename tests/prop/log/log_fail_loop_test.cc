// The life of a log with the N-th disk operation failing, for every N until nothing fails any more.
//
// Whatever fails: the call says so or the process halts, the next start (after a crash of the
// process, or a power loss) works, everything acknowledged is there, and nothing that was
// definitely refused is.
#include "core/log/log.h"
#include "tests/support/log_batches.h"
#include "tests/support/log_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace weir::log {
namespace {

using test::batch_of;
using test::LogNode;
using test::LogWorld;

LogConfig tiny_config() {
    LogConfig config;
    config.identity.uid = Uid{1, 2};
    config.segment_size_bytes_max = 400;
    config.index_interval_bytes = 100;
    config.preallocate_bytes_max = 300;
    config.checkpoint_interval_bytes = 150;
    config.tail_cache_bytes_max = 0;
    config.idle_after = Duration::from_s(1);
    return config;
}

// What became of the appends, in order.
struct Ledger {
    struct Entry {
        std::string payload;
        enum class Fate { committed, refused, unknown } fate;
    };
    std::vector<Entry> entries;
    Offset log_start;
};

class Life {
public:
    explicit Life(LogWorld& world) : node_(world.boot()) {}
    ~Life() {
        node_->tear_down();
        log_.reset();
    }

    // True when nothing failed.
    bool run(Ledger& ledger) {
        bool well = open();
        for (std::int64_t round = 0; well && round < 3; ++round) {
            for (int i = 0; i < 4; ++i) {
                well = append(ledger, static_cast<int>(round) * 4 + i) && well;
            }
            if (node_->halted()) {
                return false;
            }
            well = well && cut(ledger);
            if (node_->halted()) {
                return false;
            }
            well = step(log_->roll()) && well;
            well = read() && well;
            well = well && step(log_->trim(Offset(round * 2)));
            well = well && step(log_->delete_before(Offset(round * 2 + 1)));
            node_->advance(Duration::from_s(2));
            well = well && step(log_->tick(log_->committed_end()));
            ledger.log_start = std::max(ledger.log_start, log_->log_start());
        }
        well = well && step(log_->close());
        log_.reset();
        return well && open();
    }

private:
    bool open() {
        auto opened = node_->run(Log::open(node_->env(), "a/b", tiny_config()));
        if (!opened.has_value() || !opened->has_value()) {
            return false;
        }
        log_ = *std::move(*opened);
        return true;
    }
    bool step(Task<Result<void>> task) {
        if (node_->halted()) {
            return false;
        }
        const auto done = node_->run(std::move(task));
        EXPECT_TRUE(done.has_value() || node_->halted()) << "hangs";
        return done.has_value() && done->has_value();
    }
    bool append(Ledger& ledger, int number) {
        using Fate = Ledger::Entry::Fate;
        if (node_->halted()) {
            return false;
        }
        const std::string payload = "payload " + std::to_string(number);
        const auto done = node_->run(log_->append_and_commit(batch_of(payload, 1), CancelToken()));
        EXPECT_TRUE(done.has_value() || node_->halted()) << "hangs";
        const bool committed = done.has_value() && done->has_value();
        const bool unknown =
            !done.has_value() || (!committed && done->error().code == ErrorCode::unavailable);
        ledger.entries.push_back({payload, committed ? Fate::committed
                                           : unknown ? Fate::unknown
                                                     : Fate::refused});
        return committed;
    }
    // The last append goes, which was committed.
    bool cut(Ledger& ledger) {
        using Fate = Ledger::Entry::Fate;
        const bool done = step(log_->truncate(log_->leo() - 1));
        ledger.entries.back().fate = done ? Fate::refused : Fate::unknown;
        return done;
    }
    bool read() {
        bool well = true;
        for (Offset at = log_->log_start(); well && at < log_->leo();) {
            ReadRequest request;
            request.offset = at;
            request.limit = log_->leo();
            request.size_bytes_max = 150;
            const auto slice = node_->run(log_->read(request));
            const auto bytes = node_->run(log_->read_checked(request));
            well =
                slice.has_value() && slice->has_value() && bytes.has_value() && bytes->has_value();
            if (well) {
                at = (*slice)->next_offset;
            }
        }
        return well;
    }

    std::unique_ptr<LogNode> node_;
    std::unique_ptr<Log> log_;
};

std::vector<std::string> payloads_in(LogWorld& world, Offset& log_start, std::string& error) {
    const std::unique_ptr<LogNode> node = world.boot();
    auto opened = node->run(Log::open(node->env(), "a/b", tiny_config()));
    std::vector<std::string> payloads;
    if (!opened.has_value() || !opened->has_value()) {
        error = opened.has_value() ? to_string(opened->error()) : "halted";
        return payloads;
    }
    const std::unique_ptr<Log> log = *std::move(*opened);
    log_start = log->log_start();
    for (Offset at = log_start; at < log->leo();) {
        ReadRequest request;
        request.offset = at;
        request.limit = log->leo();
        request.size_bytes_max = 1'000;
        const auto bytes = node->run(log->read_checked(request));
        if (!bytes.has_value() || !bytes->has_value() || (*bytes)->empty()) {
            error = "not readable";
            break;
        }
        for (const test::ReadBatch& batch : test::batches_in((*bytes)->span())) {
            payloads.push_back(batch.payload);
            at = batch.base_offset + batch.record_count;
        }
    }
    node->run(log->close());
    return payloads;
}

// The log's content must be: per entry in order, committed ones for sure, unknown ones perhaps,
// refused ones never; with the oldest deleted up to the log start.
void check(const Ledger& ledger, LogWorld& world) {
    using Fate = Ledger::Entry::Fate;
    Offset log_start;
    std::string error;
    const std::vector<std::string> found = payloads_in(world, log_start, error);
    ASSERT_EQ(error, "");
    ASSERT_GE(log_start, ledger.log_start);
    std::vector<Ledger::Entry> expected;
    for (const Ledger::Entry& entry : ledger.entries) {
        if (entry.fate != Fate::refused) {
            expected.push_back(entry);
        }
    }
    // One record each, so the log start is the number of entries deleted.
    auto at = expected.begin() + log_start.value();
    for (const std::string& payload : found) {
        while (at != expected.end() && at->fate == Fate::unknown && at->payload != payload) {
            ++at;
        }
        ASSERT_TRUE(at != expected.end());
        ASSERT_EQ(at->payload, payload);
        ++at;
    }
    for (; at != expected.end(); ++at) {
        ASSERT_EQ(at->fate, Fate::unknown) << at->payload << " was acknowledged and is lost";
    }
}

class LogFailLoop : public testing::TestWithParam<ErrorCode> {};

TEST_P(LogFailLoop, EveryOperationMayFail) {
    std::uint64_t n = 1;
    for (bool clean = false; !clean; ++n) {
        ASSERT_LT(n, 2'000U) << "it never ends";
        for (const bool power_loss : {false, true}) {
            SCOPED_TRACE("operation " + std::to_string(n) + (power_loss ? ", power loss" : ""));
            LogWorld world;
            world.fail_code = GetParam();
            world.fail_at = n;
            Ledger ledger;
            bool well = false;
            {
                Life life(world);
                well = life.run(ledger);
            }
            clean = world.fail_at != 0;
            EXPECT_EQ(clean && !well, false) << "failed without a failure";
            world.fail_at = 0;
            if (power_loss) {
                sim::Draws draws{Prng(n)};
                world.power_loss(draws, sim::LossMode::sectors);
            }
            check(ledger, world);
            if (HasFatalFailure() || HasNonfatalFailure()) {
                return;
            }
        }
    }
    // The life has at least this many operations, or something is not exercised any more.
    EXPECT_GT(n, 160U);
}

INSTANTIATE_TEST_SUITE_P(Codes, LogFailLoop,
                         testing::Values(ErrorCode::io_error, ErrorCode::disk_full));

}  // namespace
}  // namespace weir::log
