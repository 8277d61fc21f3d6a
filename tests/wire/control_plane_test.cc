// Golden bytes of the control plane: the vectors of the spec and the recorded conversations.

#include "core/wire/control_plane.h"

#include "tests/support/capture.h"
#include "tests/support/hex.h"
#include "tests/wire/control_plane_codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace weir::test {

namespace {

using wire::Reader;
using wire::Version;

struct GoldenFrame {
    std::string name;
    bool is_request = false;
    std::uint16_t key = 0;
    Version version = 0;
    // Without the length field.
    Bytes payload;
};

std::vector<GoldenFrame> load_golden() {
    std::vector<GoldenFrame> frames;
    std::ifstream file("tests/data/golden/control_plane.txt");
    EXPECT_TRUE(file.good());
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::istringstream fields(line);
        GoldenFrame frame;
        std::string kind;
        std::string hex;
        fields >> frame.name >> kind >> frame.key >> frame.version >> hex;
        frame.is_request = kind == "request";
        const Bytes bytes = from_hex(hex);
        Reader reader(bytes);
        EXPECT_EQ(*reader.read_u32(), bytes.size() - 4) << frame.name;
        frame.payload.assign(bytes.begin() + 4, bytes.end());
        frames.push_back(std::move(frame));
    }
    return frames;
}

const GoldenFrame& golden(const std::vector<GoldenFrame>& frames, const std::string& name) {
    for (const GoldenFrame& frame : frames) {
        if (frame.name == name) {
            return frame;
        }
    }
    ADD_FAILURE() << "no golden frame " << name;
    return frames.front();
}

// Decodes the payload as what it is, encodes it again, and expects the same bytes.
void expect_same_bytes(bool is_request, std::uint16_t key, Version version, const Bytes& payload,
                       const std::string& where) {
    Reader reader(payload);
    wire::Writer writer;
    if (is_request) {
        const auto header = wire::decode_request_header(reader);
        ASSERT_TRUE(header.has_value()) << where;
        EXPECT_EQ(header->api_key, key) << where;
        EXPECT_EQ(header->api_version, version) << where;
        wire::encode(writer, *header);
    } else {
        const auto id = wire::decode_response_header(reader);
        ASSERT_TRUE(id.has_value()) << where;
        writer.write_i32(id->value());
    }
    const auto body = is_request ? transcode_sc_request(key, version, reader)
                                 : transcode_sc_response(key, version, reader);
    ASSERT_TRUE(body.has_value()) << where << ": " << to_string(body.error());
    EXPECT_EQ(body->left_over, 0U) << where;
    writer.write_bytes(body->bytes);
    EXPECT_EQ(to_hex(writer.span()), to_hex(payload)) << where;
}

template <typename T>
T decode_golden(const GoldenFrame& frame, Result<T> (*decode)(Reader&, Version)) {
    Reader reader(frame.payload);
    if (frame.is_request) {
        EXPECT_TRUE(wire::decode_request_header(reader).has_value());
    } else {
        EXPECT_TRUE(wire::decode_response_header(reader).has_value());
    }
    auto value = decode(reader, frame.version);
    EXPECT_TRUE(value.has_value()) << frame.name;
    return *std::move(value);
}

}  // namespace

TEST(ControlPlaneGolden, EveryVectorDecodesAndEncodesBack) {
    const auto frames = load_golden();
    ASSERT_EQ(frames.size(), 16U);
    for (const GoldenFrame& frame : frames) {
        if (frame.key != 8) {
            expect_same_bytes(frame.is_request, frame.key, frame.version, frame.payload,
                              frame.name);
        }
    }
}

TEST(ControlPlaneGolden, WatchSpuHasTheFieldsOfTheSpec) {
    const auto frames = load_golden();
    const auto response =
        decode_golden(golden(frames, "watch_spu_full"), &wire::decode_watch_response);
    const auto* update = std::get_if<wire::WatchUpdate<SpuSpec>>(&response.update);
    ASSERT_NE(update, nullptr);
    EXPECT_EQ(update->epoch, 2);
    EXPECT_TRUE(update->changes.empty());
    ASSERT_EQ(update->all.size(), 1U);
    const SpuObject& spu = update->all[0];
    EXPECT_EQ(spu.name, "custom-spu-5001");
    EXPECT_EQ(spu.spec.id, SpuId(5001));
    EXPECT_EQ(spu.spec.spu_type, SpuType::custom);
    EXPECT_EQ(spu.spec.public_endpoint.port, 9010);
    ASSERT_EQ(spu.spec.public_endpoint.ingress.size(), 1U);
    EXPECT_EQ(spu.spec.public_endpoint.ingress[0].hostname, "localhost");
    EXPECT_EQ(spu.spec.private_endpoint.port, 9011);
    EXPECT_EQ(spu.spec.private_endpoint.host, "localhost");
    EXPECT_EQ(spu.status.resolution, SpuResolution::online);
}

