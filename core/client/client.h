// The client of a cluster: finds the SC, keeps the cluster's metadata up to date, and holds one
// connection per SPU and purpose. Producers, consumers and the admin calls are built on it.
//
//     ClientConfig config;
//     config.sc = {"127.0.0.1", 9003};
//     auto client = co_await Client::connect(env, config, token);
//     ...                                      // close producers and consumers first
//     co_await (*client)->close();
//
// One shard. The Env outlives it. close() must be awaited before it is destroyed (except on a
// simulated crash); producers, consumers and other users of it end before. It reconnects by itself:
// a lost SC or SPU shows only in the calls that were under way.
#pragma once

#include "core/client/backoff.h"
#include "core/client/connection.h"
#include "core/client/metadata.h"
#include "core/env/env.h"
#include "core/task/task_scope.h"
#include "core/wire/consumer_offsets.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::client {

struct ClientConfig {
    HostPort sc;
    std::string client_id = "weir";
    SpuAddressKind spu_address_kind = SpuAddressKind::public_address;
    Duration connect_timeout = Duration::from_s(10);
    // One answer of one server, where the caller names no deadline of its own.
    Duration request_timeout = Duration::from_s(60);
    // How long a look-up waits for the SC to say something about a topic or leader.
    Duration metadata_timeout = Duration::from_s(60);
    // Reconnects: doubled each time, with jitter.
    Duration backoff_min = Duration::from_ms(50);
    Duration backoff_max = Duration::from_s(5);
};

// Produce and consume do not share a connection, so that an acknowledgement never waits behind a
// produce that waits for the disk.
enum class Purpose : std::uint8_t { produce, consume, offsets };

class Client {
public:
    // Fails when the SC cannot be reached or does not speak the protocol; does not retry.
    static Task<Result<std::unique_ptr<Client>>> connect(Env& env, ClientConfig config,
                                                         CancelToken token);
    Client(Env& env, ClientConfig config);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    Task<void> close();

    Env& env() const { return env_; }
    const ClientConfig& config() const { return config_; }
    const Metadata& metadata() const { return metadata_; }
    // The platform version that the SC reported last.
    const std::string& platform_version() const { return platform_version_; }

    // The current connection to the SC; waits for the reconnect, at most until `deadline`.
    Task<Result<std::shared_ptr<ServerConnection>>> sc_connection(Instant deadline,
                                                                  CancelToken token);
    // Waits until the topic is in the cache with all its partitions. not_found as soon as the SC
    // says that there is none; timed_out.
    Task<Result<std::uint32_t>> wait_for_topic(std::string topic, CancelToken token);
    // A connection to the leader of the partition. Errors: not_found (no such topic), unavailable
    // (no leader, or it cannot be reached: nothing was sent), timed_out, cancelled.
    Task<Result<std::shared_ptr<ServerConnection>>> leader_connection(ReplicaKey key,
                                                                      Purpose purpose,
                                                                      CancelToken token);

    // An id for a producer that no other one has, if the servers store each of its batches once
    // (core/wire/own_api.h); nothing when they do not, or the SC does not say. cancelled.
    Task<Result<std::optional<std::int64_t>>> begin_producer(CancelToken token);

    // Consumer offsets, kept by the leader of the system topic `consumer-offset`.
    Task<Result<std::vector<wire::ConsumerOffset>>> consumer_offsets(
        std::optional<wire::ConsumerOffsetFilter> filter, CancelToken token);
    Task<Result<void>> delete_consumer_offset(ReplicaKey replica, std::string consumer_id,
                                              CancelToken token);

private:
    struct Slot {
        explicit Slot(Executor& executor) : opening(executor) {}
        // One connect at a time: the others wait for it and use its connection.
        AsyncMutex opening;
        std::shared_ptr<ServerConnection> connection;
    };

    Task<Result<void>> open_sc(CancelToken token);
    Task<Result<std::int64_t>> ask_for_producer_id(CancelToken token);
    Task<void> maintain_sc();
    Task<void> follow_sc(std::shared_ptr<ServerConnection> sc);
    Task<void> follow_watch(std::shared_ptr<ServerConnection> sc, AnswerStream answers);
    Task<Result<std::shared_ptr<ServerConnection>>> spu_connection(SpuId id, HostPort address,
                                                                   Purpose purpose,
                                                                   CancelToken token);
    Task<Result<bool>> topic_listed(std::string topic, wire::ListRequest request, Instant deadline,
                                    CancelToken token);
    Task<Result<bool>> topic_exists(std::string topic, Instant deadline, CancelToken token);
    ConnectionOptions connection_options() const;
    void retire(std::shared_ptr<ServerConnection> connection);
    static Task<void> close_connection(std::shared_ptr<ServerConnection> connection);

    Env& env_;
    ClientConfig config_;
    Logger log_;
    Metadata metadata_;
    std::string platform_version_;
    std::shared_ptr<ServerConnection> sc_;
    Notifier sc_changed_;
    std::map<std::pair<SpuId, Purpose>, std::unique_ptr<Slot>> slots_;
    TaskScope scope_;
};

}  // namespace weir::client
