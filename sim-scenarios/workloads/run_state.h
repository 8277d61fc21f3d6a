// What the runner and the client machines of one run share. It lives outside the simulated world:
// reading it costs no simulated time and survives crashes.
#pragma once

#include "core/base/ids.h"
#include "runtime/sim/check/oracle.h"
#include "sim-scenarios/scenario.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weir::sim {

inline constexpr std::uint16_t kScPublicPort = 9003;
inline constexpr std::uint16_t kScPrivatePort = 9004;
inline constexpr std::uint16_t kSpuPublicPort = 9010;
inline constexpr std::uint16_t kSpuPrivatePort = 9011;
inline constexpr std::int32_t kFirstSpuId = 5001;

struct RunState {
    RunState(Oracle& oracle_in, const Scenario& scenario_in)
        : oracle(oracle_in), scenario(scenario_in) {}

    Oracle& oracle;
    const Scenario& scenario;

    // Set by client 0 when the topics are there, read by all.
    bool ready = false;
    // The runner's word: go on producing and consuming.
    bool load = true;
    std::vector<bool> clients_done;
    // Set by client 0 when everything was read back after the load.
    bool verified = false;
    // What client 0 is waiting for, for the text of a liveness violation.
    std::string waiting_for = "the cluster to start";

    // Topics of the scenario, by their place in it.
    std::vector<TopicIndex> topics;
    // Topics of the churn that exist for certain; their producers are done.
    std::vector<TopicIndex> churn_topics;
    // Churn topics of which it is certain that they do not exist any more.
    std::vector<std::string> deleted_names;
    std::map<std::pair<TopicIndex, std::uint32_t>, SpuId> leaders;
    std::uint32_t next_producer = 0;
    std::uint64_t topics_created = 0;
    std::uint64_t topics_deleted = 0;
};

}  // namespace weir::sim
