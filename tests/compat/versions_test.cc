// Every request at its lowest and highest version and at those between where its layout changes:
// written and expected by the specifications, without our codec, and compared byte by byte.
// The last test says of each request of the specifications whether it was.
#include "tests/compat/cluster.h"
#include "tests/compat/script.h"
#include "tests/compat/spec_control.h"
#include "tests/compat/spec_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace weir::test {
namespace {

using spec::code;
using spec::Out;

Step ask(const std::string& what, std::string connection, std::uint16_t key, int version,
         Bytes body, Bytes answer) {
    Step step;
    step.what = what + " at version " + std::to_string(version);
    step.connection = std::move(connection);
    step.request = Request{key, version, std::move(body)};
    step.answer = std::move(answer);
    return step;
}

void run(const std::vector<Step>& steps) {
    sc::Config config;
    config.platform_version = "0.18.1";
    CompatCluster cluster(5, {5001, 5002}, config);
    std::vector<std::string> failures;
    cluster.run(sim::Main(&run_script, &steps, &failures), Duration::from_s(600));
    for (const std::string& failure : failures) {
        ADD_FAILURE() << failure;
    }
}

// ---- The SC

// Create, Update and Delete at one version.
void add_changes(std::vector<Step>& out, int version) {
    const std::string suffix = std::to_string(version);
    const auto change = [&](const std::string& what, std::uint16_t key, Bytes body,
                            const std::string& name) {
        out.push_back(ask(what + " " + name, "sc", key, version, std::move(body),
                          spec::status(name, code(0))));
    };
    const auto object = [&](std::string_view label, const std::string& name, const Bytes& spec) {
        change("create", spec::kCreate, spec::create(label, name, spec), name);
        change("delete", spec::kDelete, spec::remove(version, label, name), name);
    };
    spec::Topic topic;
    topic.retention_s = 3'600;
    topic.segment_size = 1'000'000;
    topic.max_size = 10'000'000;
    topic.compression = 5;
    const std::string computed = "computed-" + suffix;
    change("create", spec::kCreate, spec::create_topic(version, computed, topic), computed);
    change("update", spec::kUpdate, spec::add_partition(computed, 2), computed);
    change("delete", spec::kDelete, spec::remove(version, "Topic", computed), computed);
    topic.replicas = spec::assigned(version, {{0, {5001, 5002}}, {1, {5002, 5001}}});
    object("Topic", "assigned-" + suffix, spec::topic(version, topic));
    if (version >= 13) {
        topic.system = true;
        change("create", spec::kCreate, spec::create_topic(version, "sys", topic), "sys");
        change("delete", spec::kDelete, spec::remove(version, "Topic", "sys", true), "sys");
    }
    topic = {};
    topic.replicas = spec::mirror_home(version);
    const std::string mirrored = "mirror-" + suffix;
    const std::string edge = "edge-" + suffix;
    change("create", spec::kCreate, spec::create_topic(version, mirrored, topic), mirrored);
    change("create", spec::kCreate, spec::create("Mirror", edge, spec::remote(edge)), edge);
    change("update", spec::kUpdate, spec::add_mirror(mirrored, edge), mirrored);
    change("delete", spec::kDelete, spec::remove(version, "Topic", mirrored), mirrored);
    change("delete", spec::kDelete, spec::remove(version, "Mirror", edge), edge);
    object("TableFormat", "table-" + suffix, spec::table_format("table"));
    object("SpuGroup", "group-" + suffix, spec::spu_group());
    object("Mirror", "remote-" + suffix, spec::remote("remote"));
    object("Mirror", "home-" + suffix, spec::home("home"));
    change("create", spec::kCreate,
           spec::create("SmartModule", "any", spec::smartmodule_of(version, "sm", "grp")),
           "sm-grp-0.1.0");
    change("delete", spec::kDelete, spec::remove(version, "SmartModule", "grp/sm@0.1.0"),
           "grp/sm@0.1.0");
    const std::string spu = "spu-" + suffix;
    change("create", spec::kCreate, spec::create("CustomSpu", spu, spec::custom_spu(version)), spu);
    change("delete", spec::kDelete,
           spec::remove_key(version, "CustomSpu", Out().str("Id").i32(version)), spu);
}

// The objects that the lists show.
void add_objects(std::vector<Step>& out) {
    constexpr int kVersion = 19;
    const auto create = [&](const std::string& name, const std::string& answered, Bytes body) {
        out.push_back(ask("create " + name, "sc", spec::kCreate, kVersion, std::move(body),
                          spec::status(answered, code(0))));
    };
    spec::Topic topic;
    topic.replicas = spec::assigned(kVersion, {{0, {5001}}});
    create("t", "t", spec::create_topic(kVersion, "t", topic));
    create("tf", "tf", spec::create("TableFormat", "tf", spec::table_format("tf")));
    create("sg", "sg", spec::create("SpuGroup", "sg", spec::spu_group()));
    create("edge", "edge", spec::create("Mirror", "edge", spec::remote("edge")));
    create("sm", "sm-grp-0.1.0",
           spec::create("SmartModule", "sm", spec::smartmodule_of(kVersion, "sm", "grp")));
}

// With its only partition on SPU 5001.
Bytes topic_object(int version, std::string_view name, const spec::Topic& topic) {
    Out out;
    out.str(name).raw(spec::topic(version, topic)).u8(4).u16(1).u32(0).u32(1).i32(5001);
    if (version >= 14) {
        out.u16(0);
    }
    return out.str("");
}
Bytes topic_object(int version) {
    spec::Topic topic;
    topic.replicas = spec::assigned(version, {{0, {5001}}});
    return topic_object(version, "t", topic);
}
// As the SC makes it (8.6).
Bytes offset_topic_object(int version) {
    spec::Topic topic;
    topic.retention_s = 604'800;
    topic.segment_size = 512'000'000;
    topic.max_size = 2'048'000'000;
    topic.system = true;
    return topic_object(version, "consumer-offset", topic);
}
Bytes partition_object(int version, bool of_offsets = false) {
    Out out;
    out.str(of_offsets ? "consumer-offset-0" : "t-0").i32(5001).u32(1).i32(5001);
    if (of_offsets) {
        out.some().u8(0).u32(604'800).some().some().u32(512'000'000).some().u64(2'048'000'000);
    } else {
        out.none().none();
    }
    out.u8(4);
    if (version >= 12) {
        out.none();
    }
    if (version >= 13) {
        out.flag(of_offsets);
    }
    if (version >= 14) {
        out.none();
    }
    // Online, the leader's offsets, no followers, no bytes, not being deleted.
    out.u8(1).i32(5001).i64(0).i64(0).u32(0).u32(0).i64(0).flag(false);
    return version >= 16 ? out.i64(0) : out;
}
Bytes spu_object(std::int32_t id, bool custom) {
    const std::string host = "spu-" + std::to_string(id);
    Out out;
    out.str("custom-spu-" + std::to_string(id)).i32(id);
    if (!custom) {
        out.u8(1);
    }
    return out.u16(9005)
        .u32(1)
        .opt_str(host)
        .none()
        .u8(0)
        .u16(9006)
        .str(host)
        .u8(0)
        .none()
        .none()
        .u8(0);
}

struct Kind {
    std::string_view label;
    Bytes all;
};
std::vector<Kind> kinds(int version) {
    const Bytes spus = Out().u32(2).raw(spu_object(5001, false)).raw(spu_object(5002, false));
    const Bytes custom = Out().u32(2).raw(spu_object(5001, true)).raw(spu_object(5002, true));
    return {
        {"Topic", Out().u32(1).raw(topic_object(version))},
        {"Partition", Out().u32(1).raw(partition_object(version))},
        {"SPU", spus},
        {"CustomSpu", custom},
        {"SmartModule",
         Out().u32(1).str("sm-grp-0.1.0").raw(spec::smartmodule_of(version, "sm", "grp"))},
        {"TableFormat", Out().u32(1).str("tf").raw(spec::table_format("tf")).u8(0).none()},
        {"SpuGroup", Out().u32(1).str("sg").raw(spec::spu_group()).u8(0).none()},
        {"Mirror", Out().u32(1).str("edge").raw(spec::remote("edge")).u8(0).u8(0).u8(0).u64(0)},
    };
}

void add_reads(std::vector<Step>& out, int version) {
    for (const Kind& kind : kinds(version)) {
        out.push_back(ask("list " + std::string(kind.label), "sc", spec::kList, version,
                          spec::list(kind.label), spec::envelope(kind.label, kind.all)));
        if (kind.label == "CustomSpu" || kind.label == "Mirror") {
            continue;  // cannot be watched
        }
        // A list is of ordinary topics or of system topics, a watch of both.
        Bytes all = kind.all;
        if (kind.label == "Topic") {
            all = Out().u32(2).raw(offset_topic_object(version)).raw(topic_object(version));
        } else if (kind.label == "Partition") {
            all = Out().u32(2).raw(partition_object(version, true)).raw(partition_object(version));
        }
        Step watch =
            ask("watch " + std::string(kind.label),
                "sc " + std::string(kind.label) + std::to_string(version), spec::kWatch, version,
                spec::watch(kind.label), spec::envelope(kind.label, Out().i64(0).u32(0).raw(all)));
        watch.masked_at = 2 + kind.label.size() + 4;
        out.push_back(watch);
    }
}

// Nothing is mirrored: it is as at a home that does not know the remote, which says nothing (5.6).
// What comes next on the connection is the answer to the next request.
void add_mirroring(std::vector<Step>& out, int version) {
    Step silent = ask("Mirroring", "sc mirroring", spec::kMirroring, version,
                      spec::envelope("MirroringConnect", Out().str("edge")), {});
    silent.unanswered = true;
    out.push_back(silent);
    out.push_back(ask("list after Mirroring", "sc mirroring", spec::kList, 19,
                      spec::list("Mirror", {"nobody"}),
                      spec::envelope("Mirror", kinds(19).back().all)));
}

std::vector<Step> sc_steps() {
    std::vector<Step> steps;
    for (const int version : {0, 1, 2}) {
        Out answer;
        answer.i16(0).u32(6);
        for (const auto& [key, min] : std::vector<std::pair<int, int>>{
                 {1001, 11}, {1002, 11}, {1003, 15}, {1004, 15}, {1005, 14}, {1006, 11}}) {
            answer.i16(key).i16(min).i16(19);
        }
        steps.push_back(ask("ApiVersions", "sc", spec::kApiVersions, version,
                            spec::api_versions(version), answer.str("0.18.1")));
    }
    for (int version = 11; version <= 19; ++version) {
        add_changes(steps, version);
    }
    add_objects(steps);
    steps.back().pause = Duration::from_s(1);
    for (int version = 15; version <= 19; ++version) {
        add_reads(steps, version);
    }
    for (int version = 14; version <= 19; ++version) {
        add_mirroring(steps, version);
    }
    return steps;
}

TEST(Versions, Sc) {
    run(sc_steps());
}

// ---- An SPU

spec::Slice one_record() {
    spec::Record record;
    record.leader_epoch = 0;
    spec::Slice slice;
    slice.hw = 1;
    slice.records = spec::batch(record);
    return slice;
}

void add_topics(std::vector<Step>& out) {
    for (const std::string name : {"t", "w"}) {
        spec::Topic topic;
        topic.replicas = spec::assigned(19, {{0, {5001}}});
        out.push_back(ask("create " + name, "sc", spec::kCreate, 19,
                          spec::create_topic(19, name, topic), spec::status(name, code(0))));
    }
    spec::Produce produced;
    produced.records = spec::batch({});
    out.push_back(ask("Produce", "5001", spec::kProduce, 25, spec::produce(25, produced),
                      spec::produced(25, produced, code(0))));
}

void add_streams(std::vector<Step>& out) {
    spec::Read read;
    for (int version = 0; version <= 25; ++version) {
        const std::string connection = "5001 stream " + std::to_string(version);
        out.push_back(ask("StreamFetch", connection, spec::kStreamFetch, version,
                          spec::stream_fetch(version, read),
                          spec::streamed(version, read, 1, one_record())));
        out.push_back(ask("UpdateOffsets", connection, spec::kUpdateOffsets, 0,
                          spec::update_offsets(1, 1), spec::offsets_updated(1, code(0))));
    }
    read.consumer_id = "c";
    out.push_back(ask("StreamFetch", "5001 consumer", spec::kStreamFetch, 25,
                      spec::stream_fetch(25, read), spec::streamed(25, read, 1, one_record())));
}

void add_consumer_offsets(std::vector<Step>& out) {
    for (int version = 0; version <= 25; ++version) {
        out.push_back(ask("UpdateConsumerOffset", "5001 consumer", spec::kUpdateConsumerOffset,
                          version, spec::update_consumer_offset(0, 1),
                          spec::consumer_offset_updated(0, code(0))));
        Step list = ask("FetchConsumerOffsets", "5001", spec::kFetchConsumerOffsets, version,
                        spec::fetch_consumer_offsets(version),
                        Out().i16(0).u32(1).str("c").str("t").u32(0).i64(0).u64(0));
        // The time.
        list.masked_at = 24;
        out.push_back(list);
        if (version == 23) {
            out.push_back(ask("FetchOffsets of a consumer", "5001", spec::kFetchOffsets, version,
                              spec::fetch_offsets(version, "t", 0, "c"),
                              spec::offsets("t", 0, code(0), 1, 1)));
        }
        out.push_back(ask("DeleteConsumerOffset", "5001", spec::kDeleteConsumerOffset, version,
                          spec::delete_consumer_offset("t", 0, "c"), code(0)));
    }
}

std::vector<Step> spu_steps() {
    std::vector<Step> steps;
    for (const int version : {0, 1, 2}) {
        Out answer;
        answer.i16(0).u32(5);
        answer.i16(0).i16(0).i16(25).i16(1).i16(0).i16(25).i16(1002).i16(25).i16(25);
        // A client that does not say what it is gets the streams of old ones.
        answer.i16(1003).i16(0).i16(version == 0 ? 15 : 25).i16(1005).i16(0).i16(0);
        steps.push_back(ask("ApiVersions", "5001", spec::kApiVersions, version,
                            spec::api_versions(version), answer.str("0.0.0")));
    }
    add_topics(steps);
    for (int version = 0; version <= 25; ++version) {
        spec::Produce produced;
        produced.topic = "w";
        produced.acks = -1;
        produced.records = spec::batch({});
        steps.push_back(ask("Produce", "5001", spec::kProduce, version,
                            spec::produce(version, produced),
                            spec::produced(version, produced, code(0), version)));
        spec::Read read;
        read.isolation = version % 2;
        // Below version 3 there is no limit, and one batch is sent all the same.
        steps.push_back(ask("Fetch", "5001", spec::kFetch, version, spec::fetch(version, read),
                            spec::fetched(version, read, one_record())));
        steps.push_back(ask("FetchOffsets", "5001", spec::kFetchOffsets, version,
                            spec::fetch_offsets(version, "t", 0),
                            spec::offsets("t", 0, code(0), 0, 1)));
    }
    add_streams(steps);
    add_consumer_offsets(steps);
    return steps;
}

TEST(Versions, Spu) {
    run(spu_steps());
}

// ---- All of them

struct Served {
    std::uint16_t key;
    int lowest;
    int highest;
};
// Control-plane spec 2.1 and 3.1, data-plane spec 4. StartMirror is not served.
constexpr std::array<Served, 7> kAtTheSc = {{{18, 0, 2},
                                             {1001, 11, 19},
                                             {1002, 11, 19},
                                             {1003, 15, 19},
                                             {1004, 15, 19},
                                             {1005, 14, 19},
                                             {1006, 11, 19}}};
constexpr std::array<Served, 9> kAtAnSpu = {{{18, 0, 2},
                                             {0, 0, 25},
                                             {1, 0, 25},
                                             {1002, 23, 25},
                                             {1003, 0, 25},
                                             {1005, 0, 0},
                                             {1006, 23, 25},
                                             {1007, 23, 25},
                                             {1008, 23, 25}}};

template <std::size_t kCount>
void expect_asked(const std::vector<Step>& steps, const std::array<Served, kCount>& all) {
    for (const Served& served : all) {
        for (const int version :
             {served.lowest, (served.lowest + served.highest) / 2, served.highest}) {
            const bool asked = std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
                return step.request.has_value() && step.request->key == served.key &&
                       step.request->version == version;
            });
            EXPECT_TRUE(asked) << "key " << served.key << " at version " << version;
        }
    }
}

TEST(Versions, EveryRequestAtItsLowestMiddleAndHighest) {
    expect_asked(sc_steps(), kAtTheSc);
    expect_asked(spu_steps(), kAtAnSpu);
}

}  // namespace
}  // namespace weir::test
