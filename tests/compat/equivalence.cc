#include "tests/compat/equivalence.h"

#include "core/wire/api_key.h"
#include "core/wire/api_versions.h"
#include "core/wire/control_plane.h"
#include "tests/compat/data_plane_fields.h"
#include "tests/compat/watch_fields.h"

#include <set>

namespace weir::test {
namespace {

using wire::Version;

struct Body {
    wire::RequestHeader header;
    BufferSlice bytes;
};
// By request.
using Bodies = std::map<std::size_t, std::vector<Body>>;

void dump_status(Fields& out, const Body& body) {
    wire::Reader reader(body.bytes.span());
    const auto status = wire::decode_status(reader, body.header.api_version);
    if (!status.has_value()) {
        out["undecodable"] = to_string(status.error());
        return;
    }
    out["name"] = status->name;
    out["error"] =
        std::to_string(static_cast<int>(status->error.tag)) + " " + wire::to_string(status->error);
    out["message"] = status->message.value_or("(none)");
}

void dump_list(Fields& out, const Body& body, const AddressMap& addresses) {
    wire::Reader reader(body.bytes.span());
    auto list = wire::decode_list_response(reader, body.header.api_version);
    if (!list.has_value()) {
        out["undecodable"] = to_string(list.error());
        return;
    }
    std::visit(
        [&](auto& objects) {
            for (auto& object : objects) {
                replace_addresses(object, addresses);
                dump_object(out, "", object, body.header.api_version);
            }
        },
        list->objects);
}

void dump_api_versions(Fields& out, const Body& body) {
    wire::Reader reader(body.bytes.span());
    const auto answer = wire::decode_api_versions_response(reader, body.header.api_version);
    if (!answer.has_value()) {
        out["undecodable"] = to_string(answer.error());
        return;
    }
    out["error"] = wire::to_string(answer->error);
    out["platform_version"] = answer->platform_version;
    for (std::size_t i = 0; i < answer->api_keys.size(); ++i) {
        const wire::ApiRange& range = answer->api_keys[i];
        out["api " + std::to_string(range.api_key)] = "entry " + std::to_string(i) + ", " +
                                                      std::to_string(range.version_min) + " to " +
                                                      std::to_string(range.version_max);
    }
}

Fields fields_of(const Dialogue& dialogue, const std::vector<Body>& bodies,
                 const std::set<std::string>& changed, const AddressMap& addresses) {
    Fields out;
    const wire::RequestHeader& header = bodies.front().header;
    if (dialogue.spu.has_value()) {
        std::vector<BufferSlice> slices;
        for (const Body& body : bodies) {
            slices.push_back(body.bytes);
        }
        const auto api = wire::spu_api_from_key(header.api_key);
        if (*api != wire::SpuApi::api_versions) {
            dump_data_plane(out, *api, header.api_version, slices);
            return out;
        }
        dump_api_versions(out, bodies.front());
        return out;
    }
    switch (*wire::sc_api_from_key(header.api_key)) {
        case wire::ScApi::api_versions: dump_api_versions(out, bodies.front()); break;
        case wire::ScApi::create:
        case wire::ScApi::remove:
        case wire::ScApi::update: dump_status(out, bodies.front()); break;
        case wire::ScApi::list: dump_list(out, bodies.front(), addresses); break;
        case wire::ScApi::watch: {
            std::vector<BufferSlice> slices;
            for (const Body& body : bodies) {
                slices.push_back(body.bytes);
            }
            dump_watch(out, header.api_version, slices, changed, addresses);
            break;
        }
        case wire::ScApi::mirroring: out["unexpected"] = "mirroring"; break;
    }
    return out;
}

std::string name_of(const Dialogue& dialogue, const wire::RequestHeader& header) {
    if (dialogue.spu.has_value()) {
        const auto api = wire::spu_api_from_key(header.api_key);
        return std::string(api.has_value() ? wire::to_string(*api) : "unknown");
    }
    const auto api = wire::sc_api_from_key(header.api_key);
    return std::string(api.has_value() ? wire::to_string(*api) : "unknown");
}

Bodies recorded_bodies(const Dialogue& dialogue) {
    Bodies recorded;
    for (const Exchange& exchange : dialogue.exchanges) {
        if (!exchange.from_client) {
            recorded[exchange.request].push_back(
                {exchange.header, BufferSlice(Buffer::copy_of(exchange.body()))});
        }
    }
    return recorded;
}

void compare_fields(const Fields& recorded, const Fields& ours, const std::string& where,
                    std::vector<Difference>& out) {
    for (const auto& [field, value] : recorded) {
        const auto found = ours.find(field);
        const std::string other = found == ours.end() ? "(absent)" : found->second;
        if (other != value) {
            out.push_back({where, field, value, other});
        }
    }
    for (const auto& [field, value] : ours) {
        if (!recorded.contains(field)) {
            out.push_back({where, field, "(absent)", value});
        }
    }
}

}  // namespace

Fields recorded_partitions(const Conversation& conversation, const AddressMap& addresses) {
    Fields partitions;
    for (const Dialogue& dialogue : conversation.dialogues) {
        if (dialogue.spu.has_value()) {
            continue;
        }
        for (const auto& [request, bodies] : recorded_bodies(dialogue)) {
            for (const auto& [field, value] : fields_of(dialogue, bodies, {}, addresses)) {
                if (field.starts_with("Partition[")) {
                    partitions[field] = value;
                }
            }
        }
    }
    return partitions;
}

std::vector<Difference> compare(const Conversation& conversation, const Dialogue& dialogue,
                                const Played& played, const AddressMap& addresses) {
    const Bodies recorded = recorded_bodies(dialogue);
    Bodies ours;
    std::map<std::size_t, wire::RequestHeader> headers;
    for (const Exchange& exchange : dialogue.exchanges) {
        headers[exchange.request] = exchange.header;
    }
    for (const Answer& answer : played.answers) {
        ours[answer.request].push_back({headers[answer.request], answer.body});
    }
    std::vector<Difference> differences;
    const std::string server =
        dialogue.spu.has_value() ? "SPU " + std::to_string(*dialogue.spu) : std::string("SC");
    for (const auto& [request, bodies] : recorded) {
        const wire::RequestHeader& header = bodies.front().header;
        const std::string where = conversation.name + " " + server + " " + std::to_string(request) +
                                  " " + name_of(dialogue, header);
        if (!ours.contains(request)) {
            differences.push_back({where, "answer", "present", "(absent)"});
            continue;
        }
        std::set<std::string> changed;
        if (!dialogue.spu.has_value() && is_stream(dialogue, header)) {
            for (const Body& body : bodies) {
                add_changed_names(changed, body.bytes, header.api_version);
            }
        }
        compare_fields(fields_of(dialogue, bodies, changed, addresses),
                       fields_of(dialogue, ours[request], changed, addresses), where, differences);
    }
    return differences;
}

}  // namespace weir::test
