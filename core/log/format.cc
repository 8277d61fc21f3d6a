#include "core/log/format.h"

#include "core/base/crc32c.h"
#include "core/base/endian.h"

#include <fmt/core.h>

#include <cstring>
#include <limits>

namespace weir::log {

namespace {

constexpr std::string_view kSegmentMagic = "weir-seg";
constexpr std::string_view kIndexMagic = "weir-idx";
constexpr std::string_view kCheckpointMagic = "weir-ckp";
constexpr std::string_view kReplicaStateMagic = "weir-rep";
constexpr std::size_t kMagicSize = 8;
constexpr std::size_t kCrcSize = 4;
// Offsets above this are refused when read from disk, so that adding counts cannot overflow.
constexpr std::int64_t kOffsetMax = std::numeric_limits<std::int64_t>::max() / 2;

// Fixed-size fields one after another into a zeroed buffer.
class FieldWriter {
public:
    explicit FieldWriter(MutByteSpan bytes) : bytes_(bytes) {}
    template <typename T>
    void put(T value) {
        WEIR_ASSERT(at_ + sizeof(T) <= bytes_.size());
        store_be(bytes_.data() + at_, value);
        at_ += sizeof(T);
    }
    void put_magic(std::string_view magic) {
        WEIR_ASSERT(magic.size() == kMagicSize);
        std::memcpy(bytes_.data() + at_, magic.data(), magic.size());
        at_ += magic.size();
        put(kFormatVersion);
    }
    void put_identity(const LogIdentity& identity) {
        put(identity.uid.high);
        put(identity.uid.low);
        put(identity.partition);
    }
    // The checksum of everything before `at`, there.
    void put_crc_at(std::size_t at) {
        WEIR_ASSERT(at_ <= at);
        store_be(bytes_.data() + at, crc32c(bytes_.first(at)));
    }

private:
    MutByteSpan bytes_;
    std::size_t at_ = 0;
};

class FieldReader {
public:
    explicit FieldReader(ByteSpan bytes) : bytes_(bytes) {}
    template <typename T>
    T get() {
        WEIR_ASSERT(at_ + sizeof(T) <= bytes_.size());
        const T value = load_be<T>(bytes_.data() + at_);
        at_ += sizeof(T);
        return value;
    }
    LogIdentity get_identity() {
        LogIdentity identity;
        identity.uid.high = get<std::uint64_t>();
        identity.uid.low = get<std::uint64_t>();
        identity.partition = get<std::uint32_t>();
        return identity;
    }
    Offset get_offset() { return Offset(get<std::int64_t>()); }
    LeaderEpoch get_epoch() { return LeaderEpoch(get<std::int32_t>()); }

private:
    ByteSpan bytes_;
    std::size_t at_ = kMagicSize + sizeof(kFormatVersion);
};

// Size, magic, checksum and version, in this order, so that a newer version is only reported for a
// structure that is intact.
Result<void> check_frame(ByteSpan bytes, std::string_view magic, std::size_t crc_at) {
    if (bytes.size() < crc_at + kCrcSize) {
        return fail(ErrorCode::corrupt, fmt::format("{}: {} bytes", magic, bytes.size()));
    }
    if (std::memcmp(bytes.data(), magic.data(), kMagicSize) != 0) {
        return fail(ErrorCode::corrupt, fmt::format("{}: bad magic", magic));
    }
    if (load_be<std::uint32_t>(bytes.data() + crc_at) != crc32c(bytes.first(crc_at))) {
        return fail(ErrorCode::corrupt, fmt::format("{}: checksum mismatch", magic));
    }
    const auto version = load_be<std::uint32_t>(bytes.data() + kMagicSize);
    if (version != kFormatVersion) {
        return fail(ErrorCode::not_supported, fmt::format("{}: version {}", magic, version));
    }
    return {};
}

bool plausible(Offset offset) {
    return offset >= Offset(0) && offset <= Offset(kOffsetMax);
}

constexpr std::size_t kSegmentCrcAt = kSegmentHeaderSize - kCrcSize;
constexpr std::size_t kIndexCrcAt = kIndexHeaderSize - kCrcSize;
constexpr std::uint32_t kIndexWasCut = 1;
// Of a checkpoint and of a replica state.
constexpr std::size_t kSlotCrcAt = 128;
constexpr std::uint32_t kCleanFlag = 1;
constexpr std::uint32_t kCutFlag = 2;

bool plausible(LeaderEpoch epoch) {
    return epoch >= LeaderEpoch(-1);
}

}  // namespace

Bytes encode_segment_header(const SegmentHeader& header) {
    Bytes bytes(kSegmentHeaderSize);
    FieldWriter writer(bytes);
    writer.put_magic(kSegmentMagic);
    writer.put_identity(header.identity);
    writer.put(header.base_offset.value());
    writer.put(header.previous_epoch.value());
    writer.put_crc_at(kSegmentCrcAt);
    return bytes;
}

Result<SegmentHeader> decode_segment_header(ByteSpan bytes) {
    WEIR_CHECK(check_frame(bytes, kSegmentMagic, kSegmentCrcAt));
    FieldReader reader(bytes);
    SegmentHeader header;
    header.identity = reader.get_identity();
    header.base_offset = reader.get_offset();
    header.previous_epoch = reader.get_epoch();
    if (!plausible(header.base_offset) || !plausible(header.previous_epoch)) {
        return fail(ErrorCode::corrupt, "segment header: impossible values");
    }
    return header;
}

namespace {

std::size_t producers_size(const ProducerTable& producers) {
    std::size_t size = 0;
    for (const auto& [producer_id, entry] : producers.entries()) {
        size += kIndexProducerSize + entry.runs.size() * kIndexRunSize;
    }
    return size;
}

// One after another: id, end, epoch, number of runs; of each run its first sequence, record count
// and base offset.
void put_producers(MutByteSpan bytes, const ProducerTable& producers) {
    std::uint8_t* at = bytes.data();
    for (const auto& [producer_id, entry] : producers.entries()) {
        store_be(at, producer_id);
        store_be(at + 8, entry.end.value());
        store_be(at + 16, entry.epoch);
        store_be(at + 18, static_cast<std::uint16_t>(entry.runs.size()));
        at += kIndexProducerSize;
        for (const SequenceRun& run : entry.runs) {
            store_be(at, run.first_sequence);
            store_be(at + 4, run.record_count);
            store_be(at + 8, run.base_offset.value());
            at += kIndexRunSize;
        }
    }
}

bool is_of_segment(const SequenceRun& run, const IndexHeader& header) {
    return run.first_sequence >= 0 && run.record_count > 0 &&
           run.base_offset >= header.base_offset && run.base_offset < header.next_offset &&
           run.next_offset() <= header.next_offset;
}

Result<ProducerTable> get_producers(const IndexHeader& header, ByteSpan bytes) {
    const Error bad(ErrorCode::corrupt, "index: impossible producers");
    ProducerTable producers;
    while (!bytes.empty()) {
        if (bytes.size() < kIndexProducerSize) {
            return fail(bad);
        }
        const auto producer_id = load_be<std::int64_t>(bytes.data());
        ProducerEntry entry;
        entry.end = Offset(load_be<std::int64_t>(bytes.data() + 8));
        entry.epoch = load_be<std::int16_t>(bytes.data() + 16);
        entry.runs.resize(load_be<std::uint16_t>(bytes.data() + 18));
        bytes = bytes.subspan(kIndexProducerSize);
        if (producer_id < 0 || entry.epoch < 0 || entry.end > header.next_offset ||
            entry.runs.size() > ProducerTable::kRunCountMax ||
            bytes.size() < entry.runs.size() * kIndexRunSize) {
            return fail(bad);
        }
        for (SequenceRun& run : entry.runs) {
            run.first_sequence = load_be<std::int32_t>(bytes.data());
            run.record_count = load_be<std::int32_t>(bytes.data() + 4);
            run.base_offset = Offset(load_be<std::int64_t>(bytes.data() + 8));
            bytes = bytes.subspan(kIndexRunSize);
            if (!is_of_segment(run, header)) {
                return fail(bad);
            }
        }
        producers.put(producer_id, std::move(entry));
    }
    return producers;
}

}  // namespace

Bytes encode_index(IndexHeader header, const IndexSummary& summary,
                   const std::vector<IndexEntry>& entries) {
    header.epoch_count = static_cast<std::uint32_t>(summary.epochs.size());
    header.producers_size_bytes = static_cast<std::uint32_t>(producers_size(summary.producers));
    header.entry_count = static_cast<std::uint32_t>(entries.size());
    const auto summary_size = static_cast<std::size_t>(header.summary_size());
    Bytes bytes(kIndexHeaderSize + summary_size + entries.size() * kIndexEntrySize);
    const MutByteSpan all(bytes);
    std::uint8_t* at = bytes.data() + kIndexHeaderSize;
    for (const EpochStart& entry : summary.epochs) {
        store_be(at, entry.epoch.value());
        store_be(at + sizeof(std::int32_t), entry.start.value());
        at += kIndexEpochSize;
    }
    put_producers(all.subspan(kIndexHeaderSize + static_cast<std::size_t>(header.epochs_size())),
                  summary.producers);
    at += header.producers_size_bytes;
    for (const IndexEntry& entry : entries) {
        store_be(at, entry.offset.value());
        store_be(at + sizeof(std::int64_t), entry.position);
        at += kIndexEntrySize;
    }
    header.summary_crc = crc32c(all.subspan(kIndexHeaderSize, summary_size));
    header.entries_crc = crc32c(all.subspan(kIndexHeaderSize + summary_size));
    FieldWriter writer(all.first(kIndexHeaderSize));
    writer.put_magic(kIndexMagic);
    writer.put_identity(header.identity);
    writer.put(header.base_offset.value());
    writer.put(header.next_offset.value());
    writer.put(header.end_position);
    writer.put(header.max_time_stamp);
    writer.put(header.last_append_ms);
    writer.put(header.epoch_count);
    writer.put(header.summary_crc);
    writer.put(header.entry_count);
    writer.put(header.entries_crc);
    writer.put(header.producers_size_bytes);
    writer.put(header.was_cut ? kIndexWasCut : std::uint32_t{0});
    writer.put_crc_at(kIndexCrcAt);
    return bytes;
}

Result<IndexHeader> decode_index_header(ByteSpan bytes) {
    WEIR_CHECK(check_frame(bytes, kIndexMagic, kIndexCrcAt));
    FieldReader reader(bytes);
    IndexHeader header;
    header.identity = reader.get_identity();
    header.base_offset = reader.get_offset();
    header.next_offset = reader.get_offset();
    header.end_position = reader.get<std::uint64_t>();
    header.max_time_stamp = reader.get<std::int64_t>();
    header.last_append_ms = reader.get<std::int64_t>();
    header.epoch_count = reader.get<std::uint32_t>();
    header.summary_crc = reader.get<std::uint32_t>();
    header.entry_count = reader.get<std::uint32_t>();
    header.entries_crc = reader.get<std::uint32_t>();
    header.producers_size_bytes = reader.get<std::uint32_t>();
    header.was_cut = (reader.get<std::uint32_t>() & kIndexWasCut) != 0;
    if (!plausible(header.base_offset) || !plausible(header.next_offset) ||
        header.next_offset < header.base_offset || header.end_position < kSegmentHeaderSize) {
        return fail(ErrorCode::corrupt, "index header: impossible values");
    }
    return header;
}

namespace {

Result<Lineage> get_epochs(const IndexHeader& header, ByteSpan bytes) {
    Lineage epochs(header.epoch_count);
    for (std::size_t i = 0; i < epochs.size(); ++i) {
        const std::uint8_t* at = bytes.data() + i * kIndexEpochSize;
        epochs[i].epoch = LeaderEpoch(load_be<std::int32_t>(at));
        epochs[i].start = Offset(load_be<std::int64_t>(at + sizeof(std::int32_t)));
        const bool follows =
            i == 0 ? epochs[i].start == header.base_offset
                   : epochs[i].start > epochs[i - 1].start && epochs[i].epoch > epochs[i - 1].epoch;
        if (!follows || !plausible(epochs[i].epoch) || epochs[i].start >= header.next_offset) {
            return fail(ErrorCode::corrupt, "index: epochs out of order");
        }
    }
    if (epochs.empty() != (header.base_offset == header.next_offset)) {
        return fail(ErrorCode::corrupt, "index: epochs missing");
    }
    return epochs;
}

}  // namespace

Result<IndexSummary> decode_index_summary(const IndexHeader& header, ByteSpan bytes) {
    if (bytes.size() < header.summary_size()) {
        return fail(ErrorCode::corrupt, "index: summary missing");
    }
    bytes = bytes.first(static_cast<std::size_t>(header.summary_size()));
    if (crc32c(bytes) != header.summary_crc) {
        return fail(ErrorCode::corrupt, "index: checksum mismatch of the summary");
    }
    const auto epochs_size = static_cast<std::size_t>(header.epochs_size());
    IndexSummary summary;
    WEIR_TRY(summary.epochs, get_epochs(header, bytes));
    WEIR_TRY(summary.producers, get_producers(header, bytes.subspan(epochs_size)));
    return summary;
}

Result<std::vector<IndexEntry>> decode_index_entries(const IndexHeader& header, ByteSpan bytes) {
    if (bytes.size() != std::size_t{header.entry_count} * kIndexEntrySize) {
        return fail(ErrorCode::corrupt, "index: wrong number of bytes");
    }
    if (crc32c(bytes) != header.entries_crc) {
        return fail(ErrorCode::corrupt, "index: checksum mismatch");
    }
    std::vector<IndexEntry> entries(header.entry_count);
    IndexEntry previous{Offset(-1), 0};
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::uint8_t* at = bytes.data() + i * kIndexEntrySize;
        entries[i].offset = Offset(load_be<std::int64_t>(at));
        entries[i].position = load_be<std::uint64_t>(at + sizeof(std::int64_t));
        if (entries[i].offset <= previous.offset || entries[i].position <= previous.position ||
            entries[i].offset >= header.next_offset || entries[i].position >= header.end_position) {
            return fail(ErrorCode::corrupt, "index: entries out of order");
        }
        previous = entries[i];
    }
    return entries;
}

