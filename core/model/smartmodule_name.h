// How people and clients name a SmartModule: `[group/]name[@version]` (control-plane spec 4.6).
//
// Pure functions, any executor.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

// The key under which the module is stored: `name-group-version` with group and version (which may
// lack its last numbers: 0.1 is 0.1.0), else the plain name. nullopt when the text is malformed.
std::optional<std::string> smartmodule_key(std::string_view qualified);

}  // namespace weir
