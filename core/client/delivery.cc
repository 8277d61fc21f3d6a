#include "core/client/delivery.h"

#include "core/base/mutant.h"
#include "core/client/errors.h"
#include "core/model/batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::client {
namespace {

constexpr auto kProduce = static_cast<std::uint16_t>(wire::SpuApi::produce);

// The same batch with another number: copied, because the old one may still be on its way out.
BufferSlice with_number(const BufferSlice& records, const BatchNumber& number) {
    BatchHeader header = read_batch_header(records.span());
    header.producer_id = number.producer_id;
    header.producer_epoch = number.epoch;
    header.first_sequence = number.first_sequence;
    return BufferSlice(
        Buffer::copy_of(make_batch(header, records.span().subspan(kBatchHeaderSize))));
}

}  // namespace

Producer::Delivery::Delivery(Client& client, const ProducerConfig& config, std::uint32_t partition,
                             SequenceNumbers& numbers, CancelToken token)
    : client_(client),
      config_(config),
      numbers_(numbers),
      token_(token),
      last_error_(ErrorCode::unavailable, "not attempted") {
    key_.topic = config.topic;
    key_.partition = partition;
}

void Producer::Delivery::add(Codec codec, OpenBatch batch) {
    BatchHeader header;
    header.last_offset_delta = static_cast<std::int32_t>(batch.payload.record_count()) - 1;
    // The reference's clients send this; the leader overwrites it.
    header.base_offset = Offset(header.last_offset_delta);
    header.attributes = static_cast<std::int16_t>(codec);
    header.first_timestamp = batch.first_timestamp.ms();
    header.max_time_stamp = header.first_timestamp + batch.last_delta_ms;
    Item item;
    item.result = std::move(batch.result);
    Bytes payload = std::move(batch.payload).take();
    if (codec != Codec::none) {
        Result<Bytes> packed = compress(codec, payload);
        if (!packed.has_value()) {
            RecordOutcome outcome;
            outcome.kind = RecordOutcome::Kind::failed;
            outcome.error = packed.error();
            finish(item, std::move(outcome));
            return;
        }
        payload = *std::move(packed);
    }
    const BatchNumber number = numbers_.take(header.last_offset_delta + 1);
    item.batch.record_count = header.last_offset_delta + 1;
    item.batch.number = number;
    header.producer_id = number.producer_id;
    header.producer_epoch = number.epoch;
    header.first_sequence = number.first_sequence;
    item.records = BufferSlice(Buffer::copy_of(make_batch(header, payload)));
    items_.push_back(std::move(item));
}

Task<void> Producer::Delivery::run() {
    Env& env = client_.env();
    const Instant deadline = env.clock.now() + config_.delivery_timeout;
    Backoff backoff(env, config_.retry_backoff_min, config_.retry_backoff_max);
    while (!items_.empty()) {
        PartitionWatch watch(client_.metadata(), key_, token_);
        const Next next = co_await attempt(deadline, watch.leader_token());
        if (next == Next::give_up || items_.empty()) {
            break;
        }
        if (config_.delivery == DeliverySemantic::at_most_once || env.clock.now() >= deadline) {
            break;
        }
        if (items_.front().batch.maybe_written) {
            env.probe.reached(Sometimes::client_retry_unknown);
        }
        const Result<void> waited = co_await backoff.wait(deadline, watch.state_token());
        if (!waited.has_value() && token_.cancelled()) {
            break;
        }
    }
    finish_all();
}

