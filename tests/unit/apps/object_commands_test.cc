// SmartModules, table formats, SPU groups and mirrors: what is sent and printed, beside what
// Fluvio's command line sent and printed; and the file of a local cluster's settings.
#include "apps/weir/cluster_settings.h"
#include "apps/weir/files.h"
#include "apps/weir/fluvio/yaml.h"
#include "apps/weir/mirror.h"
#include "apps/weir/smartmodule.h"
#include "apps/weir/spu_group.h"
#include "apps/weir/table_format.h"
#include "apps/weir/topic.h"
#include "core/client/compression.h"
#include "tests/unit/apps/recorded.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

const std::string kInputs = "tests/data/captures/inputs/";

TEST(ObjectCommands, ListsWhatTheReferenceListed) {
    EXPECT_EQ(render(smartmodule_table(recorded_list<SmartModuleObject>("smartmodule-list"))),
              recorded_stdout("smartmodule-list"));
    EXPECT_EQ(render(table_format_table(recorded_list<TableFormatObject>("table-format-list"))),
              recorded_stdout("table-format-list"));
    EXPECT_EQ(render(remote_table(recorded_list<MirrorObject>("remote-list"), 5'000)),
              recorded_stdout("remote-list"));
    EXPECT_TRUE(home_table(recorded_list<MirrorObject>("home-status"), 5'000).rows.empty());
    EXPECT_TRUE(spu_group_table(recorded_list<SpuGroupObject>("spg-list")).rows.empty());
}

TEST(ObjectCommands, SendsTheModuleThatTheReferenceSent) {
    const std::string wasm = read_file(kInputs + "e.wasm").value();
    const SmartModuleSpec made = make_smartmodule_spec(wasm, "e.wasm").value();
    const auto sent = std::get<SmartModuleSpec>(recorded_create("smartmodule-create").spec);
    const auto unpack = [](const Bytes& payload) {
        return client::decompress(client::Codec::gzip, payload, 1'000).value();
    };
    EXPECT_EQ(unpack(made.payload), unpack(sent.payload));
    EXPECT_EQ(made.format, sent.format);
    EXPECT_EQ(made.meta, sent.meta);
    EXPECT_EQ(make_smartmodule_spec("not that", "x").error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(make_smartmodule_spec("", "x").has_value());
}

TEST(ObjectCommands, NamesAModuleByItsPackage) {
    SmartModuleObject module;
    module.name = "upper-acme-1.2.0";
    module.spec.payload = Bytes(2'000);
    module.spec.meta.emplace().package.name = "upper";
    module.spec.meta->package.group = "acme";
    module.spec.meta->package.version = "1.2.0";
    const std::vector<std::string> wanted = {"acme/upper@1.2.0", "2.0 KB"};
    EXPECT_EQ(smartmodule_table({module}).rows.front(), wanted);
}

TEST(ObjectCommands, SendsTheTableFormatThatTheReferenceSent) {
    const wire::CreateRequest sent = recorded_create("table-format-create");
    TableFormatSpec made =
        fluvio::table_format_from_yaml(read_file(kInputs + "tf.yaml").value()).value();
    // The reference skips this name in silence; what it reads is input_format.
    EXPECT_EQ(made.input_format, DataFormat::json);
    made.input_format.reset();
    EXPECT_EQ(made, std::get<TableFormatSpec>(sent.spec));
    EXPECT_EQ(fluvio::table_format_from_yaml("name: a\ninput_format: JSON")->input_format,
              DataFormat::json);
    EXPECT_EQ(made.name, sent.name);
    for (const char* wrong : {"- a", "", "columns: []", "name: a\ncolumns: [{width: 3}]",
                              "name: a\ninputFormat: XML", "name: [", "name: a\ncolumns: 7"}) {
        EXPECT_FALSE(fluvio::table_format_from_yaml(wrong).has_value()) << wrong;
    }
}

TEST(ObjectCommands, ListsSpuGroups) {
    SpuGroupCreateOptions options;
    options.name = "edge";
    options.replicas = 2;
    SpuGroupObject plain;
    plain.name = options.name;
    plain.spec = make_spu_group_spec(options);
    options.rack = "r1";
    options.storage_size = "5Gi";
    options.min_id = 100;
    SpuGroupObject full;
    full.name = "other";
    full.spec = make_spu_group_spec(options);
    full.status.resolution = SpuGroupResolution::reserved;
    EXPECT_EQ(render(spu_group_table({plain, full})),
              "  NAME   REPLICAS  MIN ID  RACK  SIZE  STATUS   \n"
              "   edge         2       1        10Gi      Init \n"
              "  other         2     100    r1   5Gi  Reserved \n");
}

TEST(ObjectCommands, ExportsWhatTheReferenceExported) {
    HomeMirror home;
    home.id = "home";
    home.remote_id = "edge1";
    home.public_endpoint = "127.0.0.1:29003";
    EXPECT_EQ(render_home_file(home), recorded_stdout("remote-export"));
    EXPECT_EQ(parse_home_file(render_home_file(home)).value(), home);
    const std::string tls =
        R"({"home": {"id": "h", "remoteId": "r", "publicEndpoint": "a:1", "clientTls":
            {"domain": "d", "caCert": "ca", "clientCert": "c", "clientKey": "k"}}})";
    EXPECT_EQ(parse_home_file(tls).value().client_tls->client_key, "k");
    for (const char* wrong :
         {"", "[]", "{}", R"({"home": 1})", R"({"home": {"id": "h", "remoteId": "r"}})",
          R"({"home": {"id": 1, "remoteId": "r", "publicEndpoint": "a:1"}})",
          R"({"home": {"id": "h", "remoteId": "r", "publicEndpoint": "a:1", "clientTls": 1}})",
          R"({"home": {"id": "h", "remoteId": "r", "publicEndpoint": "a:1", "clientTls": {}}})"}) {
        EXPECT_EQ(parse_home_file(wrong).error().code, ErrorCode::invalid_argument) << wrong;
    }
}

TEST(ObjectCommands, SaysHowAMirrorIs) {
    MirrorObject remote;
    remote.spec.type = RemoteMirror{"edge1"};
    remote.status.pairing_sc.state = MirrorPairState::successful;
    remote.status.pairing_spu.state = MirrorPairState::detail_failure;
    remote.status.pairing_spu.detail = "no route";
    remote.status.last_seen_ms = 60'000;
    MirrorObject home;
    HomeMirror there;
    there.id = "home";
    there.public_endpoint = "192.0.2.7:9003";
    home.spec.type = there;
    // Seen by a clock that is ahead of ours.
    home.status.last_seen_ms = 200'000;
    const std::vector<std::string> first = {"edge1", "Connected", "Failed", "1m 3s",
                                            "SPU error: no route"};
    const Table remotes = remote_table({remote, home}, 123'999);
    ASSERT_EQ(remotes.rows.size(), 1U);
    EXPECT_EQ(remotes.rows.front(), first);
    const Table homes = home_table({remote, home}, 123'999);
    ASSERT_EQ(homes.rows.size(), 1U);
    const std::vector<std::string> second = {"home", "192.0.2.7:9003", "Waiting", "Waiting", "0s",
                                             "-"};
    EXPECT_EQ(homes.rows.front(), second);
    EXPECT_EQ(mirror_documents(remotes).front()["last_seen"], "1m 3s");
    EXPECT_EQ(mirror_documents(remotes).front()["sc_status"], "Connected");
}

TEST(ObjectCommands, MakesTheMirrorTopicThatTheReferenceMade) {
    TopicCreateOptions options;
    options.name = "mir";
    options.mirror = true;
    EXPECT_EQ(make_topic_spec(options).value().spec,
              std::get<TopicSpec>(recorded_create("topic-create-mirror").spec));
}

TEST(ObjectCommands, ReadsTheRemotesOfAMirrorTopic) {
    const std::string path = testing::TempDir() + "remotes.json";
    TopicCreateOptions options;
    options.name = "mir";
    options.mirror_file = path;
    options.home_to_remote = true;
    ASSERT_TRUE(write_file(path, R"(["edge1", "edge2"])").has_value());
    const TopicSpec spec = make_topic_spec(options).value().spec;
    const auto& home = std::get<HomeMirrorConfig>(std::get<MirrorReplicas>(spec.replicas));
    ASSERT_EQ(home.partitions.size(), 2U);
    EXPECT_EQ(home.partitions[1], (HomePartitionConfig{"edge2", "mir-0", true}));
    MirrorObject known;
    known.name = "edge1";
    EXPECT_EQ(unknown_remotes(spec, {known}), std::vector<std::string>{"edge2"});
    EXPECT_TRUE(unknown_remotes(TopicSpec(), {}).empty());
    ASSERT_TRUE(write_file(path, R"(["edge1", 2])").has_value());
    EXPECT_EQ(make_topic_spec(options).error().code, ErrorCode::invalid_argument);
    TopicCreateOptions alone;
    alone.name = "mir";
    alone.home_to_remote = true;
    EXPECT_EQ(make_topic_spec(alone).error().code, ErrorCode::invalid_argument);
}

TEST(ClusterSettings, AreReadAsTheyWereWritten) {
    ClusterStartOptions options;
    options.spus = 3;
    options.data_dir = "/d";
    options.log_dir = "/l";
    options.port_base = 12'000;
    options.durability = "async";
    options.platform_version = "0.18.1";
    const ClusterLayout layout = make_layout(options).value();
    const ClusterStartOptions read = parse_settings_file(render_settings(layout, options)).value();
    EXPECT_EQ(read.spus, 3U);
    EXPECT_EQ(read.log_dir, "/l");
    EXPECT_EQ(read.sc_public, "127.0.0.1:12000");
    EXPECT_EQ(read.sc_private, "127.0.0.1:12001");
    EXPECT_EQ(read.durability, "async");
    EXPECT_EQ(read.platform_version, "0.18.1");
    for (const char* wrong :
         {"", "[]", "{}", R"({"spus": -1})", R"({"spus": 1, "logDir": "/l"})"}) {
        EXPECT_EQ(parse_settings_file(wrong).error().code, ErrorCode::invalid_argument) << wrong;
    }
}

}  // namespace
}  // namespace weir::cli
