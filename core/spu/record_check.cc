#include "core/spu/record_check.h"

#include "core/base/mutant.h"
#include "core/model/batch.h"
#include "core/wire/codec.h"

#include <fmt/core.h>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;

namespace {

bool codec_allowed(std::int16_t codec, CompressionAlgorithm setting) {
    switch (setting) {
        case CompressionAlgorithm::any: return true;
        case CompressionAlgorithm::none: return codec == 0;
        case CompressionAlgorithm::gzip: return codec == 1;
        case CompressionAlgorithm::snappy: return codec == 2;
        case CompressionAlgorithm::lz4: return codec == 3;
        case CompressionAlgorithm::zstd: return codec == 4;
    }
    return false;
}

// The payload of an uncompressed batch says how many records it has; everybody else takes the
// header's word, so the two must agree.
bool count_agrees(const BatchView& batch) {
    if (batch.header.codec() != 0) {
        return true;
    }
    wire::Reader payload(batch.bytes.subspan(batch.header.payload_start()));
    const Result<std::uint32_t> count = payload.read_u32();
    return count.has_value() && std::int64_t{*count} == batch.header.record_count();
}

}  // namespace

ApiResult<std::int64_t> check_records(ByteSpan records, const RecordRules& rules) {
    BatchWalker walker(records, BatchWalker::Check::header_and_crc);
    std::int64_t record_count = 0;
    std::size_t index = 0;
    while (const auto batch = walker.next()) {
        if (!codec_allowed(batch->header.codec(), rules.compression)) {
            return api_fail(ApiError(ErrorTag::compression_error));
        }
        if (batch->bytes.size() > rules.batch_size_max) {
            return api_fail(ApiError(ErrorTag::message_too_large));
        }
        if (!count_agrees(*batch)) {
            return api_fail(ApiError::other(fmt::format(
                "batch {}: the record count in its payload is not that of its header", index)));
        }
        record_count += batch->header.record_count();
        ++index;
    }
    if (walker.end() == BatchWalker::End::clean) {
        return record_count;
    }
    if (walker.fault() == BatchFault::bad_codec) {
        return api_fail(ApiError(ErrorTag::compression_error));
    }
    return api_fail(ApiError::other(fmt::format("batch {} is malformed: {}", index,
                                                walker.fault() == BatchFault::none
                                                    ? std::string_view("zeros")
                                                    : to_string(walker.fault()))));
}

namespace {

std::string_view fault_of(log::SequenceVerdict verdict) {
    switch (verdict) {
        case log::SequenceVerdict::none:
        case log::SequenceVerdict::next:
        case log::SequenceVerdict::duplicate: break;
        case log::SequenceVerdict::gap: return "the one before it is missing";
        case log::SequenceVerdict::fenced: return "the producer has begun a later epoch";
        case log::SequenceVerdict::unknown: return "what came before it is not known any more";
        case log::SequenceVerdict::malformed: return "impossible numbers";
    }
    return "";
}

}  // namespace

ApiResult<std::optional<Offset>> check_sequence(ByteSpan records,
                                                const log::ProducerTable& producers) {
    BatchWalker walker(records, BatchWalker::Check::header);
    std::optional<BatchHeader> numbered;
    std::size_t count = 0;
    while (const auto batch = walker.next()) {
        ++count;
        if (batch->header.producer_id >= 0) {
            numbered = batch->header;
        }
    }
    if (!numbered.has_value()) {
        return std::optional<Offset>();
    }
    if (count > 1) {
        return api_fail(ApiError::other("a batch with a producer has to come alone"));
    }
    const log::SequenceAnswer answer = producers.judge(*numbered);
    using log::SequenceVerdict;
    const bool is_next =
        answer.verdict == SequenceVerdict::next ||
        (answer.verdict == SequenceVerdict::gap && mutant(Mutant::gap_accepted)) ||
        (answer.verdict == SequenceVerdict::duplicate && mutant(Mutant::duplicate_appended));
    if (is_next) {
        return std::optional<Offset>();
    }
    if (answer.verdict == SequenceVerdict::duplicate) {
        return std::optional<Offset>(answer.base_offset);
    }
    return api_fail(ApiError::other(
        fmt::format("producer {} epoch {} sequence {}: {}", numbered->producer_id,
                    numbered->producer_epoch, numbered->first_sequence, fault_of(answer.verdict))));
}

}  // namespace weir::spu
