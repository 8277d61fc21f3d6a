// Frames of PartitionMessages: what was encoded comes back, with the batches as slices of the
// frame.
#include "core/model/batch.h"
#include "core/wire/internal_fields.h"
#include "core/wire/partition_record.h"
#include "core/wire/replication.h"
#include "tests/support/random_fields.h"
#include "tests/support/rapidcheck.h"

#include <gtest/gtest.h>

namespace weir::wire::internal {

namespace {

using replication::Append;
using replication::BatchMark;
using replication::PeerMessage;

template <typename T>
T random_value(Prng& prng) {
    T value;
    detail::RandomFields filler(prng, 1);
    filler(value);
    return value;
}

BufferSlice as_slice(const Bytes& bytes) {
    Buffer buffer = Buffer::allocate(bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer.data());
    return BufferSlice(std::move(buffer));
}

// One to three batches from `append.base` on.
BufferSlice random_batches(Prng& prng, Append& append) {
    Bytes all;
    Offset next = append.base;
    const std::uint64_t count = 1 + prng.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
        BatchHeader header;
        header.base_offset = next;
        header.partition_leader_epoch = LeaderEpoch(static_cast<std::int32_t>(prng.below(9)));
        header.last_offset_delta = static_cast<std::int32_t>(prng.below(5));
        const Bytes payload(prng.below(50), 7);
        const Bytes batch = make_batch(header, payload);
        all.insert(all.end(), batch.begin(), batch.end());
        append.batches.push_back(
            BatchMark{next, header.next_offset(), header.partition_leader_epoch});
        next = header.next_offset();
    }
    return as_slice(all);
}

PartitionMessage random_message(Prng& prng) {
    PartitionMessage message;
    message.partition = random_value<PartitionRef>(prng);
    message.message = random_value<PeerMessage>(prng);
    if (auto* append = std::get_if<Append>(&message.message)) {
        append->base = Offset(static_cast<std::int64_t>(prng.below(1'000)));
        if (prng.chance(2, 3)) {
            message.batches.push_back(random_batches(prng, *append));
        }
    }
    return message;
}

// The payload of the frame as a receiver sees it.
BufferSlice frame_of(const std::vector<PartitionMessage>& messages) {
    Bytes bytes = encode_partition_messages(messages, 1);
    for (const PartitionMessage& message : messages) {
        for (const BufferSlice& slice : message.batches) {
            bytes.insert(bytes.end(), slice.span().begin(), slice.span().end());
        }
    }
    const BufferSlice whole = as_slice(bytes);
    return whole.sub(4, whole.size() - 4);
}

Bytes bytes_of(const std::vector<BufferSlice>& slices) {
    Bytes bytes;
    for (const BufferSlice& slice : slices) {
        bytes.insert(bytes.end(), slice.span().begin(), slice.span().end());
    }
    return bytes;
}

}  // namespace

RC_GTEST_PROP(PartitionMessages, round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
    std::vector<PartitionMessage> messages;
    const std::uint64_t count = prng.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
        messages.push_back(random_message(prng));
    }
    const BufferSlice frame = frame_of(messages);
    const auto decoded = decode_partition_messages(frame);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(decoded->size() == messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        RC_ASSERT((*decoded)[i].partition == messages[i].partition);
        RC_ASSERT((*decoded)[i].message == messages[i].message);
        RC_ASSERT(bytes_of((*decoded)[i].batches) == bytes_of(messages[i].batches));
    }
}

RC_GTEST_PROP(PartitionMessages, damage_is_an_error_or_another_message, (std::uint64_t seed)) {
    Prng prng(seed);
    const std::vector<PartitionMessage> messages = {random_message(prng), random_message(prng)};
    BufferSlice frame = frame_of(messages);
    const std::size_t at = prng.below(frame.size());
    frame.mutable_span()[at] ^= static_cast<std::uint8_t>(1U << prng.below(8));
    // Whatever it is taken for, nothing outside of the frame is read.
    const auto decoded = decode_partition_messages(frame);
    const auto cut = decode_partition_messages(frame.sub(0, prng.below(frame.size())));
    RC_ASSERT(!cut.has_value());
    RC_CLASSIFY(decoded.has_value(), "taken for another message");
}

RC_GTEST_PROP(PartitionRecords, round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
    const auto record = random_value<PartitionRecord>(prng);
    Writer writer;
    encode(writer, record);
    Reader reader(writer.span());
    const auto decoded = decode_partition_record(reader);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == record);
    RC_ASSERT(reader.remaining() == 0U);
    Reader cut(writer.span().first(prng.below(writer.size())));
    RC_ASSERT(!decode_partition_record(cut).has_value());
}

}  // namespace weir::wire::internal
