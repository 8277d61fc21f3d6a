#include "runtime/sim/check/log_inspection.h"

#include "core/client/consumer.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/model/batch.h"
#include "runtime/sim/check/segment_path.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::uint64_t kReadSize = 256U << 10U;
constexpr std::size_t kInflatedSizeMax = 64U << 20U;
constexpr std::uint64_t kEventBudget = 20'000'000;

struct Found {
    std::string dir;
    log::LogIdentity identity;
};

// Folders with at least one segment whose header can be read: its identity is needed to open it.
std::vector<Found> find_logs(const DiskImage& image, std::string_view root) {
    std::map<std::string, Found> found;
    for (const auto& [path, node] : image.files()) {
        if (!path.starts_with(root) || path.find(log::kRemovedSuffix) != std::string::npos) {
            continue;
        }
        const auto segment = parse_segment_path(path);
        if (!segment.has_value()) {
            continue;
        }
        const std::string dir(segment->dir);
        if (found.contains(dir)) {
            continue;
        }
        const ByteSpan content = node->content();
        const auto header = log::decode_segment_header(
            content.first(std::min(content.size(), log::kSegmentHeaderSize)));
        if (header.has_value()) {
            found.emplace(dir, Found{dir, header->identity});
        }
    }
    std::vector<Found> logs;
    logs.reserve(found.size());
    for (auto& [dir, entry] : found) {
        logs.push_back(std::move(entry));
    }
    return logs;
}

Task<Result<void>> read_all(log::Log& opened, InspectedLog& into) {
    Offset at = opened.log_start();
    while (at < opened.leo()) {
        log::ReadRequest request;
        request.offset = at;
        request.limit = opened.leo();
        request.size_bytes_max = kReadSize;
        WEIR_CO_TRY(const BufferSlice bytes, co_await opened.read_checked(request));
        wire::FetchPartitionResponse response;
        response.records = bytes;
        response.high_watermark = opened.leo().value();
        Offset next = at;
        const auto chunk = client::decode_chunk(response, at, kInflatedSizeMax, &next);
        if (!chunk.has_value()) {
            co_return fail(chunk.error());
        }
        for (const client::ConsumedRecord& record : chunk->records) {
            if (record.offset.value() !=
                into.log_start + static_cast<std::int64_t>(into.values.size())) {
                co_return fail(ErrorCode::corrupt,
                               fmt::format("offset {} comes after {} records",
                                           record.offset.value(), into.values.size()));
            }
            into.values.emplace_back(record.value.begin(), record.value.end());
        }
        if (next <= at) {
            co_return fail(ErrorCode::corrupt,
                           fmt::format("the read at {} gives nothing", at.value()));
        }
        at = next;
    }
    co_return Result<void>();
}

Task<void> inspect_one(Env& env, Found found, log::LogConfig config, InspectedLog* into) {
    into->dir = found.dir;
    into->identity = found.identity;
    config.identity = found.identity;
    Result<std::unique_ptr<log::Log>> opened =
        co_await log::Log::open(env, found.dir, std::move(config));
    if (!opened.has_value()) {
        into->open_error = opened.error();
        co_return;
    }
    const std::unique_ptr<log::Log> log = *std::move(opened);
    into->log_start = log->log_start().value();
    into->leo = log->leo().value();
    const Result<void> read = co_await read_all(*log, *into);
    if (!read.has_value()) {
        into->read_error = read.error();
    }
    // Not closed: the machine is crashed, so that the second recovery finds no clean marker.
    Event never(env.executor);
    static_cast<void>(co_await never.wait());
}

Task<Result<void>> inspect_main(Env& env, Found found, log::LogConfig config, InspectedLog* into,
                                CancelToken stop) {
    static_cast<void>(stop);
    TaskScope scope(env.executor);
    scope.spawn(inspect_one(env, std::move(found), std::move(config), into));
    co_await scope.join();
    co_return Result<void>();
}

InspectedLog run_inspection(World& world, Machine& machine, const Found& found,
                            const log::LogConfig& config) {
    InspectedLog result;
    machine.boot(Main(inspect_main, found, config, &result));
    // Ends when nothing moves any more (the log was read and waits), or has failed.
    world.run_for(Duration::from_s(60), kEventBudget);
    machine.crash();
    return result;
}

std::string difference(const InspectedLog& first, const InspectedLog& second) {
    if (first.open_error.has_value() != second.open_error.has_value()) {
        return second.open_error.has_value()
                   ? "the second recovery fails: " + to_string(*second.open_error)
                   : "only the first recovery fails";
    }
    if (first.log_start != second.log_start || first.leo != second.leo) {
        return fmt::format("first [{}, {}), then [{}, {})", first.log_start, first.leo,
                           second.log_start, second.leo);
    }
    if (first.values != second.values) {
        return "the records differ";
    }
    return {};
}

}  // namespace

std::vector<WalkedLog> walk_logs(const DiskImage& image, std::string_view root) {
    std::map<std::string, WalkedLog> walked;
    for (const auto& [path, node] : image.files()) {
        const auto segment = parse_segment_path(path);
        if (!path.starts_with(root) || path.find(log::kRemovedSuffix) != std::string::npos ||
            !segment.has_value()) {
            continue;
        }
        const ByteSpan content = node->content();
        const auto header = log::decode_segment_header(
            content.first(std::min(content.size(), log::kSegmentHeaderSize)));
        if (!header.has_value()) {
            continue;
        }
        BatchWalker walker(content.subspan(log::kSegmentHeaderSize),
                           BatchWalker::Check::header_and_crc, header->base_offset);
        std::int64_t end = header->base_offset.value();
        while (const auto batch = walker.next()) {
            end = batch->header.next_offset().value();
        }
        WalkedLog& entry = walked[std::string(segment->dir)];
        entry.identity = header->identity;
        // The newest segment comes last; an older one may hold the rest of a cut behind its end.
        entry.end = end;
    }
    std::vector<WalkedLog> logs;
    logs.reserve(walked.size());
    for (const auto& [dir, entry] : walked) {
        logs.push_back(entry);
    }
    return logs;
}

std::vector<InspectedLog> inspect_logs(const DiskImage& image, std::string_view root,
                                       const log::LogConfig& config) {
    const std::vector<Found> logs = find_logs(image, root);
    std::vector<InspectedLog> results;
    if (logs.empty()) {
        return results;
    }
    WorldOptions options;
    options.chooser = Chooser::fifo;
    World world(1, options);
    Machine& machine = world.add_machine("inspector");
    DiskImage copy = image.clone();
    copy.set_capacity_bytes(copy.capacity_bytes() + (64ULL << 30U));
    machine.replace_disk(std::move(copy));
    for (const Found& found : logs) {
        InspectedLog first = run_inspection(world, machine, found, config);
        const InspectedLog second = run_inspection(world, machine, found, config);
        first.second_difference = difference(first, second);
        results.push_back(std::move(first));
    }
    return results;
}

}  // namespace weir::sim
