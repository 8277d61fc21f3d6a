// Recordings of a small program: what replays, and what is found when the program or the file
// changes.
#include "core/task/task_scope.h"
#include "runtime/record/recorded_env.h"
#include "runtime/record/recorder.h"
#include "tests/unit/runtime/real_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sys/resource.h>

namespace weir::record {
namespace {

// What a changed program does otherwise.
enum class Change {
    none,
    other_bytes,
    no_sync,
    second_sync,
    longer_sleep,
    other_name,
    assertion,
    halt,
    room_again
};

// A socket may have everything at once. What is read in steps is recorded in steps: at the half,
// more than a quarter has been written.
constexpr std::size_t kReadMax = 64U << 10;

// Of files that this process writes: a disk that is full from there on.
void set_file_size_max(rlim_t size_bytes) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size_bytes;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Task<void> send_all(Env& env, HostPort address, std::size_t size) {
    Result<std::unique_ptr<Connection>> connection =
        co_await env.network.connect(address, CancelToken());
    if (connection.has_value()) {
        const Bytes bytes(size, 0x5a);
        const std::array<ByteSpan, 1> slices{ByteSpan(bytes)};
        const Result<void> sent = co_await (*connection)->write(slices, CancelToken());
        EXPECT_TRUE(sent.has_value());
    }
}

// Everything at once: a connection to itself, a file, a sleep, random bytes, a log that moves.
Task<Result<void>> program(Env& env, Change change, std::size_t size) {
    HostPort any;
    any.host = "127.0.0.1";
    WEIR_CO_TRY(const std::unique_ptr<Listener> listener, env.network.listen(any));
    TaskScope scope(env.executor);
    scope.spawn(send_all(env, listener->local_address(), size));
    Result<std::unique_ptr<Connection>> accepted = co_await listener->accept(CancelToken());
    Bytes received(size);
    std::size_t have = 0;
    while (accepted.has_value() && have < size) {
        const MutByteSpan into =
            MutByteSpan(received).subspan(have, std::min(kReadMax, size - have));
        const Result<std::size_t> got = co_await (*accepted)->read_some(into, CancelToken());
        if (!got.has_value() || *got == 0) {
            break;
        }
        have += *got;
        if (change == Change::room_again && have > size / 2) {
            set_file_size_max(RLIM_INFINITY);
        }
    }
    EXPECT_EQ(have, size);
    co_await scope.close();
    const std::string name = change == Change::other_name ? "other" : "file";
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env.disk.open(name, OpenMode::open_or_create));
    Prng random = env.random.stream("test");
    received.resize(64);
    received[0] = static_cast<std::uint8_t>(random.next());
    received[1] = change == Change::other_bytes ? 1 : 0;
    const std::array<ByteSpan, 1> slices{ByteSpan(received)};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(0), slices));
    if (change != Change::no_sync) {
        WEIR_CO_CHECK(co_await file->sync_data());
    }
    if (change == Change::second_sync) {
        WEIR_CO_CHECK(co_await file->sync_data());
    }
    WEIR_ASSERT(change != Change::assertion);
    if (change == Change::halt) {
        co_await env.process.halt("no way to go on");
    }
    const Duration pause = Duration::from_ms(change == Change::longer_sleep ? 2 : 1);
    WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, pause));
    // The text of an error is an input, too.
    const Result<std::unique_ptr<File>> missing =
        co_await env.disk.open("missing", OpenMode::read_only);
    const std::string dir = missing.has_value() ? "log" : missing.error().context;
    env.probe.log_moved(LogPosition{dir, Offset(1), Offset(2), Offset(3)});
    co_return Result<void>();
}

struct Outcome {
    std::string difference;
    bool complete = false;
    std::uint64_t state_hash = 0;
    std::uint64_t call_count = 0;
    std::size_t logs = 0;
};

