// The log alone, on the real disk: append without and with group commit, and the pure work on a
// batch that every produce costs. The limit for group commit is BM_write_and_sync: one write of the
// same bytes and one sync, without a log around it.
#include "core/base/crc32c.h"
#include "core/log/log.h"
#include "core/model/batch.h"
#include "runtime/real/real_env.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace weir::bench {
namespace {

// A folder on the disk under test, gone at the end.
class BenchDir {
public:
    BenchDir() {
        std::string name =
            (std::filesystem::temp_directory_path() / "weir-log-bench-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            std::perror("log_bench: mkdtemp");
            std::exit(1);
        }
        path_ = name;
    }
    ~BenchDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    BenchDir(const BenchDir&) = delete;
    BenchDir& operator=(const BenchDir&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

Bytes batch_of(std::size_t payload_size) {
    BatchHeader header;
    header.last_offset_delta = 0;
    const Bytes payload(payload_size, 'x');
    return make_batch(header, payload);
}

struct Shape {
    std::size_t batch_size = 0;
    std::size_t group = 1;
    Durability durability = Durability::fsync;
};

Task<Result<void>> append_rounds(Env& env, benchmark::State& state, Shape shape) {
    log::LogConfig config;
    config.durability = shape.durability;
    WEIR_CO_TRY(const std::unique_ptr<log::Log> log, co_await log::Log::open(env, "log", config));
    const Bytes batch = batch_of(shape.batch_size);
    while (state.KeepRunning()) {
        log::Appended last;
        for (std::size_t i = 0; i < shape.group; ++i) {
            WEIR_CO_TRY(last, log->append(BufferSlice(Buffer::copy_of(batch))));
        }
        WEIR_CO_CHECK(co_await log->wait_committed(last, CancelToken()));
    }
    WEIR_CO_CHECK(co_await log->close());
    co_return Result<void>();
}

Task<Result<void>> write_rounds(Env& env, benchmark::State& state, Shape shape) {
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env.disk.open("file", OpenMode::open_or_create));
    WEIR_CO_CHECK(co_await file->allocate(256U << 20));
    WEIR_CO_CHECK(co_await file->sync_data());
    const Bytes batch = batch_of(shape.batch_size);
    const std::vector<ByteSpan> slices(shape.group, ByteSpan(batch));
    std::uint64_t position = 0;
    while (state.KeepRunning()) {
        WEIR_CO_CHECK(co_await file->write_at(FilePosition(position), slices));
        WEIR_CO_CHECK(co_await file->sync_data());
        position = (position + batch.size() * shape.group) % (192U << 20);
    }
    co_return Result<void>();
}

using Rounds = Task<Result<void>> (*)(Env&, benchmark::State&, Shape);

void run_rounds(benchmark::State& state, Rounds rounds, Shape shape) {
    const BenchDir dir;
    real::RealOptions options;
    options.disk_root = dir.path();
    options.log_filter = "error";
    options.handle_signals = false;
    Result<std::unique_ptr<real::RealEnv>> env = real::RealEnv::create(options);
    if (!env.has_value()) {
        state.SkipWithError(env.error().context.c_str());
        return;
    }
    const Result<void> done = (*env)->run(rounds((*env)->env(), state, shape));
    if (!done.has_value()) {
        state.SkipWithError(to_string(done.error()).c_str());
    }
    const auto appends =
        static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(shape.group);
    state.SetItemsProcessed(appends);
    state.SetBytesProcessed(appends * static_cast<std::int64_t>(shape.batch_size));
}

Shape shape_of(const benchmark::State& state, Durability durability) {
    Shape shape;
    shape.batch_size = static_cast<std::size_t>(state.range(0));
    shape.group = static_cast<std::size_t>(state.range(1));
    shape.durability = durability;
    return shape;
}

void BM_append_async(benchmark::State& state) {
    run_rounds(state, append_rounds, shape_of(state, Durability::async));
}
void BM_append_group_commit(benchmark::State& state) {
    run_rounds(state, append_rounds, shape_of(state, Durability::fsync));
}
void BM_write_and_sync(benchmark::State& state) {
    run_rounds(state, write_rounds, shape_of(state, Durability::fsync));
}

void BM_crc32c(benchmark::State& state) {
    const Bytes bytes(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) {
        benchmark::DoNotOptimize(crc32c(bytes));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}

void BM_walk_and_check(benchmark::State& state) {
    const Bytes batch = batch_of(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        BatchWalker walker(batch, BatchWalker::Check::header_and_crc);
        benchmark::DoNotOptimize(walker.next());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}

BENCHMARK(BM_append_async)
    ->Args({1024, 1})
    ->Args({16384, 1})
    ->Args({16384, 8})
    ->Args({1 << 20, 1})
    ->UseRealTime();
BENCHMARK(BM_append_group_commit)
    ->Args({1024, 1})
    ->Args({1024, 8})
    ->Args({1024, 64})
    ->Args({16384, 8})
    ->UseRealTime();
BENCHMARK(BM_write_and_sync)
    ->Args({1024, 1})
    ->Args({1024, 8})
    ->Args({1024, 64})
    ->Args({16384, 8})
    ->UseRealTime();
BENCHMARK(BM_crc32c)->Arg(1024)->Arg(16384)->Arg(1 << 20);
BENCHMARK(BM_walk_and_check)->Arg(1024)->Arg(16384);

}  // namespace
}  // namespace weir::bench

// `--json FILE` as the other benchmark programs have it.
int main(int argc, char** argv) {
    std::vector<std::string> arguments(argv, argv + argc);
    for (std::size_t i = 1; i + 1 < arguments.size(); ++i) {
        if (arguments[i] == "--json") {
            arguments[i] = "--benchmark_out_format=json";
            arguments[i + 1] = "--benchmark_out=" + arguments[i + 1];
        }
    }
    std::vector<char*> pointers;
    pointers.reserve(arguments.size());
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    int count = static_cast<int>(pointers.size());
    benchmark::Initialize(&count, pointers.data());
    if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
