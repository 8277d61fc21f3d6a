// One produce request's worth of batches of one partition, from encoding to the outcome, through as
// many attempts as the producer allows (data-plane spec 7.4).
//
// Lives in the frame of the partition's sender; internal to the producer.
#pragma once

#include "core/client/backoff.h"
#include "core/client/delivery_rules.h"
#include "core/client/producer.h"
#include "core/client/sequence_numbers.h"

#include <memory>
#include <optional>
#include <vector>

namespace weir::client {

struct Producer::OpenBatch {
    wire::PayloadBuilder payload;
    Instant created;
    WallTime first_timestamp;
    std::int32_t last_delta_ms = 0;
    bool sealed = false;
    std::shared_ptr<detail::BatchResult> result;
};

class Producer::Delivery {
public:
    // `client`, `config` and the partition's `numbers` outlive it.
    Delivery(Client& client, const ProducerConfig& config, std::uint32_t partition,
             SequenceNumbers& numbers, CancelToken token);

    // Closes the batch: compresses, adds the header. A batch that cannot be built ends at once.
    void add(Codec codec, OpenBatch batch);
    // Every batch has its outcome when this returns.
    Task<void> run();

private:
    struct Item {
        BufferSlice records;
        std::shared_ptr<detail::BatchResult> result;
        SentBatch batch;
        std::uint32_t attempt_count = 0;
    };
    enum class Next : std::uint8_t { retry, give_up };

    // One request; given up with `token` when another SPU leads.
    Task<Next> attempt(Instant deadline, CancelToken token);
    wire::ProduceRequest make_request() const;
    Next take_answers(const BufferSlice& frame, wire::Version version);
    // Acked and ended have their outcome then.
    Verdict settle(Item& item, const wire::ProducePartitionResponse& answer);
    // Another epoch, and what is open in it.
    void number_open_anew();
    void finish(Item& item, RecordOutcome outcome) const;
    void finish_unknown(Item& item) const;
    void finish_all();

    Client& client_;
    const ProducerConfig& config_;
    ReplicaKey key_;
    SequenceNumbers& numbers_;
    CancelToken token_;
    std::vector<Item> items_;
    Error last_error_;
    wire::ErrorTag last_code_ = wire::ErrorTag::none;
};

}  // namespace weir::client
