// The contract of core/env/network.h, for any implementation. See world.h.
#pragma once

#include "core/task/sync.h"
#include "tests/unit/env/contract/world.h"

#include <array>
#include <memory>
#include <optional>

namespace weir::contract {

template <typename W>
class NetworkContract : public ::testing::Test {
protected:
    W world_;
};
TYPED_TEST_SUITE_P(NetworkContract);

namespace network_cases {

// Both ends of one connection, and the listener that made it.
struct Pair {
    std::unique_ptr<Listener> listener;
    std::unique_ptr<Connection> client;
    std::unique_ptr<Connection> server;
};

inline Task<void> accept_one(Listener& listener, std::unique_ptr<Connection>& into) {
    Result<std::unique_ptr<Connection>> accepted = co_await listener.accept(CancelToken());
    EXPECT_TRUE(accepted.has_value());
    if (accepted.has_value()) {
        into = *std::move(accepted);
    }
}

inline Task<std::unique_ptr<Pair>> connect_pair(World& world) {
    Env& env = world.env();
    auto pair = std::make_unique<Pair>();
    HostPort any;
    any.host = world.host();
    Result<std::unique_ptr<Listener>> listener = env.network.listen(any);
    if (!listener.has_value()) {
        ADD_FAILURE() << to_string(listener.error());
        co_return nullptr;
    }
    pair->listener = *std::move(listener);
    TaskScope scope(env.executor);
    scope.spawn(accept_one(*pair->listener, pair->server));
    HostPort address = pair->listener->local_address();
    address.host = world.host();
    Result<std::unique_ptr<Connection>> client =
        co_await env.network.connect(std::move(address), CancelToken());
    co_await scope.join();
    if (!client.has_value() || pair->server == nullptr) {
        ADD_FAILURE() << (client.has_value() ? "not accepted" : to_string(client.error()));
        co_return nullptr;
    }
    pair->client = *std::move(client);
    co_return pair;
}

inline Task<Result<void>> write_bytes(Connection& connection, Bytes bytes, CancelToken token) {
    const std::array<ByteSpan, 1> slices{ByteSpan(bytes)};
    co_return co_await connection.write(slices, token);
}

// Until the end of the stream, with reads of changing sizes.
inline Task<Result<Bytes>> read_all(Connection& connection) {
    Bytes all;
    Bytes buffer(70'000);
    std::size_t step = 1;
    while (true) {
        const MutByteSpan into(buffer.data(), step);
        WEIR_CO_TRY(const std::size_t got, co_await connection.read_some(into, CancelToken()));
        if (got == 0) {
            co_return all;
        }
        EXPECT_LE(got, step);
        all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
        step = step * 7 % buffer.size() + 1;
    }
}

inline Task<void> read_all_into(Connection& connection, Bytes& into) {
    Result<Bytes> read = co_await read_all(connection);
    EXPECT_TRUE(read.has_value()) << to_string(read.error());
    into = std::move(read).value_or(Bytes());
}

inline Task<void> write_and_end(Connection& connection, Bytes bytes) {
    const Result<void> written = co_await write_bytes(connection, std::move(bytes), CancelToken());
    EXPECT_TRUE(written.has_value());
    connection.shutdown_send();
}

inline Task<void> gathered_bytes_arrive_in_order(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    const Bytes bytes = pattern(300'000, 1);
    Bytes received;
    TaskScope scope(world.env().executor);
    scope.spawn(read_all_into(*pair->server, received));
    // More slices than one system call takes, some of them empty.
    std::vector<ByteSpan> slices;
    std::size_t at = 0;
    std::size_t size = 0;
    while (at < bytes.size()) {
        size = std::min((size * 5 + 1) % 401, bytes.size() - at);
        slices.push_back(ByteSpan(bytes).subspan(at, size));
        at += size;
        if (slices.size() % 7 == 0) {
            slices.emplace_back();
        }
    }
    const Result<void> written = co_await pair->client->write(slices, CancelToken());
    EXPECT_TRUE(written.has_value());
    const Result<void> nothing = co_await pair->client->write({}, CancelToken());
    EXPECT_TRUE(nothing.has_value());
    pair->client->shutdown_send();
    co_await scope.join();
    EXPECT_TRUE(received == bytes);
}

inline Task<void> both_directions_at_once(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    const Bytes up = pattern(3'000'000, 2);
    const Bytes down = pattern(2'000'000, 3);
    Bytes got_up;
    Bytes got_down;
    TaskScope scope(world.env().executor);
    scope.spawn(write_and_end(*pair->client, up));
    scope.spawn(write_and_end(*pair->server, down));
    scope.spawn(read_all_into(*pair->client, got_down));
    scope.spawn(read_all_into(*pair->server, got_up));
    co_await scope.join();
    EXPECT_TRUE(got_up == up);
    EXPECT_TRUE(got_down == down);
}

inline Task<void> write_noting_end(Connection& connection, std::size_t size, CancelToken token,
                                   std::optional<Result<void>>& outcome) {
    Bytes bytes(size);
    outcome = co_await write_bytes(connection, std::move(bytes), token);
}

inline Task<void> writer_waits_for_reader(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    std::optional<Result<void>> outcome;
    TaskScope scope(env.executor);
    scope.spawn(
        write_noting_end(*pair->client, world.size_beyond_buffers(), CancelToken(), outcome));
    const Result<void> slept = co_await sleep_for(env.clock, env.executor, Duration::from_ms(30));
    EXPECT_TRUE(slept.has_value());
    EXPECT_FALSE(outcome.has_value());
    std::size_t received = 0;
    Bytes buffer(1U << 20);
    while (received < world.size_beyond_buffers()) {
        const Result<std::size_t> got = co_await pair->server->read_some(buffer, CancelToken());
        WEIR_CO_ASSERT(got.has_value() && *got > 0);
        received += *got;
    }
    co_await scope.join();
    WEIR_CO_ASSERT(outcome.has_value());
    EXPECT_TRUE(outcome->has_value());
}

inline Task<void> blocked_write_is_cancelled(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    Deadline deadline(env.clock, env.clock.now() + Duration::from_ms(20));
    std::optional<Result<void>> outcome;
    co_await write_noting_end(*pair->client, world.size_beyond_buffers(), deadline.token(),
                              outcome);
    WEIR_CO_ASSERT(outcome.has_value() && !outcome->has_value());
    EXPECT_EQ(outcome->error().code, ErrorCode::cancelled);
}

inline Task<void> half_close_lets_the_answer_through(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    co_await write_and_end(*pair->client, pattern(1000, 4));
    const Result<Bytes> question = co_await read_all(*pair->server);
    EXPECT_TRUE(question.has_value() && *question == pattern(1000, 4));
    co_await write_and_end(*pair->server, pattern(2000, 5));
    const Result<Bytes> answer = co_await read_all(*pair->client);
    EXPECT_TRUE(answer.has_value() && *answer == pattern(2000, 5));
    // The end stays the end.
    Bytes buffer(10);
    const Result<std::size_t> again = co_await pair->client->read_some(buffer, CancelToken());
    EXPECT_TRUE(again.has_value() && *again == 0);
}

inline Task<void> closed_peer_is_noticed(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    const Result<void> written =
        co_await write_bytes(*pair->server, pattern(100, 6), CancelToken());
    EXPECT_TRUE(written.has_value());
    pair->server.reset();
    const Result<Bytes> rest = co_await read_all(*pair->client);
    EXPECT_TRUE(rest.has_value() && *rest == pattern(100, 6));
    // The first write may be lost on the way; one of the next learns of it.
    ErrorCode code = ErrorCode::cancelled;
    for (int i = 0; i < 100 && code == ErrorCode::cancelled; ++i) {
        const Result<void> late = co_await write_bytes(*pair->client, Bytes(10), CancelToken());
        if (!late.has_value()) {
            code = late.error().code;
        }
        const Result<void> slept =
            co_await sleep_for(env.clock, env.executor, Duration::from_ms(2));
        EXPECT_TRUE(slept.has_value());
    }
    EXPECT_EQ(code, ErrorCode::connection_closed);
}

inline Task<void> read_noting_end(Connection& connection, CancelToken token,
                                  std::optional<Result<std::size_t>>& outcome) {
    Bytes buffer(100);
    outcome = co_await connection.read_some(buffer, token);
}

inline Task<void> reset_fails_both_ends(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    std::optional<Result<std::size_t>> here;
    std::optional<Result<std::size_t>> there;
    std::optional<Result<void>> writing;
    TaskScope scope(env.executor);
    scope.spawn(read_noting_end(*pair->client, CancelToken(), here));
    scope.spawn(read_noting_end(*pair->server, CancelToken(), there));
    scope.spawn(
        write_noting_end(*pair->client, world.size_beyond_buffers(), CancelToken(), writing));
    // The server has read some; what the writer has not got rid of waits.
    const Result<void> slept = co_await sleep_for(env.clock, env.executor, Duration::from_ms(10));
    EXPECT_TRUE(slept.has_value());
    EXPECT_FALSE(writing.has_value());
    WEIR_CO_ASSERT(there.has_value());
    there.reset();
    pair->server->reset();
    co_await scope.join();
    WEIR_CO_ASSERT(here.has_value() && writing.has_value());
    EXPECT_TRUE(!here->has_value() && here->error().code == ErrorCode::connection_closed);
    EXPECT_TRUE(!writing->has_value() && writing->error().code == ErrorCode::connection_closed);
    // Local operations after the reset.
    co_await read_noting_end(*pair->server, CancelToken(), there);
    WEIR_CO_ASSERT(there.has_value());
    EXPECT_TRUE(!there->has_value() && there->error().code == ErrorCode::connection_closed);
    const Result<void> late = co_await write_bytes(*pair->server, Bytes(1), CancelToken());
    EXPECT_TRUE(!late.has_value() && late.error().code == ErrorCode::connection_closed);
    pair->server->reset();
    pair->server->shutdown_send();
}

inline Task<void> local_reset_wakes_the_reader(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    std::optional<Result<std::size_t>> outcome;
    TaskScope scope(world.env().executor);
    scope.spawn(read_noting_end(*pair->client, CancelToken(), outcome));
    co_await yield(world.env().executor);
    co_await yield(world.env().executor);
    pair->client->reset();
    EXPECT_FALSE(outcome.has_value());  // not from inside reset()
    co_await scope.join();
    WEIR_CO_ASSERT(outcome.has_value() && !outcome->has_value());
    EXPECT_EQ(outcome->error().code, ErrorCode::connection_closed);
}

inline Task<void> cancelled_read_loses_nothing(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    std::optional<Result<std::size_t>> outcome;
    CancelSource source;
    TaskScope scope(env.executor);
    scope.spawn(read_noting_end(*pair->client, source.token(), outcome));
    const Result<void> slept = co_await sleep_for(env.clock, env.executor, Duration::from_ms(2));
    EXPECT_TRUE(slept.has_value());
    EXPECT_FALSE(outcome.has_value());
    source.cancel();
    EXPECT_FALSE(outcome.has_value());
    co_await scope.join();
    WEIR_CO_ASSERT(outcome.has_value() && !outcome->has_value());
    EXPECT_EQ(outcome->error().code, ErrorCode::cancelled);
    co_await write_and_end(*pair->server, pattern(500, 7));
    // A token that is cancelled already takes nothing either, even when bytes are there.
    const Result<void> slept_again =
        co_await sleep_for(env.clock, env.executor, Duration::from_ms(2));
    EXPECT_TRUE(slept_again.has_value());
    co_await read_noting_end(*pair->client, source.token(), outcome);
    EXPECT_TRUE(!outcome->has_value() && outcome->error().code == ErrorCode::cancelled);
    const Result<Bytes> all = co_await read_all(*pair->client);
    EXPECT_TRUE(all.has_value() && *all == pattern(500, 7));
}

inline Task<void> accept_noting_end(Listener& listener, CancelToken token,
                                    std::optional<ErrorCode>& code) {
    const Result<std::unique_ptr<Connection>> accepted = co_await listener.accept(token);
    code = accepted.has_value() ? ErrorCode::already_exists : accepted.error().code;
}

inline Task<void> cancelled_accept_leaves_the_listener(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    CancelSource source;
    std::optional<ErrorCode> code;
    TaskScope scope(env.executor);
    scope.spawn(accept_noting_end(*pair->listener, source.token(), code));
    const Result<void> slept = co_await sleep_for(env.clock, env.executor, Duration::from_ms(2));
    EXPECT_TRUE(slept.has_value());
    EXPECT_FALSE(code.has_value());
    source.cancel();
    co_await scope.join();
    EXPECT_EQ(code, ErrorCode::cancelled);
    HostPort address = pair->listener->local_address();
    address.host = world.host();
    scope.spawn(accept_one(*pair->listener, pair->server));
    const Result<std::unique_ptr<Connection>> second =
        co_await env.network.connect(std::move(address), CancelToken());
    EXPECT_TRUE(second.has_value());
    co_await scope.join();
}

inline Task<void> nobody_listens(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    HostPort address = pair->listener->local_address();
    address.host = world.host();
    pair->client.reset();
    pair->server.reset();
    pair->listener.reset();
    const Result<std::unique_ptr<Connection>> refused =
        co_await world.env().network.connect(address, CancelToken());
    WEIR_CO_ASSERT(!refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::connection_refused);
    CancelSource source;
    source.cancel();
    const Result<std::unique_ptr<Connection>> cancelled =
        co_await world.env().network.connect(address, source.token());
    WEIR_CO_ASSERT(!cancelled.has_value());
    EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
    // The port is free again.
    const Result<std::unique_ptr<Listener>> again = world.env().network.listen(address);
    EXPECT_TRUE(again.has_value());
    const Result<std::unique_ptr<Listener>> taken = world.env().network.listen(address);
    EXPECT_FALSE(taken.has_value());
}

inline Task<void> unknown_name(World& world) {
    if (!world.resolves_names()) {
        co_return;
    }
    HostPort address;
    address.host = "no host has a blank";
    address.port = 1;
    const Result<std::unique_ptr<Connection>> found =
        co_await world.env().network.connect(std::move(address), CancelToken());
    WEIR_CO_ASSERT(!found.has_value());
    EXPECT_EQ(found.error().code, ErrorCode::not_found);
}

inline Task<void> send_range(Connection& connection, File& file, std::size_t from,
                             std::size_t size) {
    const Result<void> head = co_await write_bytes(connection, pattern(11, 8), CancelToken());
    EXPECT_TRUE(head.has_value());
    const Result<void> sent =
        co_await connection.send_file(file, FilePosition(from), size, CancelToken());
    EXPECT_TRUE(sent.has_value()) << to_string(sent.error());
    co_await write_and_end(connection, pattern(13, 9));
}

inline Task<void> file_ranges_are_sent(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    const Bytes content = pattern(3'000'000, 10);
    Result<std::unique_ptr<File>> file = co_await env.disk.open("sent", OpenMode::create_new);
    WEIR_CO_ASSERT(file.has_value());
    const std::array<ByteSpan, 1> slices{ByteSpan(content)};
    const Result<void> written = co_await (*file)->write_at(FilePosition(0), slices);
    EXPECT_TRUE(written.has_value());
    constexpr std::size_t kFrom = 12'345;
    constexpr std::size_t kSize = 2'900'001;
    Bytes received;
    TaskScope scope(env.executor);
    scope.spawn(send_range(*pair->server, **file, kFrom, kSize));
    scope.spawn(read_all_into(*pair->client, received));
    co_await scope.join();
    Bytes expected = pattern(11, 8);
    const auto begin = content.begin() + static_cast<std::ptrdiff_t>(kFrom);
    expected.insert(expected.end(), begin, begin + static_cast<std::ptrdiff_t>(kSize));
    const Bytes tail = pattern(13, 9);
    expected.insert(expected.end(), tail.begin(), tail.end());
    EXPECT_TRUE(received == expected);
}

inline Task<void> file_that_ends_too_early(World& world) {
    std::unique_ptr<Pair> pair = co_await connect_pair(world);
    WEIR_CO_ASSERT(pair != nullptr);
    Env& env = world.env();
    Result<std::unique_ptr<File>> file = co_await env.disk.open("short", OpenMode::create_new);
    WEIR_CO_ASSERT(file.has_value());
    const Bytes content = pattern(100, 11);
    const std::array<ByteSpan, 1> slices{ByteSpan(content)};
    const Result<void> written = co_await (*file)->write_at(FilePosition(0), slices);
    EXPECT_TRUE(written.has_value());
    const Result<void> sent =
        co_await pair->client->send_file(**file, FilePosition(50), 51, CancelToken());
    WEIR_CO_ASSERT(!sent.has_value());
    EXPECT_EQ(sent.error().code, ErrorCode::io_error);
}

inline Task<void> echo(std::unique_ptr<Connection> connection) {
    Bytes buffer(4096);
    while (true) {
        const Result<std::size_t> got = co_await connection->read_some(buffer, CancelToken());
        if (!got.has_value() || *got == 0) {
            co_return;
        }
        const std::array<ByteSpan, 1> slices{ByteSpan(buffer).first(*got)};
        const Result<void> written = co_await connection->write(slices, CancelToken());
        EXPECT_TRUE(written.has_value());
    }
}

inline Task<void> serve_echo(Listener& listener, TaskScope& scope) {
    while (true) {
        Result<std::unique_ptr<Connection>> accepted = co_await listener.accept(scope.token());
        if (!accepted.has_value()) {
            co_return;
        }
        scope.spawn(echo(*std::move(accepted)));
    }
}

inline Task<void> ask_echo(World& world, HostPort address, std::uint64_t seed, int& good_count) {
    Result<std::unique_ptr<Connection>> connection =
        co_await world.env().network.connect(std::move(address), CancelToken());
    WEIR_CO_ASSERT(connection.has_value());
    for (std::uint64_t round = 0; round < 20; ++round) {
        const Bytes question = pattern(100 + seed * 10, seed + round);
        const std::array<ByteSpan, 1> slices{ByteSpan(question)};
        const Result<void> written = co_await (*connection)->write(slices, CancelToken());
        WEIR_CO_ASSERT(written.has_value());
        Bytes answer(question.size());
        std::size_t filled = 0;
        while (filled < answer.size()) {
            const MutByteSpan rest = MutByteSpan(answer).subspan(filled);
            const Result<std::size_t> got = co_await (*connection)->read_some(rest, CancelToken());
            WEIR_CO_ASSERT(got.has_value() && *got > 0);
            filled += *got;
        }
        WEIR_CO_ASSERT(answer == question);
    }
    ++good_count;
}

inline Task<void> many_connections(World& world) {
    Env& env = world.env();
    HostPort any;
    any.host = world.host();
    Result<std::unique_ptr<Listener>> listener = env.network.listen(any);
    WEIR_CO_ASSERT(listener.has_value());
    HostPort address = (*listener)->local_address();
    address.host = world.host();
    TaskScope servers(env.executor);
    servers.spawn(serve_echo(**listener, servers));
    TaskScope clients(env.executor);
    int good_count = 0;
    constexpr int kCount = 100;
    for (int i = 0; i < kCount; ++i) {
        clients.spawn(ask_echo(world, address, static_cast<std::uint64_t>(i), good_count));
    }
    co_await clients.join();
    EXPECT_EQ(good_count, kCount);
    co_await servers.close();
}

}  // namespace network_cases

TYPED_TEST_P(NetworkContract, GatheredBytesArriveInOrder) {
    run_body(this->world_, network_cases::gathered_bytes_arrive_in_order);
}
TYPED_TEST_P(NetworkContract, BothDirectionsAtOnce) {
    run_body(this->world_, network_cases::both_directions_at_once);
}
TYPED_TEST_P(NetworkContract, WriterWaitsForReader) {
    run_body(this->world_, network_cases::writer_waits_for_reader);
}
TYPED_TEST_P(NetworkContract, BlockedWriteIsCancelled) {
    run_body(this->world_, network_cases::blocked_write_is_cancelled);
}
TYPED_TEST_P(NetworkContract, HalfCloseLetsTheAnswerThrough) {
    run_body(this->world_, network_cases::half_close_lets_the_answer_through);
}
TYPED_TEST_P(NetworkContract, ClosedPeerIsNoticed) {
    run_body(this->world_, network_cases::closed_peer_is_noticed);
}
TYPED_TEST_P(NetworkContract, ResetFailsBothEnds) {
    run_body(this->world_, network_cases::reset_fails_both_ends);
}
TYPED_TEST_P(NetworkContract, LocalResetWakesTheReader) {
    run_body(this->world_, network_cases::local_reset_wakes_the_reader);
}
TYPED_TEST_P(NetworkContract, CancelledReadLosesNothing) {
    run_body(this->world_, network_cases::cancelled_read_loses_nothing);
}
TYPED_TEST_P(NetworkContract, CancelledAcceptLeavesTheListener) {
    run_body(this->world_, network_cases::cancelled_accept_leaves_the_listener);
}
TYPED_TEST_P(NetworkContract, NobodyListens) {
    run_body(this->world_, network_cases::nobody_listens);
}
TYPED_TEST_P(NetworkContract, UnknownName) {
    run_body(this->world_, network_cases::unknown_name);
}
TYPED_TEST_P(NetworkContract, FileRangesAreSent) {
    run_body(this->world_, network_cases::file_ranges_are_sent);
}
TYPED_TEST_P(NetworkContract, FileThatEndsTooEarly) {
    run_body(this->world_, network_cases::file_that_ends_too_early);
}
TYPED_TEST_P(NetworkContract, ManyConnections) {
    run_body(this->world_, network_cases::many_connections);
}

REGISTER_TYPED_TEST_SUITE_P(NetworkContract, GatheredBytesArriveInOrder, BothDirectionsAtOnce,
                            WriterWaitsForReader, BlockedWriteIsCancelled,
                            HalfCloseLetsTheAnswerThrough, ClosedPeerIsNoticed, ResetFailsBothEnds,
                            LocalResetWakesTheReader, CancelledReadLosesNothing,
                            CancelledAcceptLeavesTheListener, NobodyListens, UnknownName,
                            FileRangesAreSent, FileThatEndsTooEarly, ManyConnections);

}  // namespace weir::contract
