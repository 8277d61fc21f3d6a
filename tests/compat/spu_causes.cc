#include "tests/compat/causes.h"
#include "tests/compat/spec_control.h"
#include "tests/compat/spec_data.h"

namespace weir::test {
namespace {

using spec::code;
using spec::Out;

constexpr int kVersion = 25;
constexpr int kScVersion = 19;

Step ask(std::string what, std::string connection, std::uint16_t key, Bytes body, Bytes answer,
         int error = 0) {
    Step step;
    step.what = std::move(what);
    step.connection = std::move(connection);
    step.request = Request{key, kVersion, std::move(body)};
    step.answer = std::move(answer);
    step.code = error;
    return step;
}
// The next frame of a stream.
Step next(std::string what, std::string connection, Bytes answer, int error) {
    Step step;
    step.what = std::move(what);
    step.connection = std::move(connection);
    step.answer = std::move(answer);
    step.code = error;
    return step;
}
Step on_sc(std::string what, std::uint16_t key, Bytes body, std::string_view name) {
    Step step;
    step.what = std::move(what);
    step.connection = "sc";
    step.request = Request{key, kScVersion, std::move(body)};
    step.answer = spec::status(name, code(0));
    return step;
}
// A topic with one replica on SPU 5001.
Step new_topic(std::string_view name, spec::Topic topic) {
    topic.replicas = spec::assigned(kScVersion, {{0, {5001}}});
    return on_sc("topic " + std::string(name), spec::kCreate,
                 spec::create_topic(kScVersion, name, topic), name);
}

Step produce(std::string what, std::string connection, const spec::Produce& request,
             const Bytes& error, int number, std::int64_t base_offset = 0) {
    return ask(std::move(what), std::move(connection), spec::kProduce,
               spec::produce(kVersion, request),
               spec::produced(kVersion, request, error, base_offset), number);
}

void add_leadership(std::vector<Step>& out) {
    spec::Produce produced;
    produced.topic = "p";
    produced.records = spec::batch({});
    spec::Read read;
    read.topic = "p";
    spec::Slice refused;
    refused.error = code(6);
    out.push_back(new_topic("p", {}));
    out.push_back(produce("produce elsewhere", "5002", produced, code(6), 6));
    out.push_back(ask("fetch elsewhere", "5002", spec::kFetch, spec::fetch(kVersion, read),
                      spec::fetched(kVersion, read, refused), 6));
    out.push_back(ask("stream elsewhere", "5002", spec::kStreamFetch,
                      spec::stream_fetch(kVersion, read),
                      spec::streamed(kVersion, read, 0, refused), 6));
    out.push_back(ask("offsets elsewhere", "5002", spec::kFetchOffsets,
                      spec::fetch_offsets(kVersion, "p", 0),
                      spec::offsets("p", 0, code(3001), 0, 0), 3001));
    out.push_back(ask("consumers elsewhere", "5002", spec::kFetchConsumerOffsets,
                      spec::fetch_consumer_offsets(kVersion), Out().i16(3001).u32(0), 3001));
    out.push_back(ask("forget a consumer elsewhere", "5002", spec::kDeleteConsumerOffset,
                      spec::delete_consumer_offset("p", 0, "c"), code(3001), 3001));
    produced.topic = "none";
    out.push_back(produce("produce to no topic", "5001", produced, code(6), 6));
}

void add_bad_records(std::vector<Step>& out) {
    spec::Topic gzip;
    gzip.compression = 1;
    out.push_back(new_topic("gz", gzip));
    spec::Topic small;
    small.segment_size = 1'024;
    out.push_back(new_topic("small", small));
    spec::Produce produced;
    produced.topic = "gz";
    produced.records = spec::batch({});
    out.push_back(produce("another codec", "5001", produced, code(9000), 9000));
    produced.topic = "p";
    produced.records = spec::opaque_batch(5, 20);
    out.push_back(produce("no codec", "5001", produced, code(9000), 9000));
    produced.topic = "small";
    produced.records = spec::opaque_batch(1, 2'000);
    out.push_back(produce("larger than a segment", "5001", produced, code(10), 10));
    produced.topic = "p";
    produced.records = spec::batch({});
    produced.records.back() ^= 1U;
    out.push_back(produce("wrong checksum", "5001", produced,
                          code(2, Out().str("batch 0 is malformed: checksum mismatch")), 2));
    produced.records = Bytes(100, 0);
    out.push_back(
        produce("zeros", "5001", produced, code(2, Out().str("batch 0 is malformed: zeros")), 2));
}

void add_offsets(std::vector<Step>& out) {
    spec::Produce produced;
    produced.topic = "p";
    produced.records = spec::batch({});
    out.push_back(produce("one record", "5001", produced, code(0), 0));
    spec::Read read;
    read.topic = "p";
    read.offset = 10;
    spec::Slice refused;
    refused.error = code(2, Out().str("start offset: 10 is greater than leo: 1"));
    out.push_back(ask("fetch above the end", "5001", spec::kFetch, spec::fetch(kVersion, read),
                      spec::fetched(kVersion, read, refused), 2));
    out.push_back(ask("stream above the end", "5001 above", spec::kStreamFetch,
                      spec::stream_fetch(kVersion, read),
                      spec::streamed(kVersion, read, 1, refused), 2));
    read.offset = -5;
    refused.error = code(71, Out().i64(-5).i64(0));
    out.push_back(ask("fetch below the log", "5001", spec::kFetch, spec::fetch(kVersion, read),
                      spec::fetched(kVersion, read, refused), 71));
    out.push_back(ask("stream below the log", "5001 below", spec::kStreamFetch,
                      spec::stream_fetch(kVersion, read),
                      spec::streamed(kVersion, read, 1, refused), 71));
    out.push_back(ask("no such stream", "5001", spec::kUpdateOffsets, spec::update_offsets(3, 9),
                      spec::offsets_updated(9, code(3002)), 3002));
    out.push_back(ask("no such consumer", "5001", spec::kUpdateConsumerOffset,
                      spec::update_consumer_offset(3, 9),
                      spec::consumer_offset_updated(0, code(3002)), 3002));
}

// Retention cuts the log, so that its first records are gone.
void add_eviction(std::vector<Step>& out) {
    spec::Topic topic;
    topic.segment_size = 1'024;
    topic.max_size = 2'048;
    out.push_back(new_topic("cut", topic));
    spec::Produce produced;
    produced.topic = "cut";
    produced.records = spec::opaque_batch(1, 700);
    for (int i = 0; i < 6; ++i) {
        out.push_back(produce("fill " + std::to_string(i), "5001", produced, code(0), 0, i));
    }
    spec::Read read;
    read.topic = "cut";
    spec::Slice refused;
    // Each segment holds one batch; three are more than the partition may have.
    refused.error = code(71, Out().i64(0).i64(4));
    Step evicted = ask("evicted", "5001", spec::kFetch, spec::fetch(kVersion, read),
                       spec::fetched(kVersion, read, refused), 71);
    evicted.pause = Duration::from_s(10);
    out.push_back(evicted);
}

void add_timeout(std::vector<Step>& out) {
    spec::Topic topic;
    topic.replicas = spec::assigned(kScVersion, {{0, {5001, 5002}}});
    out.push_back(
        on_sc("topic two", spec::kCreate, spec::create_topic(kScVersion, "two", topic), "two"));
    spec::Produce produced;
    produced.topic = "two";
    produced.acks = -1;
    produced.timeout_ms = 0;
    produced.records = spec::batch({});
    Step late =
        produce("no time for the follower", "5001", produced, code(7, Out().u64(0).u8(0)), 7);
    late.pause = Duration::from_s(1);
    out.push_back(late);
    produced.timeout_ms = 1'500;
    out.push_back(
        produce("time enough; the other record is there", "5001", produced, code(0), 0, 1));
}

void add_modules(std::vector<Step>& out) {
    spec::Produce produced;
    produced.topic = "p";
    produced.records = spec::batch({});
    produced.smartmodule = spec::module_by_name(kVersion, "nope");
    const Bytes unknown = code(6001, Out().str("nope"));
    const Bytes refused = code(6005, Out().str("SmartModules are not supported by this server"));
    out.push_back(produce("unknown module", "5001", produced, unknown, 6001));
    produced.smartmodule = spec::module_sent_along(kVersion);
    out.push_back(produce("module sent along", "5001", produced, refused, 6005));
    spec::Read read;
    read.topic = "p";
    read.smartmodule = spec::module_by_name(kVersion, "nope");
    spec::Slice slice;
    slice.error = unknown;
    out.push_back(ask("unknown module in a stream", "5001 module", spec::kStreamFetch,
                      spec::stream_fetch(kVersion, read), spec::streamed(kVersion, read, 1, slice),
                      6001));
    read.smartmodule = spec::module_sent_along(kVersion);
    slice.error = refused;
    out.push_back(ask("module sent along with a stream", "5001 module", spec::kStreamFetch,
                      spec::stream_fetch(kVersion, read), spec::streamed(kVersion, read, 2, slice),
                      6005));
    out.push_back(on_sc("module sm", spec::kCreate,
                        spec::create("SmartModule", "sm", spec::smartmodule("wasm")), "sm"));
    produced.smartmodule = spec::module_by_name(kVersion, "sm");
    out.push_back(produce("module that exists", "5001", produced, refused, 6005));
    read.smartmodule = spec::module_by_name(kVersion, "sm");
    out.push_back(ask("module that exists in a stream", "5001 module", spec::kStreamFetch,
                      spec::stream_fetch(kVersion, read), spec::streamed(kVersion, read, 3, slice),
                      6005));
    spec::Topic topic;
    topic.deduplication = "sm";
    out.push_back(new_topic("dedup", topic));
    produced.smartmodule.reset();
    produced.topic = "dedup";
    out.push_back(produce("deduplication", "5001", produced, code(10000), 10000));
}

void add_mirrors(std::vector<Step>& out) {
    spec::Topic topic;
    topic.replicas = spec::mirror_home(kScVersion);
    out.push_back(on_sc("topic at home", spec::kCreate,
                        spec::create_topic(kScVersion, "athome", topic), "athome"));
    out.push_back(on_sc("remote far", spec::kCreate,
                        spec::create("Mirror", "far", spec::remote("far")), "far"));
    out.push_back(
        on_sc("mirror to home", spec::kUpdate, spec::add_mirror("athome", "far"), "athome"));
    topic.replicas = spec::mirror_remote(kScVersion, true);
    out.push_back(on_sc("topic at a remote", spec::kCreate,
                        spec::create_topic(kScVersion, "atremote", topic), "atremote"));
    spec::Produce produced;
    produced.topic = "athome";
    produced.records = spec::batch({});
    Step home = produce("produce at home", "5002", produced, code(11003), 11003);
    home.pause = Duration::from_s(1);
    out.push_back(home);
    produced.topic = "atremote";
    out.push_back(produce("produce at a remote", "5002", produced, code(11006), 11006));
}

void add_ends(std::vector<Step>& out) {
    spec::Read read;
    read.topic = "p";
    spec::Slice slice;
    slice.hw = 1;
    spec::Record record;
    record.leader_epoch = 0;
    slice.records = spec::batch(record);
    out.push_back(ask("stream", "5001 end", spec::kStreamFetch, spec::stream_fetch(kVersion, read),
                      spec::streamed(kVersion, read, 1, slice)));
    out.push_back(
        ask("offset of a stream without consumer", "5001 end", spec::kUpdateConsumerOffset,
            spec::update_consumer_offset(0, 1),
            spec::consumer_offset_updated(0, code(2, Out().str("stream without consumer id"))), 2));
    out.push_back(on_sc("delete p", spec::kDelete, spec::remove(kScVersion, "Topic", "p"), "p"));
    spec::Slice deleted;
    deleted.error = code(2007);
    out.push_back(
        next("the topic is deleted", "5001 end", spec::streamed(kVersion, read, 1, deleted), 2007));
    // Not 2001: an SPU that has heard of the deletion does not lead any more.
    spec::Produce produced;
    produced.topic = "p";
    produced.records = spec::batch({});
    out.push_back(produce("produce to a deleted topic", "5001", produced, code(6), 6));
    Step old =
        ask("version 26", "5001", spec::kUpdateConsumerOffset, spec::update_consumer_offset(1, 1),
            spec::consumer_offset_updated(
                0, code(2, Out().str("version 26 is not supported, 0 to 25 are"))),
            2);
    old.request->version = 26;
    out.push_back(old);
    Step closed = ask("unknown key", "5001 unknown", 999, {}, {});
    closed.answer.reset();
    out.push_back(closed);
}

}  // namespace

std::vector<Step> no_offset_topic_steps() {
    std::vector<Step> steps;
    steps.push_back(new_topic("p", {}));
    spec::Produce produced;
    produced.topic = "p";
    produced.records = spec::batch({});
    steps.push_back(produce("one record", "5001", produced, code(0), 0));
    spec::Read read;
    read.topic = "p";
    read.consumer_id = "c";
    spec::Slice slice;
    slice.hw = 1;
    spec::Record record;
    record.leader_epoch = 0;
    slice.records = spec::batch(record);
    steps.push_back(ask("stream", "5001", spec::kStreamFetch, spec::stream_fetch(kVersion, read),
                        spec::streamed(kVersion, read, 1, slice)));
    steps.push_back(ask("nobody keeps consumer offsets", "5001", spec::kUpdateConsumerOffset,
                        spec::update_consumer_offset(0, 1),
                        spec::consumer_offset_updated(0, code(2001)), 2001));
    return steps;
}

std::vector<Step> full_disk_steps() {
    std::vector<Step> steps;
    steps.push_back(new_topic("full", {}));
    spec::Produce produced;
    produced.topic = "full";
    // More than the disk has.
    produced.records = spec::opaque_batch(1, 9'000'000);
    steps.push_back(produce("full disk", "5001", produced, code(72, Out().str("full").u32(0)), 72));
    return steps;
}

std::vector<Step> spu_error_steps() {
    std::vector<Step> steps;
    add_leadership(steps);
    add_bad_records(steps);
    add_offsets(steps);
    add_eviction(steps);
    add_timeout(steps);
    add_modules(steps);
    add_mirrors(steps);
    add_ends(steps);
    return steps;
}

}  // namespace weir::test
