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
struct ReplayedRecording {
    std::string path;
    record::Launch launch;
    std::uint64_t size_bytes = 0;
    std::uint64_t call_count = 0;
    std::uint64_t state_hash = 0;
    Duration elapsed;  // of the node's own time
    Duration took;     // of ours
    // The main task returned; else the process was killed, or halted itself, or its recording
    // ended.
    bool complete = false;
    std::uint64_t torn_size_bytes = 0;
    // By folder.
    std::map<std::string, record::LogEnd> logs;
    // Where the program goes another way, or the file is damaged; empty: all is the same.
    std::string difference;
};

using RecordingLog = void (*)(std::int64_t time_ns, std::string_view machine, LogLevel level,
                              std::string_view component, std::string_view text);
// Null: no log lines.
struct RecordingLogOptions {
    RecordingLog print = nullptr;
    LogLevel level = LogLevel::info;
};

// Changes the environment variables of this process to those of the recorded one. A file that is
// no recording differs, too.
ReplayedRecording replay_recording(const std::string& path, const RecordingLogOptions& log);

std::string recording_text(const ReplayedRecording& replayed);
nlohmann::json recording_json(const ReplayedRecording& replayed);

}  // namespace weir::app
