// Our servers answer every recorded request of real clients as Fluvio 0.18.1 did, field by field.
#include "tests/compat/replay.h"

#include "tests/compat/cluster.h"
#include "tests/compat/equivalence.h"
#include "tests/compat/known_differences.h"

#include <gtest/gtest.h>

#include <deque>
#include <iostream>

namespace weir::test {
namespace {

// The relay through which the clients were recorded reported this.
constexpr const char* kPlatformVersion = "0.18.2-dev-1";

std::vector<Difference> replay(CompatCluster& cluster, const Conversation& conversation,
                               Delivery delivery) {
    std::deque<Played> played(conversation.dialogues.size());
    std::vector<sim::Main> clients;
    for (std::size_t i = 0; i < conversation.dialogues.size(); ++i) {
        const Dialogue& dialogue = conversation.dialogues[i];
        const HostPort address =
            dialogue.spu.has_value() ? cluster.spu_address(*dialogue.spu) : kScAddress;
        clients.emplace_back(&play, &dialogue, address, delivery, &played[i]);
    }
    cluster.run_all(clients);
    // What the servers report about themselves has arrived before the next command.
    cluster.run_for(Duration::from_s(1));
    std::vector<Difference> differences;
    for (std::size_t i = 0; i < conversation.dialogues.size(); ++i) {
        EXPECT_EQ(played[i].problem, "") << conversation.name;
        for (Difference& difference :
             compare(conversation, conversation.dialogues[i], played[i], cluster.addresses())) {
            differences.push_back(std::move(difference));
        }
    }
    return differences;
}

// A report of a leader that reached our SC before the recorded command and the recorded SC only
// before a later one.
bool known_later(const Difference& difference, const std::vector<Fields>& recorded,
                 std::size_t index) {
    if (!difference.field.starts_with("Partition[") ||
        difference.field.find(".status.") == std::string::npos) {
        return false;
    }
    for (std::size_t later = index; later < recorded.size(); ++later) {
        const auto found = recorded[later].find(difference.field);
        if (found != recorded[later].end() && found->second == difference.ours) {
            return true;
        }
    }
    return false;
}

void replay_all(const std::vector<Conversation>& conversations, Delivery delivery) {
    sc::Config config;
    config.platform_version = kPlatformVersion;
    CompatCluster cluster(7, {5001, 5002}, config);
    std::vector<Fields> recorded;
    for (const Conversation& conversation : conversations) {
        recorded.push_back(recorded_partitions(conversation, cluster.addresses()));
    }
    for (std::size_t i = 0; i < conversations.size(); ++i) {
        for (const Difference& difference : replay(cluster, conversations[i], delivery)) {
            EXPECT_TRUE(known_later(difference, recorded, i) || explained(difference))
                << difference.where << " | " << difference.field << "\n  recorded "
                << difference.recorded.substr(0, 300) << "\n  ours     "
                << difference.ours.substr(0, 300);
        }
    }
}

TEST(Replay, OurServersAnswerAsRecorded) {
    replay_all(first_cluster_conversations(), Delivery());
    replay_all(second_cluster_conversations(), Delivery());
    for (const KnownDifference& unused : unused_differences()) {
        ADD_FAILURE() << "explains nothing: " << unused.where << " | " << unused.field;
    }
}

TEST(Replay, OurServersAnswerSlowClientsAsRecorded) {
    for (const std::size_t piece_size : {std::size_t{1}, std::size_t{7}}) {
        replay_all(first_cluster_conversations(), Delivery{piece_size});
        replay_all(second_cluster_conversations(), Delivery{piece_size});
    }
}

TEST(Replay, EveryRecordedConnectionIsReplayed) {
    std::size_t replayed = 0;
    for (const auto& conversations :
         {first_cluster_conversations(), second_cluster_conversations()}) {
        for (const Conversation& conversation : conversations) {
            replayed += conversation.dialogues.size();
        }
    }
    EXPECT_EQ(replayed, load_captures("sc").size() + load_captures("spu").size());
}

}  // namespace
}  // namespace weir::test
