// What a random walk compares with its model: lists, logs and consumer offsets.
#include "core/model/batch.h"
#include "core/wire/consumer_offsets.h"
#include "core/wire/fetch.h"
#include "tests/compat/request_walk.h"
#include "tests/compat/spec_control.h"
#include "tests/compat/spec_data.h"

namespace weir::test {
namespace {

// A server that needs longer has not come back.
constexpr int kTriesMax = 200;
constexpr Duration kRetryDelay = Duration::from_ms(100);

template <typename Objects>
std::set<std::string> names_of(const Objects& objects) {
    std::set<std::string> names;
    for (const auto& object : objects) {
        names.insert(object.name);
    }
    return names;
}

std::set<std::string> names_of_map(const std::map<std::string, bool>& objects) {
    std::set<std::string> names;
    for (const auto& [name, value] : objects) {
        names.insert(name);
    }
    return names;
}

}  // namespace

Task<Result<void>> RequestWalk::check_log(std::string topic, std::uint32_t partition,
                                          std::int64_t from) {
    const std::vector<Bytes>& log = model_.topics[topic].logs[partition];
    const auto end = static_cast<std::int64_t>(log.size());
    spec::Read read;
    read.topic = topic;
    read.partition = partition;
    read.offset = from;
    // A new leader's watermark may lag; what it holds was committed.
    read.isolation = model_.topics[topic].replicas > 1 ? 0 : 1;
    const int version = spu_version();
    WEIR_CO_TRY(std::string server, co_await leader(topic, partition));
    WEIR_CO_TRY(const BufferSlice answer, co_await call(std::move(server), spec::kFetch, version,
                                                        spec::fetch(version, read)));
    wire::Reader reader(answer.span());
    const auto response =
        wire::decode_fetch_response(reader, answer, static_cast<wire::Version>(version));
    const std::string where = "fetch of " + topic + "-" + std::to_string(partition) + " from " +
                              std::to_string(from) + " of " + std::to_string(end);
    if (!response.has_value() || response->topics.size() != 1 ||
        response->topics[0].partitions.size() != 1) {
        co_return wrong(where + ": not one entry");
    }
    const wire::FetchPartitionResponse& entry = response->topics[0].partitions[0];
    if (entry.error.tag == wire::ErrorTag::not_leader_for_partition) {
        // It has just started; the next look tells.
        co_return Result<void>();
    }
    const int code = from < 0 ? 71 : from > end ? 2 : 0;
    if (static_cast<int>(entry.error.tag) != code) {
        co_return wrong(where + ": " + wire::to_string(entry.error));
    }
    if (code != 0) {
        co_return Result<void>();
    }
    const std::optional<std::int64_t> next = end_of_slice(where, entry, log, from);
    if (!next.has_value()) {
        co_return fail(ErrorCode::invalid_argument, where);
    }
    // Without a limit (below version 3) at least one batch.
    const bool complete = version >= 3 ? *next == end : *next > from || from == end;
    if (!complete) {
        co_return wrong(where + " ends at " + std::to_string(*next));
    }
    co_return Result<void>();
}

std::optional<std::int64_t> RequestWalk::end_of_slice(const std::string& where,
                                                      const wire::FetchPartitionResponse& slice,
                                                      const std::vector<Bytes>& log,
                                                      std::int64_t from) {
    std::int64_t next = ModelTopic::base_of(log, from);
    BatchWalker walker(slice.records.span(), BatchWalker::Check::header_and_crc, Offset(next));
    const auto end = static_cast<std::int64_t>(log.size());
    while (const auto batch = walker.next()) {
        const Bytes payload(batch->bytes.begin() + kBatchHeaderSize, batch->bytes.end());
        if (next >= end || payload != log[static_cast<std::size_t>(next)]) {
            static_cast<void>(wrong(where + ": another record at " + std::to_string(next)));
            return std::nullopt;
        }
        next += batch->header.record_count();
    }
    if (walker.end() != BatchWalker::End::clean) {
        static_cast<void>(wrong(where + ": not whole batches after " + std::to_string(next)));
        return std::nullopt;
    }
    return next;
}

Task<Result<void>> RequestWalk::check_topics() {
    WEIR_CO_TRY(const wire::ListResponse response, co_await list("Topic", false));
    std::map<std::string, std::size_t> seen;
    for (const auto& topic : std::get<std::vector<TopicObject>>(response.objects)) {
        if (topic.name.starts_with("model-")) {
            seen[topic.name] = topic.status.replica_map.size();
        }
    }
    std::map<std::string, std::size_t> expected;
    for (const auto& [name, topic] : model_.topics) {
        if (!topic.system) {
            expected[name] = topic.logs.size();
        }
    }
    if (seen != expected) {
        co_return wrong("the list of topics has " + std::to_string(seen.size()) + " of " +
                        std::to_string(expected.size()) + ", or other partitions");
    }
    co_return Result<void>();
}

Task<Result<void>> RequestWalk::check_objects() {
    WEIR_CO_TRY(const wire::ListResponse tables, co_await list("TableFormat", false));
    WEIR_CO_TRY(const wire::ListResponse groups, co_await list("SpuGroup", false));
    WEIR_CO_TRY(const wire::ListResponse modules, co_await list("SmartModule", true));
    WEIR_CO_TRY(const wire::ListResponse mirrors, co_await list("Mirror", false));
    const auto without_damaged = [](std::set<std::string> names) {
        std::erase_if(names, [](const std::string& name) { return !name.starts_with("object-"); });
        return names;
    };
    const bool same =
        without_damaged(names_of(std::get<std::vector<TableFormatObject>>(tables.objects))) ==
            model_.table_formats &&
        without_damaged(names_of(std::get<std::vector<SpuGroupObject>>(groups.objects))) ==
            model_.groups &&
        without_damaged(names_of(std::get<std::vector<SmartModuleObject>>(modules.objects))) ==
            model_.modules &&
        without_damaged(names_of(std::get<std::vector<MirrorObject>>(mirrors.objects))) ==
            names_of_map(model_.mirrors);
    co_return same ? Result<void>() : wrong("the lists of objects differ from the model");
}

Task<Result<void>> RequestWalk::check_consumers() {
    std::map<std::string, std::int64_t> seen;
    for (int i = 0; i < kTriesMax; ++i) {
        seen.clear();
        for (const std::string server : {"5001", "5002"}) {
            WEIR_CO_TRY(const BufferSlice answer,
                        co_await call(server, spec::kFetchConsumerOffsets, 25,
                                      spec::fetch_consumer_offsets(25)));
            wire::Reader reader(answer.span());
            const auto response = wire::decode_fetch_consumer_offsets_response(reader, 25);
            if (!response.has_value()) {
                co_return wrong("consumers: " + to_string(response.error()));
            }
            for (const wire::ConsumerOffset& offset : response->consumers) {
                seen[RequestModel::consumer_key(offset.consumer_id, offset.replica.topic,
                                                offset.replica.partition)] = offset.offset;
            }
        }
        if (seen == model_.consumers) {
            co_return Result<void>();
        }
        // Deleted topics leave a moment later, and a server may have just started.
        WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, kRetryDelay));
    }
    co_return wrong("there are " + std::to_string(seen.size()) + " consumer offsets, not " +
                    std::to_string(model_.consumers.size()) + ", or others");
}

}  // namespace weir::test
