// How a recorded process was started: enough to start its main task again.
#pragma once

#include "runtime/record/fields.h"

#include <string>
#include <utility>
#include <vector>

namespace weir::record {

struct Launch {
    // Name, version and commit of the program.
    std::string program;
    // With the name of the program as the first.
    std::vector<std::string> arguments;
    // The variables that the program reads.
    std::vector<std::pair<std::string, std::string>> environment;
};

Fields encode_launch(const Launch& launch);
Launch decode_launch(ByteSpan fields);

}  // namespace weir::record
