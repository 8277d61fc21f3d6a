// The command line and the environment of weir-run (control-plane spec 13.3).
#pragma once

#include "core/base/result.h"
#include "core/model/replica_key.h"
#include "core/sc/service.h"
#include "core/spu/service.h"
#include "runtime/real/real_env.h"
#include "runtime/record/launch.h"

#include <optional>
#include <string>

namespace weir::run {

enum class Command : std::uint8_t { sc, spu, repair, metadata, version };

// `repair`; the folder is RealOptions::disk_root.
struct RepairOptions {
    std::int32_t spu = 0;
    ReplicaKey key;
    bool accept_loss = false;
};

struct Options {
    Command command = Command::version;
    real::RealOptions real;
    sc::Config sc;
    spu::Config spu;
    RepairOptions repair;
    // Flags that were given, are understood, and have no effect here; for one line in the log.
    std::vector<std::string> unused;
    // Where to keep a recording of all that the server does and sees; empty: nowhere.
    std::string recording_dir;
    // What these options were parsed from, for the recording.
    record::Launch launch;
};

// What parsing ends in: options, or a text for the terminal and an exit status (0 after --help).
struct Parsed {
    std::optional<Options> options;
    std::string text;
    int exit_status = 0;
};

Parsed parse_options(int argc, const char* const* argv);
// Parses what a recorded process was started with. Sets the variables of this process to those of
// that one.
Parsed parse_launch(const record::Launch& launch);

// "10Gi", "64M", "4096": bytes.
Result<std::uint64_t> parse_size_bytes(std::string_view text);

}  // namespace weir::run
