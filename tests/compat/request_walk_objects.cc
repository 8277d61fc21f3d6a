// The steps of a random walk about objects of all kinds, and those that keep a stream open: watches
// and reading.
#include "core/wire/stream_fetch.h"
#include "tests/compat/request_walk.h"
#include "tests/compat/spec_control.h"
#include "tests/compat/spec_data.h"

namespace weir::test {
namespace {

constexpr std::int32_t kFirstSpuId = 6001;

// Without those that other clients have made.
template <typename Objects>
std::set<std::string> names_of_model(const Objects& objects) {
    std::set<std::string> names;
    for (const auto& object : objects) {
        if (object.name.starts_with("object-") || object.name.starts_with("model-")) {
            names.insert(object.name);
        }
    }
    return names;
}

}  // namespace

Task<Result<void>> RequestWalk::change_object() {
    const std::string name = object_name();
    const int version = sc_version();
    struct Kind {
        std::string label;
        std::set<std::string>* names;
        Bytes spec;
        int exists;
        int unknown;
    };
    const Kind kinds[] = {
        {"TableFormat", &model_.table_formats, spec::table_format(name), 7002, 7001},
        {"SpuGroup", &model_.groups, spec::spu_group(), 0, 1003},
        {"SmartModule", &model_.modules, spec::smartmodule("payload"), 0, 6001},
    };
    const std::uint64_t which = prng_.below(4);
    if (which == 3) {
        co_return co_await change_mirror(name, version);
    }
    const Kind& kind = kinds[which];
    if (prng_.chance(1, 2)) {
        const int code = kind.names->insert(name).second ? 0 : kind.exists;
        co_return co_await expect_status("create " + kind.label, spec::kCreate, version,
                                         spec::create(kind.label, name, kind.spec), code);
    }
    const int code = kind.names->erase(name) == 1 ? 0 : kind.unknown;
    co_return co_await expect_status("delete " + kind.label, spec::kDelete, version,
                                     spec::remove(version, kind.label, name), code);
}

Task<Result<void>> RequestWalk::change_mirror(std::string name, int version) {
    if (prng_.chance(1, 3)) {
        const int code = model_.mirrors.erase(name) == 1 ? 0 : 11'001;
        co_return co_await expect_status("delete mirror " + name, spec::kDelete, version,
                                         spec::remove(version, "Mirror", name), code);
    }
    const bool is_remote = prng_.chance(1, 2);
    const Bytes spec = is_remote ? spec::remote(name) : spec::home(name);
    const int code = model_.create_mirror(name, is_remote);
    co_return co_await expect_status("create mirror " + name, spec::kCreate, version,
                                     spec::create("Mirror", name, spec), code);
}

Task<Result<void>> RequestWalk::change_spu() {
    const std::string name = object_name();
    const auto id = static_cast<std::int32_t>(kFirstSpuId + prng_.between(0, 2));
    const int version = sc_version();
    switch (prng_.below(4)) {
        case 0: {
            const int code = model_.delete_spu(name);
            co_return co_await expect_status(
                "delete spu " + name, spec::kDelete, version,
                spec::remove_key(version, "CustomSpu", spec::Out().str("Name").str(name)), code);
        }
        case 1: {
            const int code = model_.delete_spu(id);
            co_return co_await expect_status(
                "delete spu by id", spec::kDelete, version,
                spec::remove_key(version, "CustomSpu", spec::Out().str("Id").i32(id)), code);
        }
        default: break;
    }
    const bool dry_run = prng_.chance(1, 4);
    const int code = model_.register_spu(name, id, dry_run);
    co_return co_await expect_status("register spu " + name, spec::kCreate, version,
                                     spec::create("CustomSpu", name, spec::custom_spu(id), dry_run),
                                     code);
}

std::set<std::string> RequestWalk::model_names(const std::string& label, Among among) const {
    std::set<std::string> names;
    if (label == "Mirror") {
        for (const auto& [name, is_remote] : model_.mirrors) {
            names.insert(name);
        }
        return names;
    }
    if (label == "SPU" || label == "CustomSpu") {
        for (const auto& [id, name] : model_.spus) {
            names.insert(name);
        }
        return names;
    }
    if (label == "Topic" || label == "Partition") {
        for (const auto& [name, topic] : model_.topics) {
            if (topic.system && among == Among::ordinary) {
                continue;
            }
            for (std::size_t i = 0; label == "Partition" && i < topic.logs.size(); ++i) {
                names.insert(name + "-" + std::to_string(i));
            }
            if (label == "Topic") {
                names.insert(name);
            }
        }
        return names;
    }
    if (label == "SmartModule") {
        return model_.modules;
    }
    return label == "SpuGroup" ? model_.groups : model_.table_formats;
}

Task<Result<void>> RequestWalk::watch() {
    constexpr const char* kLabels[] = {"Topic",       "SPU",      "Partition",
                                       "SmartModule", "SpuGroup", "TableFormat"};
    const std::string label = kLabels[prng_.below(6)];
    const int version = sc_version();
    WEIR_CO_TRY(const BufferSlice answer,
                co_await call("sc", spec::kWatch, version, spec::watch(label)));
    // The watch ends with its connection.
    peers_.erase("sc");
    wire::Reader reader(answer.span());
    const auto response = wire::decode_watch_response(reader, static_cast<wire::Version>(version));
    if (!response.has_value()) {
        co_return wrong("watch of " + label + ": " + to_string(response.error()));
    }
    const std::set<std::string> seen =
        std::visit([](const auto& update) { return names_of_model(update.all); }, response->update);
    if (seen != model_names(label, Among::all)) {
        co_return wrong("the first answer to a watch of " + label + " differs from the model");
    }
    co_return Result<void>();
}

Task<Result<void>> RequestWalk::check_spus() {
    WEIR_CO_TRY(const wire::ListResponse spus, co_await list("SPU", false));
    WEIR_CO_TRY(const wire::ListResponse custom, co_await list("CustomSpu", false));
    WEIR_CO_TRY(const wire::ListResponse partitions, co_await list("Partition", false));
    const bool same = names_of_model(std::get<std::vector<SpuObject>>(spus.objects)) ==
                          model_names("SPU", Among::all) &&
                      names_of_model(std::get<std::vector<CustomSpuObject>>(custom.objects)) ==
                          model_names("SPU", Among::all) &&
                      names_of_model(std::get<std::vector<PartitionObject>>(partitions.objects)) ==
                          model_names("Partition", Among::ordinary);
    co_return same ? Result<void>() : wrong("the lists of SPUs or partitions differ");
}

// The first slice of a stream.
Task<Result<void>> RequestWalk::read_stream() {
    std::string topic;
    spec::Read read;
    if (!pick_partition(topic, read.partition) ||
        model_.topics[topic].logs[read.partition].empty()) {
        co_return Result<void>();
    }
    const std::vector<Bytes>& log = model_.topics[topic].logs[read.partition];
    read.topic = topic;
    read.offset = prng_.between(0, static_cast<std::int64_t>(log.size()) - 1);
    read.isolation = static_cast<int>(prng_.below(2));
    // So little that no batch fits: one comes all the same.
    read.max_bytes = prng_.chance(1, 3) ? 1 : 1'000'000;
    const int version = spu_version();
    WEIR_CO_TRY(std::string server, co_await leader(topic, read.partition));
    peers_.erase(server);
    WEIR_CO_TRY(const BufferSlice answer, co_await call(server, spec::kStreamFetch, version,
                                                        spec::stream_fetch(version, read)));
    peers_.erase(server);
    wire::Reader reader(answer.span());
    const auto slice =
        wire::decode_stream_fetch_response(reader, answer, static_cast<wire::Version>(version));
    const std::string where = "stream of " + topic + "-" + std::to_string(read.partition) +
                              " from " + std::to_string(read.offset);
    if (!slice.has_value()) {
        co_return wrong(where + ": " + to_string(slice.error()));
    }
    if (slice->partition.error.tag == wire::ErrorTag::not_leader_for_partition) {
        // It has just started.
        co_return Result<void>();
    }
    if (!slice->partition.error.ok()) {
        co_return wrong(where + ": " + wire::to_string(slice->partition.error));
    }
    const auto end = end_of_slice(where, slice->partition, log, read.offset);
    if (end.has_value() && *end <= read.offset) {
        co_return wrong(where + " has no batch");
    }
    co_return end.has_value() ? Result<void>() : fail(ErrorCode::invalid_argument, where);
}

}  // namespace weir::test
