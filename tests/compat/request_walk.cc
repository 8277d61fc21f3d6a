#include "tests/compat/request_walk.h"

#include "core/model/batch.h"
#include "core/wire/header.h"
#include "core/wire/stream_fetch.h"
#include "tests/compat/damaged_request.h"
#include "tests/compat/spec_control.h"
#include "tests/compat/spec_data.h"
#include "tests/support/hex.h"

namespace weir::test {
namespace {

// A server that is away for longer has not come back.
constexpr int kTriesMax = 200;
constexpr Duration kRetryDelay = Duration::from_ms(100);
constexpr Duration kAnswerTimeout = Duration::from_s(70);

}  // namespace

Result<void> RequestWalk::wrong(std::string text) {
    if (options_.wrong->empty()) {
        *options_.wrong = text;
    }
    return fail(ErrorCode::invalid_argument, std::move(text));
}

Task<Result<BufferSlice>> RequestWalk::call(std::string server, std::uint16_t key, int version,
                                            Bytes body) {
    const HostPort address =
        server == "sc" ? HostPort{"sc", 9003} : HostPort{"spu-" + server, 9005};
    std::unique_ptr<Peer>& peer = peers_[server];
    for (int i = 0; peer == nullptr && i < kTriesMax; ++i) {
        auto connected = co_await Peer::connect(env_, address);
        if (connected.has_value()) {
            peer = *std::move(connected);
        } else {
            WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, kRetryDelay));
        }
    }
    if (peer == nullptr) {
        WEIR_CO_CHECK(wrong(server + " does not come back"));
    }
    const Bytes payload = spec::request(key, version, ++last_id_, body);
    const Result<void> sent = co_await peer->send(&payload);
    if (!sent.has_value()) {
        WEIR_CO_CHECK(wrong("key " + std::to_string(key) + ": " + to_string(sent.error())));
    }
    const Result<BufferSlice> frame = co_await peer->next(kAnswerTimeout);
    if (!frame.has_value()) {
        WEIR_CO_CHECK(wrong("key " + std::to_string(key) + " version " + std::to_string(version) +
                            ": " + to_string(frame.error())));
    }
    wire::Reader reader(frame->span());
    WEIR_CO_TRY(const CorrelationId id, wire::decode_response_header(reader));
    if (id != CorrelationId(last_id_)) {
        WEIR_CO_CHECK(wrong("an answer to another request"));
    }
    co_return frame->sub(reader.position(), reader.remaining());
}

Task<Result<void>> RequestWalk::expect_status(std::string what, std::uint16_t key, int version,
                                              Bytes body, int code) {
    WEIR_CO_TRY(const BufferSlice answer, co_await call("sc", key, version, std::move(body)));
    wire::Reader reader(answer.span());
    const auto status = wire::decode_status(reader, static_cast<wire::Version>(version));
    if (!status.has_value() || static_cast<int>(status->error.tag) != code) {
        co_return wrong(what + ": expected " + std::to_string(code) + ", got " +
                        (status.has_value()
                             ? wire::to_string(status->error) + " " + status->message.value_or("")
                             : to_string(status.error())));
    }
    co_return Result<void>();
}

Task<Result<wire::ListResponse>> RequestWalk::list(std::string label, bool summary, bool system) {
    Bytes body = spec::list(label, {}, summary, system);
    WEIR_CO_TRY(const BufferSlice answer, co_await call("sc", spec::kList, 19, std::move(body)));
    wire::Reader reader(answer.span());
    auto response = wire::decode_list_response(reader, 19);
    if (!response.has_value()) {
        WEIR_CO_CHECK(wrong("list of " + label + ": " + to_string(response.error())));
    }
    co_return *std::move(response);
}

Task<Result<std::string>> RequestWalk::leader(std::string topic, std::uint32_t partition) {
    const bool system = model_.topics[topic].system;
    for (int i = 0; i < kTriesMax; ++i) {
        WEIR_CO_TRY(const wire::ListResponse response, co_await list("Partition", false, system));
        for (const auto& object : std::get<std::vector<PartitionObject>>(response.objects)) {
            if (object.name == topic + "-" + std::to_string(partition) &&
                object.status.resolution == PartitionResolution::online &&
                object.status.live_replica_count + 1 == object.spec.replicas.size()) {
                co_return std::to_string(object.spec.leader.value());
            }
        }
        WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, kRetryDelay));
    }
    WEIR_CO_CHECK(wrong("nobody leads " + topic + "-" + std::to_string(partition)));
    co_return std::string();
}

bool RequestWalk::pick_partition(std::string& topic, std::uint32_t& partition) {
    if (model_.topics.empty()) {
        return false;
    }
    auto found = model_.topics.begin();
    std::advance(found, static_cast<std::ptrdiff_t>(prng_.below(model_.topics.size())));
    topic = found->first;
    partition = static_cast<std::uint32_t>(prng_.below(found->second.logs.size()));
    return true;
}