class Record : public ::testing::Test {
protected:
    // Gives the path of the recording.
    std::string record(std::size_t size, Change change = Change::none) {
        real::RealEnv& real = world_.real();
        auto recorder = Recorder::create(world_.root() + "/record", Launch(), real.env().executor,
                                         real.env().log);
        EXPECT_TRUE(recorder.has_value());
        RecordedEnv recorded(**recorder, real.env(), real.stop_token());
        const Result<void> result = real.run(recorded.run(program(recorded.env(), change, size)));
        EXPECT_TRUE(result.has_value());
        kept_hash_ = (*recorder)->state_hash();
        kept_calls_ = (*recorder)->call_count();
        return (*recorder)->path();
    }

    static Outcome replay(const std::string& path, Change change, std::size_t size) {
        Outcome outcome;
        Result<std::unique_ptr<Replayer>> replayer = Replayer::open(path);
        if (!replayer.has_value()) {
            outcome.difference = to_string(replayer.error());
            return outcome;
        }
        RecordedEnv env(**replayer, null_log_sink());
        env.replay(**replayer, program(env.env(), change, size));
        outcome.difference = (*replayer)->difference();
        outcome.complete = (*replayer)->complete();
        outcome.state_hash = (*replayer)->state_hash();
        outcome.call_count = (*replayer)->call_count();
        outcome.logs = env.logs().size();
        return outcome;
    }

