#include "core/sc/journal.h"

#include <gtest/gtest.h>

namespace weir::sc {

namespace {

Mutation set(const std::string& name, const std::string& value) {
    Mutation mutation;
    mutation.key.kind = RecordKind::topic;
    mutation.key.name = name;
    const ByteSpan bytes = as_bytes(value);
    mutation.value = Bytes(bytes.begin(), bytes.end());
    return mutation;
}

Mutation erase(const std::string& name) {
    Mutation mutation;
    mutation.key.kind = RecordKind::topic;
    mutation.key.name = name;
    return mutation;
}

std::string value_of(const StoreState& state, const std::string& name) {
    StoreKey key;
    key.kind = RecordKind::topic;
    key.name = name;
    const auto found = state.find(key);
    return found == state.end() ? "none" : std::string(as_text(found->second.bytes));
}

// Two transactions, as a journal.
std::vector<Bytes> two_transactions() {
    return {encode_transaction(1, {set("a", "1"), set("b", "2")}),
            encode_transaction(2, {erase("a"), set("b", "3")})};
}

StoreState state_of(const std::vector<Bytes>& records) {
    JournalReplay replay(true);
    for (const Bytes& record : records) {
        EXPECT_TRUE(replay.apply(record).has_value());
    }
    EXPECT_TRUE(replay.finish().has_value());
    return std::move(replay).take_state();
}

Result<void> replay_all(JournalReplay& replay, const std::vector<Bytes>& records) {
    for (const Bytes& record : records) {
        WEIR_CHECK(replay.apply(record));
    }
    return replay.finish();
}

}  // namespace

TEST(Journal, TransactionsMakeTheState) {
    JournalReplay replay(true);
    ASSERT_TRUE(replay_all(replay, two_transactions()).has_value());
    EXPECT_EQ(replay.revision(), 2U);
    EXPECT_EQ(value_of(replay.state(), "a"), "none");
    EXPECT_EQ(value_of(replay.state(), "b"), "3");
    EXPECT_EQ(replay.state().begin()->second.revision, 2U);
}

TEST(Journal, AnEmptyJournalIsAnEmptyState) {
    JournalReplay fresh(true);
    EXPECT_TRUE(fresh.finish().has_value());
    EXPECT_EQ(fresh.revision(), 0U);
    // A journal that was cut must begin with a snapshot.
    JournalReplay cut(false);
    EXPECT_EQ(cut.finish().error().code, ErrorCode::corrupt);
}

TEST(Journal, ASnapshotReplacesWhatWasBefore) {
    const StoreState state = state_of(two_transactions());
    std::vector<Bytes> records = encode_snapshot(2, state);
    records.push_back(encode_transaction(3, {set("c", "4")}));
    JournalReplay replay(false);
    ASSERT_TRUE(replay_all(replay, records).has_value());
    EXPECT_EQ(replay.revision(), 3U);
    EXPECT_EQ(value_of(replay.state(), "b"), "3");
    EXPECT_EQ(value_of(replay.state(), "c"), "4");
}

TEST(Journal, ALargeStateTakesSeveralRecords) {
    StoreState state;
    for (int i = 0; i < 10; ++i) {
        StoreKey key;
        key.name = std::to_string(i);
        state[key].bytes = Bytes(kSnapshotPartSize / 3, static_cast<std::uint8_t>(i));
        state[key].revision = 7;
    }
    const std::vector<Bytes> records = encode_snapshot(9, state);
    EXPECT_GT(records.size(), 4U);
    JournalReplay replay(false);
    ASSERT_TRUE(replay_all(replay, records).has_value());
    EXPECT_EQ(replay.revision(), 9U);
    EXPECT_EQ(replay.state(), state);
}

TEST(Journal, AnUnfinishedSnapshotIsDropped) {
    std::vector<Bytes> records = two_transactions();
    const std::vector<Bytes> snapshot = encode_snapshot(2, state_of(records));
    records.push_back(snapshot[0]);
    records.push_back(snapshot[1]);
    JournalReplay at_the_end(true);
    ASSERT_TRUE(replay_all(at_the_end, records).has_value());
    EXPECT_EQ(at_the_end.revision(), 2U);
    records.push_back(encode_transaction(3, {set("c", "4")}));
    JournalReplay in_the_middle(true);
    ASSERT_TRUE(replay_all(in_the_middle, records).has_value());
    EXPECT_EQ(value_of(in_the_middle.state(), "c"), "4");
}

TEST(Journal, ContradictionsAreCorruption) {
    const StoreState state = state_of(two_transactions());
    const auto corrupt = [](bool from_start, const std::vector<Bytes>& records) {
        JournalReplay replay(from_start);
        const Result<void> result = replay_all(replay, records);
        return !result.has_value() && result.error().code == ErrorCode::corrupt;
    };
    std::vector<Bytes> gap = two_transactions();
    gap[1] = encode_transaction(3, {set("b", "3")});
    EXPECT_TRUE(corrupt(true, gap));
    std::vector<Bytes> twice = two_transactions();
    twice.push_back(twice[1]);
    EXPECT_TRUE(corrupt(true, twice));
    EXPECT_TRUE(corrupt(false, two_transactions()));

    std::vector<Bytes> wrong_content = two_transactions();
    for (const Bytes& record : encode_snapshot(2, StoreState())) {
        wrong_content.push_back(record);
    }
    EXPECT_TRUE(corrupt(true, wrong_content));
    std::vector<Bytes> snapshot = encode_snapshot(2, state);
    EXPECT_TRUE(corrupt(false, {snapshot[0], snapshot[2]}));
    EXPECT_TRUE(corrupt(false, {snapshot[1], snapshot[2]}));
    EXPECT_TRUE(corrupt(false, {snapshot[2]}));
    EXPECT_TRUE(corrupt(true, {Bytes{}}));
    EXPECT_TRUE(corrupt(true, {Bytes{1}}));
    EXPECT_TRUE(corrupt(true, {Bytes{2, 1}}));
    EXPECT_TRUE(corrupt(true, {Bytes{1, 9}}));
}

TEST(Journal, EveryPrefixOfARecordIsCorruption) {
    const std::vector<Bytes> records = two_transactions();
    for (std::size_t size = 0; size < records[0].size(); ++size) {
        JournalReplay replay(true);
        const Result<void> result = replay.apply(ByteSpan(records[0]).first(size));
        ASSERT_FALSE(result.has_value()) << size;
        EXPECT_EQ(result.error().code, ErrorCode::corrupt);
        EXPECT_TRUE(replay.state().empty());
    }
}

}  // namespace weir::sc
