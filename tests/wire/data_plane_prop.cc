// Round trips of every data-plane message at every version, from generated values.
#include "core/wire/record.h"
#include "tests/support/data_plane_codec.h"
#include "tests/support/rapidcheck.h"

#include <algorithm>
#include <iterator>

namespace weir {
namespace {

using namespace wire;

template <typename T>
T any() {
    return *rc::gen::arbitrary<T>();
}

std::size_t small(std::size_t max) {
    return *rc::gen::inRange<std::size_t>(0, max + 1);
}

std::string any_text() {
    return *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
}

Bytes any_bytes() {
    return *rc::gen::arbitrary<Bytes>();
}

template <typename F>
auto any_option(F f) -> std::optional<decltype(f())> {
    if (!any<bool>()) {
        return std::nullopt;
    }
    return f();
}

// For a field of either kind.
template <typename T>
struct Items : std::vector<T> {
    operator UsuallyOne<T>() && {
        return {std::move_iterator(this->begin()), std::move_iterator(this->end())};
    }
};

template <typename F>
auto any_vector(F f) -> Items<decltype(f())> {
    Items<decltype(f())> items;
    const std::size_t count = small(3);
    items.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        items.push_back(f());
    }
    return items;
}

ReplicaKey any_key() {
    ReplicaKey key;
    key.topic = any_text();
    key.partition = any<std::uint32_t>();
    return key;
}

ApiError any_error() {
    const auto number = *rc::gen::elementOf(std::vector<std::int16_t>{
        -1, 0, 1, 2, 6, 7, 10, 71, 72, 73, 2001, 3001, 6001, 6002, 6003, 6004, 6008, 9000, 12'002});
    const ErrorTag tag = *error_tag_from(number);
    switch (layout_of(tag)) {
        case ErrorLayout::empty: return ApiError(tag);
        case ErrorLayout::text: return ApiError(tag, ErrorText{any_text()});
        case ErrorLayout::request_timeout:
            return ApiError(tag, ErrorTimeout{any<std::uint64_t>(), 0});
        case ErrorLayout::evicted: {
            ErrorEvicted payload;
            payload.offset = any<std::int64_t>();
            payload.next_available = any<std::int64_t>();
            return ApiError(tag, payload);
        }
        case ErrorLayout::replica: return ApiError(tag, any_key());
        case ErrorLayout::text_and_name: {
            ErrorTextAndName payload;
            payload.text = any_text();
            payload.name = any_option(any_text);
            return ApiError(tag, payload);
        }
        case ErrorLayout::two_texts: {
            ErrorTwoTexts payload;
            payload.first = any_text();
            payload.second = any_text();
            return ApiError(tag, payload);
        }
        case ErrorLayout::runtime: {
            ErrorRuntime payload;
            payload.hint = any_text();
            payload.offset = any<std::int64_t>();
            payload.kind = any<std::uint8_t>();
            payload.record_key = any_option(any_bytes);
            payload.record_value = any_bytes();
            return ApiError(tag, payload);
        }
        case ErrorLayout::memory: {
            ErrorMemory payload;
            payload.requested = any<std::uint64_t>();
            payload.limit = any<std::uint64_t>();
            return ApiError(tag, payload);
        }
    }
    return {};
}

ModuleContext any_context(std::size_t alternative) {
    switch (alternative) {
        case 1: return AggregateContext{any_bytes()};
        case 2: return JoinContext{any_text()};
        case 3: {
            JoinStreamContext context;
            context.topic = any_text();
            context.derived_stream = any_text();
            return context;
        }
        default: return std::monostate();
    }
}

SmartModuleParams any_params(Version version) {
    SmartModuleParams params;
    const std::size_t count = small(3);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string key = any_text();
        params.values[key] = any_text();
    }
    if (version >= 20 && any<bool>()) {
        Lookback lookback;
        lookback.last = any<std::uint64_t>();
        if (version >= 21 && any<bool>()) {
            WireDuration age;
            age.seconds = any<std::uint64_t>();
            age.nanoseconds = any<std::uint32_t>();
            lookback.age = age;
        }
        params.lookback = lookback;
    }
    return params;
}

SmartModuleInvocation any_invocation(Version version) {
    SmartModuleInvocation invocation;
    if (any<bool>()) {
        invocation.source = PredefinedModule{any_text()};
    } else {
        invocation.source = AdHocModule{any_bytes()};
    }
    invocation.kind.tag = static_cast<ModuleKindTag>(small(7));
    switch (invocation.kind.tag) {
        case ModuleKindTag::aggregate: invocation.kind.context = any_context(1); break;
        case ModuleKindTag::join: invocation.kind.context = any_context(2); break;
        case ModuleKindTag::join_stream: invocation.kind.context = any_context(3); break;
        case ModuleKindTag::generic: invocation.kind.context = any_context(small(3)); break;
        case ModuleKindTag::filter:
        case ModuleKindTag::map:
        case ModuleKindTag::array_map:
        case ModuleKindTag::filter_map: break;
    }
    invocation.params = any_params(version);
    if (version >= 25) {
        invocation.name = any_option(any_text);
    }
    return invocation;
}

auto invocations(Version version) {
    return [version] { return any_invocation(version); };
}

BufferSlice any_records() {
    return BufferSlice(Buffer::copy_of(any_bytes()));
}

Version any_version() {
    return *rc::gen::inRange<Version>(0, kVersionMax + 1);
}

// What was written is read back whole and is written again as it was; no proper prefix is accepted.
template <typename Encode, typename Again>
void check_round_trip(Encode write, Again transcode_again) {
    Writer writer;
    write(writer);
    const Bytes bytes = std::move(writer).take();
    const BufferSlice slice(Buffer::copy_of(bytes));
    Reader reader(slice.span());
    const Result<test::Transcoded> again = transcode_again(reader, slice);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->left_over == 0U);
    RC_ASSERT(again->bytes == bytes);
    if (!bytes.empty()) {
        const BufferSlice prefix(Buffer::copy_of(slice.sub(0, small(bytes.size() - 1)).span()));
        Reader cut(prefix.span());
        RC_ASSERT(!transcode_again(cut, prefix).has_value());
    }
}

template <typename T>
void check_request(SpuApi api, const T& request, Version version) {
    check_round_trip([&](Writer& w) { encode(w, request, version); },
                     [&](Reader& r, const BufferSlice& frame) {
                         return test::transcode_request_body(api, version, r, frame);
                     });
}

template <typename T>
void check_response(SpuApi api, const T& response, Version version) {
    check_round_trip([&](Writer& w) { encode(w, response, version); },
                     [&](Reader& r, const BufferSlice& frame) {
                         return test::transcode_response_body(api, version, r, frame);
                     });
}

// The value itself survives, not only its bytes.
template <typename T, typename Decode>
void check_value(const T& value, Version version, Decode decode) {
    Writer writer;
    encode(writer, value, version);
    Reader reader(writer.span());
    const Result<T> decoded = decode(reader, version);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == value);
}

