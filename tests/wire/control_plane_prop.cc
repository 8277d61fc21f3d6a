// Round trips of the control plane and of the private protocol over random values and versions.

#include "core/wire/control_plane.h"
#include "core/wire/internal.h"
#include "core/wire/internal_fields.h"
#include "core/wire/own_api_fields.h"
#include "tests/support/random_fields.h"
#include "tests/support/rapidcheck.h"

#include <cstddef>
#include <set>

namespace weir::wire {

namespace {

template <typename T>
T random_value(Prng& prng, Version version) {
    T value;
    detail::RandomFields filler(prng, version);
    filler(value);
    return value;
}

// Decoding what was encoded gives the value back and leaves nothing; no proper prefix decodes, but
// for those without the last bytes, as many as one of `added_sizes` says: what older programs send.
template <typename T, typename Encode, typename Decode>
void check_round_trip(const T& value, Encode encode_it, Decode decode_it,
                      const std::set<std::size_t>& added_sizes = {}) {
    Writer writer;
    encode_it(writer, value);
    Reader reader(writer.span());
    const Result<T> decoded = decode_it(reader);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == value);
    RC_ASSERT(reader.remaining() == 0U);
    const std::size_t step = 1 + writer.size() / 50;
    for (std::size_t size = 0; size < writer.size(); size += step) {
        if (added_sizes.contains(writer.size() - size)) {
            continue;
        }
        Reader cut(writer.span().first(size));
        const Result<T> partial = decode_it(cut);
        RC_ASSERT(!partial.has_value());
        RC_ASSERT(partial.error().code == ErrorCode::malformed);
    }
}

template <typename T>
void check_object(Prng& prng, Version version) {
    const T value = random_value<T>(prng, version);
    check_round_trip(
        value, [=](Writer& w, const T& v) { encode_object(w, v, version); },
        [=](Reader& r) { return decode_object<T>(r, version); });
}

template <typename T>
void check_request(const T& value, Version version, Result<T> (*decode_it)(Reader&, Version)) {
    check_round_trip(
        value, [=](Writer& w, const T& v) { encode(w, v, version); },
        [=](Reader& r) { return decode_it(r, version); });
}

template <typename T>
void check_own(Prng& prng, Version version, Result<T> (*decode_it)(Reader&, Version)) {
    check_request(random_value<T>(prng, version), version, decode_it);
}

// What was added to a registration, the newest first: is_unlisted, then fence_version and sc_epoch.
std::size_t newest_size_of(const internal::RegisterSpu& message) {
    return message.replicas.size();
}

std::size_t added_size_of(const internal::RegisterSpu& message) {
    return message.replicas.size() * sizeof(RecordVersion::rep) + sizeof(ScEpoch::rep) +
           newest_size_of(message);
}

void check_without_last(const internal::RegisterSpu& sent, std::size_t size,
                        const internal::RegisterSpu& expected) {
    Writer writer;
    internal::encode_message(writer, sent, internal::kInternalHelloVersion);
    Reader older(writer.span().first(writer.size() - size));
    const auto decoded =
        internal::decode_message<internal::RegisterSpu>(older, internal::kInternalHelloVersion);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == expected);
}

// A registration without what was added to it is that of an older program.
void check_older_registration(Prng& prng) {
    const auto sent = random_value<internal::RegisterSpu>(prng, internal::kInternalHelloVersion);
    internal::RegisterSpu older = sent;
    for (internal::StoredReplica& replica : older.replicas) {
        replica.is_unlisted = false;
    }
    check_without_last(sent, newest_size_of(sent), older);
    for (internal::StoredReplica& replica : older.replicas) {
        replica.fence_version = RecordVersion();
    }
    older.sc_epoch = ScEpoch();
    check_without_last(sent, added_size_of(sent), older);
}

template <typename T>
void check_message(Prng& prng) {
    const Version version = *rc::gen::inRange<Version>(internal::kInternalVersionMin,
                                                       internal::kInternalVersionMax + 1);
    const T value = random_value<T>(prng, version);
    std::set<std::size_t> added_sizes;
    if constexpr (std::is_same_v<T, internal::RegisterSpu>) {
        added_sizes = {newest_size_of(value), added_size_of(value)};
    }
    check_round_trip(
        value, [=](Writer& w, const T& v) { internal::encode_message(w, v, version); },
        [=](Reader& r) { return internal::decode_message<T>(r, version); }, added_sizes);
}

