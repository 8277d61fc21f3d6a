#include "core/wire/partition_record.h"

#include "core/wire/replication_fields.h"

namespace weir::wire {

namespace {

// The layout has had one version only.
constexpr Version kVersion = 1;

}  // namespace

Result<PartitionRecord> decode_partition_record(Reader& reader) {
    detail::Decoder decoder(reader, kVersion);
    PartitionRecord record;
    decoder(record);
    return decoder.finish(std::move(record));
}

void encode(Writer& writer, const PartitionRecord& record) {
    detail::Encoder encoder(writer, kVersion);
    encoder(record);
}

}  // namespace weir::wire
