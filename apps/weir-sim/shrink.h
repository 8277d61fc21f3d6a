// Makes a failing case small, so that a person can follow it.
//
// Takes away, in turn, machines and load, faults, operations of clients and the decisions of the
// simulator, and keeps what still violates the same invariant. Every step is a run of the
// production code; the result was run twice with one trace. Progress goes to standard error.
#pragma once

#include "apps/weir-sim/bundle.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::app {

struct ShrinkOptions {
    unsigned job_count = 1;
    std::int64_t time_limit_ns = 60'000'000'000;
};

// How large a case is.
struct CaseSize {
    std::size_t machines = 0;
    std::size_t faults = 0;
    std::size_t operations = 0;
    // Streams with decisions other than the mildest.
    std::size_t decided_streams = 0;
};

struct Shrunk {
    Bundle bundle;
    CaseSize before;
    CaseSize after;
    std::uint64_t runs = 0;
    std::int64_t wall_ns = 0;
    // The time was over before nothing more could be taken away.
    bool out_of_time = false;
};

std::string shrunk_text(const Shrunk& shrunk, const std::string& path);
nlohmann::json shrunk_json(const Shrunk& shrunk, const std::string& path);

// Fails if the case does not violate what the bundle says.
Result<Shrunk> shrink(const Bundle& bundle, const ShrinkOptions& options);

}  // namespace weir::app