FetchPartitionResponse any_partition_response() {
    FetchPartitionResponse response;
    response.partition = any<std::uint32_t>();
    response.error = any_error();
    response.high_watermark = any<std::int64_t>();
    response.next_filter_offset = any<std::int64_t>();
    response.log_start_offset = any<std::int64_t>();
    response.aborted = any_option([] {
        return any_vector([] {
            AbortedTransaction aborted;
            aborted.producer_id = any<std::int64_t>();
            aborted.first_offset = any<std::int64_t>();
            return aborted;
        });
    });
    response.records = any_records();
    return response;
}

RC_GTEST_PROP(DataPlaneRoundTrip, ApiVersions, ()) {
    const auto version = *rc::gen::inRange<Version>(0, 3);
    ApiVersionsRequest request;
    if (version >= 1) {
        request.client_version = any_text();
        request.client_os = any_text();
        request.client_arch = any_text();
    }
    check_request(SpuApi::api_versions, request, version);
    check_value(request, version, decode_api_versions_request);
    ApiVersionsResponse response;
    response.error = any_error();
    response.api_keys = any_vector([] {
        ApiRange range;
        range.api_key = any<std::int16_t>();
        range.version_min = any<std::int16_t>();
        range.version_max = any<std::int16_t>();
        return range;
    });
    response.platform_version = any_text();
    check_response(SpuApi::api_versions, response, version);
    check_value(response, version, decode_api_versions_response);
}

RC_GTEST_PROP(DataPlaneRoundTrip, Produce, ()) {
    const Version version = any_version();
    ProduceRequest request;
    request.transactional_id = any_option(any_text);
    request.acks = any<std::int16_t>();
    request.timeout_ms = *rc::gen::nonNegative<std::int32_t>();
    request.topics = any_vector([] {
        ProduceTopic topic;
        topic.name = any_text();
        topic.partitions = any_vector([] {
            ProducePartition partition;
            partition.partition = any<std::uint32_t>();
            partition.records = any_records();
            return partition;
        });
        return topic;
    });
    if (version >= kProduceSmartModulesVersion) {
        request.smartmodules = any_vector(invocations(version));
    }
    check_request(SpuApi::produce, request, version);
    ProduceResponse response;
    response.topics = any_vector([version] {
        ProduceTopicResponse topic;
        topic.name = any_text();
        topic.partitions = any_vector([version] {
            ProducePartitionResponse partition;
            partition.partition = any<std::uint32_t>();
            partition.error = any_error();
            partition.base_offset = any<std::int64_t>();
            partition.log_append_time_ms = version >= 2 ? any<std::int64_t>() : 0;
            partition.log_start_offset = version >= 5 ? any<std::int64_t>() : 0;
            return partition;
        });
        return topic;
    });
    response.throttle_time_ms = version >= 1 ? any<std::int32_t>() : 0;
    check_response(SpuApi::produce, response, version);
    check_value(response, version, decode_produce_response);
}

