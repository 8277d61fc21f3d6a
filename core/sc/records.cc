#include "core/sc/records.h"

#include "core/wire/codec.h"
#include "core/wire/control_objects.h"

namespace weir::sc {

namespace {

using wire::kObjectVersion;
using wire::Reader;
using wire::Writer;

constexpr std::uint8_t kFormat = 1;

Writer begin() {
    Writer writer;
    writer.write_u8(kFormat);
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

// Runs `read` after the format byte; every failure, and bytes left over, are damage.
template <typename T, typename F>
Result<T> decode(ByteSpan bytes, F read) {
    Reader reader(bytes);
    const auto format = reader.read_u8();
    if (!format.has_value() || *format != kFormat) {
        return fail(ErrorCode::corrupt, "a metadata record has an unknown format");
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
    return std::move(writer).take();
}

Bytes encode_record(const TopicRecord& record) {
    Writer writer = begin();
    write_uid(writer, record.uid);
    wire::encode_object(writer, record.spec, kObjectVersion);
    wire::encode_object(writer, record.status, kObjectVersion);
    return std::move(writer).take();
}

Bytes encode_record(const PartitionRecord& record) {
    Writer writer = begin();
    write_uid(writer, record.topic_uid);
    writer.write_i32(record.leader_epoch.value());
    wire::encode_object(writer, record.spec, kObjectVersion);
    return std::move(writer).take();
}

Bytes encode_record(const SpuRecord& record) {
    Writer writer = begin();
    write_uid(writer, record.storage_id);
    wire::encode_object(writer, record.spec, kObjectVersion);
    return std::move(writer).take();
}

Result<ClusterRecord> decode_cluster_record(ByteSpan bytes) {
    return decode<ClusterRecord>(bytes, [](Reader& reader) -> Result<ClusterRecord> {
        ClusterRecord record;
        WEIR_TRY(record.cluster_id, read_uid(reader));
        return record;
    });
}

Result<TopicRecord> decode_topic_record(ByteSpan bytes) {
    return decode<TopicRecord>(bytes, [](Reader& reader) -> Result<TopicRecord> {
        TopicRecord record;
        WEIR_TRY(record.uid, read_uid(reader));
        WEIR_TRY(record.spec, wire::decode_object<TopicSpec>(reader, kObjectVersion));
        WEIR_TRY(record.status, wire::decode_object<TopicStatus>(reader, kObjectVersion));
        return record;
    });
}

Result<PartitionRecord> decode_partition_record(ByteSpan bytes) {
    return decode<PartitionRecord>(bytes, [](Reader& reader) -> Result<PartitionRecord> {
        PartitionRecord record;
        WEIR_TRY(record.topic_uid, read_uid(reader));
        WEIR_TRY(const std::int32_t epoch, reader.read_i32());
        record.leader_epoch = LeaderEpoch(epoch);
        WEIR_TRY(record.spec, wire::decode_object<PartitionSpec>(reader, kObjectVersion));
        return record;
    });
}

Result<SpuRecord> decode_spu_record(ByteSpan bytes) {
    return decode<SpuRecord>(bytes, [](Reader& reader) -> Result<SpuRecord> {
        SpuRecord record;
        WEIR_TRY(record.storage_id, read_uid(reader));
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
