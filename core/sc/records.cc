#include "core/sc/records.h"

#include "core/wire/codec.h"
#include "core/wire/control_objects.h"
#include "core/wire/own_api.h"
#include "core/wire/partition_record.h"

#include <fmt/core.h>

namespace weir::sc {

namespace {

using wire::kObjectVersion;
using wire::Reader;
using wire::Writer;

// 1 had no records of replication.
constexpr std::uint8_t kFormat = 2;
// Of a partition in doubt, else as 2: a program that knows no doubts refuses it.
constexpr std::uint8_t kFormatInDoubt = 3;

Writer begin(std::uint8_t format = kFormat) {
    Writer writer;
    writer.write_u8(format);
    return writer;
}

void write_uid(Writer& writer, const Uid& uid) {
    writer.write_u64(uid.high);
    writer.write_u64(uid.low);
}

Result<Uid> read_uid(Reader& reader) {
    Uid uid;
    WEIR_TRY(uid.high, reader.read_u64());
    WEIR_TRY(uid.low, reader.read_u64());
    return uid;
}

Result<bool> read_flag(Reader& reader) {
    WEIR_TRY(const std::uint8_t flag, reader.read_u8());
    if (flag > 1) {
        return fail(ErrorCode::malformed, "a flag is neither 0 nor 1");
    }
    return flag == 1;
}

// Runs `read` after the format byte; every failure, and bytes left over, are damage.
template <typename T, typename F>
Result<T> decode(ByteSpan bytes, F read, std::uint8_t expected = kFormat) {
    Reader reader(bytes);
    const auto format = reader.read_u8();
    if (!format.has_value()) {
        return fail(ErrorCode::corrupt, "a metadata record is empty");
    }
    if (*format != expected) {
        return fail(ErrorCode::corrupt,
                    fmt::format("a metadata record has format {}; this program reads format {}",
                                *format, kFormat));
    }
    Result<T> record = read(reader);
    if (!record.has_value()) {
        return fail(ErrorCode::corrupt, "a metadata record: " + record.error().context);
    }
    if (reader.remaining() != 0) {
        return fail(ErrorCode::corrupt, "a metadata record has bytes left over");
    }
    return record;
}

}  // namespace

Bytes encode_record(const ClusterRecord& record) {
    Writer writer = begin();
    write_uid(writer, record.cluster_id);
    writer.write_u64(record.sc_epoch.value());
    writer.write_u64(record.boot_counter.value());
    return std::move(writer).take();
}

Bytes encode_record(const TopicRecord& record) {
    Writer writer = begin();
    write_uid(writer, record.uid);
    wire::encode(writer, record.settings, wire::kOwnVersionMax);
    wire::encode_object(writer, record.spec, kObjectVersion);
    wire::encode_object(writer, record.status, kObjectVersion);
    return std::move(writer).take();
}

Bytes encode_record(const StoredPartition& partition) {
    Writer writer = begin(partition.in_doubt ? kFormatInDoubt : kFormat);
    wire::encode(writer, partition.record);
    wire::encode_object(writer, partition.spec, kObjectVersion);
    return std::move(writer).take();
}

Bytes encode_record(const SpuRecord& record) {
    Writer writer = begin();
    write_uid(writer, record.storage_id);
    write_uid(writer, record.boot_id);
    writer.write_u64(record.boot.value());
    writer.write_u8(record.fenced ? 1 : 0);
    writer.write_u8(record.draining ? 1 : 0);
    wire::encode_object(writer, record.spec, kObjectVersion);
    return std::move(writer).take();
}

Result<ClusterRecord> decode_cluster_record(ByteSpan bytes) {
    return decode<ClusterRecord>(bytes, [](Reader& reader) -> Result<ClusterRecord> {
        ClusterRecord record;
        WEIR_TRY(record.cluster_id, read_uid(reader));
        WEIR_TRY(const std::uint64_t sc_epoch, reader.read_u64());
        WEIR_TRY(const std::uint64_t boot_counter, reader.read_u64());
        record.sc_epoch = ScEpoch(sc_epoch);
        record.boot_counter = BootEpoch(boot_counter);
        return record;
    });
}

Result<TopicRecord> decode_topic_record(ByteSpan bytes) {
    return decode<TopicRecord>(bytes, [](Reader& reader) -> Result<TopicRecord> {
        TopicRecord record;
        WEIR_TRY(record.uid, read_uid(reader));
        WEIR_TRY(record.settings, wire::decode_topic_settings(reader, wire::kOwnVersionMax));
        WEIR_TRY(record.spec, wire::decode_object<TopicSpec>(reader, kObjectVersion));
        WEIR_TRY(record.status, wire::decode_object<TopicStatus>(reader, kObjectVersion));
        return record;
    });
}

Result<StoredPartition> decode_stored_partition(ByteSpan bytes) {
    const bool in_doubt = !bytes.empty() && bytes.front() == kFormatInDoubt;
    const auto read = [in_doubt](Reader& reader) -> Result<StoredPartition> {
        StoredPartition partition;
        partition.in_doubt = in_doubt;
        WEIR_TRY(partition.record, wire::decode_partition_record(reader));
        WEIR_TRY(partition.spec, wire::decode_object<PartitionSpec>(reader, kObjectVersion));
        return partition;
    };
    return decode<StoredPartition>(bytes, read, in_doubt ? kFormatInDoubt : kFormat);
}

Result<SpuRecord> decode_spu_record(ByteSpan bytes) {
    return decode<SpuRecord>(bytes, [](Reader& reader) -> Result<SpuRecord> {
        SpuRecord record;
        WEIR_TRY(record.storage_id, read_uid(reader));
        WEIR_TRY(record.boot_id, read_uid(reader));
        WEIR_TRY(const std::uint64_t boot, reader.read_u64());
        record.boot = BootEpoch(boot);
        WEIR_TRY(record.fenced, read_flag(reader));
        WEIR_TRY(record.draining, read_flag(reader));
        WEIR_TRY(record.spec, wire::decode_object<SpuSpec>(reader, kObjectVersion));
        return record;
    });
}

template <typename Spec>
Bytes encode_spec_record(const Spec& spec) {
    Writer writer = begin();
    wire::encode_object(writer, spec, kObjectVersion);
    return std::move(writer).take();
}

template <typename Spec>
Result<Spec> decode_spec_record(ByteSpan bytes) {
    return decode<Spec>(
        bytes, [](Reader& reader) { return wire::decode_object<Spec>(reader, kObjectVersion); });
}

template Bytes encode_spec_record(const SmartModuleSpec&);
template Bytes encode_spec_record(const TableFormatSpec&);
template Bytes encode_spec_record(const SpuGroupSpec&);
template Bytes encode_spec_record(const MirrorSpec&);
template Result<SmartModuleSpec> decode_spec_record(ByteSpan);
template Result<TableFormatSpec> decode_spec_record(ByteSpan);
template Result<SpuGroupSpec> decode_spec_record(ByteSpan);
template Result<MirrorSpec> decode_spec_record(ByteSpan);

}  // namespace weir::sc