RC_GTEST_PROP(DataPlaneRoundTrip, Fetch, ()) {
    const Version version = any_version();
    FetchRequest request;
    request.max_wait_ms = any<std::int32_t>();
    request.min_bytes = any<std::int32_t>();
    request.max_bytes = version >= 3 ? any<std::int32_t>() : 0;
    if (version >= 4 && any<bool>()) {
        request.isolation = Isolation::read_committed;
    }
    request.topics = any_vector([version] {
        FetchTopic topic;
        topic.name = any_text();
        topic.partitions = any_vector([version] {
            FetchPartition partition;
            partition.partition = any<std::uint32_t>();
            partition.current_leader_epoch = version >= 9 ? any<std::int32_t>() : 0;
            partition.fetch_offset = any<std::int64_t>();
            partition.log_start_offset = version >= 5 ? any<std::int64_t>() : 0;
            partition.max_bytes = any<std::int32_t>();
            return partition;
        });
        return topic;
    });
    if (version >= 7) {
        request.forgotten = any_vector([] {
            ForgottenTopic topic;
            topic.name = any_text();
            topic.partitions = any_vector(any<std::int32_t>);
            return topic;
        });
    }
    check_request(SpuApi::fetch, request, version);
    check_value(request, version, decode_fetch_request);
    FetchResponse response;
    response.throttle_time_ms = any<std::int32_t>();
    response.error = any_error();
    response.session_id = any<std::int32_t>();
    response.topics = any_vector([] {
        FetchTopicResponse topic;
        topic.name = any_text();
        topic.partitions = any_vector(any_partition_response);
        return topic;
    });
    check_response(SpuApi::fetch, response, version);
}

RC_GTEST_PROP(DataPlaneRoundTrip, FetchOffsets, ()) {
    const Version version = any_version();
    FetchOffsetsRequest request;
    request.topics = any_vector([] {
        FetchOffsetsTopic topic;
        topic.name = any_text();
        topic.partitions = any_vector(any<std::uint32_t>);
        return topic;
    });
    if (version == 23) {
        request.consumer_id = any_option(any_text);
    }
    check_request(SpuApi::fetch_offsets, request, version);
    check_value(request, version, decode_fetch_offsets_request);
    FetchOffsetsResponse response;
    response.topics = any_vector([] {
        FetchOffsetsTopicResponse topic;
        topic.name = any_text();
        topic.partitions = any_vector([] {
            PartitionOffsets offsets;
            offsets.error = any_error();
            offsets.partition = any<std::uint32_t>();
            offsets.start_offset = any<std::int64_t>();
            offsets.last_stable_offset = any<std::int64_t>();
            return offsets;
        });
        return topic;
    });
    check_response(SpuApi::fetch_offsets, response, version);
    check_value(response, version, decode_fetch_offsets_response);
}

RC_GTEST_PROP(DataPlaneRoundTrip, StreamFetch, ()) {
    const Version version = any_version();
    StreamFetchRequest request;
    request.topic = any_text();
    request.partition = any<std::uint32_t>();
    request.fetch_offset = any<std::int64_t>();
    request.max_bytes = any<std::uint32_t>();
    request.isolation = any<bool>() ? Isolation::read_committed : Isolation::read_uncommitted;
    if (version >= 11 && version <= 18) {
        request.wasm_module = any_bytes();
    }
    if (version >= 16 && version <= 18) {
        request.smartmodule = any_option(invocations(version));
        request.derived_stream = any_option([version] {
            DerivedStream derived;
            derived.stream = any_text();
            derived.params = any_params(version);
            return derived;
        });
    }
    if (version >= 18) {
        request.smartmodules = any_vector(invocations(version));
    }
    if (version >= 23) {
        request.consumer_id = any_option(any_text);
    }
    check_request(SpuApi::stream_fetch, request, version);
    check_value(request, version, decode_stream_fetch_request);
    StreamFetchResponse response;
    response.topic = any_text();
    response.stream_id = any<std::uint32_t>();
    response.partition = any_partition_response();
    check_response(SpuApi::stream_fetch, response, version);
}

RC_GTEST_PROP(DataPlaneRoundTrip, UpdateOffsets, ()) {
    UpdateOffsetsRequest request;
    request.offsets = any_vector([] {
        OffsetUpdate update;
        update.offset = any<std::int64_t>();
        update.session_id = any<std::uint32_t>();
        return update;
    });
    check_request(SpuApi::update_offsets, request, 0);
    check_value(request, 0, decode_update_offsets_request);
    UpdateOffsetsResponse response;
    response.status = any_vector([] {
        OffsetUpdateStatus status;
        status.session_id = any<std::uint32_t>();
        status.error = any_error();
        return status;
    });
    check_response(SpuApi::update_offsets, response, 0);
    check_value(response, 0, decode_update_offsets_response);
}

