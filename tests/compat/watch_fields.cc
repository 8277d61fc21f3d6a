#include "tests/compat/watch_fields.h"

namespace weir::test {
namespace {

template <typename T>
void dump_update(Fields& out, wire::Version version, const std::vector<BufferSlice>& bodies,
                 const std::set<std::string>& changed, const AddressMap& addresses) {
    std::map<std::string, Object<T>> cache;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        wire::Reader reader(bodies[i].span());
        auto response = wire::decode_watch_response(reader, version);
        if (!response.has_value()) {
            out["undecodable " + std::to_string(i)] = to_string(response.error());
            return;
        }
        auto* update = std::get_if<wire::WatchUpdate<T>>(&response->update);
        if (update == nullptr) {
            out["another kind"] = std::to_string(i);
            return;
        }
        if (i == 0) {
            out["epoch"] = update->epoch > 0 ? "set" : "0";
            out["first"] = update->changes.empty() ? "full list" : "changes";
        }
        // As clients do it (control-plane spec 6.3).
        if (!update->all.empty()) {
            cache.clear();
        }
        for (Object<T>& object : update->all) {
            replace_addresses(object, addresses);
            if (i == 0) {
                dump_object(out, "", object, version);
            }
            cache[object.name] = object;
        }
        for (wire::Change<T>& change : update->changes) {
            replace_addresses(change.object, addresses);
            if (change.kind == wire::ChangeKind::remove) {
                cache.erase(change.object.name);
            } else {
                cache[change.object.name] = change.object;
            }
        }
    }
    for (const std::string& name : changed) {
        const std::string path = "then " + std::string(label(T::kKind)) + "[" + name + "]";
        const auto found = cache.find(name);
        out[path] = found == cache.end() ? "gone" : "present";
        if (found != cache.end()) {
            dump(out, path + ".spec", found->second.spec, version);
        }
    }
}

}  // namespace

void replace_addresses(SpuObject& spu, const AddressMap& addresses) {
    const auto found = addresses.find(spu.spec.id.value());
    if (found == addresses.end() || spu.spec.public_endpoint.ingress.empty()) {
        return;
    }
    IngressAddress& ingress = spu.spec.public_endpoint.ingress.front();
    (ingress.hostname.has_value() ? ingress.hostname : ingress.ip) =
        found->second.public_address.host;
    spu.spec.public_endpoint.port = found->second.public_address.port;
    spu.spec.private_endpoint.host = found->second.private_address.host;
    spu.spec.private_endpoint.port = found->second.private_address.port;
}

void add_changed_names(std::set<std::string>& names, const BufferSlice& body,
                       wire::Version version) {
    wire::Reader reader(body.span());
    const auto response = wire::decode_watch_response(reader, version);
    if (!response.has_value()) {
        return;
    }
    std::visit(
        [&](const auto& update) {
            for (const auto& change : update.changes) {
                names.insert(change.object.name);
            }
        },
        response->update);
}

void dump_watch(Fields& out, wire::Version version, const std::vector<BufferSlice>& bodies,
                const std::set<std::string>& changed, const AddressMap& addresses) {
    wire::Reader reader(bodies.front().span());
    const auto first = wire::decode_watch_response(reader, version);
    if (!first.has_value()) {
        out["undecodable"] = to_string(first.error());
        return;
    }
    std::visit(
        [&]<typename T>(const wire::WatchUpdate<T>&) {
            dump_update<T>(out, version, bodies, changed, addresses);
        },
        first->update);
}

}  // namespace weir::test
