// What an answer of a leader means for a batch, and which batches may get another number.
//
// Pure functions on a value; the producer's delivery does the sending (data-plane spec 7.4,
// docs/internals/replication.md, "Idempotent producers").
#pragma once

#include "core/base/ids.h"
#include "core/client/producer.h"
#include "core/client/sequence_numbers.h"
#include "core/wire/produce.h"

#include <cstdint>
#include <optional>

namespace weir::client {

// What a producer knows of a batch that it has sent, perhaps more than once.
struct SentBatch {
    BatchNumber number;
    std::int32_t record_count = 0;
    // An attempt may have written it.
    bool maybe_written = false;
    // Where it was written by an attempt that was not committed in time.
    std::optional<Offset> offset;

    bool is_numbered() const { return number.producer_id >= 0; }
};

enum class Verdict : std::uint8_t {
    acked,
    ended,         // not to be sent again; its outcome is failed, or unknown if maybe_written
    open,          // to be sent again as it is
    out_of_order,  // refused for its number, not written by this attempt
};

// Notes in `batch` what the answer tells about it.
Verdict judge(SentBatch& batch, const wire::ProducePartitionResponse& answer,
              wire::Isolation isolation, DeliverySemantic delivery);

// The leader does not take what follows a batch that it does not have: after `numbers` has begun
// another epoch, each batch that is still open takes its new number here, in their order. False,
// and nothing is taken: it may have been written under its old number, so it must not be written
// under another one, and its outcome stays unknown.
bool number_anew(SentBatch& batch, SequenceNumbers& numbers);

}  // namespace weir::client