TEST(ControlPlaneGolden, WatchTopicAndPartitionHaveTheFieldsOfTheSpec) {
    const auto frames = load_golden();
    const auto topics =
        decode_golden(golden(frames, "watch_topic_full"), &wire::decode_watch_response);
    const auto& topic = std::get<wire::WatchUpdate<TopicSpec>>(topics.update).all.at(0);
    EXPECT_EQ(topic.name, "hello");
    EXPECT_EQ(std::get<ComputedReplicas>(topic.spec.replicas).partition_count, 1U);
    EXPECT_EQ(topic.spec.compression_type, CompressionAlgorithm::any);
    EXPECT_EQ(topic.status.resolution, TopicResolution::provisioned);
    EXPECT_EQ(topic.status.replica_map.at(0), std::vector<SpuId>{SpuId(5001)});

    const auto partitions =
        decode_golden(golden(frames, "watch_partition_delta"), &wire::decode_watch_response);
    const auto& changes = std::get<wire::WatchUpdate<PartitionSpec>>(partitions.update).changes;
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].kind, wire::ChangeKind::update);
    EXPECT_EQ(changes[0].object.name, "hello-0");
    EXPECT_EQ(changes[0].object.spec.leader, SpuId(5001));
    EXPECT_EQ(changes[0].object.status.resolution, PartitionResolution::online);
    EXPECT_EQ(changes[0].object.status.leader.spu, SpuId(5001));
    EXPECT_EQ(changes[0].object.status.size_bytes, 0);
}

TEST(ControlPlaneGolden, RequestsHaveTheFieldsOfTheSpec) {
    const auto frames = load_golden();
    const auto create = decode_golden(golden(frames, "create_topic"), &wire::decode_create_request);
    EXPECT_EQ(create.name, "hello");
    EXPECT_FALSE(create.dry_run);
    EXPECT_EQ(
        std::get<ComputedReplicas>(std::get<TopicSpec>(create.spec).replicas).replication_factor,
        1U);

    const auto remove =
        decode_golden(golden(frames, "delete_custom_spu_by_id"), &wire::decode_delete_request);
    const auto& target = std::get<wire::DeleteTarget>(remove.target);
    EXPECT_EQ(target.kind, ObjectKind::custom_spu);
    EXPECT_EQ(std::get<SpuId>(target.key), SpuId(5001));

    const auto update =
        decode_golden(golden(frames, "add_partition"), &wire::decode_update_request);
    const auto& topic = std::get<wire::UpdateTopic>(update.target);
    EXPECT_EQ(topic.name, "hello");
    EXPECT_EQ(std::get<wire::AddPartition>(topic.action).count, 1U);

    const auto status =
        decode_golden(golden(frames, "status_system_deletion"), &wire::decode_status);
    EXPECT_EQ(status.error.tag, wire::ErrorTag::system_spec_deletion_attempt);
    EXPECT_FALSE(status.message.has_value());
}

// The hand-over of a TLS identity is not served here; its bytes only show that the primitives
// agree.
TEST(ControlPlaneGolden, AuthRequestPrimitives) {
    const auto frames = load_golden();
    const GoldenFrame& frame = golden(frames, "auth_request");
    Reader reader(frame.payload);
    const auto header = wire::decode_request_header(reader);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->client_id, "dummy");
    EXPECT_EQ(*reader.read_string(), "root");
    const auto scopes = reader.read_vector([](Reader& r) { return r.read_string(); });
    ASSERT_TRUE(scopes.has_value());
    EXPECT_EQ(*scopes, std::vector<std::string>{"Root"});
    EXPECT_EQ(reader.remaining(), 0U);
}

// Every frame of every recorded connection to an SC, both directions.
TEST(ControlPlaneCaptures, EveryFrameDecodesAndEncodesBack) {
    std::map<std::string, int> counts;
    for (const Capture& capture : load_captures("sc-")) {
        // What the id was last used for; id 1 comes twice, and the second answer comes after the
        // second request.
        std::map<std::int32_t, std::pair<std::uint16_t, Version>> asked;
        for (const CapturedFrame& frame : capture.frames) {
            Reader reader(frame.payload);
            std::uint16_t key = 0;
            Version version = 0;
            if (frame.from_client) {
                const auto header = wire::decode_request_header(reader);
                ASSERT_TRUE(header.has_value()) << frame.where;
                key = header->api_key;
                version = header->api_version;
                asked[header->correlation_id.value()] = {key, version};
            } else {
                const auto id = wire::decode_response_header(reader);
                ASSERT_TRUE(id.has_value() && asked.contains(id->value())) << frame.where;
                std::tie(key, version) = asked[id->value()];
            }
            expect_same_bytes(frame.from_client, key, version, frame.payload, frame.where);
            if (testing::Test::HasFailure()) {
                return;
            }
            ++counts[frame.from_client ? "requests" : "responses"];
        }
    }
    // Spec 15.1: 91 + 23 + 14 + 19 + 385 + 2 requests, 91 + 23 + 14 + 19 + 495 + 2 responses.
    EXPECT_EQ(counts["requests"], 534);
    EXPECT_EQ(counts["responses"], 644);
}

