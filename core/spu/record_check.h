// What is checked of the records of a Produce entry before any of them is written (data-plane spec
// 3.2 and 4.2). Pure.
#pragma once

#include "core/base/bytes.h"
#include "core/log/producers.h"
#include "core/model/topic.h"
#include "core/spu/context.h"

#include <cstdint>
#include <optional>

namespace weir::spu {

struct RecordRules {
    // The topic's setting: a codec that every batch must have, or any.
    CompressionAlgorithm compression = CompressionAlgorithm::any;
    // Of one encoded batch.
    std::uint64_t batch_size_max = 0;
};

// The number of records of a sequence of whole, well-formed batches with right checksums.
// Otherwise: compression_error (the codec is not the topic's, or none at all), message_too_large,
// or other with a text that says which batch is wrong and how.
ApiResult<std::int64_t> check_records(ByteSpan records, const RecordRules& rules);

// Whether records that check_records() has passed are in the log already, of which `producers` is
// known: where, or nothing when they are to be appended. A batch with a producer comes alone.
// Otherwise: other, with a text that says what is wrong with its sequence; it must not be appended.
ApiResult<std::optional<Offset>> check_sequence(ByteSpan records,
                                                const log::ProducerTable& producers);

}  // namespace weir::spu
