#include "core/client/client.h"

#include "core/client/errors.h"
#include "core/wire/control_plane.h"
#include "core/wire/own_api.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace weir::client {
namespace {

constexpr std::array<ObjectKind, 3> kWatched = {ObjectKind::spu, ObjectKind::partition,
                                                ObjectKind::topic};
// What this client speaks; below 15 no SC of interest lists or watches.
constexpr wire::ApiRange kWatchRange = {static_cast<std::int16_t>(wire::ScApi::watch), 15,
                                        wire::kScVersionMax};
constexpr wire::ApiRange kListRange = {static_cast<std::int16_t>(wire::ScApi::list), 15,
                                       wire::kScVersionMax};

}  // namespace

Client::Client(Env& env, ClientConfig config)
    : env_(env),
      config_(std::move(config)),
      log_(env.log, "client"),
      metadata_(env.executor),
      sc_changed_(env.executor),
      scope_(env.executor) {}

Client::~Client() = default;

ConnectionOptions Client::connection_options() const {
    ConnectionOptions options;
    options.client_id = config_.client_id;
    options.connect_timeout = config_.connect_timeout;
    return options;
}

Task<Result<std::unique_ptr<Client>>> Client::connect(Env& env, ClientConfig config,
                                                      CancelToken token) {
    auto client = std::make_unique<Client>(env, std::move(config));
    WEIR_CO_CHECK(co_await client->open_sc(token));
    client->scope_.spawn(client->maintain_sc());
    co_return client;
}

Task<Result<void>> Client::open_sc(CancelToken token) {
    WEIR_CO_TRY(std::shared_ptr<ServerConnection> sc,
                co_await ServerConnection::open(env_, config_.sc, connection_options(), token));
    platform_version_ = sc->versions().platform_version;
    const std::optional<wire::ApiRange> watch =
        wire::find_range(sc->versions(), static_cast<std::uint16_t>(wire::ScApi::watch));
    const bool speaks_watch =
        watch.has_value() && wire::choose_version(*watch, kWatchRange).has_value();
    if (!speaks_watch) {
        co_await sc->close();
        co_return fail(ErrorCode::not_supported,
                       fmt::format("{} is not a streaming controller that this client can use: it "
                                   "offers no Watch API in versions {} to {} (platform {})",
                                   to_string(config_.sc), kWatchRange.version_min,
                                   kWatchRange.version_max, platform_version_));
    }
    sc_ = std::move(sc);
    sc_changed_.notify_all();
    co_return Result<void>();
}

// On a connection of its own, which a server that does not know the request closes.
Task<Result<std::int64_t>> Client::ask_for_producer_id(CancelToken token) {
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> sc,
                co_await ServerConnection::open(env_, config_.sc, connection_options(), token));
    const wire::BeginProducer request;
    const Instant deadline = env_.clock.now() + config_.connect_timeout;
    Result<BufferSlice> frame =
        co_await sc->call(static_cast<std::uint16_t>(wire::OwnApi::begin_producer),
                          wire::kOwnVersionMax, request, deadline, token);
    co_await sc->close();
    if (!frame.has_value()) {
        co_return fail(std::move(frame).error());
    }
    WEIR_CO_TRY(wire::Reader reader, open_answer(*frame));
    WEIR_CO_TRY(const wire::ProducerBegun begun,
                wire::decode_producer_begun(reader, wire::kOwnVersionMax));
    co_return begun.producer_id;
}

Task<Result<std::optional<std::int64_t>>> Client::begin_producer(CancelToken token) {
    const Result<std::int64_t> id = co_await ask_for_producer_id(token);
    if (!id.has_value() && token.cancelled()) {
        co_return fail(id.error());
    }
    if (!id.has_value()) {
        WEIR_LOG(log_, info, "retries may write records twice: {}", to_string(id.error()));
        co_return std::optional<std::int64_t>();
    }
    co_return std::optional<std::int64_t>(*id);
}

Task<void> Client::maintain_sc() {
    Backoff backoff(env_, config_.backoff_min, config_.backoff_max);
    const CancelToken token = scope_.token();
    while (!token.cancelled()) {
        if (sc_ != nullptr) {
            backoff.reset();
            const std::shared_ptr<ServerConnection> sc = sc_;
            co_await follow_sc(sc);
            sc_ = nullptr;
            retire(sc);
        }
        const Instant never = Instant::from_ns(std::numeric_limits<std::int64_t>::max());
        const Result<void> waited = co_await backoff.wait(never, token);
        if (!waited.has_value()) {
            break;
        }
        const Result<void> opened = co_await open_sc(token);
        if (opened.has_value()) {
            env_.probe.reached(Sometimes::client_reconnected);
        }
        if (!opened.has_value() && !token.cancelled()) {
            WEIR_LOG(log_, info, "reconnect: {}", to_string(opened.error()));
        }
    }
}