    static std::string read(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return std::string((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    }
    static void write(const std::string& path, const std::string& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    }

    // Records with a disk that is full after 1 MiB of what is more than 4 MiB.
    void end_at_a_full_disk(Change change) {
        set_file_size_max(1U << 20);
        const std::string path = record(4U << 20, change);
        set_file_size_max(RLIM_INFINITY);
        const Outcome outcome = replay(path, Change::none, 4U << 20);
        EXPECT_EQ(outcome.difference, "");
        EXPECT_FALSE(outcome.complete);
        EXPECT_GT(outcome.call_count, 0U);
    }

    real::RealWorld world_;
    std::uint64_t kept_hash_ = 0;
    std::uint64_t kept_calls_ = 0;
};

TEST_F(Record, ReplaysToTheSameHash) {
    const std::string path = record(100'000);
    for (int i = 0; i < 2; ++i) {
        const Outcome outcome = replay(path, Change::none, 100'000);
        EXPECT_EQ(outcome.difference, "");
        EXPECT_TRUE(outcome.complete);
        EXPECT_EQ(outcome.state_hash, kept_hash_);
        EXPECT_EQ(outcome.call_count, kept_calls_);
        EXPECT_EQ(outcome.logs, 1U);
    }
}

TEST_F(Record, NamesTheFirstCallThatDiffers) {
    const std::string path = record(1'000);
    const std::vector<std::pair<Change, std::vector<std::string>>> changes = {
        {Change::other_bytes, {"`file.write file=1 position=0 size=64 digest="}},
        {Change::no_sync, {"the recording has `file.sync file=1`", "makes `clock.now`"}},
        {Change::second_sync, {"the recording has `clock.now`", "makes `file.sync file=1`"}},
        {Change::longer_sleep, {"`timer.arm timer=0 in_ns=1000000`", "in_ns=2000000`"}},
        {Change::other_name, {"path='file' mode=3`", "path='other' mode=3`"}},
    };
    for (const auto& [change, texts] : changes) {
        const Outcome outcome = replay(path, change, 1'000);
        EXPECT_FALSE(outcome.complete);
        EXPECT_NE(outcome.difference.find(", position "), std::string::npos);
        for (const std::string& text : texts) {
            EXPECT_NE(outcome.difference.find(text), std::string::npos) << outcome.difference;
        }
    }
    // It waits for more than the recording has.
    EXPECT_NE(replay(path, Change::none, 2'000).difference, "");
}

TEST_F(Record, FindsEachDamagedByte) {
    const std::string path = record(100);
    const std::string whole = read(path);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
        write(path, damaged);
        EXPECT_NE(replay(path, Change::none, 100).difference, "") << "byte " << i;
    }
}

// A recording whose checksums are right and whose node came to another state.
TEST_F(Record, ComparesTheStateHashAtEachCheckpoint) {
    const std::string path = record(100);
    Result<RecordingReader> reader = RecordingReader::open(path);
    ASSERT_TRUE(reader.has_value());
    Result<RecordingWriter> writer = RecordingWriter::create(world_.root() + "/record");
    ASSERT_TRUE(writer.has_value());
    for (int i = 0;; ++i) {
        Result<std::optional<Block>> block = reader->next();
        ASSERT_TRUE(block.has_value());
        if (!block->has_value()) {
            break;
        }
        Checkpoint checkpoint = (*block)->checkpoint;
        checkpoint.state_hash += i == 2 ? 1 : 0;
        ASSERT_TRUE(writer->append((*block)->entries, checkpoint).has_value());
    }
    const Outcome outcome = replay(writer->path(), Change::none, 100);
    EXPECT_NE(outcome.difference.find("state hash "), std::string::npos) << outcome.difference;
    EXPECT_FALSE(outcome.complete);
}

TEST_F(Record, ReplaysWhatATornFileHas) {
    const std::string path = record(100);
    const std::string whole = read(path);
    std::uint64_t calls_before = kept_calls_;
    std::size_t replayed_count = 0;
    for (std::size_t size = whole.size() - 1; size > 8 + 32; --size) {
        write(path, whole.substr(0, size));
        const Outcome outcome = replay(path, Change::none, 100);
        if (outcome.difference.find("how the process was started") != std::string::npos) {
            break;
        }
        EXPECT_EQ(outcome.difference, "") << size << " bytes of " << whole.size();
        EXPECT_FALSE(outcome.complete);
        EXPECT_LE(outcome.call_count, calls_before);
        calls_before = outcome.call_count;
        ++replayed_count;
    }
    EXPECT_GT(replayed_count, 100U);
}

TEST_F(Record, HasTheTurnOfAFailedAssertion) {
    EXPECT_DEATH(record(100, Change::assertion), "change != Change::assertion");
    const Result<std::vector<std::string>> paths = list_recordings(world_.root() + "/record");
    ASSERT_TRUE(paths.has_value());
    const std::string& path = paths->front();
    EXPECT_DEATH(replay(path, Change::assertion, 100), "change != Change::assertion");
    // The sync was the last call.
    EXPECT_NE(replay(path, Change::no_sync, 100).difference, "");
    const Outcome outcome = replay(path, Change::none, 100);
    EXPECT_EQ(outcome.difference, "");
    EXPECT_FALSE(outcome.complete);
}

TEST_F(Record, HasTheReasonOfAHalt) {
    EXPECT_EXIT(record(100, Change::halt), ::testing::ExitedWithCode(70), "");
    const Result<std::vector<std::string>> paths = list_recordings(world_.root() + "/record");
    ASSERT_TRUE(paths.has_value());
    const Outcome same = replay(paths->front(), Change::halt, 100);
    EXPECT_EQ(same.difference, "");
    EXPECT_FALSE(same.complete);
    const Outcome other = replay(paths->front(), Change::none, 100);
    EXPECT_NE(other.difference.find("`process.halt reason='no way to go on'`"), std::string::npos)
        << other.difference;
}

TEST_F(Record, EndsAtAFullDiskAndTheNodeGoesOn) {
    end_at_a_full_disk(Change::none);
}

TEST_F(Record, StaysEndedWhenThereIsRoomAgain) {
    end_at_a_full_disk(Change::room_again);
}

Task<void> note(std::vector<int>& seen, int number) {
    seen.push_back(number);
    co_return;
}

Task<Result<void>> spawn_three(Env& env, std::vector<int>& seen) {
    TaskScope scope(env.executor);
    for (int number = 1; number <= 3; ++number) {
        scope.spawn(note(seen, number));
    }
    co_await scope.join();
    co_return Result<void>();
}

TEST_F(Record, ChangesNoOrder) {
    std::vector<int> seen;
    real::RealEnv& real = world_.real();
    auto recorder =
        Recorder::create(world_.root() + "/record", Launch(), real.env().executor, real.env().log);
    ASSERT_TRUE(recorder.has_value());
    RecordedEnv recorded(**recorder, real.env(), real.stop_token());
    const Result<void> result = real.run(recorded.run(spawn_three(recorded.env(), seen)));
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

}  // namespace
}  // namespace weir::record