// No prefix of a recorded frame is taken for a whole one, and none makes a decoder misbehave.
TEST(ControlPlaneCaptures, EveryPrefixFailsCleanly) {
    std::map<std::pair<std::uint16_t, Version>, int> seen;
    int checked = 0;
    for (const Capture& capture : load_captures("sc-")) {
        for (const CapturedFrame& frame : capture.frames) {
            if (!frame.from_client) {
                continue;
            }
            Reader whole(frame.payload);
            const auto header = wire::decode_request_header(whole);
            ASSERT_TRUE(header.has_value());
            if (++seen[{header->api_key, header->api_version}] > 30) {
                continue;
            }
            for (std::size_t size = whole.position(); size < frame.payload.size(); ++size) {
                Reader reader(ByteSpan(frame.payload).first(size));
                ASSERT_TRUE(wire::decode_request_header(reader).has_value());
                const auto body =
                    transcode_sc_request(header->api_key, header->api_version, reader);
                EXPECT_FALSE(body.has_value()) << frame.where << " cut at " << size;
                EXPECT_TRUE(body.has_value() || body.error().code == ErrorCode::malformed);
                ++checked;
            }
        }
    }
    EXPECT_GT(checked, 1'000);
}

TEST(ControlPlaneLabels, UnknownKindsAreAValueWhereAStatusAnswersThem) {
    wire::Writer writer;
    writer.write_string("DerivedStream");
    writer.write_byte_vector(as_bytes("anything"));
    const Bytes body = std::move(writer).take();
    Reader create(body);
    const auto created = wire::decode_create_request(create, 19);
    ASSERT_TRUE(created.has_value());
    EXPECT_EQ(std::get<wire::UnknownObject>(created->spec).label, "DerivedStream");
    Reader remove(body);
    const auto removed = wire::decode_delete_request(remove, 19);
    ASSERT_TRUE(removed.has_value());
    EXPECT_TRUE(std::holds_alternative<wire::UnknownObject>(removed->target));
    Reader update(body);
    const auto updated = wire::decode_update_request(update, 19);
    ASSERT_TRUE(updated.has_value());
    EXPECT_TRUE(std::holds_alternative<wire::UnknownObject>(updated->target));
    Reader list(body);
    EXPECT_FALSE(wire::decode_list_request(list, 19).has_value());
    Reader watch(body);
    EXPECT_FALSE(wire::decode_watch_request(watch, 19).has_value());
}

TEST(ControlPlaneLabels, WatchDoesNotTakeCustomSpuAndMirror) {
    for (const char* kind : {"CustomSpu", "Mirror"}) {
        wire::Writer writer;
        writer.write_string(kind);
        writer.write_byte_vector(Bytes(9));
        const Bytes body = std::move(writer).take();
        Reader reader(body);
        EXPECT_FALSE(wire::decode_watch_request(reader, 19).has_value()) << kind;
    }
}

TEST(ControlPlaneVersions, BodiesOfOtherVersionsAreRefused) {
    const auto frames = load_golden();
    const GoldenFrame& frame = golden(frames, "create_topic");
    for (const Version version : {Version(-1), Version(0), Version(10), Version(20)}) {
        Reader reader(frame.payload);
        ASSERT_TRUE(wire::decode_request_header(reader).has_value());
        EXPECT_FALSE(wire::decode_create_request(reader, version).has_value()) << version;
    }
}

// What an older client cannot decode is shown to it as the nearest thing that it can.
TEST(ControlPlaneVersions, NewStatesAreHiddenFromOldClients) {
    PartitionStatus partition;
    partition.resolution = PartitionResolution::out_of_storage;
    MirrorStatus mirror;
    mirror.pairing_sc.state = MirrorPairState::detail_failure;
    mirror.pairing_sc.detail = "why";
    const auto transcoded_partition = [&](Version version) {
        wire::Writer writer;
        wire::encode_object(writer, partition, version);
        Reader reader(writer.span());
        auto value = wire::decode_object<PartitionStatus>(reader, version);
        EXPECT_EQ(reader.remaining(), 0U);
        return value->resolution;
    };
    EXPECT_EQ(transcoded_partition(18), PartitionResolution::online);
    EXPECT_EQ(transcoded_partition(19), PartitionResolution::out_of_storage);
    const auto transcoded_mirror = [&](Version version) {
        wire::Writer writer;
        wire::encode_object(writer, mirror, version);
        Reader reader(writer.span());
        auto value = wire::decode_object<MirrorStatus>(reader, version);
        EXPECT_EQ(reader.remaining(), 0U);
        return value->pairing_sc.state;
    };
    EXPECT_EQ(transcoded_mirror(16), MirrorPairState::failed);
    EXPECT_EQ(transcoded_mirror(17), MirrorPairState::detail_failure);
}

}  // namespace weir::test
