#include "tests/support/log_model.h"

#include "core/log/format.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::test {

namespace {

constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 40;

}  // namespace

LogModel::LogModel(Choose choose) : choose_(std::move(choose)) {
    config_.identity.uid = Uid{7, 8};
    const std::uint64_t mode = choose_(6);
    config_.durability = mode == 0   ? Durability::async
                         : mode == 1 ? Durability::bounded
                                     : Durability::fsync;
    config_.segment_size_bytes_max = 200 + choose_(3'000);
    config_.index_interval_bytes = 1 + choose_(400);
    config_.preallocate_bytes_max = choose_(3) * 1'500;
    config_.unsynced_bytes_max = 100 + choose_(4'000);
    config_.checkpoint_interval_bytes = 1 + choose_(2'000);
    config_.tail_cache_bytes_max = static_cast<std::size_t>(choose_(3'000));
    config_.idle_after = Duration::from_s(5);
    replicated_ = choose_(2) == 0;
}

LogModel::~LogModel() {
    if (node_ != nullptr) {
        node_->tear_down();
    }
    log_.reset();
}

LogModel::Violation LogModel::start() {
    return open();
}

// What a crash now must leave.
Offset LogModel::promised_end(bool power_loss) const {
    if (log_ == nullptr) {
        return power_loss ? durable_min_ : end_min_;
    }
    if (!power_loss) {
        return log_->leo();
    }
    return config_.durability == Durability::fsync ? log_->committed_end() : log_->synced_end();
}

LogModel::Violation LogModel::crash(std::optional<sim::LossMode> loss) {
    const Offset durable = promised_end(true);
    end_min_ = promised_end(loss.has_value());
    durable_min_ = durable;
    if (log_ != nullptr) {
        start_ = std::max(start_, log_->log_start());
    }
    held_.reset();
    node_->tear_down();
    log_.reset();
    node_.reset();
    if (loss.has_value()) {
        sim::Draws draws{Prng(choose_(std::uint64_t{1} << 32))};
        world_.power_loss(draws, *loss);
    }
    return std::nullopt;
}

LogModel::Violation LogModel::open() {
    if (node_ == nullptr) {
        node_ = world_.boot();
    }
    auto opened = node_->run(log::Log::open(node_->env(), dir(), config_));
    if (!opened.has_value()) {
        return "open hangs or halted";
    }
    if (!opened->has_value()) {
        return "open failed: " + to_string(opened->error());
    }
    log_ = *std::move(*opened);
    if (Violation violation = adopt(end_min_, start_)) {
        return violation;
    }
    cut_since_open_ = false;
    scrub_cursor_ = log::ScrubCursor();
    if (Violation violation = begin_epoch()) {
        return violation;
    }
    return check();
}

// After an open: what the log holds becomes the model, if it may be.
LogModel::Violation LogModel::adopt(Offset end_min, Offset start_min) {
    const Offset end = log_->leo();
    adopt_cut(end_min, start_min);
    if (end < end_min) {
        return fmt::format("lost: the log ends at {}, {} was promised", end.value(),
                           end_min.value());
    }
    if (log_->log_start() < start_min) {
        return fmt::format("log start went back from {} to {}", start_min.value(),
                           log_->log_start().value());
    }
    if (log_->log_start() > end) {
        return std::string("log start above the end");
    }
    items_.insert(items_.end(), uncertain_.begin(), uncertain_.end());
    uncertain_.clear();
    while (!items_.empty() && items_.back().next_offset() > end) {
        items_.pop_back();
    }
    const Offset known_end = items_.empty() ? log_->log_start() : items_.back().next_offset();
    if (known_end != end) {
        return fmt::format("the log ends at {}, no batch that was appended does", end.value());
    }
    end_ = end;
    end_min_ = durable_min_ = end;
    drop_below(log_->log_start());
    return std::nullopt;
}

void LogModel::drop_below(Offset start) {
    start_ = start;
    while (!items_.empty() && items_.front().next_offset() <= start) {
        start_epoch_ = items_.front().epoch;
        deleted_.push_back(std::move(items_.front()));
        items_.erase(items_.begin());
    }
}

Result<log::Appended> LogModel::offer(BufferSlice batches) {
    return role_ == log::AppendRole::leader ? log_->append(std::move(batches), epoch_)
                                            : log_->append_replicated(std::move(batches), epoch_);
}

BufferSlice LogModel::draw_append(std::vector<Item>& items, LeaderEpoch& last, Offset& next) {
    Bytes bytes;
    const std::uint64_t batch_count = 1 + choose_(3) / 2;
    for (std::uint64_t i = 0; i < batch_count; ++i) {
        const auto record_count = static_cast<std::int32_t>(1 + choose_(4));
        const std::uint64_t size = choose_(10) == 0 ? choose_(3'000) : choose_(120);
        std::string payload = fmt::format("{}:", next.value());
        payload.resize(payload.size() + static_cast<std::size_t>(size),
                       static_cast<char>('a' + choose_(26)));
        const bool leads = role_ == log::AppendRole::leader;
        const LeaderEpoch epoch = leads ? epoch_ : draw_epoch(last);
        BatchHeader header = numbered_header(next, record_count);
        header.base_offset = leads ? Offset(0) : next;
        header.partition_leader_epoch = leads ? LeaderEpoch(-1) : epoch;
        const Bytes batch = make_batch(header, as_bytes(payload));
        bytes.insert(bytes.end(), batch.begin(), batch.end());
        items.push_back(Item{next, record_count, std::move(payload), epoch});
        last = epoch;
        next += record_count;
    }
    return BufferSlice(Buffer::copy_of(bytes));
}

LogModel::Violation LogModel::append(std::size_t count, std::uint64_t step_limit) {
    struct Pending {
        log::Appended appended;
        std::vector<Item> items;
    };
    std::vector<Pending> pending;
    Offset next = end_;
    LeaderEpoch last = last_item_epoch();
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<Item> items;
        BufferSlice batches = draw_append(items, last, next);
        const auto appended = offer(std::move(batches));
        if (!appended.has_value()) {
            if (appended.error().code == ErrorCode::disk_full) {
                break;
            }
            return "append refused: " + to_string(appended.error());
        }
        if (appended->base_offset != items.front().base_offset || appended->next_offset != next) {
            return fmt::format("append got offset {}, expected {}", appended->base_offset.value(),
                               items.front().base_offset.value());
        }
        pending.push_back(Pending{*appended, std::move(items)});
    }
    if (step_limit != kNoLimit) {
        for (; step_limit > 0 && node_->step(); --step_limit) {
        }
        for (Pending& one : pending) {
            uncertain_.insert(uncertain_.end(), one.items.begin(), one.items.end());
        }
        return std::nullopt;  // the caller crashes now
    }
    for (Pending& one : pending) {
        if (Violation violation = settle_append(one.appended, std::move(one.items))) {
            return violation;
        }
    }
    return std::nullopt;
}

LogModel::Violation LogModel::settle_append(const log::Appended& appended,
                                            std::vector<Item> items) {
    const auto waited = node_->run(log_->wait_committed(appended, CancelToken()));
    if (!waited.has_value()) {
        return std::string("an append hangs");
    }
    if (!waited->has_value()) {
        if (waited->error().code == ErrorCode::disk_full) {
            return std::nullopt;
        }
        return "append failed: " + to_string(waited->error());
    }
    if (log_->committed_end() < appended.next_offset) {
        return std::string("acknowledged and not committed");
    }
    end_ = appended.next_offset;
    for (Item& item : items) {
        items_.push_back(std::move(item));
    }
    return std::nullopt;
}

LogModel::Violation LogModel::compare(Offset from, const std::vector<ReadBatch>& batches) const {
    auto item = std::find_if(items_.begin(), items_.end(),
                             [&](const Item& one) { return one.next_offset() > from; });
    for (const ReadBatch& batch : batches) {
        if (item == items_.end()) {
            return fmt::format("read a batch at {} that was never stored",
                               batch.base_offset.value());
        }
        // Epochs are outside of the checksum: damage may turn them into others that fit.
        if (batch.base_offset != item->base_offset || batch.record_count != item->record_count ||
            batch.payload != item->payload || (!damaged_ && batch.epoch != item->epoch)) {
            return fmt::format("read something else at offset {}", item->base_offset.value());
        }
        ++item;
    }
    return std::nullopt;
}

Result<Bytes> LogModel::bytes_of(const log::LogSlice& slice) {
    Bytes bytes;
    for (const BufferSlice& part : slice.body) {
        bytes.insert(bytes.end(), part.span().begin(), part.span().end());
    }
    if (slice.file != nullptr) {
        bytes.resize(static_cast<std::size_t>(slice.size_bytes));
        auto read = node_->run(slice.file->read_at(slice.file_position, bytes));
        if (!read.has_value() || !read->has_value() || **read != bytes.size()) {
            return fail(ErrorCode::io_error, "slice not readable");
        }
    }
    return bytes;
}

// Walks the whole log, once through slices and once through checked reads.
LogModel::Violation LogModel::check() {
    if (log_->log_start() > log_->committed_end() || log_->committed_end() > log_->leo() ||
        log_->synced_end() > log_->leo()) {
        return std::string("start <= committed <= leo does not hold");
    }
    if (log_->leo() != end_) {
        return fmt::format("the log ends at {}, expected {}", log_->leo().value(), end_.value());
    }
    if (Violation violation = check_lineage()) {
        return violation;
    }
    if (Violation violation = check_producers()) {
        return violation;
    }
    if (Violation violation = check_held()) {
        return violation;
    }
    for (const bool checked : {false, true}) {
        Offset at = log_->log_start();
        while (at < end_) {
            log::ReadRequest request;
            request.offset = at;
            request.limit = end_;
            request.size_bytes_max = 1 + choose_(2'000);
            std::vector<ReadBatch> batches;
            if (checked) {
                auto read = node_->run(log_->read_checked(request));
                if (!read.has_value() || !read->has_value()) {
                    return fmt::format("checked read at {} failed", at.value());
                }
                batches = batches_in((*read)->span());
            } else {
                auto read = node_->run(log_->read(request));
                if (!read.has_value() || !read->has_value()) {
                    return fmt::format("read at {} failed: {}", at.value(),
                                       read.has_value() ? to_string(read->error()) : "hangs");
                }
                const auto bytes = bytes_of(**read);
                if (!bytes.has_value()) {
                    return to_string(bytes.error());
                }
                batches = batches_in(*bytes);
            }
            if (batches.empty()) {
                return fmt::format("nothing to read at {}", at.value());
            }
            if (Violation violation = compare(at, batches)) {
                return violation;
            }
            at = batches.back().base_offset + batches.back().record_count;
        }
    }
    return std::nullopt;
}

LogModel::Violation LogModel::read_some() {
    log::ReadRequest request;
    const auto span = static_cast<std::uint64_t>(end_ - start_) + 4;
    request.offset = start_ + (static_cast<std::int64_t>(choose_(span)) - 2);
    request.limit = start_ + static_cast<std::int64_t>(choose_(span));
    request.size_bytes_max = choose_(3'000);
    const auto read = node_->run(log_->read(request));
    if (!read.has_value()) {
        return std::string("a read hangs");
    }
    if (!read->has_value()) {
        const ErrorCode code = read->error().code;
        const bool right = (code == ErrorCode::offset_evicted && request.offset < start_) ||
                           (code == ErrorCode::offset_out_of_range && request.offset > end_);
        return right ? Violation() : "read failed: " + to_string(read->error());
    }
    if (request.offset < start_ || request.offset > end_) {
        return std::string("a read outside of the log worked");
    }
    const log::LogSlice& slice = **read;
    const auto bytes = bytes_of(slice);
    if (!bytes.has_value()) {
        return to_string(bytes.error());
    }
    const std::vector<ReadBatch> batches = batches_in(*bytes);
    if (!slice.empty()) {
        if (batches.empty() || slice.next_offset > std::min(request.limit, end_) ||
            slice.next_offset != batches.back().base_offset + batches.back().record_count ||
            batches.front().base_offset > request.offset || slice.next_offset <= request.offset) {
            return std::string("a slice is not what was asked for");
        }
        if (batches.size() > 1 && slice.size_bytes > request.size_bytes_max) {
            return std::string("a slice is larger than asked for");
        }
        held_ = HeldSlice{slice, *bytes};
    }
    return compare(request.offset, batches);
}

LogModel::Violation LogModel::fill_disk() {
    const std::uint64_t capacity = world_.image.capacity_bytes();
    world_.image.set_capacity_bytes(world_.image.used_bytes() + choose_(1'500));
    Violation violation;
    for (int i = 0; i < 3 && !violation; ++i) {
        violation = append(1 + choose_(3), kNoLimit);
        if (!violation) {
            violation = check();
        }
        node_->advance(Duration::from_ms(static_cast<std::int64_t>(choose_(1'500))));
    }
    if (choose_(3) == 0) {
        world_.image.set_capacity_bytes(capacity);
        if (!violation) {
            violation = crash(sim::LossMode::sectors);
        }
        return violation ? violation : open();
    }
    world_.image.set_capacity_bytes(capacity);
    node_->advance(config_.disk_full_retry_interval);
    const Offset before = end_;
    if (!violation) {
        violation = append(1, kNoLimit);
    }
    if (!violation && end_ == before) {
        violation = "appends do not resume when space is back";
    }
    return violation;
}

LogModel::Violation LogModel::maintain() {
    const std::uint64_t step_limit = choose_(4) == 0 ? choose_(40) : kNoLimit;
    node_->advance(Duration::from_s(static_cast<std::int64_t>(choose_(8))));
    const Offset target =
        start_ + static_cast<std::int64_t>(choose_(static_cast<std::uint64_t>(end_ - start_) + 1));
    std::optional<Result<void>> done;
    switch (choose_(4)) {
        case 0: done = node_->run(log_->tick(target), step_limit); break;
        case 1: done = node_->run(log_->trim(target), step_limit); break;
        case 2: done = node_->run(log_->delete_before(target), step_limit); break;
        default: done = node_->run(log_->roll(), step_limit); break;
    }
    if (!done.has_value()) {
        if (step_limit == kNoLimit) {
            return std::string("upkeep hangs");
        }
        const bool power = choose_(2) == 0;
        if (Violation violation =
                crash(power ? std::optional(sim::LossMode::sectors) : std::nullopt)) {
            return violation;
        }
        return choose_(2) == 0 ? interrupted_open() : open();
    }
    if (!done->has_value()) {
        return "upkeep failed: " + to_string(done->error());
    }
    if (log_->log_start() < start_ || log_->log_start() > std::max(target, start_)) {
        return std::string("log start beyond what was asked for");
    }
    drop_below(log_->log_start());
    return std::nullopt;
}

LogModel::Violation LogModel::reopen() {
    if (Violation violation = check_held()) {
        return violation;
    }
    held_.reset();
    const auto closed = node_->run(log_->close());
    if (!closed.has_value() || !closed->has_value()) {
        return std::string("close failed");
    }
    if (node_->open_file_count() != 0) {
        return std::string("files stay open after close");
    }
    end_min_ = durable_min_ = end_;
    log_.reset();
    if (choose_(2) == 0) {
        // The log was closed in order, so even a power loss takes nothing.
        node_->tear_down();
        node_.reset();
        sim::Draws draws{Prng(choose_(1'000))};
        world_.power_loss(draws, sim::LossMode::sectors);
    }
    if (Violation violation = open()) {
        return violation;
    }
    return log_->leo() == end_min_ ? Violation() : "closed in order, and the end has moved";
}

// A recovery that is itself interrupted, perhaps more than once.
LogModel::Violation LogModel::interrupted_open() {
    std::uint64_t rounds = 1 + choose_(3);
    for (; rounds > 0; --rounds) {
        node_ = world_.boot();
        auto opened = node_->run(log::Log::open(node_->env(), dir(), config_), choose_(60));
        if (opened.has_value() && !opened->has_value()) {
            return "open failed: " + to_string(opened->error());
        }
        if (opened.has_value()) {
            // What it shows is promised from now on.
            log_ = *std::move(*opened);
        }
        const bool power = choose_(2) == 0;
        if (Violation violation =
                crash(power ? std::optional(sim::LossMode::sectors) : std::nullopt)) {
            return violation;
        }
    }
    return open();
}

Offset LogModel::checkpointed_end() const {
    const auto file =
        world_.image.find(std::string(dir()) + "/" + std::string(log::kCheckpointName));
    Offset end;
    std::uint64_t newest = 0;
    for (std::size_t at = 0; file != nullptr && at + log::kSlotSize <= file->size();
         at += log::kSlotSize) {
        const auto slot = log::decode_checkpoint_slot(file->content().subspan(at, log::kSlotSize));
        if (slot.has_value() && slot->sequence > newest) {
            newest = slot->sequence;
            end = slot->next_offset;
        }
    }
    return end;
}

void LogModel::damage_file(const std::string& path) {
    const auto file = world_.image.find(path);
    const std::uint64_t kind = choose_(8);
    if (kind == 0) {
        WEIR_ASSERT(world_.image.remove_file(path).has_value());
        return;
    }
    if (file->size() == 0) {
        return;
    }
    const std::uint64_t at = choose_(file->size());
    if (kind == 1) {
        world_.image.truncate(*file, at);
        return;
    }
    const MutByteSpan rest = file->content_for_damage().subspan(static_cast<std::size_t>(at));
    const std::size_t size =
        std::min<std::size_t>(rest.size(), static_cast<std::size_t>(1 + choose_(600)));
    for (std::size_t i = 0; i < size; ++i) {
        if (kind == 2) {
            rest[i] = 0;
        } else if (kind == 3) {
            rest[i] = static_cast<std::uint8_t>(choose_(256));
        } else if (i == 0) {
            rest[i] = static_cast<std::uint8_t>(rest[i] ^ (1U << choose_(8)));
        }
    }
}

LogModel::Violation LogModel::damage_and_open() {
    if (Violation violation = crash(std::nullopt)) {
        return violation;
    }
    Offset end_min = checkpointed_end();
    Offset start_min = start_;
    for (std::uint64_t count = 1 + choose_(3); count > 0; --count) {
        const auto files = world_.image.files();
        if (files.empty()) {
            break;
        }
        const std::string path = files[static_cast<std::size_t>(choose_(files.size()))].first;
        if (cut_since_open_ && !path.ends_with(log::kSegmentSuffix)) {
            continue;
        }
        damage_file(path);
        if (path.ends_with(log::kCheckpointName)) {
            // Without it nobody knows what was there, nor what was deleted inside of a segment.
            end_min = start_min = Offset(0);
            items_.insert(items_.begin(), deleted_.begin(), deleted_.end());
            deleted_.clear();
        }
    }
    damaged_ = true;
    node_ = world_.boot();
    auto opened = node_->run(log::Log::open(node_->env(), dir(), config_));
    if (!opened.has_value()) {
        return std::string("open of a damaged log hangs or halted");
    }
    if (!opened->has_value()) {
        const ErrorCode code = opened->error().code;
        corrupt_ = code == ErrorCode::corrupt || code == ErrorCode::not_supported ||
                   code == ErrorCode::already_exists;
        if (code == ErrorCode::corrupt) {
            return repair();
        }
        return corrupt_ ? Violation() : "open failed: " + to_string(opened->error());
    }
    log_ = *std::move(*opened);
    if (Violation violation = adopt(end_min, start_min)) {
        return violation;
    }
    return check_damaged();
}

// What is left holds no damage any more, since all of it was read.
LogModel::Violation LogModel::repair() {
    if (choose_(3) == 0) {
        const auto interrupted =
            node_->run(log::Log::repair(node_->env(), dir(), config_), choose_(40));
        node_->tear_down();
        node_ = nullptr;
        sim::Draws draws{Prng(choose_(1'000))};
        world_.power_loss(draws, sim::LossMode::sectors);
        node_ = world_.boot();
        WEIR_MAYBE(interrupted.has_value());
    }
    const auto seen = node_->run(log::Log::find_damage(node_->env(), dir(), config_));
    const auto repaired = node_->run(log::Log::repair(node_->env(), dir(), config_));
    if (!repaired.has_value() || !repaired->has_value()) {
        return "repair failed: " + (repaired.has_value() ? to_string(repaired->error()) : "hangs");
    }
    if (!seen.has_value() || !seen->has_value() || (*seen)->good_end != (*repaired)->good_end ||
        (*seen)->known_end != (*repaired)->known_end || (*seen)->damage != (*repaired)->damage) {
        return std::string("a repair did other than what was said before it");
    }
    auto opened = node_->run(log::Log::open(node_->env(), dir(), config_));
    if (!opened.has_value() || !opened->has_value()) {
        return "open after a repair failed: " +
               (opened.has_value() ? to_string(opened->error()) : "hangs");
    }
    log_ = *std::move(*opened);
    if (log_->leo() != (*repaired)->good_end) {
        return std::string("a repair left another end than it said");
    }
    if (Violation violation = adopt(Offset(0), Offset(0))) {
        return violation;
    }
    for (const Item& item : items_) {
        log::ReadRequest request;
        request.offset = item.base_offset;
        request.limit = end_;
        request.size_bytes_max = 1;
        const auto read = node_->run(log_->read_checked(request));
        if (!read.has_value() || !read->has_value()) {
            return fmt::format("repaired, and a read at {} fails", item.base_offset.value());
        }
        if (Violation violation = compare(item.base_offset, batches_in((*read)->span()))) {
            return violation;
        }
    }
    return std::nullopt;
}

// A closed segment is taken by its index, so damage inside it shows only now; it must show.
LogModel::Violation LogModel::check_damaged() {
    for (const Item& item : items_) {
        log::ReadRequest request;
        request.offset = item.base_offset;
        request.limit = end_;
        request.size_bytes_max = 1;
        const auto read = node_->run(log_->read_checked(request));
        if (!read.has_value()) {
            return std::string("a read hangs");
        }
        if (!read->has_value()) {
            const ErrorCode code = read->error().code;
            if (code != ErrorCode::corrupt && code != ErrorCode::not_found) {
                return "read failed: " + to_string(read->error());
            }
            continue;
        }
        const std::vector<ReadBatch> batches = batches_in((*read)->span());
        if (batches.empty()) {
            return fmt::format("nothing to read at {}", item.base_offset.value());
        }
        if (Violation violation = compare(item.base_offset, batches)) {
            return violation;
        }
        // Reads without checksums may fail, but not otherwise misbehave.
        const auto slice = node_->run(log_->read(request));
        if (!slice.has_value()) {
            return std::string("a read hangs");
        }
    }
    return std::nullopt;
}

LogModel::Violation LogModel::random_step() {
    switch (choose_(20)) {
        case 0:
        case 1:
        case 2:
        case 3: return append(1 + choose_(5), kNoLimit);
        case 4:
        case 5: return read_some();
        case 6: return maintain();
        case 7: return check();
        case 8: return reopen();
        case 9: return fill_disk();
        case 10: return change_epoch();
        case 11: return refused_appends();
        case 12:
        case 13: return cut();
        case 14: return scrub();
        default: break;
    }
    // A crash in the middle of appends.
    if (Violation violation = append(choose_(5), choose_(60))) {
        return violation;
    }
    std::optional<sim::LossMode> loss;
    const std::uint64_t kind = choose_(5);
    if (kind != 0) {
        constexpr sim::LossMode kModes[] = {sim::LossMode::all, sim::LossMode::none,
                                            sim::LossMode::prefix, sim::LossMode::sectors};
        loss = kModes[kind - 1];
    }
    if (Violation violation = crash(loss)) {
        return violation;
    }
    return choose_(3) == 0 ? interrupted_open() : open();
}

}  // namespace weir::test
