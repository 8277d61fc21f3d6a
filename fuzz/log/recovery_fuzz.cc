// Recovery over damaged logs, two ways, chosen by the first byte.
//
// Model: the input drives a log through appends, crashes and power losses
// (tests/support/log_model.h), then damages its files. The log must open with right batches only,
// up to its checkpoint at least, or report the damage. Raw: the input is the content of a segment,
// an index or a checkpoint file; whatever opens must be readable, and open again to the same.
#include "core/log/format.h"
#include "core/log/log.h"
#include "tests/support/log_model.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using weir::Bytes;
using weir::ByteSpan;
using weir::Offset;

class Input {
public:
    explicit Input(ByteSpan bytes) : bytes_(bytes) {}
    bool used_up() const { return at_ >= bytes_.size(); }
    // 0 when the input has ended.
    std::uint64_t below(std::uint64_t bound) {
        std::uint64_t value = 0;
        for (std::uint64_t most = bound - 1; most > 0; most >>= 8) {
            value = (value << 8) | next();
        }
        return value % bound;
    }
    std::uint8_t next() { return used_up() ? 0 : bytes_[at_++]; }
    ByteSpan rest() const { return bytes_.subspan(at_ < bytes_.size() ? at_ : bytes_.size()); }

private:
    ByteSpan bytes_;
    std::size_t at_ = 0;
};

[[noreturn]] void violated(const std::string& what) {
    std::fprintf(stderr, "violated: %s\n", what.c_str());
    std::abort();
}

void run_model(Input& input) {
    constexpr int kStepsMax = 25;
    weir::test::LogModel model([&](std::uint64_t bound) { return input.below(bound); });
    auto violation = model.start();
    for (int i = 0; i < kStepsMax && !violation && !input.used_up(); ++i) {
        const bool damage = input.next() % 8 == 7;
        violation = damage ? model.damage_and_open() : model.random_step();
        if (damage) {
            break;
        }
    }
    if (violation) {
        violated(*violation);
    }
}

weir::Result<std::unique_ptr<weir::log::Log>> open_raw(weir::test::LogNode& node) {
    weir::log::LogConfig config;
    config.segment_size_bytes_max = 4'096;
    config.index_interval_bytes = 64;
    auto opened = node.run(weir::log::Log::open(node.env(), "t", config));
    if (!opened.has_value()) {
        violated("open hangs or halted");
    }
    return *std::move(opened);
}

void write_file(weir::test::LogWorld& world, const std::string& name, ByteSpan bytes) {
    const auto file = world.image.open("t/" + name, weir::OpenMode::open_or_create);
    WEIR_ASSERT(file.has_value());
    WEIR_ASSERT(world.image.write(**file, 0, bytes).has_value());
}

// Reads all there is, checked; returns the bytes.
Bytes read_everything(weir::test::LogNode& node, weir::log::Log& log) {
    Bytes all;
    for (Offset at = log.log_start(); at < log.leo();) {
        weir::log::ReadRequest request;
        request.offset = at;
        request.limit = log.leo();
        request.size_bytes_max = 500;
        const auto slice = node.run(log.read(request));
        const auto bytes = node.run(log.read_checked(request));
        if (!slice.has_value() || !bytes.has_value()) {
            violated("a read hangs");
        }
        if (!bytes->has_value()) {
            violated("what recovery took is not readable: " + to_string(bytes->error()));
        }
        const auto batches = weir::test::batches_in((*bytes)->span());
        if (batches.empty() || batches.back().base_offset + batches.back().record_count <= at) {
            violated("a read makes no progress");
        }
        at = batches.back().base_offset + batches.back().record_count;
        all.insert(all.end(), (*bytes)->span().begin(), (*bytes)->span().end());
    }
    return all;
}

void run_raw(Input& input) {
    weir::test::LogWorld world;
    WEIR_ASSERT(world.image.create_directories("t").has_value());
    const std::uint64_t kind = input.below(4);
    Bytes segment = weir::log::encode_segment_header(weir::log::SegmentHeader());
    if (kind == 0) {
        segment.clear();
    }
    if (kind <= 1) {
        segment.insert(segment.end(), input.rest().begin(), input.rest().end());
    }
    write_file(world, weir::log::segment_file_name(Offset(0)), segment);
    if (kind == 2) {
        write_file(world, weir::log::index_file_name(Offset(0)), input.rest());
    } else if (kind == 3) {
        write_file(world, std::string(weir::log::kCheckpointName), input.rest());
    }
    Bytes first;
    for (const bool again : {false, true}) {
        const auto node = world.boot();
        auto opened = open_raw(*node);
        if (!opened.has_value()) {
            if (again) {
                violated("opens once and then not: " + to_string(opened.error()));
            }
            return;
        }
        const auto log = *std::move(opened);
        Bytes bytes = read_everything(*node, *log);
        if (again && bytes != first) {
            violated("recovery is not idempotent");
        }
        first = std::move(bytes);
        node->tear_down();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(ByteSpan(data, size));
    if (input.next() % 4 == 0) {
        run_raw(input);
    } else {
        run_model(input);
    }
    return 0;
}