wire::ProduceRequest Producer::Delivery::make_request() const {
    wire::ProduceTopic topic;
    topic.name = key_.topic;
    for (const Item& item : items_) {
        wire::ProducePartition partition;
        partition.partition = key_.partition;
        partition.records = item.records;
        topic.partitions.push_back(std::move(partition));
    }
    wire::ProduceRequest request;
    request.acks = config_.isolation == wire::Isolation::read_committed ? -1 : 1;
    request.timeout_ms = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(config_.server_timeout.ms(), 0, 2'000'000'000));
    request.topics.push_back(std::move(topic));
    return request;
}

Task<Producer::Delivery::Next> Producer::Delivery::attempt(Instant deadline, CancelToken token) {
    Env& env = client_.env();
    Deadline limit(env.clock, deadline, token);
    Result<std::shared_ptr<ServerConnection>> leader =
        co_await client_.leader_connection(key_, Purpose::produce, limit.token());
    if (!leader.has_value()) {
        last_error_ = limit.translate(std::move(leader).error());
        last_code_ = wire::ErrorTag::none;
        const bool final = last_error_.code == ErrorCode::not_found || token_.cancelled();
        co_return final ? Next::give_up : Next::retry;
    }
    const std::shared_ptr<ServerConnection> connection = *std::move(leader);
    const wire::Version version =
        connection->version_for(wire::spu_client_range(wire::SpuApi::produce));
    const wire::ProduceRequest request = make_request();
    const Instant answer_by =
        std::min(deadline, env.clock.now() + config_.server_timeout + config_.response_timeout);
    Result<BufferSlice> frame =
        co_await connection->call(kProduce, version, request, answer_by, token);
    if (frame.has_value() && mutant(Mutant::acked_sent_again)) {
        static_cast<void>(co_await connection->call(kProduce, version, request, answer_by, token));
    }
    if (frame.has_value()) {
        co_return take_answers(*frame, version);
    }
    last_error_ = std::move(frame).error();
    last_code_ = wire::ErrorTag::none;
    if (last_error_.code != ErrorCode::unavailable) {
        for (Item& item : items_) {
            ++item.attempt_count;
            item.batch.maybe_written = true;
        }
    }
    if (last_error_.code == ErrorCode::timed_out) {
        // A retry on the same connection would wait behind the request that got stuck.
        connection->abandon(last_error_);
    }
    co_return token_.cancelled() ? Next::give_up : Next::retry;
}

Producer::Delivery::Next Producer::Delivery::take_answers(const BufferSlice& frame,
                                                          wire::Version version) {
    for (Item& item : items_) {
        ++item.attempt_count;
    }
    Result<wire::Reader> reader = open_answer(frame);
    Result<wire::ProduceResponse> response =
        reader.has_value() ? wire::decode_produce_response(*reader, version)
                           : Result<wire::ProduceResponse>(fail(reader.error()));
    // Entries are matched by position.
    const bool complete = response.has_value() && response->topics.size() == 1 &&
                          response->topics.front().partitions.size() == items_.size();
    if (!complete) {
        last_error_ = response.has_value()
                          ? Error(ErrorCode::malformed, "produce: answers do not match the request")
                          : response.error();
        last_code_ = wire::ErrorTag::none;
        for (Item& item : items_) {
            item.batch.maybe_written = true;
        }
        return Next::give_up;
    }
    std::vector<Item> open;
    bool is_broken = false;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        Verdict verdict = settle(items_[i], response->topics.front().partitions[i]);
        if (verdict == Verdict::out_of_order && !open.empty()) {
            verdict = Verdict::open;  // behind one that comes again
        }
        is_broken = is_broken || verdict == Verdict::ended || verdict == Verdict::out_of_order;
        if (verdict == Verdict::open || verdict == Verdict::out_of_order) {
            open.push_back(std::move(items_[i]));
        }
    }
    items_ = std::move(open);
    if (is_broken && numbers_.active()) {
        number_open_anew();
    }
    return Next::retry;
}

void Producer::Delivery::number_open_anew() {
    numbers_.begin_epoch();
    client_.env().probe.reached(Sometimes::client_sequence_begun);
    std::vector<Item> open;
    for (Item& item : items_) {
        if (number_anew(item.batch, numbers_)) {
            item.records = with_number(item.records, item.batch.number);
            open.push_back(std::move(item));
        } else {
            finish_unknown(item);
        }
    }
    items_ = std::move(open);
}

Verdict Producer::Delivery::settle(Item& item, const wire::ProducePartitionResponse& answer) {
    const Verdict verdict = judge(item.batch, answer, config_.isolation, config_.delivery);
    if (verdict == Verdict::acked) {
        RecordOutcome outcome;
        outcome.kind = RecordOutcome::Kind::acked;
        outcome.offset = Offset(answer.base_offset);
        finish(item, std::move(outcome));
        return verdict;
    }
    last_error_ = to_error(answer.error, "produce to " + to_string(key_));
    last_code_ = answer.error.tag;
    if (verdict == Verdict::ended) {
        finish_unknown(item);
    }
    return verdict;
}

void Producer::Delivery::finish(Item& item, RecordOutcome outcome) const {
    outcome.partition = key_.partition;
    outcome.attempt_count = item.attempt_count;
    outcome.once = item.batch.is_numbered();
    item.result->outcome = std::move(outcome);
    item.result->done.set();
}

void Producer::Delivery::finish_unknown(Item& item) const {
    RecordOutcome outcome;
    outcome.kind =
        item.batch.maybe_written ? RecordOutcome::Kind::indeterminate : RecordOutcome::Kind::failed;
    outcome.offset = item.batch.offset;
    outcome.error = last_error_;
    outcome.server_code = last_code_;
    finish(item, std::move(outcome));
}

void Producer::Delivery::finish_all() {
    if (!items_.empty()) {
        numbers_.begin_epoch();
    }
    for (Item& item : items_) {
        finish_unknown(item);
    }
    items_.clear();
}

}  // namespace weir::client
