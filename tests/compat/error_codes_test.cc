// Every error code that the specifications give a cause for is caused, and its answer is compared
// byte by byte; the other codes are listed with the reason why nothing here causes them.
#include "core/wire/error_code.h"
#include "tests/compat/causes.h"
#include "tests/compat/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace weir::test {
namespace {

// Control-plane spec 7 and data-plane spec 5, which have the same table.
constexpr std::array kCodes = {
    -1,   0,    1,     2,     6,     7,     10,    13,    56,    60,    61,    71,   72,
    73,   1000, 1001,  1002,  1003,  1004,  2000,  2001,  2002,  2003,  2004,  2005, 2006,
    2007, 2008, 3000,  3001,  3002,  3003,  3004,  3005,  5000,  5001,  5002,  6000, 6001,
    6002, 6003, 6004,  6005,  6006,  6007,  6008,  7000,  7001,  7002,  8000,  8001, 8002,
    8003, 9000, 10000, 10001, 11001, 11002, 11003, 11004, 11005, 11006, 12001, 12002};

constexpr std::string_view kNeverSent = "no server of Fluvio 0.18 sends it";
constexpr std::string_view kClients = "made by clients";
constexpr std::string_view kConnectors = "managed connectors: not part of 0.18";
constexpr std::string_view kDerived = "derived streams: not part of 0.18";
constexpr std::string_view kWasm = "comes from a running SmartModule; none runs here";

const std::map<int, std::string_view> kNoCause = {
    {-1, kNeverSent},
    {1, kNeverSent},
    {13, "nothing is denied: there is no authorization"},
    {56, "a damaged disk: SpuService.DamagedRecordsAreAStorageError causes it"},
    {60, kNeverSent},
    {61, kNeverSent},
    {73, "too much waits to be written: SpuService.ALogThatTakesNoMoreIsShortCircuited"},
    {1001, kNeverSent},
    {1002, kNeverSent},
    {2003, kNeverSent},
    {3000, kNeverSent},
    {3003, kClients},
    {3004, kClients},
    {3005, kClients},
    {5000, kConnectors},
    {5001, kConnectors},
    {5002, kConnectors},
    {6002, kWasm},
    {6003, kWasm},
    {6004, kWasm},
    {6006, kWasm},
    {6007, kWasm},
    {6008, kWasm},
    {8000, kDerived},
    {8001, kDerived},
    {8002, kDerived},
    {8003, kDerived},
};

void run(const std::vector<Step>& steps, sc::Config config = {},
         const sim::MachineOptions& spu_machines = {}) {
    config.topic_wait = Duration::from_s(2);
    CompatCluster cluster(3, {5001, 5002}, config, spu_machines);
    std::vector<std::string> failures;
    cluster.run(sim::Main(&run_script, &steps, &failures), Duration::from_s(600));
    for (const std::string& failure : failures) {
        ADD_FAILURE() << failure;
    }
}

TEST(ErrorCodes, CausesAtTheSc) {
    run(sc_error_steps());
}

TEST(ErrorCodes, CausesAtAnSpu) {
    run(spu_error_steps());
}

TEST(ErrorCodes, NoTopicForConsumerOffsets) {
    sc::Config config;
    config.create_consumer_offset_topic = false;
    run(no_offset_topic_steps(), config);
}

TEST(ErrorCodes, FullDisk) {
    sim::MachineOptions machine;
    machine.disk.capacity_bytes = 8U << 20;
    run(full_disk_steps(), sc::Config(), machine);
}

TEST(ErrorCodes, EveryCodeHasACauseOrAReason) {
    std::set<int> caused;
    for (const std::vector<Step>& steps :
         {sc_error_steps(), spu_error_steps(), no_offset_topic_steps(), full_disk_steps()}) {
        for (const Step& step : steps) {
            caused.insert(step.code);
        }
    }
    for (int number = -1; number <= 13'000; ++number) {
        const bool known = std::find(kCodes.begin(), kCodes.end(), number) != kCodes.end();
        EXPECT_EQ(known, wire::error_tag_from(static_cast<std::int16_t>(number)).has_value())
            << number;
        const bool has_cause = caused.contains(number);
        const bool has_reason = kNoCause.contains(number);
        EXPECT_EQ(known, has_cause || has_reason) << number;
        EXPECT_FALSE(has_cause && has_reason) << number;
    }
}

}  // namespace
}  // namespace weir::test
