#include "apps/weir/fluvio/yaml.h"

#include <gtest/gtest.h>

namespace weir::cli::fluvio {
namespace {

// As Fluvio 0.18.1 wrote it.
constexpr const char* kTopic = R"(!1.0.0
meta:
  id: lz4only
  revision: 3
  children:
    Partition:
    - id: lz4only-0
      revision: 0
key: lz4only
status:
  resolution: Provisioned
  replicaMap:
    0:
    - 5002
    - 5001
  mirrorMap: {}
  reason: ''
spec:
  replicas: !computed
    partitions: 1
    replicationFactor: 2
    ignoreRackAssignment: false
  cleanupPolicy: !segment
    timeInSeconds: 7200
  storage:
    segmentSize: 20480
    maxPartitionSize: null
  compressionType: Lz4
  system: false
)";

template <typename Spec>
void expect_same_again(const Object<Spec>& object) {
    const std::string text = to_yaml<Spec>(object, Kin());
    const Result<Object<Spec>> read = from_yaml<Spec>(text);
    ASSERT_TRUE(read.has_value()) << to_string(read.error()) << "\n" << text;
    EXPECT_EQ(*read, object) << text;
    EXPECT_EQ(to_yaml<Spec>(*read, Kin()), text);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
    return text;
}

TEST(FluvioYaml, ReadsATopicOfFluvio) {
    const Result<TopicObject> read = from_yaml<TopicSpec>(kTopic);
    ASSERT_TRUE(read.has_value()) << to_string(read.error());
    TopicObject expected;
    expected.name = "lz4only";
    ComputedReplicas computed;
    computed.partition_count = 1;
    computed.replication_factor = 2;
    expected.spec.replicas = computed;
    expected.spec.cleanup_policy.emplace().time_in_seconds = 7'200;
    expected.spec.storage.emplace().segment_size_bytes = 20'480;
    expected.spec.compression_type = CompressionAlgorithm::lz4;
    expected.status.resolution = TopicResolution::provisioned;
    expected.status.replica_map[0] = {SpuId(5002), SpuId(5001)};
    EXPECT_EQ(*read, expected);
    expect_same_again(*read);
}

TEST(FluvioYaml, RackAssignmentIsIgnoredWhereFluvioLeavesItOut) {
    const auto read =
        from_yaml<TopicSpec>(replaced(kTopic, "    ignoreRackAssignment: false\n", ""));
    ASSERT_TRUE(read.has_value());
    EXPECT_TRUE(std::get<ComputedReplicas>(read->spec.replicas).ignore_rack_assignment);
    expect_same_again(*read);
}

TEST(FluvioYaml, RefusesWhatItDoesNotKnow) {
    const auto other_format = from_yaml<TopicSpec>(replaced(kTopic, "!1.0.0", "!2.0.0"));
    ASSERT_FALSE(other_format.has_value());
    EXPECT_EQ(other_format.error().code, ErrorCode::not_supported);
    EXPECT_NE(other_format.error().context.find("!2.0.0"), std::string::npos);
    const std::pair<const char*, const char*> changes[] = {
        {"partitions: 1", "partitions: many"},
        {"partitions: 1", "partition: 1"},
        {"!computed", "!guessed"},
        {"compressionType: Lz4", "compressionType: Lz5"},
        {"!segment", "!forever"},
        {"key: lz4only\n", ""},
        {"  - 5002", "  - [1, 2]"},
        {"segmentSize: 20480", "segmentSize: -1"},
        {"spec:\n", "spec: [\n"},
    };
    for (const auto& [from, to] : changes) {
        const auto read = from_yaml<TopicSpec>(replaced(kTopic, from, to));
        ASSERT_FALSE(read.has_value()) << to;
        EXPECT_EQ(read.error().code, ErrorCode::invalid_argument) << to;
        EXPECT_TRUE(read.error().context.starts_with("line ")) << read.error().context;
    }
}

TEST(FluvioYaml, TopicsAndPartitionsSurvive) {
    TopicObject topic;
    // Names that look like something else.
    topic.name = "123";
    AssignedReplicas assigned;
    assigned.maps.resize(2);
    assigned.maps[1].id = 1;
    assigned.maps[1].replicas = {SpuId(0), SpuId(2)};
    HomePartitionConfig home;
    home.remote_cluster = "null";
    home.remote_replica = "boats-0";
    home.source = true;
    assigned.maps[1].mirror = home;
    topic.spec.replicas = assigned;
    Deduplication& deduplication = topic.spec.deduplication.emplace();
    deduplication.bound_count = 1'000;
    deduplication.bound_age = Duration::from_ms(1'500);
    deduplication.filter_uses = "infinyon/dedup@0.1.0";
    deduplication.filter_with = {{"a b", "yes"}, {"quote\"", "line\nbreak \t\xc3\xa4"}};
    topic.spec.system = true;
    topic.status.mirror_map[1] = home;
    topic.status.reason = "# not: a comment";
    expect_same_again(topic);

    HomeMirrorConfig mirror;
    mirror.partitions = {home, HomePartitionConfig()};
    mirror.source = true;
    topic.spec.replicas = MirrorReplicas(mirror);
    expect_same_again(topic);
    RemoteMirrorConfig remote;
    remote.home_cluster = "home";
    remote.home_spus.push_back({SpuId(5001), "k", "localhost:9005"});
    remote.target = true;
    topic.spec.replicas = MirrorReplicas(remote);
    expect_same_again(topic);

    PartitionObject partition;
    partition.name = "a-b-7";
    partition.spec.leader = SpuId(3);
    partition.spec.replicas = {SpuId(3), SpuId(1)};
    partition.spec.cleanup_policy.emplace().time_in_seconds = 10;
    partition.spec.storage.emplace().max_partition_size_bytes = std::uint64_t{1} << 40;
    RemotePartitionConfig config;
    config.home_cluster = "home";
    config.home_spu_key = "key";
    config.home_spu_id = SpuId(4);
    config.home_spu_endpoint = "h:1";
    config.target = true;
    partition.spec.mirror = config;
    partition.status.resolution = PartitionResolution::out_of_storage;
    partition.status.leader = {SpuId(3), Offset(5), Offset(7)};
    partition.status.live_replica_count = 1;
    partition.status.replicas.push_back(ReplicaStatus());
    partition.status.size_bytes = 99;
    partition.status.is_being_deleted = true;
    partition.status.base_offset = Offset(2);
    expect_same_again(partition);
}

TEST(FluvioYaml, TheOtherKindsSurvive) {
    SpuObject spu;
    spu.name = "custom-spu-5001";
    spu.spec.id = SpuId(5001);
    spu.spec.spu_type = SpuType::custom;
    spu.spec.public_endpoint.port = 65'535;
    spu.spec.public_endpoint.ingress.resize(2);
    spu.spec.public_endpoint.ingress[0].ip = "10.0.0.1";
    spu.spec.public_endpoint.encryption = Encryption::ssl;
    spu.spec.rack = "on";
    spu.spec.public_endpoint_local.emplace().host = "local";
    spu.status.resolution = SpuResolution::offline;
    expect_same_again(spu);

    SmartModuleObject module;
    module.name = "m";
    module.spec.payload = {0, 255, 1, 2};
    module.spec.format = WasmFormat::text;
    expect_same_again(module);
    SmartModuleMetadata& meta = module.spec.meta.emplace();
    meta.package.name = "m";
    meta.package.group = "g";
    meta.package.version = "0.1.0";
    meta.package.api_version = "0.1.0";
    meta.package.license = "Apache-2.0";
    meta.package.visibility = SmartModuleVisibility::open;
    meta.params["p"].optional = true;
    meta.params["q"].description = "what it does";
    expect_same_again(module);

    TableFormatObject format;
    format.name = format.spec.name = "mytable";
    format.spec.input_format = DataFormat::json;
    TableColumn& column = format.spec.columns.emplace().emplace_back();
    column.key_path = "a.b";
    column.alignment = ColumnAlignment::center;
    column.display = false;
    column.header_bg_color = ColumnColor::green;
    format.spec.smartmodule = "m";
    format.status.reason = "why";
    expect_same_again(format);

    SpuGroupObject group;
    group.name = "main";
    group.spec.replica_count = 3;
    group.spec.min_id = 10;
    group.spec.replication.emplace().in_sync_replica_min = 2;
    group.spec.storage.emplace().size = "10Gi";
    group.spec.env.push_back({"RUST_LOG", "debug"});
    group.status.resolution = SpuGroupResolution::reserved;
    expect_same_again(group);
}

TEST(FluvioYaml, MirrorsSurvive) {
    MirrorObject mirror;
    mirror.name = "edge1";
    mirror.spec.type = RemoteMirror{"edge1"};
    mirror.status.pairing_spu.state = MirrorPairState::unauthorized;
    expect_same_again(mirror);
    HomeMirror home;
    home.id = "home";
    home.remote_id = "edge1";
    home.public_endpoint = "host:9003";
    expect_same_again(MirrorObject{"h", MirrorSpec{home}, MirrorStatus()});
    home.client_tls = ClientTls{"d", "-----BEGIN\nAA==\n-----END\n", "c", "k"};
    mirror.spec.type = home;
    mirror.status.connection = MirrorConnection::online;
    mirror.status.pairing_sc = {MirrorPairState::detail_failure, "no: such"};
    mirror.status.last_seen_ms = 1'713'902'927'812;
    expect_same_again(mirror);
}

}  // namespace
}  // namespace weir::cli::fluvio