Version any_version(Version min) {
    return *rc::gen::inRange<Version>(min, kScVersionMax + 1);
}

template <typename Spec>
void check_create(Prng& prng, Version version) {
    CreateRequest request;
    request.name = "n";
    request.dry_run = prng.chance(1, 2);
    request.timeout_ms = static_cast<std::uint32_t>(prng.next());
    request.spec = random_value<Spec>(prng, version);
    check_request(request, version, &decode_create_request);
}

template <typename Spec>
void check_list(Prng& prng, Version version) {
    ListResponse response;
    response.objects = random_value<std::vector<Object<Spec>>>(prng, version);
    check_request(response, version, &decode_list_response);
}

template <typename Spec>
void check_watch(Prng& prng, Version version) {
    WatchUpdate<Spec> update;
    update.epoch = static_cast<std::int64_t>(prng.next());
    update.all = random_value<std::vector<Object<Spec>>>(prng, version);
    for (auto& object : random_value<std::vector<Object<Spec>>>(prng, version)) {
        Change<Spec> change;
        change.kind = prng.chance(1, 2) ? ChangeKind::update : ChangeKind::remove;
        change.object = std::move(object);
        update.changes.push_back(std::move(change));
    }
    WatchResponse response;
    response.update = std::move(update);
    check_request(response, version, &decode_watch_response);
}

}  // namespace

RC_GTEST_PROP(ControlPlane, objects_round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
    const Version version = any_version(kScVersionMin);
#define CHECK_OBJECT(T) check_object<T>(prng, version)
    WEIR_WIRE_OBJECTS(CHECK_OBJECT);
#undef CHECK_OBJECT
}

RC_GTEST_PROP(ControlPlane, create_requests_round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
    const Version version = any_version(kScVersionMin);
    check_create<TopicSpec>(prng, version);
    check_create<CustomSpuSpec>(prng, version);
    check_create<SmartModuleSpec>(prng, version);
    check_create<SpuGroupSpec>(prng, version);
    check_create<TableFormatSpec>(prng, version);
    check_create<MirrorSpec>(prng, version);
}

RC_GTEST_PROP(ControlPlane, list_and_watch_responses_round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
    const Version version = any_version(15);
    check_list<TopicSpec>(prng, version);
    check_list<SpuSpec>(prng, version);
    check_list<CustomSpuSpec>(prng, version);
    check_list<SmartModuleSpec>(prng, version);
    check_list<PartitionSpec>(prng, version);
    check_list<SpuGroupSpec>(prng, version);
    check_list<TableFormatSpec>(prng, version);
    check_list<MirrorSpec>(prng, version);
    check_watch<TopicSpec>(prng, version);
    check_watch<SpuSpec>(prng, version);
    check_watch<PartitionSpec>(prng, version);
    check_watch<SmartModuleSpec>(prng, version);
    check_watch<SpuGroupSpec>(prng, version);
    check_watch<TableFormatSpec>(prng, version);
}

RC_GTEST_PROP(ControlPlane, our_own_requests_round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
    for (Version version = kOwnVersionMin; version <= kOwnVersionMax; ++version) {
        check_own<Operate>(prng, version, &decode_operate);
        check_own<Operated>(prng, version, &decode_operated);
        check_own<TopicSettings>(prng, version, &decode_topic_settings);
        check_own<CreateTopic>(prng, version, &decode_create_topic);
        check_own<AlterTopic>(prng, version, &decode_alter_topic);
        check_own<DescribeCluster>(prng, version, &decode_describe_cluster);
        check_own<ClusterDescription>(prng, version, &decode_cluster_description);
        check_own<BeginProducer>(prng, version, &decode_begin_producer);
        ProducerBegun begun;
        begun.producer_id = static_cast<std::int64_t>(prng.next() >> 1U);
        check_request(begun, version, &decode_producer_begun);
        // Else it would be taken for no id at all.
        Writer writer;
        begun.producer_id = -1 - begun.producer_id;
        encode(writer, begun, version);
        Reader reader(writer.span());
        RC_ASSERT(!decode_producer_begun(reader, version).has_value());
    }
}

