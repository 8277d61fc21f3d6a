// What a failed run leaves behind for whoever looks into it: its bundle, in a file.
#pragma once

#include "apps/weir-sim/bundle.h"

#include <string>

namespace weir::app {

// Runs `bundle.one` once more, in a process of its own, writes down what it ends with and (unless
// the case has a tape) its decisions, and puts the bundle into `dir`, which is made if need be.
// Answers the path; empty, with a line on standard error, when the file cannot be written.
std::string leave_bundle_of(Bundle bundle, const std::string& dir, const std::string& file_name);

}  // namespace weir::app
