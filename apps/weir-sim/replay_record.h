// Replays what `weir-run --record DIR` has kept: one node alone, each of its starts in a file.
#pragma once

#include "core/base/log.h"
#include "core/base/time.h"
#include "runtime/record/recorded_env.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace weir::app {

// One file.
struct ReplayedRecord {
    std::string path;
    record::Launch launch;
    std::uint64_t size_bytes = 0;
    std::uint64_t call_count = 0;
    std::uint64_t state_hash = 0;
    Duration elapsed;  // of the node's own time
    Duration took;     // of ours
    // The main task returned; else the process was killed, or halted itself, or its record ended.
    bool complete = false;
    std::uint64_t torn_size_bytes = 0;
    // By folder.
    std::map<std::string, record::LogEnd> logs;
    // Where the program goes another way, or the file is damaged; empty: all is the same.
    std::string difference;
};

using RecordLog = void (*)(std::int64_t time_ns, std::string_view machine, LogLevel level,
                           std::string_view component, std::string_view text);
// Null: no log lines.
struct RecordLogOptions {
    RecordLog print = nullptr;
    LogLevel level = LogLevel::info;
};

// Changes the environment variables of this process to those of the recorded one. A file that is
// no record differs, too.
ReplayedRecord replay_record(const std::string& path, const RecordLogOptions& log);

std::string record_text(const ReplayedRecord& replayed);
nlohmann::json record_json(const ReplayedRecord& replayed);

}  // namespace weir::app