TEST(ControlPlane, AProducerIdIsEightBytesAndItsRequestNone) {
    Writer writer;
    encode(writer, BeginProducer(), kOwnVersionMax);
    EXPECT_EQ(writer.size(), 0U);
    ProducerBegun begun;
    begun.producer_id = 0x0102030405060708;
    encode(writer, begun, kOwnVersionMax);
    EXPECT_EQ(std::move(writer).take(), (Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
}

RC_GTEST_PROP(ControlPlane, small_requests_round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
    const Version version = any_version(15);
    ListRequest list;
    list.kind = static_cast<ObjectKind>(prng.below(8));
    list.name_filters = random_value<std::vector<std::string>>(prng, version);
    list.summary = prng.chance(1, 2);
    list.system = prng.chance(1, 2);
    check_request(list, version, &decode_list_request);

    WatchRequest watch;
    watch.kind = prng.chance(1, 2) ? ObjectKind::partition : ObjectKind::table_format;
    watch.epoch = static_cast<std::int64_t>(prng.next());
    watch.summary = prng.chance(1, 2);
    check_request(watch, version, &decode_watch_request);

    DeleteRequest remove;
    DeleteTarget target;
    target.kind = prng.chance(1, 2) ? ObjectKind::custom_spu : ObjectKind::topic;
    target.key = random_value<std::string>(prng, version);
    if (target.kind == ObjectKind::custom_spu && prng.chance(1, 2)) {
        target.key = SpuId(static_cast<std::int32_t>(prng.next()));
    }
    remove.target = target;
    remove.force = prng.chance(1, 2);
    check_request(remove, version, &decode_delete_request);

    UpdateRequest update;
    UpdateTopic topic;
    topic.name = random_value<std::string>(prng, version);
    if (prng.chance(1, 2)) {
        AddMirror action;
        action.remote_cluster = random_value<std::string>(prng, version);
        action.home_to_remote = prng.chance(1, 2);
        topic.action = action;
    } else {
        AddPartition action;
        action.count = static_cast<std::uint32_t>(prng.next());
        topic.action = action;
    }
    update.target = topic;
    check_request(update, version, &decode_update_request);

    Status status;
    status.name = random_value<std::string>(prng, version);
    status.error = random_value<ApiError>(prng, version);
    status.message = random_value<std::optional<std::string>>(prng, version);
    check_request(status, version, &decode_status);

    MirroringRequest mirroring;
    mirroring.remote_id = random_value<std::string>(prng, version);
    check_request(mirroring, version, &decode_mirroring_request);
}

RC_GTEST_PROP(InternalProtocol, messages_round_trip, (std::uint64_t seed)) {
    Prng prng(seed);
#define CHECK_MESSAGE(T) check_message<internal::T>(prng)
    WEIR_INTERNAL_MESSAGES(CHECK_MESSAGE);
#undef CHECK_MESSAGE
    check_older_registration(prng);
}

RC_GTEST_PROP(InternalProtocol, headers_round_trip, (std::int32_t id)) {
    internal::InternalHeader header;
    header.kind = internal::MessageKind::spu_report;
    header.correlation_id = CorrelationId(id);
    Writer writer;
    internal::encode(writer, header);
    RC_ASSERT(writer.size() == internal::kInternalHeaderSize);
    Reader reader(writer.span());
    const auto decoded = internal::decode_internal_header(reader);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == header);
}

TEST(InternalProtocol, ChoosesTheHighestCommonVersion) {
    using internal::choose_internal_version;
    EXPECT_EQ(choose_internal_version(1, 1), Version(1));
    EXPECT_EQ(choose_internal_version(1, 7), Version(internal::kInternalVersionMax));
    EXPECT_EQ(choose_internal_version(internal::kInternalVersionMax + 1, 9), std::nullopt);
    EXPECT_EQ(choose_internal_version(-3, 0), std::nullopt);
}

TEST(InternalProtocol, RefusesUnknownMessagesAndVersions) {
    const Bytes unknown = {0x00, 0x07, 0x00, 0x01, 0, 0, 0, 0};
    Reader first(unknown);
    EXPECT_FALSE(internal::decode_internal_header(first).has_value());
    const Bytes version = {0x0b, 0xbb, 0x00, 0x63, 0, 0, 0, 0};
    Reader second(version);
    EXPECT_FALSE(internal::decode_internal_header(second).has_value());
}

}  // namespace weir::wire
