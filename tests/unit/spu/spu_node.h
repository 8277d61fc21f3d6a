// What the tests of a whole SPU share: its settings, and an SPU that is started and stopped.
//
// Everything runs on one simulated machine, "node"; the scripted SC listens on its port 9004. A
// SpuNode belongs to one test and outlives the tasks that use it.
#pragma once

#include "core/spu/service.h"
#include "runtime/sim/cluster/run_in_sim.h"
#include "tests/unit/spu/fake_sc.h"
#include "tests/unit/spu/raw_client.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// gtest's fatal assertions return void; in a coroutine a failed expectation ends the test this way.
#define CO_REQUIRE(condition)                                                 \
    do {                                                                      \
        if (!(condition)) {                                                   \
            ADD_FAILURE() << #condition;                                      \
            co_return fail(ErrorCode::invalid_argument, "test: " #condition); \
        }                                                                     \
    } while (false)

namespace weir::test {

inline constexpr SpuId kA(5001);
inline constexpr SpuId kB(5002);

// Of partition 0 of a topic at A.
inline std::string replica_dir_of_a(std::string_view topic, Uid topic_uid) {
    return fmt::format("data/spu-logs-5001/replicas/{}-0.{}", topic, to_string(topic_uid));
}

// 16 bytes of the replica's first segment become others, from `position` on.
inline Task<Result<void>> garble(Env& env, std::string replica_dir, std::uint64_t position) {
    WEIR_CO_TRY(const auto file, co_await env.disk.open(replica_dir + "/00000000000000000000.log",
                                                        OpenMode::read_write));
    const Bytes garbage(16, 0x5a);
    const std::array<ByteSpan, 1> slices = {ByteSpan(garbage)};
    co_return co_await file->write_at(FilePosition(position), slices);
}

inline spu::Config config_of(SpuId id) {
    spu::Config config;
    config.id = id;
    const auto step = static_cast<std::uint16_t>(10 * (id.value() - 5001));
    config.public_bind = {"node", static_cast<std::uint16_t>(9010 + step)};
    config.private_bind = {"node", static_cast<std::uint16_t>(9011 + step)};
    config.sc_private = {"node", 9004};
    config.log.segment_size_bytes_max = 4'096;
    config.log.preallocate_bytes_max = 4'096;
    return config;
}

class SpuNode {
public:
    SpuNode(Env& env, SpuId id) : config(config_of(id)), env_(env), scope_(env.executor) {}

    spu::Config config;

    // Until the SC has accepted it.
    Task<Result<void>> start() {
        stop_.emplace();
        started_.emplace(env_.executor);
        scope_.spawn(run());
        co_return co_await started_->registered.wait();
    }
    // In order; its result. Fine when it is not running.
    Task<Result<void>> stop() {
        if (stop_.has_value()) {
            stop_->cancel();
            co_await scope_.join();
            stop_.reset();
        }
        co_return result_;
    }

private:
    Task<void> run() { result_ = co_await spu::run(env_, config, stop_->token(), &*started_); }

    Env& env_;
    std::optional<CancelSource> stop_;
    std::optional<spu::Started> started_;
    TaskScope scope_;
    Result<void> result_;
};

// A test, with each of three seeds.
inline void run(sim::Main main) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const Result<void> result = sim::run_in_sim(seed, main, Duration::from_s(600));
        EXPECT_TRUE(result.has_value()) << "seed " << seed << ": " << to_string(result.error());
    }
}

}  // namespace weir::test
