#include "core/sc/listing.h"

#include "core/model/smartmodule_name.h"

#include <algorithm>

namespace weir::sc {

namespace {

bool matches(const std::string& name, const std::vector<std::string>& filters) {
    return filters.empty() ||
           std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
               return name.find(filter) != std::string::npos;
           });
}

template <typename Table>
auto matching(const Table& table, const std::vector<std::string>& filters) {
    std::vector<decltype(Table::Entry::object)> objects;
    for (const auto& [name, entry] : table.entries()) {
        if (matches(name, filters)) {
            objects.push_back(entry.object);
        }
    }
    return objects;
}

std::vector<TopicObject> topics(const Catalog& catalog, const wire::ListRequest& request) {
    std::vector<TopicObject> objects = matching(catalog.topics, request.name_filters);
    std::erase_if(objects,
                  [&](const TopicObject& topic) { return topic.spec.system != request.system; });
    return objects;
}

std::vector<PartitionObject> partitions(const Catalog& catalog, const PartitionReports& reports,
                                        const wire::ListRequest& request) {
    std::vector<PartitionObject> objects;
    for (const auto& [name, entry] : catalog.partitions.entries()) {
        if (entry.object.spec.system == request.system) {
            objects.push_back(entry.object);
            objects.back().status = reports.current_status(entry);
        }
    }
    return objects;
}

std::vector<CustomSpuObject> custom_spus(const Catalog& catalog, const wire::ListRequest& request) {
    std::vector<CustomSpuObject> objects;
    for (const auto& [name, entry] : catalog.spus.entries()) {
        const SpuSpec& spec = entry.object.spec;
        if (spec.spu_type != SpuType::custom || !matches(name, request.name_filters)) {
            continue;
        }
        CustomSpuObject object;
        object.name = name;
        object.spec.id = spec.id;
        object.spec.public_endpoint = spec.public_endpoint;
        object.spec.private_endpoint = spec.private_endpoint;
        object.spec.rack = spec.rack;
        object.spec.public_endpoint_local = spec.public_endpoint_local;
        object.status = entry.object.status;
        objects.push_back(std::move(object));
    }
    return objects;
}

struct ModuleFilter {
    std::string_view group;
    std::string_view name;
    // major.minor.patch
    std::string version;
};

Result<ModuleFilter> parse_filter(const std::string& text) {
    // Group and version together decide whether the text can be read.
    if (!smartmodule_key(text).has_value()) {
        return fail(ErrorCode::invalid_argument, "'" + text + "' is not [group/]name[@version]");
    }
    ModuleFilter filter;
    std::string_view rest = text;
    if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
        filter.group = rest.substr(0, slash);
        rest = rest.substr(slash + 1);
    }
    const std::size_t at = rest.find('@');
    filter.name = rest.substr(0, at);
    if (at != std::string_view::npos) {
        filter.version = std::string(rest.substr(at + 1));
        const auto dots = std::count(filter.version.begin(), filter.version.end(), '.');
        for (auto i = dots; i < 2; ++i) {
            filter.version += ".0";
        }
    }
    return filter;
}

bool matches(const SmartModuleObject& object, const ModuleFilter& filter) {
    if (!object.spec.meta.has_value()) {
        return object.name == filter.name;
    }
    const SmartModulePackage& package = object.spec.meta->package;
    return package.name == filter.name && (filter.group.empty() || package.group == filter.group) &&
           (filter.version.empty() || package.version == filter.version);
}

Result<std::vector<SmartModuleObject>> smartmodules(const Catalog& catalog,
                                                    const wire::ListRequest& request) {
    std::vector<ModuleFilter> filters;
    for (const std::string& text : request.name_filters) {
        WEIR_TRY(ModuleFilter filter, parse_filter(text));
        filters.push_back(std::move(filter));
    }
    std::vector<SmartModuleObject> objects;
    for (const auto& [name, entry] : catalog.smartmodules.entries()) {
        const bool wanted =
            filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const auto& filter) {
                return matches(entry.object, filter);
            });
        if (wanted) {
            objects.push_back(request.summary ? summarised(entry.object) : entry.object);
        }
    }
    return objects;
}

}  // namespace

SmartModuleObject summarised(SmartModuleObject object) {
    object.spec.summary_wasm_size_bytes = static_cast<std::uint32_t>(object.spec.payload.size());
    object.spec.payload.clear();
    return object;
}

Result<wire::ListResponse> list_objects(const Catalog& catalog, const PartitionReports& reports,
                                        const wire::ListRequest& request) {
    wire::ListResponse response;
    switch (request.kind) {
        case ObjectKind::topic: response.objects = topics(catalog, request); break;
        case ObjectKind::spu:
            response.objects = matching(catalog.spus, request.name_filters);
            break;
        case ObjectKind::custom_spu: response.objects = custom_spus(catalog, request); break;
        case ObjectKind::smartmodule: {
            WEIR_TRY(std::vector<SmartModuleObject> objects, smartmodules(catalog, request));
            response.objects = std::move(objects);
            break;
        }
        case ObjectKind::partition: response.objects = partitions(catalog, reports, request); break;
        case ObjectKind::spu_group:
            response.objects = matching(catalog.spu_groups, request.name_filters);
            break;
        case ObjectKind::table_format:
            response.objects = matching(catalog.table_formats, request.name_filters);
            break;
        case ObjectKind::mirror: response.objects = matching(catalog.mirrors, {}); break;
    }
    return response;
}

}  // namespace weir::sc
