#include "apps/weir/fluvio/log_writer.h"

#include "apps/weir/fluvio/cluster_writer.h"
#include "apps/weir/fluvio/copy_reader.h"
#include "core/log/log.h"
#include "core/log/replica_state.h"
#include "core/spu/offset_store.h"
#include "core/wire/record.h"

#include <fmt/core.h>

#include <memory>
#include <utility>

namespace weir::cli::fluvio {
namespace {

// Batches that may wait for the disk.
constexpr std::uint64_t kQueueSizeMax = 16U << 20;
constexpr std::size_t kOffsetsPerBatch = 1'000;

// A replica's folder that is being filled.
class ReplicaFolder {
public:
    ReplicaFolder(Env& env, const LogTarget& target, const PartitionLog& log)
        : env_(env), target_(target), spec_(log.spec) {
        wire::internal::ReplicaRef ref;
        ref.key = log.key;
        ref.topic_uid = target.topic_uid;
        dir_ = fmt::format("{}/{}", target.parent_dir, spu::replica_folder_name(ref));
        identity_.uid = target.topic_uid;
        identity_.partition = log.key.partition;
    }

    Task<Result<void>> open() {
        log::LogConfig config;
        config.identity = identity_;
        config.high_watermark = Offset(0);
        // close() syncs.
        config.durability = Durability::async;
        if (spec_.storage.has_value() && spec_.storage->segment_size_bytes.has_value()) {
            config.segment_size_bytes_max = *spec_.storage->segment_size_bytes;
        }
        WEIR_CO_TRY(log_, co_await log::Log::open(env_, dir_, config));
        co_return Result<void>();
    }

    Task<Result<void>> begin(Offset start) {
        if (start > Offset(0)) {
            WEIR_CO_CHECK(co_await log_->reset_to(start));
        }
        co_return co_await log_->begin_epoch(kImportedEpoch, log::AppendRole::leader);
    }

    Task<Result<void>> append(Bytes batch) {
        const Offset expected = read_batch_header(batch).base_offset;
        WEIR_CO_TRY(const log::Appended appended,
                    log_->append(BufferSlice(Buffer::copy_of(batch)), kImportedEpoch));
        if (appended.base_offset != expected) {
            co_return fail(ErrorCode::corrupt,
                           fmt::format("offset {} came after {}: the source has changed",
                                       expected.value(), appended.base_offset.value()));
        }
        if (log_->queued_size_bytes() > kQueueSizeMax) {
            WEIR_CO_CHECK(co_await log_->wait_written(appended, CancelToken()));
        }
        co_return Result<void>();
    }

    // Has to be called after open(); `filled` is whether what belongs into the log is in it.
    Task<Result<void>> close(Result<void> filled) {
        if (filled.has_value()) {
            filled = co_await log_->sync();
        }
        const Offset end = log_->leo();
        if (filled.has_value()) {
            log_->commit_to(end);
        }
        const Result<void> closed = co_await log_->close();
        if (!filled.has_value()) {
            co_return filled;
        }
        WEIR_CO_CHECK(closed);
        co_return co_await write_state(end);
    }

private:
    Task<Result<void>> write_state(Offset end) {
        log::ReplicaStateFile state(env_.disk, dir_, identity_);
        WEIR_CO_CHECK(co_await state.load());
        // The two that follow sync it.
        WEIR_CO_CHECK(co_await state.note_high_watermark(end));
        WEIR_CO_CHECK(co_await state.set_replica_uid(target_.replica_uid));
        WEIR_CO_CHECK(co_await state.raise_fence(kImportedEpoch, RecordVersion()));
        state.close_file();
        co_return Result<void>();
    }