// Until the connection ends or the client is closed.
Task<void> Client::follow_sc(std::shared_ptr<ServerConnection> sc) {
    TaskScope watches(env_.executor, scope_.token());
    const wire::Version version = sc->version_for(kWatchRange);
    for (const ObjectKind kind : kWatched) {
        wire::WatchRequest request;
        request.kind = kind;
        Result<AnswerStream> answers =
            sc->open_stream(static_cast<std::uint16_t>(wire::ScApi::watch), version, request);
        if (answers.has_value()) {
            watches.spawn(follow_watch(sc, *std::move(answers)));
        }
    }
    co_await watches.join();
}

Task<void> Client::follow_watch(std::shared_ptr<ServerConnection> sc, AnswerStream answers) {
    const wire::Version version = sc->version_for(kWatchRange);
    while (true) {
        const Result<BufferSlice> frame = co_await answers.next(scope_.token());
        if (!frame.has_value()) {
            co_return;
        }
        if (env_.probe.fault(FaultPoint::client_watch_restarted)) {
            sc->abandon(Error(ErrorCode::unavailable, "opened anew"));
            co_return;
        }
        Result<wire::Reader> reader = open_answer(*frame);
        Result<wire::WatchResponse> response =
            reader.has_value() ? wire::decode_watch_response(*reader, version)
                               : Result<wire::WatchResponse>(fail(reader.error()));
        const Result<void> applied = response.has_value() ? metadata_.apply(*response)
                                                          : Result<void>(fail(response.error()));
        if (!applied.has_value()) {
            WEIR_LOG(log_, warn, "watch of {}: {}", to_string(sc->address()),
                     to_string(applied.error()));
            sc->abandon(applied.error());
            co_return;
        }
    }
}

Task<Result<std::shared_ptr<ServerConnection>>> Client::sc_connection(Instant deadline,
                                                                      CancelToken token) {
    Deadline limit(env_.clock, deadline, token);
    while (sc_ == nullptr || !sc_->usable()) {
        Result<void> waited = co_await sc_changed_.wait(limit.token());
        if (!waited.has_value()) {
            Error error = limit.translate(std::move(waited).error());
            error.context = fmt::format("no connection to the streaming controller at {}",
                                        to_string(config_.sc));
            co_return fail(std::move(error));
        }
    }
    co_return sc_;
}

Task<Result<bool>> Client::topic_listed(std::string topic, wire::ListRequest request,
                                        Instant deadline, CancelToken token) {
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> sc,
                co_await sc_connection(deadline, token));
    const wire::Version version = sc->version_for(kListRange);
    WEIR_CO_TRY(const BufferSlice frame,
                co_await sc->call(static_cast<std::uint16_t>(wire::ScApi::list), version, request,
                                  deadline, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    WEIR_CO_TRY(const wire::ListResponse response, wire::decode_list_response(reader, version));
    const auto* topics = std::get_if<std::vector<TopicObject>>(&response.objects);
    if (topics == nullptr) {
        co_return fail(ErrorCode::malformed, "a list of topics answered with another kind");
    }
    // The filter takes any name that contains it.
    co_return std::any_of(topics->begin(), topics->end(),
                          [&](const TopicObject& object) { return object.name == topic; });
}

Task<Result<bool>> Client::topic_exists(std::string topic, Instant deadline, CancelToken token) {
    wire::ListRequest request;
    request.kind = ObjectKind::topic;
    request.name_filters.push_back(topic);
    WEIR_CO_TRY(const bool listed, co_await topic_listed(topic, request, deadline, token));
    if (listed) {
        co_return true;
    }
    request.system = true;
    co_return co_await topic_listed(topic, request, deadline, token);
}

Task<Result<std::uint32_t>> Client::wait_for_topic(std::string topic, CancelToken token) {
    const Instant deadline = env_.clock.now() + config_.metadata_timeout;
    Deadline limit(env_.clock, deadline, token);
    Backoff backoff(env_, config_.backoff_min, config_.backoff_max);
    while (true) {
        const std::uint32_t count = metadata_.partition_count(topic);
        bool all_known = count > 0;
        for (std::uint32_t i = 0; all_known && i < count; ++i) {
            all_known = metadata_.partitions().contains(ReplicaKey{topic, i});
        }
        if (all_known) {
            co_return count;
        }
        const std::uint64_t version = metadata_.version();
        if (count == 0) {
            const Result<bool> exists = co_await topic_exists(topic, deadline, limit.token());
            if (exists.has_value() && !*exists) {
                co_return fail(ErrorCode::not_found, "Topic not found: " + topic);
            }
            if (!exists.has_value()) {
                WEIR_CO_CHECK(co_await backoff.wait(deadline, token));
            }
        }
        if (version == metadata_.version()) {
            Result<void> changed = co_await metadata_.wait_for_change(limit.token());
            if (!changed.has_value()) {
                Error error = limit.translate(std::move(changed).error());
                error.context = fmt::format(
                    "topic {} is not ready: the SC has not told of all its partitions", topic);
                co_return fail(std::move(error));
            }
        }
    }
}

Task<Result<std::shared_ptr<ServerConnection>>> Client::leader_connection(ReplicaKey key,
                                                                          Purpose purpose,
                                                                          CancelToken token) {
    if (!metadata_.leader(key).has_value()) {
        WEIR_CO_TRY(const std::uint32_t count, co_await wait_for_topic(key.topic, token));
        if (key.partition >= count) {
            co_return fail(ErrorCode::not_found,
                           fmt::format("Partition not found: {} has {} partitions, there is no {}",
                                       key.topic, count, key.partition));
        }
    }
    const std::optional<SpuId> leader = metadata_.leader(key);
    if (!leader.has_value()) {
        co_return fail(ErrorCode::unavailable, to_string(key) + " has no leader");
    }
    const std::optional<HostPort> address =
        metadata_.spu_address(*leader, config_.spu_address_kind);
    if (!address.has_value()) {
        co_return fail(ErrorCode::unavailable,
                       fmt::format("the address of SPU {}, which leads {}, is not known",
                                   leader->value(), to_string(key)));
    }
    co_return co_await spu_connection(*leader, *address, purpose, token);
}

Task<Result<std::shared_ptr<ServerConnection>>> Client::spu_connection(SpuId id, HostPort address,
                                                                       Purpose purpose,
                                                                       CancelToken token) {
    std::unique_ptr<Slot>& entry = slots_[std::make_pair(id, purpose)];
    if (entry == nullptr) {
        entry = std::make_unique<Slot>(env_.executor);
    }
    // Slots are never removed, so the reference stays good.
    Slot& slot = *entry;
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await slot.opening.lock(token));
    if (slot.connection != nullptr) {
        if (slot.connection->usable() && slot.connection->address() == address &&
            !env_.probe.fault(FaultPoint::client_reconnect)) {
            co_return slot.connection;
        }
        retire(std::move(slot.connection));
        slot.connection = nullptr;
    }
    Result<std::shared_ptr<ServerConnection>> opened =
        co_await ServerConnection::open(env_, address, connection_options(), token);
    if (!opened.has_value()) {
        Error error = std::move(opened).error();
        if (error.code != ErrorCode::cancelled) {
            error.code = ErrorCode::unavailable;
        }
        error.context = fmt::format("SPU {}: {}", id.value(), error.context);
        co_return fail(std::move(error));
    }
    slot.connection = *std::move(opened);
    co_return slot.connection;
}