Bytes RequestWalk::some_batches(std::vector<Bytes>& log) {
    Bytes records;
    const std::uint64_t count = prng_.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string value = "value " + std::to_string(++record_count_);
        Bytes batch;
        if (prng_.chance(1, 3)) {
            batch = spec::batch_of(value, static_cast<int>(prng_.between(2, 5)));
        } else if (prng_.chance(1, 3)) {
            // Gzip, Snappy, Lz4 or Zstd: nobody opens it here.
            batch = spec::opaque_batch(static_cast<std::int16_t>(prng_.between(1, 4)),
                                       static_cast<std::size_t>(prng_.between(1, 200)));
        } else {
            spec::Record record;
            record.value = value;
            batch = spec::batch(record);
        }
        records.insert(records.end(), batch.begin(), batch.end());
        log.emplace_back(batch.begin() + kBatchHeaderSize, batch.end());
        log.resize(log.size() + static_cast<std::size_t>(read_batch_header(batch).record_count()) -
                   1);
    }
    return records;
}

Task<Result<void>> RequestWalk::produce() {
    spec::Produce request;
    std::string topic;
    if (!pick_partition(topic, request.partition)) {
        co_return Result<void>();
    }
    request.topic = topic;
    ModelTopic& model = model_.topics[topic];
    // What only the leader has may go with it.
    const bool is_committed = model.replicas > 1 || prng_.chance(1, 2);
    request.acks = is_committed ? std::int16_t{-1} : std::int16_t{1};
    // Longer than an SC that has restarted waits for an SPU that has restarted as well, and than a
    // leader waits for a follower.
    request.timeout_ms = 10'000;
    std::vector<Bytes>& log = model.logs[request.partition];
    const auto base = static_cast<std::int64_t>(log.size());
    request.records = some_batches(log);
    const int version = spu_version();
    const Bytes expected =
        spec::produced(version, request, spec::code(0), request.records.empty() ? 0 : base);
    for (int i = 0; i < kTriesMax; ++i) {
        WEIR_CO_TRY(std::string server, co_await leader(topic, request.partition));
        WEIR_CO_TRY(const BufferSlice answer,
                    co_await call(std::move(server), spec::kProduce, version,
                                  spec::produce(version, request)));
        const Bytes seen(answer.span().begin(), answer.span().end());
        if (seen == expected) {
            co_return Result<void>();
        }
        if (seen != spec::produced(version, request, spec::code(6))) {
            co_return wrong("produce to " + topic + " at version " + std::to_string(version) +
                            " is answered " + to_hex(seen));
        }
        // It has just started.
        WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, kRetryDelay));
    }
    co_return wrong("the leader of " + topic + " does not lead");
}

Task<Result<void>> RequestWalk::fetch() {
    std::string topic;
    std::uint32_t partition = 0;
    if (!pick_partition(topic, partition)) {
        co_return Result<void>();
    }
    const auto end = static_cast<std::int64_t>(model_.topics[topic].logs[partition].size());
    const std::int64_t from = prng_.between(-2, end + 2);
    co_return co_await check_log(topic, partition, from);
}

// A stream on its own connection, and the offset of its consumer.
Task<Result<void>> RequestWalk::commit_consumer() {
    std::string topic;
    spec::Read read;
    if (!pick_partition(topic, read.partition) ||
        model_.topics[topic].logs[read.partition].empty()) {
        co_return Result<void>();
    }
    const std::string consumer = "c" + std::to_string(prng_.below(3));
    read.topic = topic;
    read.consumer_id = consumer;
    WEIR_CO_TRY(std::string server, co_await leader(topic, read.partition));
    peers_.erase(server);
    WEIR_CO_TRY(const BufferSlice slice,
                co_await call(server, spec::kStreamFetch, 25, spec::stream_fetch(25, read)));
    wire::Reader reader(slice.span());
    const auto opened = wire::decode_stream_fetch_response(reader, slice, 25);
    if (!opened.has_value() || !opened->partition.error.ok()) {
        // The leader has just started.
        co_return Result<void>();
    }
    const auto end = static_cast<std::int64_t>(model_.topics[topic].logs[read.partition].size());
    const std::int64_t offset = prng_.between(0, end - 1);
    const int version = spu_version();
    for (int i = 0; i < kTriesMax; ++i) {
        WEIR_CO_TRY(const BufferSlice answer,
                    co_await call(server, spec::kUpdateConsumerOffset, version,
                                  spec::update_consumer_offset(offset, 1)));
        const Bytes seen(answer.span().begin(), answer.span().end());
        if (seen == spec::consumer_offset_updated(offset, spec::code(0))) {
            model_.consumers[RequestModel::consumer_key(consumer, topic, read.partition)] = offset;
            co_return Result<void>();
        }
        // The SPU that keeps the offsets has just started.
        WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, kRetryDelay));
    }
    co_return wrong("the offset of " + consumer + " cannot be stored");
}

