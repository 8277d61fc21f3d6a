// Metadata objects and watches as fields.
//
// Pure; any executor.
#pragma once

#include "core/wire/control_plane.h"
#include "tests/compat/equivalence.h"

#include <set>
#include <string>
#include <vector>

namespace weir::test {

template <typename T>
void dump_object(Fields& out, const std::string& prefix, const Object<T>& object,
                 wire::Version version) {
    const std::string path = prefix + std::string(label(T::kKind)) + "[" + object.name + "]";
    out[path] = "present";
    dump(out, path + ".spec", object.spec, version);
    dump(out, path + ".status", object.status, version);
}

// Only SPUs have addresses of their own.
template <typename T>
void replace_addresses(T&, const AddressMap&) {}
void replace_addresses(SpuObject& spu, const AddressMap& addresses);

// The names of the objects that a watch's answer reports as changed.
void add_changed_names(std::set<std::string>& names, const BufferSlice& body,
                       wire::Version version);

// The first answer whole; of the later ones the last spec of each object in `changed`.
void dump_watch(Fields& out, wire::Version version, const std::vector<BufferSlice>& bodies,
                const std::set<std::string>& changed, const AddressMap& addresses);

}  // namespace weir::test
