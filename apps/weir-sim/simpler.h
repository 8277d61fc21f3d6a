// One step simpler: the scenario texts that differ from a given one by taking something away.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::app {

// Most promising first: fewer machines, fewer topics, less load, an even disk and network, a
// shorter run. `text` is a valid scenario; each answer is one, too. A run that is over before
// `needed_ns` of load is not offered.
std::vector<std::string> simpler_scenarios(const std::string& text, std::int64_t needed_ns);

}  // namespace weir::app
