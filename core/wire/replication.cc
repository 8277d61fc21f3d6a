#include "core/wire/replication.h"

#include "core/model/batch.h"
#include "core/wire/internal_fields.h"

#include <utility>
#include <variant>

namespace weir::wire {

namespace internal {

namespace {

using replication::Append;
using replication::BatchMark;

std::uint64_t size_of(const std::vector<BufferSlice>& slices) {
    std::uint64_t size = 0;
    for (const BufferSlice& slice : slices) {
        size += slice.size();
    }
    return size;
}

// The headers say where each batch ends and in which epoch it was written.
Result<void> read_marks(ByteSpan batches, Append& append) {
    BatchWalker walker(batches, BatchWalker::Check::header, append.base);
    while (const auto batch = walker.next()) {
        BatchMark mark;
        mark.base = batch->header.base_offset;
        mark.end = batch->header.next_offset();
        mark.epoch = batch->header.partition_leader_epoch;
        append.batches.push_back(mark);
    }
    if (walker.end() != BatchWalker::End::clean) {
        return fail(ErrorCode::malformed, "the batches of an append are not whole");
    }
    return Result<void>();
}

}  // namespace

Bytes encode_partition_messages(const std::vector<PartitionMessage>& messages, Version version,
                                Bytes into) {
    Writer writer(std::move(into));
    begin_frame(writer);
    InternalHeader header;
    header.kind = MessageKind::partition_messages;
    header.version = version;
    encode(writer, header);
    detail::Encoder encoder(writer, version);
    writer.write_count(messages.size());
    std::uint64_t body_size = 0;
    for (const PartitionMessage& message : messages) {
        encoder(message.partition, message.message);
        if (std::holds_alternative<Append>(message.message)) {
            const std::uint64_t size = size_of(message.batches);
            writer.write_u32(static_cast<std::uint32_t>(size));
            body_size += size;
        }
    }
    finish_frame(writer, body_size);
    return std::move(writer).take();
}

Result<std::vector<PartitionMessage>> decode_partition_messages(const BufferSlice& frame) {
    Reader reader(frame.span());
    WEIR_TRY(const InternalHeader header, decode_internal_header(reader));
    if (header.kind != MessageKind::partition_messages) {
        return fail(ErrorCode::malformed, "not a frame of partition messages");
    }
    WEIR_TRY(const std::size_t count, reader.read_count());
    std::vector<PartitionMessage> messages;
    std::vector<std::uint32_t> sizes;
    detail::Decoder decoder(reader, header.version);
    for (std::size_t i = 0; i < count && !decoder.failed(); ++i) {
        PartitionMessage& message = messages.emplace_back();
        decoder(message.partition, message.message);
        std::uint32_t size = 0;
        if (!decoder.failed() && std::holds_alternative<Append>(message.message)) {
            decoder(size);
        }
        sizes.push_back(size);
    }
    WEIR_TRY(messages, decoder.finish(std::move(messages)));
    for (std::size_t i = 0; i < messages.size(); ++i) {
        auto* append = std::get_if<Append>(&messages[i].message);
        if (append == nullptr || sizes[i] == 0) {
            continue;
        }
        const std::size_t position = reader.position();
        WEIR_TRY(const ByteSpan batches, reader.read_bytes(sizes[i]));
        WEIR_CHECK(read_marks(batches, *append));
        messages[i].batches.push_back(frame.sub(position, sizes[i]));
    }
    if (reader.remaining() != 0) {
        return fail(ErrorCode::malformed, "bytes left over after the batches of a frame");
    }
    return messages;
}

}  // namespace internal

}  // namespace weir::wire
