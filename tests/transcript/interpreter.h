// Transcripts: files of commands, each followed by what it made the replicas do and say.
//
// A line that begins with `>` is a command; the lines after it, up to the next command, comment or
// empty line, are what it printed. Lines that begin with `#` and empty lines are for the reader.
// The commands are in docs/dev/testing.md.
#pragma once

#include "core/base/result.h"

#include <string>

namespace weir::replication::transcript {

// The file as it has to be: with everything that its commands print now. An Error names the line
// and what is wrong with it.
Result<std::string> play(const std::string& file);

}  // namespace weir::replication::transcript