// Of somebody who may never have been there. Only the SPU that keeps the offsets does it.
Task<Result<void>> RequestWalk::forget_consumer() {
    std::string topic;
    std::uint32_t partition = 0;
    if (!pick_partition(topic, partition)) {
        co_return Result<void>();
    }
    const std::string consumer = "c" + std::to_string(prng_.below(3));
    const int version = spu_version();
    for (int i = 0; i < kTriesMax; ++i) {
        const std::string server = i % 2 == 0 ? "5001" : "5002";
        WEIR_CO_TRY(const BufferSlice answer,
                    co_await call(server, spec::kDeleteConsumerOffset, version,
                                  spec::delete_consumer_offset(topic, partition, consumer)));
        const Bytes seen(answer.span().begin(), answer.span().end());
        if (seen == spec::code(0)) {
            model_.consumers.erase(RequestModel::consumer_key(consumer, topic, partition));
            co_return Result<void>();
        }
        if (seen != spec::code(3001)) {
            co_return wrong("forgetting " + consumer + " is answered " + to_hex(seen));
        }
        WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, kRetryDelay));
    }
    co_return wrong("nobody forgets " + consumer);
}

// Where a partition begins and ends. What was written is committed a moment later.
Task<Result<void>> RequestWalk::ask_offsets() {
    std::string topic;
    std::uint32_t partition = 0;
    if (!pick_partition(topic, partition)) {
        co_return Result<void>();
    }
    const auto end = static_cast<std::int64_t>(model_.topics[topic].logs[partition].size());
    const int version = spu_version();
    Bytes seen;
    for (int i = 0; i < kTriesMax; ++i) {
        WEIR_CO_TRY(std::string server, co_await leader(topic, partition));
        WEIR_CO_TRY(const BufferSlice answer,
                    co_await call(std::move(server), spec::kFetchOffsets, version,
                                  spec::fetch_offsets(version, topic, partition)));
        seen.assign(answer.span().begin(), answer.span().end());
        if (seen == spec::offsets(topic, partition, spec::code(0), 0, end)) {
            co_return Result<void>();
        }
        WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, kRetryDelay));
    }
    co_return wrong("the offsets of " + topic + "-" + std::to_string(partition) + " are " +
                    to_hex(seen) + ", and it ends at " + std::to_string(end));
}

Task<Result<void>> RequestWalk::send_damaged() {
    const DamagedRequest damaged = damaged_request(prng_);
    const HostPort address = damaged.to_sc ? HostPort{"sc", 9003} : HostPort{"spu-5001", 9005};
    const auto peer = co_await Peer::connect(env_, address);
    if (!peer.has_value()) {
        co_return Result<void>();
    }
    const Result<void> written = co_await (*peer)->write(damaged.bytes);
    if (!written.has_value()) {
        co_return Result<void>();
    }
    (*peer)->connection().shutdown_send();
    while (true) {
        const Result<BufferSlice> frame = co_await (*peer)->next(kAnswerTimeout);
        if (!frame.has_value()) {
            if (frame.error().code == ErrorCode::timed_out) {
                co_return wrong("neither an answer nor an end after " + to_hex(damaged.bytes));
            }
            co_return Result<void>();
        }
    }
}

Task<Result<void>> RequestWalk::restart_server() {
    constexpr std::int32_t kServers[] = {0, 5001, 5002};
    options_.restart(kServers[prng_.below(3)]);
    peers_.clear();
    co_return co_await sleep_for(env_.clock, env_.executor, Duration::from_s(1));
}

Task<Result<void>> RequestWalk::step() {
    const std::uint64_t draw = prng_.below(107);
    if (draw < 18) {
        co_return co_await change_topic();
    }
    if (draw >= 104) {
        co_return co_await change_mirrored();
    }
    if (draw >= 100) {
        co_return co_await list_filtered();
    }
    if (draw < 28) {
        co_return co_await change_object();
    }
    if (draw < 32) {
        co_return co_await change_spu();
    }
    if (draw < 52) {
        co_return co_await produce();
    }
    if (draw < 63) {
        co_return co_await fetch();
    }
    if (draw < 69) {
        co_return co_await read_stream();
    }
    if (draw < 74) {
        co_return co_await watch();
    }
    if (draw < 77) {
        co_return co_await forget_consumer();
    }
    if (draw < 80) {
        co_return co_await ask_offsets();
    }
    if (draw < 86) {
        const Result<void> done = co_await commit_consumer();
        // The stream ends with its connection.
        peers_.clear();
        co_return done;
    }
    if (draw < 94) {
        co_return co_await send_damaged();
    }
    if (draw < 96) {
        co_return co_await restart_server();
    }
    co_return co_await check_topics();
}

Task<Result<void>> RequestWalk::run() {
    for (int i = 0; i < options_.request_count; ++i) {
        WEIR_CO_CHECK(co_await step());
    }
    WEIR_CO_CHECK(co_await check_topics());
    WEIR_CO_CHECK(co_await check_objects());
    WEIR_CO_CHECK(co_await check_spus());
    for (const auto& [name, topic] : model_.topics) {
        for (std::size_t i = 0; i < topic.logs.size(); ++i) {
            WEIR_CO_CHECK(co_await check_log(name, static_cast<std::uint32_t>(i), 0));
        }
    }
    co_return co_await check_consumers();
}

}  // namespace weir::test