Bytes encode_checkpoint_slot(const Checkpoint& checkpoint) {
    Bytes bytes(kSlotSize);
    FieldWriter writer(bytes);
    writer.put_magic(kCheckpointMagic);
    writer.put_identity(checkpoint.identity);
    writer.put(checkpoint.sequence);
    writer.put((checkpoint.clean ? kCleanFlag : std::uint32_t{0}) |
               (checkpoint.cut.has_value() ? kCutFlag : std::uint32_t{0}));
    writer.put(checkpoint.log_start.value());
    writer.put(checkpoint.segment_base.value());
    writer.put(checkpoint.position);
    writer.put(checkpoint.next_offset.value());
    const Cut cut = checkpoint.cut.value_or(Cut());
    writer.put(cut.end.value());
    writer.put(cut.previous_epoch.value());
    writer.put_crc_at(kSlotCrcAt);
    return bytes;
}

Result<Checkpoint> decode_checkpoint_slot(ByteSpan bytes) {
    WEIR_CHECK(check_frame(bytes, kCheckpointMagic, kSlotCrcAt));
    FieldReader reader(bytes);
    Checkpoint checkpoint;
    checkpoint.identity = reader.get_identity();
    checkpoint.sequence = reader.get<std::uint64_t>();
    const auto flags = reader.get<std::uint32_t>();
    checkpoint.clean = (flags & kCleanFlag) != 0;
    checkpoint.log_start = reader.get_offset();
    checkpoint.segment_base = reader.get_offset();
    checkpoint.position = reader.get<std::uint64_t>();
    checkpoint.next_offset = reader.get_offset();
    Cut cut;
    cut.end = reader.get_offset();
    cut.previous_epoch = reader.get_epoch();
    if ((flags & kCutFlag) != 0) {
        checkpoint.cut = cut;
    }
    if (!plausible(cut.end) || !plausible(cut.previous_epoch) ||
        (checkpoint.cut.has_value() && cut.end < checkpoint.log_start)) {
        return fail(ErrorCode::corrupt, "checkpoint: impossible cut");
    }
    if (!plausible(checkpoint.log_start) || !plausible(checkpoint.segment_base) ||
        !plausible(checkpoint.next_offset) || checkpoint.next_offset < checkpoint.segment_base) {
        return fail(ErrorCode::corrupt, "checkpoint: impossible offsets");
    }
    return checkpoint;
}

