// How a producer numbers what it sends to one partition, so that the leader can tell what it has
// already (docs/internals/replication.md, "Idempotent producers").
//
// Records count from 0 in each epoch of the producer, and the leader takes a batch only behind the
// one before it. When that chain breaks, because a batch ends without an acknowledgement, the next
// one begins another epoch; whatever is still on its way of the former one is refused from then on.
// A value of the partition's sender.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace weir::client {

// What goes into a batch header; the defaults are those of a producer that does not number.
struct BatchNumber {
    std::int64_t producer_id = -1;
    std::int16_t epoch = -1;
    std::int32_t first_sequence = -1;
};

class SequenceNumbers {
public:
    // Nothing: it does not number.
    explicit SequenceNumbers(std::optional<std::int64_t> producer_id)
        : producer_id_(producer_id.value_or(-1)) {}

    bool active() const { return producer_id_ >= 0; }

    // Before a request is put together. Its batches are of one epoch, so that they keep their
    // order; half of the numbers are more than a request can have records.
    void begin_request() {
        if (next_ > std::numeric_limits<std::int32_t>::max() / 2) {
            begin_epoch();
        }
    }
    BatchNumber take(std::int32_t record_count) {
        if (!active()) {
            return {};
        }
        const BatchNumber number{producer_id_, epoch_, next_};
        next_ += record_count;
        return number;
    }
    // It stops numbering when the epochs have run out.
    void begin_epoch() {
        next_ = 0;
        if (epoch_ == std::numeric_limits<std::int16_t>::max()) {
            producer_id_ = -1;
        } else {
            ++epoch_;
        }
    }

private:
    std::int64_t producer_id_;
    std::int16_t epoch_ = 0;
    std::int32_t next_ = 0;
};

}  // namespace weir::client