void Client::retire(std::shared_ptr<ServerConnection> connection) {
    if (connection != nullptr) {
        scope_.spawn(close_connection(std::move(connection)));
    }
}

Task<void> Client::close_connection(std::shared_ptr<ServerConnection> connection) {
    co_await connection->close();
}

Task<void> Client::close() {
    for (auto& [key, slot] : slots_) {
        retire(std::exchange(slot->connection, nullptr));
    }
    // maintain_sc ends with the scope and leaves the SC's connection, if there is one.
    co_await scope_.close();
    if (sc_ != nullptr) {
        co_await sc_->close();
        sc_ = nullptr;
    }
}

Task<Result<std::vector<wire::ConsumerOffset>>> Client::consumer_offsets(
    std::optional<wire::ConsumerOffsetFilter> filter, CancelToken token) {
    const ReplicaKey system{kConsumerOffsetTopic, 0};
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> leader,
                co_await leader_connection(system, Purpose::offsets, token));
    const wire::Version version =
        leader->version_for(wire::spu_client_range(wire::SpuApi::fetch_consumer_offsets));
    wire::FetchConsumerOffsetsRequest request;
    request.filter = std::move(filter);
    const Instant deadline = env_.clock.now() + config_.request_timeout;
    WEIR_CO_TRY(
        const BufferSlice frame,
        co_await leader->call(static_cast<std::uint16_t>(wire::SpuApi::fetch_consumer_offsets),
                              version, request, deadline, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    WEIR_CO_TRY(wire::FetchConsumerOffsetsResponse response,
                wire::decode_fetch_consumer_offsets_response(reader, version));
    if (!response.error.ok()) {
        co_return fail(to_error(response.error, "consumer offsets"));
    }
    co_return std::move(response.consumers);
}

Task<Result<void>> Client::delete_consumer_offset(ReplicaKey replica, std::string consumer_id,
                                                  CancelToken token) {
    const ReplicaKey system{kConsumerOffsetTopic, 0};
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> leader,
                co_await leader_connection(system, Purpose::offsets, token));
    const wire::Version version =
        leader->version_for(wire::spu_client_range(wire::SpuApi::delete_consumer_offset));
    wire::DeleteConsumerOffsetRequest request;
    request.replica = std::move(replica);
    request.consumer_id = std::move(consumer_id);
    const Instant deadline = env_.clock.now() + config_.request_timeout;
    WEIR_CO_TRY(
        const BufferSlice frame,
        co_await leader->call(static_cast<std::uint16_t>(wire::SpuApi::delete_consumer_offset),
                              version, request, deadline, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    WEIR_CO_TRY(const wire::DeleteConsumerOffsetResponse response,
                wire::decode_delete_consumer_offset_response(reader, version));
    if (!response.error.ok()) {
        co_return fail(to_error(response.error, "delete consumer offset"));
    }
    co_return Result<void>();
}

}  // namespace weir::client