RC_GTEST_PROP(DataPlaneRoundTrip, ConsumerOffsets, ()) {
    const Version version = *rc::gen::inRange<Version>(23, kVersionMax + 1);
    UpdateConsumerOffsetRequest update;
    update.offset = any<std::int64_t>();
    update.session_id = any<std::uint32_t>();
    check_request(SpuApi::update_consumer_offset, update, version);
    check_value(update, version, decode_update_consumer_offset_request);
    UpdateConsumerOffsetResponse updated;
    updated.offset = any<std::int64_t>();
    updated.error = any_error();
    check_response(SpuApi::update_consumer_offset, updated, version);
    DeleteConsumerOffsetRequest del;
    del.replica = any_key();
    del.consumer_id = any_text();
    check_request(SpuApi::delete_consumer_offset, del, version);
    check_value(del, version, decode_delete_consumer_offset_request);
    DeleteConsumerOffsetResponse deleted;
    deleted.error = any_error();
    check_response(SpuApi::delete_consumer_offset, deleted, version);
    FetchConsumerOffsetsRequest fetch;
    if (version >= 24) {
        fetch.filter = any_option([] {
            ConsumerOffsetFilter filter;
            filter.replica = any_option(any_key);
            filter.consumer_id = any_option(any_text);
            return filter;
        });
    }
    check_request(SpuApi::fetch_consumer_offsets, fetch, version);
    check_value(fetch, version, decode_fetch_consumer_offsets_request);
    FetchConsumerOffsetsResponse fetched;
    fetched.error = any_error();
    fetched.consumers = any_vector([] {
        ConsumerOffset consumer;
        consumer.consumer_id = any_text();
        consumer.replica = any_key();
        consumer.offset = any<std::int64_t>();
        consumer.modified_time_s = any<std::uint64_t>();
        return consumer;
    });
    check_response(SpuApi::fetch_consumer_offsets, fetched, version);
    check_value(fetched, version, decode_fetch_consumer_offsets_response);
}

RC_GTEST_PROP(RecordRoundTrip, PayloadKeepsEveryRecord, ()) {
    struct Wanted {
        std::optional<Bytes> key;
        Bytes value;
        std::int32_t delta = 0;
    };
    const auto wanted = any_vector([] {
        Wanted record;
        record.key = any_option(any_bytes);
        record.value = any_bytes();
        record.delta = any<std::int32_t>();
        return record;
    });
    PayloadBuilder builder;
    for (const Wanted& record : wanted) {
        builder.add(record.key.has_value() ? std::optional<ByteSpan>(*record.key) : std::nullopt,
                    record.value, record.delta);
    }
    const std::size_t size = builder.size();
    const Bytes payload = std::move(builder).take();
    RC_ASSERT(payload.size() == size);
    auto walker = RecordWalker::open(payload);
    RC_ASSERT(walker.has_value());
    RC_ASSERT(walker->record_count() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto record = walker->next();
        RC_ASSERT(record.has_value());
        RC_ASSERT(record->offset_delta == static_cast<std::int64_t>(i));
        RC_ASSERT(record->timestamp_delta_ms == wanted[i].delta);
        RC_ASSERT(record->key.has_value() == wanted[i].key.has_value());
        if (record->key.has_value()) {
            RC_ASSERT(std::ranges::equal(*record->key, *wanted[i].key));
        }
        RC_ASSERT(std::ranges::equal(record->value, wanted[i].value));
    }
    RC_ASSERT(!walker->more());
}

// Whatever the bytes, decoding answers or refuses; it never reads outside of them (the sanitizers
// watch) and never takes more than it was given.
RC_GTEST_PROP(DataPlaneDecode, AnyBytesAreSafe, ()) {
    const Bytes bytes = any_bytes();
    const BufferSlice slice(Buffer::copy_of(bytes));
    const Version version = any_version();
    for (const int key : {0, 1, 18, 1002, 1003, 1005, 1006, 1007, 1008}) {
        const SpuApi api = *spu_api_from_key(static_cast<std::uint16_t>(key));
        Reader request(slice.span());
        const auto a = test::transcode_request_body(api, version, request, slice);
        RC_ASSERT(!a.has_value() || a->bytes.size() <= bytes.size());
        Reader response(slice.span());
        const auto b = test::transcode_response_body(api, version, response, slice);
        RC_ASSERT(!b.has_value() || b->bytes.size() <= bytes.size());
    }
}

}  // namespace
}  // namespace weir
