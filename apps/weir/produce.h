// `weir produce TOPIC`: records from standard input, a file or the command line.
#pragma once

#include "apps/weir/target.h"
#include "core/base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::cli {

struct ProduceOptions {
    std::string topic;
    bool verbose = false;
    // For every record.
    std::optional<std::string> key;
    // Splits each line at its first occurrence.
    std::optional<std::string> key_separator;
    // All input is one record.
    bool raw = false;
    std::optional<std::string> file;
    std::optional<std::string> compression;
    std::optional<std::string> linger;
    std::optional<std::string> batch_size;
    std::optional<std::string> max_request_size;
    std::string isolation = "ReadCommitted";
    std::string delivery = "at-least-once";
    std::optional<std::uint32_t> partition;
};

int produce(const Target& target, const ProduceOptions& options);

}  // namespace weir::cli
