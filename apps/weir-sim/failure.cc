#include "apps/weir-sim/failure.h"

#include "apps/commit.h"
#include "apps/weir-sim/run_batch.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace weir::app {

std::string leave_bundle_of(Bundle bundle, const std::string& dir, const std::string& file_name) {
    BatchOptions how;
    how.record = !bundle.one.tape.has_value();
    auto ran = first_of({bundle.one}, how, [](const RunOutcome&) { return true; });
    bundle.expected = std::move(ran->second.seen);
    if (how.record) {
        // None of a process that died.
        bundle.one.tape = std::move(ran->second.tape);
    }
    bundle.commit = program_commit();
    const std::filesystem::path path = std::filesystem::path(dir) / file_name;
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    std::ofstream file(path, std::ios::binary);
    file << write_bundle(bundle);
    file.close();
    if (error || !file) {
        std::fprintf(stderr, "weir-sim: cannot write %s; --bundles names another folder\n",
                     path.c_str());
        return {};
    }
    return path.string();
}

}  // namespace weir::app
