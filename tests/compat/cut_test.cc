// The byte streams of recorded clients, cut at every byte: the server answers or ends the
// connection, never hangs, and goes on to serve.
#include "tests/compat/cluster.h"
#include "tests/compat/conversation.h"
#include "tests/compat/peer.h"
#include "tests/compat/replay.h"

#include <gtest/gtest.h>

#include <set>

namespace weir::test {
namespace {

// An answer or an end must come within this, or the server hangs.
constexpr Duration kPatience = Duration::from_s(30);

enum class End { finish, reset };

struct Attempt {
    HostPort address;
    Bytes bytes;
    End end = End::finish;
};

struct Tally {
    std::size_t attempts = 0;
    std::size_t answers = 0;
    std::string hung;
};

// Sends the bytes in one write, ends, and reads until the server ends.
Task<Result<void>> attempt(Env& env, const Attempt* what, Tally* tally) {
    WEIR_CO_TRY(const auto peer, co_await Peer::connect(env, what->address));
    ++tally->attempts;
    const Result<void> written = co_await peer->write(what->bytes);
    if (!written.has_value()) {
        co_return Result<void>();
    }
    if (what->end == End::reset) {
        const Result<BufferSlice> first = co_await peer->next(Duration::from_ms(2));
        tally->answers += first.has_value() ? 1U : 0U;
        peer->connection().reset();
        co_return Result<void>();
    }
    peer->connection().shutdown_send();
    while (true) {
        const Result<BufferSlice> frame = co_await peer->next(kPatience);
        if (frame.has_value()) {
            ++tally->answers;
            continue;
        }
        if (frame.error().code == ErrorCode::timed_out) {
            tally->hung = to_string(what->address) + " after " +
                          std::to_string(what->bytes.size()) + " bytes: " + to_hex(what->bytes);
        }
        co_return Result<void>();
    }
}

Task<Result<void>> run_attempts(Env& env, const std::vector<Attempt>* attempts, Tally* tally,
                                CancelToken) {
    for (const Attempt& what : *attempts) {
        WEIR_CO_CHECK(co_await attempt(env, &what, tally));
        if (!tally->hung.empty()) {
            break;
        }
    }
    co_return Result<void>();
}

Bytes client_bytes(const Dialogue& dialogue) {
    wire::Writer writer;
    for (const Exchange& exchange : dialogue.exchanges) {
        if (exchange.from_client) {
            writer.write_u32(static_cast<std::uint32_t>(exchange.payload.size()));
            writer.write_bytes(exchange.payload);
        }
    }
    return std::move(writer).take();
}

// Each prefix of each dialogue once: many dialogues begin alike.
std::vector<Attempt> all_prefixes(const CompatCluster& cluster,
                                  const std::vector<Conversation>& conversations) {
    std::vector<Attempt> attempts;
    std::set<std::pair<HostPort, Bytes>> seen;
    for (const Conversation& conversation : conversations) {
        for (const Dialogue& dialogue : conversation.dialogues) {
            const HostPort address =
                dialogue.spu.has_value() ? cluster.spu_address(*dialogue.spu) : kScAddress;
            const Bytes bytes = client_bytes(dialogue);
            for (std::size_t size = 0; size <= bytes.size(); ++size) {
                Attempt what;
                what.address = address;
                what.bytes.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
                what.end = size % 3 == 0 ? End::reset : End::finish;
                if (seen.emplace(address, what.bytes).second) {
                    attempts.push_back(std::move(what));
                }
            }
        }
    }
    return attempts;
}

// Topics, partitions and records are there, so that requests find something.
void prepare(CompatCluster& cluster, const std::vector<Conversation>& conversations) {
    for (const Conversation& conversation : conversations) {
        if (conversation.name.find("topic-create") == std::string::npos &&
            conversation.name.find("produce-file") == std::string::npos) {
            continue;
        }
        for (const Dialogue& dialogue : conversation.dialogues) {
            Played played;
            const HostPort address =
                dialogue.spu.has_value() ? cluster.spu_address(*dialogue.spu) : kScAddress;
            cluster.run(sim::Main(&play, &dialogue, address, Delivery(), &played));
            EXPECT_EQ(played.problem, "") << conversation.name;
        }
    }
}

TEST(CutConnections, EveryPrefixIsAnsweredOrEnded) {
    std::vector<Conversation> conversations = first_cluster_conversations();
    for (Conversation& conversation : second_cluster_conversations()) {
        conversations.push_back(std::move(conversation));
    }
    CompatCluster cluster(11, {5001, 5002});
    prepare(cluster, conversations);
    const std::vector<Attempt> attempts = all_prefixes(cluster, conversations);
    EXPECT_GT(attempts.size(), 9'000U);
    Tally tally;
    cluster.run(sim::Main(&run_attempts, &attempts, &tally), Duration::from_s(100'000));
    EXPECT_EQ(tally.hung, "");
    EXPECT_EQ(tally.attempts, attempts.size());
    EXPECT_GT(tally.answers, attempts.size());
    // Still as before for the next client.
    prepare(cluster, {conversations.front()});
    RecordProperty("attempts", static_cast<int>(tally.attempts));
}

}  // namespace
}  // namespace weir::test
