#include "core/sc/journal.h"

#include "core/wire/codec.h"

#include <fmt/core.h>

namespace weir::sc {

namespace {

using wire::Reader;
using wire::Writer;

constexpr std::uint8_t kFormatVersion = 1;

enum class RecordType : std::uint8_t {
    transaction = 1,
    snapshot_begin = 2,
    snapshot_items = 3,
    snapshot_end = 4,
};

Writer begin_record(RecordType type) {
    Writer writer;
    writer.write_u8(kFormatVersion);
    writer.write_u8(static_cast<std::uint8_t>(type));
    return writer;
}

void write_key(Writer& writer, const StoreKey& key) {
    writer.write_u8(static_cast<std::uint8_t>(key.kind));
    writer.write_string(key.name);
}

Result<StoreKey> read_key(Reader& reader) {
    StoreKey key;
    WEIR_TRY(const std::uint8_t kind, reader.read_u8());
    if (kind < static_cast<std::uint8_t>(RecordKind::cluster) ||
        kind > static_cast<std::uint8_t>(RecordKind::mirror)) {
        return fail(ErrorCode::corrupt, fmt::format("unknown kind {}", kind));
    }
    key.kind = static_cast<RecordKind>(kind);
    WEIR_TRY(key.name, reader.read_string());
    return key;
}

Result<Bytes> read_value(Reader& reader) {
    WEIR_TRY(const ByteSpan bytes, reader.read_byte_vector());
    return Bytes(bytes.begin(), bytes.end());
}

Result<Mutation> read_mutation(Reader& reader) {
    Mutation mutation;
    WEIR_TRY(mutation.key, read_key(reader));
    WEIR_TRY(mutation.value, reader.read_option(read_value));
    return mutation;
}

struct SnapshotItem {
    StoreKey key;
    StoreValue value;
};

Result<SnapshotItem> read_item(Reader& reader) {
    SnapshotItem item;
    WEIR_TRY(item.key, read_key(reader));
    WEIR_TRY(item.value.revision, reader.read_u64());
    WEIR_TRY(item.value.bytes, read_value(reader));
    return item;
}

struct SnapshotMark {
    std::uint64_t revision = 0;
    std::uint64_t item_count = 0;
};

Result<SnapshotMark> read_mark(Reader& reader) {
    SnapshotMark mark;
    WEIR_TRY(mark.revision, reader.read_u64());
    WEIR_TRY(mark.item_count, reader.read_u64());
    return mark;
}

// Whatever is wrong with bytes that passed the log's checksum is damage.
Error damaged(const Error& error) {
    return Error(ErrorCode::corrupt, "metadata journal: " + error.context);
}

Error damaged(std::string text) {
    return Error(ErrorCode::corrupt, "metadata journal: " + std::move(text));
}

Bytes encode_mark(RecordType type, std::uint64_t revision, std::size_t item_count) {
    Writer writer = begin_record(type);
    writer.write_u64(revision);
    writer.write_u64(item_count);
    return std::move(writer).take();
}

}  // namespace

Bytes encode_transaction(std::uint64_t revision, const std::vector<Mutation>& mutations) {
    Writer writer = begin_record(RecordType::transaction);
    writer.write_u64(revision);
    writer.write_vector(mutations, [](Writer& w, const Mutation& mutation) {
        write_key(w, mutation.key);
        w.write_option(mutation.value,
                       [](Writer& inner, const Bytes& value) { inner.write_byte_vector(value); });
    });
    return std::move(writer).take();
}

std::vector<Bytes> encode_snapshot(std::uint64_t revision, const StoreState& state) {
    std::vector<Bytes> records;
    records.push_back(encode_mark(RecordType::snapshot_begin, revision, state.size()));
    auto next = state.begin();
    while (next != state.end()) {
        Writer writer = begin_record(RecordType::snapshot_items);
        const std::size_t count_position = writer.size();
        writer.write_u32(0);
        std::uint32_t count = 0;
        for (; next != state.end() && (count == 0 || writer.size() < kSnapshotPartSize); ++next) {
            write_key(writer, next->first);
            writer.write_u64(next->second.revision);
            writer.write_byte_vector(next->second.bytes);
            ++count;
        }
        writer.patch_u32(count_position, count);
        records.push_back(std::move(writer).take());
    }
    records.push_back(encode_mark(RecordType::snapshot_end, revision, state.size()));
    return records;
}

Result<void> check_preconditions(const StoreState& state, const std::vector<Mutation>& mutations) {
    for (const Mutation& mutation : mutations) {
        if (!mutation.expected_revision.has_value()) {
            continue;
        }
        const auto found = state.find(mutation.key);
        const std::uint64_t actual = found == state.end() ? 0 : found->second.revision;
        if (actual != *mutation.expected_revision) {
            return fail(ErrorCode::already_exists,
                        fmt::format("'{}' is at revision {} and not at {}", mutation.key.name,
                                    actual, *mutation.expected_revision));
        }
    }
    return Result<void>();
}

void apply_mutations(StoreState& state, std::uint64_t revision,
                     const std::vector<Mutation>& mutations) {
    for (const Mutation& mutation : mutations) {
        if (!mutation.value.has_value()) {
            state.erase(mutation.key);
            continue;
        }
        StoreValue& value = state[mutation.key];
        value.bytes = *mutation.value;
        value.revision = revision;
    }
}

Result<void> JournalReplay::apply_snapshot_end(std::uint64_t revision, std::uint64_t item_count) {
    if (!snapshot_.has_value()) {
        return fail(damaged("the end of a snapshot without its beginning"));
    }
    if (snapshot_->revision != revision || snapshot_->item_count != item_count ||
        snapshot_->state.size() != item_count) {
        return fail(damaged(fmt::format("the snapshot of revision {} is not whole: {} of {} items",
                                        revision, snapshot_->state.size(), item_count)));
    }
    if (complete_ && (revision != revision_ || snapshot_->state != state_)) {
        return fail(damaged(fmt::format(
            "the snapshot of revision {} contradicts the transactions before it", revision)));
    }
    complete_ = true;
    revision_ = revision;
    state_ = std::move(snapshot_->state);
    snapshot_.reset();
    return Result<void>();
}

Result<void> JournalReplay::apply(ByteSpan record) {
    Reader reader(record);
    const auto format = reader.read_u8();
    const auto type = reader.read_u8();
    if (!format.has_value() || !type.has_value()) {
        return fail(damaged("a record is too short"));
    }
    if (*format != kFormatVersion) {
        return fail(
            damaged(fmt::format("format {} is not known, written by a later version?", *format)));
    }
    switch (static_cast<RecordType>(*type)) {
        case RecordType::transaction: {
            const auto revision = reader.read_u64();
            const auto mutations = reader.read_vector(read_mutation);
            if (!revision.has_value() || !mutations.has_value()) {
                return fail(damaged(mutations.has_value() ? revision.error() : mutations.error()));
            }
            // Whoever wrote the snapshot stopped in the middle and was started again.
            snapshot_.reset();
            if (!complete_) {
                return fail(damaged("the beginning is missing"));
            }
            if (*revision != revision_ + 1) {
                return fail(damaged(fmt::format("revision {} follows {}", *revision, revision_)));
            }
            revision_ = *revision;
            apply_mutations(state_, revision_, *mutations);
            return Result<void>();
        }
        case RecordType::snapshot_begin: {
            const auto mark = read_mark(reader);
            if (!mark.has_value()) {
                return fail(damaged(mark.error()));
            }
            snapshot_.emplace();
            snapshot_->revision = mark->revision;
            snapshot_->item_count = mark->item_count;
            return Result<void>();
        }
        case RecordType::snapshot_items: {
            auto items = reader.read_vector(read_item);
            if (!items.has_value()) {
                return fail(damaged(items.error()));
            }
            if (!snapshot_.has_value()) {
                return fail(damaged("items of a snapshot without its beginning"));
            }
            for (SnapshotItem& item : *items) {
                snapshot_->state[std::move(item.key)] = std::move(item.value);
            }
            return Result<void>();
        }
        case RecordType::snapshot_end: {
            const auto mark = read_mark(reader);
            if (!mark.has_value()) {
                return fail(damaged(mark.error()));
            }
            return apply_snapshot_end(mark->revision, mark->item_count);
        }
    }
    return fail(damaged(fmt::format("record type {} is not known", *type)));
}

Result<void> JournalReplay::finish() {
    snapshot_.reset();
    if (!complete_) {
        return fail(damaged("the beginning is missing"));
    }
    return Result<void>();
}

}  // namespace weir::sc