Bytes encode_replica_state(const ReplicaState& state) {
    Bytes bytes(kSlotSize);
    FieldWriter writer(bytes);
    writer.put_magic(kReplicaStateMagic);
    writer.put_identity(state.identity);
    writer.put(state.fence_epoch.value());
    writer.put(state.high_watermark.value());
    writer.put(state.replica_uid.high);
    writer.put(state.replica_uid.low);
    writer.put(state.fence_version.value());
    writer.put(state.entered.epoch.value());
    writer.put(state.entered.start.value());
    writer.put_crc_at(kSlotCrcAt);
    return bytes;
}

Result<ReplicaState> decode_replica_state(ByteSpan bytes) {
    WEIR_CHECK(check_frame(bytes, kReplicaStateMagic, kSlotCrcAt));
    FieldReader reader(bytes);
    ReplicaState state;
    state.identity = reader.get_identity();
    state.fence_epoch = reader.get_epoch();
    state.high_watermark = reader.get_offset();
    state.replica_uid.high = reader.get<std::uint64_t>();
    state.replica_uid.low = reader.get<std::uint64_t>();
    state.fence_version = RecordVersion(reader.get<std::uint64_t>());
    state.entered.epoch = reader.get_epoch();
    state.entered.start = reader.get_offset();
    // As an earlier program has left it.
    if (state.entered.start == Offset(0)) {
        state.entered = EnteredEpoch();
    }
    if (!plausible(state.fence_epoch) || !plausible(state.high_watermark) ||
        !plausible(state.entered.epoch) || !plausible(state.entered.start)) {
        return fail(ErrorCode::corrupt, "replica state: impossible values");
    }
    return state;
}

std::string segment_file_name(Offset base_offset) {
    return fmt::format("{:020}{}", base_offset.value(), kSegmentSuffix);
}

std::string index_file_name(Offset base_offset) {
    return fmt::format("{:020}{}", base_offset.value(), kIndexSuffix);
}

std::optional<Offset> parse_file_name(std::string_view name, std::string_view suffix) {
    constexpr std::size_t kDigits = 20;
    if (name.size() != kDigits + suffix.size() || name.substr(kDigits) != suffix) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    for (const char c : name.substr(0, kDigits)) {
        if (c < '0' || c > '9' || value > kOffsetMax / 10 - 1) {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return Offset(value);
}

}  // namespace weir::log
