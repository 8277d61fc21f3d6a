#include "apps/weir/fluvio/consumer_offsets.h"

#include "apps/weir/fluvio/copy_reader.h"
#include "core/client/compression.h"
#include "core/model/topic.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"
#include "core/wire/record.h"

#include <fmt/core.h>

#include <map>
#include <utility>

namespace weir::cli::fluvio {
namespace {

constexpr std::uint8_t kTagUpdated = 0;
constexpr std::uint8_t kTagDeleted = 1;
constexpr std::uint8_t kTagCheckpoint = 2;
constexpr std::size_t kPayloadSizeMax = std::size_t{64} << 20;

using Key = std::pair<ReplicaKey, std::string>;
using Table = std::map<Key, StoredConsumerOffset>;

Result<void> apply(ByteSpan value, Table& table) {
    wire::Reader reader(value);
    WEIR_TRY(const std::uint8_t tag, reader.read_u8());
    if (tag == kTagCheckpoint) {
        return {};
    }
    if (tag != kTagUpdated && tag != kTagDeleted) {
        return fail(ErrorCode::malformed, fmt::format("unknown tag {}", tag));
    }
    WEIR_TRY(const ByteSpan key_bytes, reader.read_byte_vector());
    wire::Reader key_reader(key_bytes);
    StoredConsumerOffset stored;
    WEIR_TRY(stored.replica, wire::decode_replica_key(key_reader));
    WEIR_TRY(stored.consumer_id, key_reader.read_string());
    const Key key(stored.replica, stored.consumer_id);
    if (tag == kTagDeleted) {
        table.erase(key);
        return {};
    }
    WEIR_TRY(const ByteSpan value_bytes, reader.read_byte_vector());
    wire::Reader fields(value_bytes);
    WEIR_TRY(stored.offset, fields.read_i64());
    WEIR_TRY(stored.modified_time_s, fields.read_u64());
    table.insert_or_assign(key, std::move(stored));
    return {};
}

Result<void> apply_batch(const CopiedBatch& batch, Table& table) {
    const auto codec = client::codec_from_attributes(batch.header.attributes);
    if (!codec.has_value()) {
        return fail(ErrorCode::malformed, "unknown codec");
    }
    const ByteSpan stored = ByteSpan(batch.bytes).subspan(batch.header.payload_start());
    WEIR_TRY(const Bytes payload, client::decompress(*codec, stored, kPayloadSizeMax));
    WEIR_TRY(wire::RecordWalker records, wire::RecordWalker::open(payload));
    while (records.more()) {
        WEIR_TRY(const wire::RecordView record, records.next());
        WEIR_CHECK(apply(record.value, table));
    }
    return {};
}

}  // namespace

Result<std::vector<StoredConsumerOffset>> read_consumer_offsets(const std::string& dir,
                                                                std::vector<std::string>& damages) {
    Table table;
    WEIR_TRY(CopyReader reader, CopyReader::open(dir));
    while (true) {
        WEIR_TRY(const auto batch, reader.next());
        if (!batch.has_value()) {
            break;
        }
        const Result<void> applied = apply_batch(*batch, table);
        if (!applied.has_value()) {
            damages.push_back(fmt::format(
                "{}-0: the change of consumer offsets at {} cannot be "
                "read: {}",
                kConsumerOffsetTopic, batch->header.base_offset.value(), applied.error().context));
        }
    }
    std::vector<StoredConsumerOffset> offsets;
    for (auto& [key, stored] : table) {
        offsets.push_back(std::move(stored));
    }
    return offsets;
}

}  // namespace weir::cli::fluvio
