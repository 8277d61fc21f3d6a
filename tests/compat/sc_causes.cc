#include "tests/compat/causes.h"
#include "tests/compat/spec_control.h"

namespace weir::test {
namespace {

using spec::Out;

constexpr int kVersion = 19;

// The answer is a Status.
Step step(std::string what, std::uint16_t key, Bytes body, std::string_view name, int code,
          std::optional<std::string_view> message, const Bytes& payload = {}) {
    Step result;
    result.what = std::move(what);
    result.connection = "sc";
    result.request = Request{key, kVersion, std::move(body)};
    result.answer = spec::status(name, spec::code(code, payload), message);
    result.code = code;
    return result;
}
Step done(std::string what, std::uint16_t key, Bytes body, std::string_view name) {
    return step(std::move(what), key, std::move(body), name, 0, std::nullopt);
}
Step closed(std::string what, std::uint16_t key, Bytes body) {
    Step result;
    result.what = what;
    result.connection = "sc " + what;
    result.request = Request{key, kVersion, std::move(body)};
    return result;
}

Step refused_topic(std::string what, const spec::Topic& topic, int code, std::string_view message) {
    return step(std::move(what), spec::kCreate, spec::create_topic(kVersion, "bad", topic), "bad",
                code, message);
}

void add_topic_names(std::vector<Step>& out) {
    const auto name = [&](std::string_view text, std::string_view reason) {
        out.push_back(step(
            "name " + std::string(text), spec::kCreate, spec::create_topic(kVersion, text), text,
            2006, "Invalid topic name: '" + std::string(text) + "'. " + std::string(reason)));
    };
    constexpr std::string_view kCharacters =
        "A name has only lowercase letters (a-z), digits and dashes";
    name("Upper", kCharacters);
    name("under_score", kCharacters);
    name("-dash", "A name neither starts nor ends with a dash");
    name("dash-", "A name neither starts nor ends with a dash");
    name("", "A name must not be empty");
    name(std::string(64, 'a'), "A name has at most 63 characters");
    out.push_back(done("t", spec::kCreate, spec::create_topic(kVersion, "t"), "t"));
    out.push_back(step("exists", spec::kCreate, spec::create_topic(kVersion, "t"), "t", 2002,
                       "Topic 't' already exists"));
}

void add_topic_limits(std::vector<Step>& out) {
    spec::Topic topic;
    topic.retention_s = 9;
    out.push_back(
        refused_topic("retention", topic, 2004, "retention_secs 9 is less than minimum 10"));
    topic = {};
    topic.segment_size = 1'023;
    out.push_back(
        refused_topic("segment", topic, 2004, "segment_size 1023 is less than minimum 1024"));
    topic.segment_size = 1'024;
    topic.max_size = 2'047;
    out.push_back(
        refused_topic("max", topic, 2004, "max_partition_size 2047 is less than minimum 2048"));
    topic.segment_size = 4'096;
    topic.max_size = 4'095;
    out.push_back(refused_topic("max below segment", topic, 2004,
                                "max_partition_size 4095 is less than segment size 4096"));
    topic.segment_size.reset();
    out.push_back(refused_topic("max below the default segment", topic, 2004,
                                "max_partition_size 4095 is less than segment size 1073741824"));
    topic = {};
    topic.deduplication = "grp/sm@x";
    out.push_back(step("deduplication name", spec::kCreate,
                       spec::create_topic(kVersion, "bad", topic), "grp/sm@x", 10001, std::nullopt,
                       Out().str("'grp/sm@x' is not [group/]name[@version]")));
    topic.deduplication = "grp/sm@0.1.0";
    out.push_back(step("deduplication module", spec::kCreate,
                       spec::create_topic(kVersion, "bad", topic), "grp/sm@0.1.0", 10000,
                       "SmartModule 'grp/sm@0.1.0' is not loaded: create it first"));
}

void add_topic_replicas(std::vector<Step>& out) {
    const auto replicas = [&](std::string what, Bytes spec, std::string_view message) {
        spec::Topic topic;
        topic.replicas = std::move(spec);
        out.push_back(refused_topic(std::move(what), topic, 2000, message));
    };
    const auto rows = [](const std::vector<spec::Row>& maps) {
        return spec::assigned(kVersion, maps);
    };
    replicas("no partition", spec::computed(0, 1), "partition must be greater than 0");
    replicas("no replica", spec::computed(1, 0), "replication factor must be greater than 0");
    replicas("no row", rows({}), "no assigned partitions");
    replicas("row ids", rows({{1, {5001}}}),
             "partition ids must start at 0 and be consecutive: found 1 at 0");
    replicas("empty row", rows({{0, {}}}), "partition 0 has no replicas");
    replicas("unequal rows", rows({{0, {5001}}, {1, {5001, 5002}}}),
             "all partitions must have the same number of replicas: 1 has 2, 0 has 1");
    replicas("spu twice", rows({{0, {5001, 5001}}}), "partition 0 has spu 5001 twice");
    replicas("negative spu", rows({{0, {-1}}}), "invalid spu id: -1");
    replicas("unknown spu", rows({{0, {5001, 9}}}), "invalid spu id: 9");
    spec::Topic wide;
    wide.replicas = spec::computed(1, 3);
    out.push_back(step("more replicas than SPUs", spec::kCreate,
                       spec::create_topic(kVersion, "wide", wide), "wide", 2005,
                       "only 0 out of 1 provisioned"));
}

// It breaks every rule. They are mended one after the other, in the order of the spec (8.2): what
// is answered is the first that is broken still.
void add_topic_order(std::vector<Step>& out) {
    spec::Topic topic;
    topic.retention_s = 9;
    topic.segment_size = 1'023;
    topic.max_size = 1'022;
    topic.deduplication = "grp/sm@x";
    topic.replicas = spec::computed(0, 0);
    const auto first = [&](std::string what, std::string_view name, std::string_view told, int code,
                           std::optional<std::string_view> message, const Bytes& payload = {}) {
        out.push_back(step("order: " + std::move(what), spec::kCreate,
                           spec::create_topic(kVersion, name, topic), told, code, message,
                           payload));
    };
    first(
        "name", "Upper", "Upper", 2006,
        "Invalid topic name: 'Upper'. A name has only lowercase letters (a-z), digits and dashes");
    first("exists", "t", "t", 2002, "Topic 't' already exists");
    first("retention", "bad", "bad", 2004, "retention_secs 9 is less than minimum 10");
    topic.retention_s = 10;
    first("segment", "bad", "bad", 2004, "segment_size 1023 is less than minimum 1024");
    topic.segment_size = 4'096;
    first("max", "bad", "bad", 2004, "max_partition_size 1022 is less than minimum 2048");
    topic.max_size = 2'048;
    first("max below segment", "bad", "bad", 2004,
          "max_partition_size 2048 is less than segment size 4096");
    topic.max_size = 4'096;
    first("deduplication name", "bad", "grp/sm@x", 10001, std::nullopt,
          Out().str("'grp/sm@x' is not [group/]name[@version]"));
    topic.deduplication = "grp/sm@0.1.0";
    first("deduplication module", "bad", "grp/sm@0.1.0", 10000,
          "SmartModule 'grp/sm@0.1.0' is not loaded: create it first");
    topic.deduplication.reset();
    first("partitions", "bad", "bad", 2000, "partition must be greater than 0");
    topic.replicas = spec::computed(1, 0);
    first("replication", "bad", "bad", 2000, "replication factor must be greater than 0");
    topic.replicas = spec::assigned(kVersion, {{1, {9}}});
    first("map", "bad", "bad", 2000,
          "partition ids must start at 0 and be consecutive: found 1 at 0");
    topic.replicas = spec::assigned(kVersion, {{0, {9}}});
    first("SPU", "bad", "bad", 2000, "invalid spu id: 9");
}

void add_topic_removal(std::vector<Step>& out) {
    spec::Topic system;
    system.system = true;
    out.push_back(done("sys", spec::kCreate, spec::create_topic(kVersion, "sys", system), "sys"));
    out.push_back(step("delete an unknown topic", spec::kDelete,
                       spec::remove(kVersion, "Topic", "none"), "none", 2001, "not found"));
    out.push_back(step("delete a system topic", spec::kDelete,
                       spec::remove(kVersion, "Topic", "sys"), "sys", 12001, std::nullopt,
                       Out().str("topic").str("sys")));
    spec::Topic remote;
    remote.replicas = spec::mirror_remote(kVersion, true);
    out.push_back(done("rem", spec::kCreate, spec::create_topic(kVersion, "rem", remote), "rem"));
    out.push_back(step("delete at a remote, even forced", spec::kDelete,
                       spec::remove(kVersion, "Topic", "rem", true), "rem", 11004,
                       "cannot delete mirrored topic from remote"));
}

void add_topic_updates(std::vector<Step>& out) {
    const auto update = [&](std::string what, Bytes body, std::string_view name, int code,
                            std::optional<std::string_view> message, const Bytes& payload = {}) {
        out.push_back(
            step(std::move(what), spec::kUpdate, std::move(body), name, code, message, payload));
    };
    spec::Topic topic;
    topic.replicas = spec::assigned(kVersion, {{0, {5001}}});
    out.push_back(done("asg", spec::kCreate, spec::create_topic(kVersion, "asg", topic), "asg"));
    update("add to an unknown topic", spec::add_partition("none", 1), "none", 2001, "not found");
    update("add to a system topic", spec::add_partition("sys", 1), "sys", 12002, std::nullopt,
           Out().str("topic").str("sys"));
    update("add to an assigned topic", spec::add_partition("asg", 1), "asg", 2008,
           "invalid replica type");

    topic.replicas = spec::mirror_home(kVersion);
    out.push_back(done("mir", spec::kCreate, spec::create_topic(kVersion, "mir", topic), "mir"));
    topic.system = true;
    out.push_back(
        done("sysmir", spec::kCreate, spec::create_topic(kVersion, "sysmir", topic), "sysmir"));
    out.push_back(
        done("edge", spec::kCreate, spec::create("Mirror", "edge", spec::remote("edge")), "edge"));
    out.push_back(done("house", spec::kCreate, spec::create("Mirror", "house", spec::home("house")),
                       "house"));
    update("mirror of an unknown topic", spec::add_mirror("none", "edge"), "none", 2001,
           "not found");
    update("unknown mirror", spec::add_mirror("mir", "none"), "mir", 11001, "not found");
    update("a home is no remote", spec::add_mirror("mir", "house"), "mir", 11005,
           "invalid mirror type");
    update("topic that does not mirror", spec::add_mirror("t", "edge"), "t", 2000,
           "invalid replica type");
    update("mirror", spec::add_mirror("mir", "edge"), "mir", 0, std::nullopt);
    update("mirror twice", spec::add_mirror("mir", "edge"), "mir", 11002,
           "remote \"edge\" is already assigned to partition: \"0\"");
    update("mirror of a system topic", spec::add_mirror("sysmir", "edge"), "sysmir", 12002,
           std::nullopt, Out().str("topic").str("sysmir"));
    update("mirror of a remote's topic", spec::add_mirror("rem", "edge"), "rem", 2008,
           "invalid replica type");
}

void add_other_objects(std::vector<Step>& out) {
    const auto create = [&](std::string what, std::string_view label, std::string_view name,
                            const Bytes& spec, int code, std::string_view message) {
        out.push_back(step(std::move(what), spec::kCreate, spec::create(label, name, spec), name,
                           code, message));
    };
    const auto remove = [&](std::string what, std::string_view label, std::string_view name,
                            int code, std::string_view message, const Bytes& payload = {}) {
        out.push_back(step(std::move(what), spec::kDelete, spec::remove(kVersion, label, name),
                           name, code, message, payload));
    };
    create("spu name", "CustomSpu", "spu-5001x", spec::custom_spu(5001), 1004,
           "spu 'spu-5001x(5001)' already defined");
    create("spu id", "CustomSpu", "custom-spu-5001", spec::custom_spu(77), 1004,
           "spu 'custom-spu-5001(77)' already defined");
    create("bad spu name", "CustomSpu", "Bad", spec::custom_spu(78), 1000,
           "invalid spu name 'Bad': A name has only lowercase letters (a-z), digits and dashes");
    out.push_back(step("unknown spu id", spec::kDelete,
                       spec::remove_key(kVersion, "CustomSpu", Out().str("Id").i32(9)), "spu-9",
                       1003, "not found"));
    out.push_back(step("unknown spu name", spec::kDelete,
                       spec::remove_key(kVersion, "CustomSpu", Out().str("Name").str("nobody")),
                       "nobody", 1003, "not found"));
    remove("unknown group", "SpuGroup", "none", 1003, "not found");
    create("module without a group", "SmartModule", "sm", spec::smartmodule_of(kVersion, "sm", ""),
           6000, "invalid SmartModule package");
    remove("unknown module", "SmartModule", "none", 6001, "not found", Out().str("none"));
    out.push_back(done("tf", spec::kCreate,
                       spec::create("TableFormat", "tf", spec::table_format("tf")), "tf"));
    create("table format exists", "TableFormat", "tf", spec::table_format("tf"), 7002,
           "tableformat 'tf' already defined");
    create("table format without a name", "TableFormat", "", spec::table_format(""), 7000,
           "a name has 1 to 255 bytes");
    remove("unknown table format", "TableFormat", "none", 7001, "not found");
    create("remote exists", "Mirror", "edge", spec::remote("edge"), 11002,
           "remote cluster \"edge\" already exists");
    remove("unknown mirror", "Mirror", "none", 11001, "remote cluster \"none\" not found");
}

void add_unknown_kinds(std::vector<Step>& out) {
    const Bytes unknown = Out().str("unknown admin object type");
    for (const std::string_view label : {"SPU", "Partition", "Nonsense"}) {
        out.push_back(step("create " + std::string(label), spec::kCreate,
                           spec::create(label, "x", {}), "create error", 2, std::nullopt, unknown));
        out.push_back(step("delete " + std::string(label), spec::kDelete,
                           spec::remove(kVersion, label, "x"), "create error", 2, std::nullopt,
                           unknown));
    }
    out.push_back(step("update CustomSpu", spec::kUpdate,
                       spec::envelope("CustomSpu", Out().str("x").str("y")), "update error", 2,
                       std::nullopt, unknown));
    for (const std::string_view label : {"CustomSpu", "Mirror", "Nonsense"}) {
        out.push_back(closed("watch " + std::string(label), spec::kWatch, spec::watch(label)));
    }
    out.push_back(closed("list Nonsense", spec::kList, spec::list("Nonsense")));
    out.push_back(closed("list SmartModule with a malformed version", spec::kList,
                         spec::list("SmartModule", {"a@b"})));
    out.push_back(closed("delete SmartModule with a malformed version", spec::kDelete,
                         spec::remove(kVersion, "SmartModule", "a@b")));
    out.push_back(closed("unknown key", 1099, {}));
    out.push_back(closed("half a body", spec::kCreate, {0, 5, 'T'}));
    Step old = step("version 9", spec::kCreate, {}, "", 2,
                    "version 9 of Create is not served, only 11 to 19",
                    Out().str("version 9 of Create is not served, only 11 to 19"));
    old.request->version = 9;
    out.push_back(old);
}

}  // namespace

std::vector<Step> sc_error_steps() {
    std::vector<Step> steps;
    add_topic_names(steps);
    add_topic_limits(steps);
    add_topic_replicas(steps);
    add_topic_order(steps);
    add_topic_removal(steps);
    add_topic_updates(steps);
    add_other_objects(steps);
    add_unknown_kinds(steps);
    return steps;
}

}  // namespace weir::test
