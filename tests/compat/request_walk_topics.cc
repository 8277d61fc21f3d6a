// The steps of a random walk about topics, mirrored ones, and lists with filters.
#include "tests/compat/request_walk.h"
#include "tests/compat/spec_control.h"

namespace weir::test {

Task<Result<void>> RequestWalk::change_topic() {
    const std::string name = topic_name();
    const int version = sc_version();
    switch (prng_.below(4)) {
        case 0: {
            // Older versions cannot say it.
            const bool force = version >= 13 && prng_.chance(1, 2);
            const int code = model_.delete_topic(name, force);
            co_return co_await expect_status("delete " + name, spec::kDelete, version,
                                             spec::remove(version, "Topic", name, force), code);
        }
        case 1: {
            const auto count = static_cast<std::uint32_t>(prng_.below(3));
            const int code = model_.add_partitions(name, count);
            co_return co_await expect_status("grow " + name, spec::kUpdate, version,
                                             spec::add_partition(name, count), code);
        }
        default: break;
    }
    co_return co_await create_topic(name);
}

Task<Result<void>> RequestWalk::create_topic(std::string name) {
    const int version = sc_version();
    const auto count = static_cast<std::uint32_t>(prng_.below(4));
    ModelTopic model;
    model.computed = prng_.chance(2, 3);
    model.system = version >= 13 && prng_.chance(1, 5);
    model.replicas = prng_.chance(1, 3) ? 2 : 1;
    model.logs.resize(count);
    spec::Topic topic;
    topic.system = model.system;
    if (model.computed) {
        topic.replicas = spec::computed(count, model.replicas);
    } else {
        std::vector<spec::Row> rows;
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::int32_t first = prng_.chance(1, 2) ? 5001 : 5002;
            rows.push_back({i, {first}});
            if (model.replicas == 2) {
                rows.back().replicas.push_back(5001 + 5002 - first);
            }
        }
        topic.replicas = spec::assigned(version, rows);
    }
    const bool dry_run = prng_.chance(1, 6);
    const int code = model_.create_topic(name, model, dry_run);
    co_return co_await expect_status(
        "create " + name, spec::kCreate, version,
        spec::create("Topic", name, spec::topic(version, topic), dry_run), code);
}

// Topics at home, to which remotes are added; also to topics that do not mirror.
Task<Result<void>> RequestWalk::change_mirrored() {
    const std::string name = mirrored_name();
    const int version = sc_version();
    switch (prng_.below(4)) {
        case 0: {
            const int code = model_.mirrored.erase(name) == 1 ? 0 : 2001;
            co_return co_await expect_status("delete " + name, spec::kDelete, version,
                                             spec::remove(version, "Topic", name), code);
        }
        case 1: {
            spec::Topic topic;
            topic.replicas = spec::mirror_home(version);
            const int code = model_.mirrored.try_emplace(name).second ? 0 : 2002;
            co_return co_await expect_status("create " + name, spec::kCreate, version,
                                             spec::create_topic(version, name, topic), code);
        }
        default: break;
    }
    const std::string to = prng_.chance(3, 4) ? name : topic_name();
    const std::string mirror = object_name();
    const int code = model_.add_mirror(to, mirror);
    co_return co_await expect_status("mirror " + to + " to " + mirror, spec::kUpdate, version,
                                     spec::add_mirror(to, mirror), code);
}

// Filters are parts of names, for SmartModules whole names, and nothing for partitions and mirrors.
Task<Result<void>> RequestWalk::list_filtered() {
    constexpr const char* kLabels[] = {"Topic",    "SPU",         "CustomSpu", "Partition",
                                       "SpuGroup", "TableFormat", "Mirror",    "SmartModule"};
    const std::string label = kLabels[prng_.below(8)];
    const std::string whole = label == "Topic" ? topic_name() : object_name();
    const std::string filter = label == "SmartModule" ? whole : whole.substr(prng_.below(8));
    const bool is_ignored = label == "Partition" || label == "Mirror";
    std::set<std::string> expected;
    for (const std::string& name : model_names(label, Among::ordinary)) {
        const bool fits =
            label == "SmartModule" ? name == filter : name.find(filter) != std::string::npos;
        if (is_ignored || fits) {
            expected.insert(name);
        }
    }
    const int version = static_cast<int>(prng_.between(15, 19));
    const Bytes request = spec::list(label, {filter}, true);
    WEIR_CO_TRY(const BufferSlice answer, co_await call("sc", spec::kList, version, request));
    wire::Reader reader(answer.span());
    const auto response = wire::decode_list_response(reader, static_cast<wire::Version>(version));
    if (!response.has_value()) {
        co_return wrong("list of " + label + ": " + to_string(response.error()));
    }
    std::set<std::string> seen;
    std::visit(
        [&seen](const auto& objects) {
            for (const auto& object : objects) {
                if (object.name.starts_with("object-") || object.name.starts_with("model-")) {
                    seen.insert(object.name);
                }
            }
        },
        response->objects);
    co_return seen == expected ? Result<void>()
                               : wrong("the list of " + label + " filtered by " + filter);
}

}  // namespace weir::test