    Env& env_;
    const LogTarget& target_;
    const PartitionSpec& spec_;
    std::string dir_;
    log::LogIdentity identity_;
    std::unique_ptr<log::Log> log_;
};

// Fluvio's clients were given these bytes and never looked at the checksum; ours would refuse them.
void correct_checksum(CopiedBatch& batch) {
    batch.header.crc = compute_batch_crc(batch.bytes);
    write_batch_header(batch.bytes, batch.header);
}

Task<Result<void>> copy_batches(ReplicaFolder& folder, const PartitionLog& log) {
    WEIR_CO_CHECK(co_await folder.begin(log.start));
    if (log.source_dir.empty()) {
        co_return Result<void>();
    }
    WEIR_CO_TRY(CopyReader reader, CopyReader::open(log.source_dir));
    while (true) {
        WEIR_CO_TRY(auto batch, reader.next());
        if (!batch.has_value()) {
            break;
        }
        if (!batch->crc_matches) {
            correct_checksum(*batch);
        }
        WEIR_CO_CHECK(co_await folder.append(std::move(batch->bytes)));
    }
    if (reader.end() != log.end) {
        co_return fail(ErrorCode::corrupt,
                       fmt::format("the log ended at {} and ends at {} now: the source has changed",
                                   log.end.value(), reader.end().value()));
    }
    co_return Result<void>();
}

Bytes offsets_batch(const std::vector<spu::OffsetChange>& changes, Offset base_offset,
                    std::int64_t now_ms) {
    wire::PayloadBuilder payload;
    for (const spu::OffsetChange& change : changes) {
        payload.add(std::nullopt, spu::encode_offset_change(change), 0);
    }
    BatchHeader header;
    header.base_offset = base_offset;
    header.last_offset_delta = static_cast<std::int32_t>(changes.size()) - 1;
    header.first_timestamp = now_ms;
    header.max_time_stamp = now_ms;
    return make_batch(header, std::move(payload).take());
}

Task<Result<void>> append_offsets(ReplicaFolder& folder, std::vector<spu::OffsetChange> changes,
                                  std::int64_t now_ms) {
    WEIR_CO_CHECK(co_await folder.begin(Offset(0)));
    Offset next = Offset(0);
    std::vector<spu::OffsetChange> part;
    for (spu::OffsetChange& change : changes) {
        part.push_back(std::move(change));
        if (part.size() == kOffsetsPerBatch || &change == &changes.back()) {
            WEIR_CO_CHECK(co_await folder.append(offsets_batch(part, next, now_ms)));
            next += static_cast<std::int64_t>(part.size());
            part.clear();
        }
    }
    co_return Result<void>();
}

}  // namespace

Task<Result<void>> write_log(Env& env, const LogTarget& target, const PartitionLog& log) {
    ReplicaFolder folder(env, target, log);
    WEIR_CO_CHECK(co_await folder.open());
    Result<void> filled = co_await copy_batches(folder, log);
    co_return co_await folder.close(std::move(filled));
}

Task<Result<void>> write_consumer_offsets(Env& env, const LogTarget& target,
                                          const PartitionLog& log,
                                          const std::vector<StoredConsumerOffset>& offsets,
                                          const std::map<std::string, Uid>& topic_uids) {
    std::vector<spu::OffsetChange> changes;
    for (const StoredConsumerOffset& stored : offsets) {
        spu::OffsetChange change;
        change.key.replica = stored.replica;
        change.key.consumer_id = stored.consumer_id;
        spu::OffsetEntry& entry = change.entry.emplace();
        entry.offset = stored.offset;
        entry.modified_time_s = stored.modified_time_s;
        entry.topic_uid = topic_uids.at(stored.replica.topic);
        changes.push_back(std::move(change));
    }
    if (log.key.partition != 0) {
        changes.clear();
    }
    ReplicaFolder folder(env, target, log);
    WEIR_CO_CHECK(co_await folder.open());
    const std::int64_t now_ms = env.clock.wall_now().ms();
    Result<void> filled = co_await append_offsets(folder, std::move(changes), now_ms);
    co_return co_await folder.close(std::move(filled));
}

}  // namespace weir::cli::fluvio
