// A small world for tests of code on disk: one machine whose disk survives crashes, and one node on
// it at a time. No latency, no seed for the schedule; time moves only when nothing else can.
//
//     LogWorld world;
//     auto node = world.boot();
//     auto log = node->run(Log::open(node->env(), "dir", config));
//     node.reset() after everything that runs on it; world.power_loss(draws); node = world.boot();
//
// Faults: `world.fail_at = n` lets the n-th disk operation from now on fail (a failing write writes
// half of its bytes first); space through `world.image.set_capacity_bytes`. The node's halt() stops
// it: run() answers nothing and `halted()` is true.
#pragma once

#include "core/env/env.h"
#include "core/task/task_scope.h"
#include "runtime/sim/disk/disk_image.h"

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

class LogNode;

struct LogWorld {
    sim::DiskImage image{std::uint64_t{1} << 30};
    // Counts down with each disk operation; the one that makes it 0 fails. 0: none.
    std::uint64_t fail_at = 0;
    ErrorCode fail_code = ErrorCode::io_error;
    // The operations that fail, when not all: syncs only.
    bool fail_syncs_only = false;
    std::uint64_t op_count = 0;
    std::uint64_t sync_count = 0;
    std::int64_t now_ns = 0;
    std::int64_t wall_ns = 1'700'000'000'000'000'000;
    // Extra turns of each operation are drawn from it, when set: reorders what runs at once.
    Prng* delays = nullptr;

    std::unique_ptr<LogNode> boot();
    void power_loss(sim::Draws& draws, sim::LossMode mode) { image.power_loss(draws, mode); }

    // True when the operation that starts now has to fail.
    bool count_op(bool is_sync) {
        ++op_count;
        sync_count += is_sync ? 1 : 0;
        if (fail_at == 0 || (fail_syncs_only && !is_sync)) {
            return false;
        }
        return --fail_at == 0;
    }
};

namespace detail {

class QueueExecutor final : public Executor {
public:
    void post(std::coroutine_handle<> handle) override {
        if (!torn_down_) {
            ready_.push_back(handle);
        }
    }
    void post_at_turn_end(std::coroutine_handle<> handle) override {
        if (!torn_down_) {
            turn_end_.push_back(handle);
        }
    }
    bool torn_down() const override { return torn_down_; }
    // False when there was nothing to resume.
    bool step() {
        if (ready_.empty()) {
            ready_.swap(turn_end_);
        }
        if (ready_.empty()) {
            return false;
        }
        const std::coroutine_handle<> next = ready_.front();
        ready_.pop_front();
        next.resume();
        return true;
    }
    void tear_down() {
        torn_down_ = true;
        ready_.clear();
        turn_end_.clear();
    }

private:
    std::deque<std::coroutine_handle<>> ready_;
    std::deque<std::coroutine_handle<>> turn_end_;
    bool torn_down_ = false;
};

class ManualClock final : public Clock {
public:
    explicit ManualClock(LogWorld& world) : world_(world) {}
    Instant now() const override { return Instant::from_ns(world_.now_ns); }
    WallTime wall_now() const override { return WallTime::from_ns(world_.wall_ns); }
    void advance(Duration duration) {
        world_.now_ns += duration.ns();
        world_.wall_ns += duration.ns();
    }
    // Moves time to the earliest timer and fires it; false when none is armed.
    bool fire_next() {
        std::size_t best = armed_.size();
        for (std::size_t i = 0; i < armed_.size(); ++i) {
            if (best == armed_.size() || armed_[i].when < armed_[best].when) {
                best = i;
            }
        }
        if (best == armed_.size()) {
            return false;
        }
        const Armed due = armed_[best];
        armed_.erase(armed_.begin() + static_cast<std::ptrdiff_t>(best));
        if (due.when > now()) {
            advance(due.when - now());
        }
        fire(*due.timer);
        return true;
    }

protected:
    void arm(Timer& timer, Instant when) override {
        disarm(timer);
        armed_.push_back(Armed{&timer, when});
    }
    void disarm(Timer& timer) override {
        std::erase_if(armed_, [&](const Armed& armed) { return armed.timer == &timer; });
    }

private:
    struct Armed {
        Timer* timer;
        Instant when;
    };
    LogWorld& world_;
    std::vector<Armed> armed_;
};

class ImageDisk final : public Disk {
public:
    ImageDisk(LogWorld& world, QueueExecutor& executor) : world_(world), executor_(executor) {}

    Task<Result<std::unique_ptr<File>>> open(std::string path, OpenMode mode) override;
    Task<Result<std::vector<DirectoryEntry>>> list(std::string path) override {
        WEIR_CO_CHECK(co_await begin(false));
        co_return world_.image.list(path);
    }
    Task<Result<void>> create_directories(std::string path) override {
        WEIR_CO_CHECK(co_await begin(false));
        co_return world_.image.create_directories(path);
    }
    Task<Result<void>> rename(std::string from, std::string to) override {
        WEIR_CO_CHECK(co_await begin(false));
        co_return world_.image.rename(from, to);
    }
    Task<Result<void>> remove_file(std::string path) override {
        WEIR_CO_CHECK(co_await begin(false));
        co_return world_.image.remove_file(path);
    }
    Task<Result<void>> remove_tree(std::string path) override {
        WEIR_CO_CHECK(co_await begin(false));
        const auto removed = world_.image.remove_tree(path, std::uint64_t{1} << 40);
        co_return removed.has_value() ? Result<void>() : Result<void>(fail(removed.error()));
    }
    Task<Result<void>> sync_directory(std::string path) override {
        WEIR_CO_CHECK(co_await begin(true));
        co_return world_.image.directory_synced(path);
    }
    Task<Result<std::uint64_t>> free_space_bytes() override {
        WEIR_CO_CHECK(co_await begin(false));
        co_return world_.image.free_bytes();
    }
    Task<Result<std::unique_ptr<DirectoryLock>>> lock_directory(std::string path) override {
        WEIR_CO_CHECK(co_await begin(false));
        co_return fail(ErrorCode::not_supported, path);
    }

    // The turns that an operation takes, and whether it fails.
    Task<Result<void>> begin(bool is_sync) {
        const bool fails = world_.count_op(is_sync);
        std::uint64_t turns = 1;
        if (world_.delays != nullptr) {
            turns += world_.delays->below(4);
        }
        for (; turns > 0; --turns) {
            co_await yield(executor_);
        }
        if (fails) {
            co_return fail(world_.fail_code, "injected");
        }
        co_return Result<void>();
    }
    LogWorld& world() { return world_; }
    std::size_t open_count = 0;

private:
    LogWorld& world_;
    QueueExecutor& executor_;
};

class ImageFile final : public File {
public:
    ImageFile(ImageDisk& disk, sim::DiskNodePtr node) : disk_(disk), node_(std::move(node)) {
        ++disk_.open_count;
    }
    ~ImageFile() override { --disk_.open_count; }

    Task<Result<std::size_t>> read_at(FilePosition position, MutByteSpan into) override {
        WEIR_CO_CHECK(co_await disk_.begin(false));
        const ByteSpan content = node_->content();
        const std::size_t start =
            static_cast<std::size_t>(std::min<std::uint64_t>(position.value(), content.size()));
        const std::size_t size = std::min(into.size(), content.size() - start);
        std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(start), size, into.begin());
        co_return size;
    }
    Task<Result<void>> write_at(FilePosition position, std::span<const ByteSpan> slices) override {
        const auto begun = co_await disk_.begin(false);
        std::uint64_t at = position.value();
        std::uint64_t size = 0;
        for (const ByteSpan& slice : slices) {
            size += slice.size();
        }
        std::uint64_t left = begun.has_value() ? size : size / 2;
        for (const ByteSpan& slice : slices) {
            const ByteSpan part =
                slice.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, slice.size())));
            WEIR_CO_CHECK(image().write(*node_, at, part));
            at += part.size();
            left -= part.size();
        }
        co_return begun;
    }
    Task<Result<void>> sync_data() override {
        const std::uint64_t sequence = image().sequence();
        const auto begun = co_await disk_.begin(true);
        if (!begun.has_value()) {
            sim::DiskImage::file_sync_failed(*node_, sequence);
            co_return begun;
        }
        image().file_synced(*node_, sequence);
        co_return Result<void>();
    }
    Task<Result<void>> truncate(std::uint64_t size_bytes) override {
        WEIR_CO_CHECK(co_await disk_.begin(false));
        image().truncate(*node_, size_bytes);
        co_return Result<void>();
    }
    Task<Result<void>> allocate(std::uint64_t size_bytes) override {
        WEIR_CO_CHECK(co_await disk_.begin(false));
        co_return image().allocate(*node_, size_bytes);
    }
    Task<Result<std::uint64_t>> size() override {
        WEIR_CO_CHECK(co_await disk_.begin(false));
        co_return node_->size();
    }

private:
    sim::DiskImage& image() { return disk_.world().image; }
    ImageDisk& disk_;
    sim::DiskNodePtr node_;
};

inline Task<Result<std::unique_ptr<File>>> ImageDisk::open(std::string path, OpenMode mode) {
    WEIR_CO_CHECK(co_await begin(false));
    WEIR_CO_TRY(sim::DiskNodePtr node, world_.image.open(path, mode));
    std::unique_ptr<File> file = std::make_unique<ImageFile>(*this, std::move(node));
    co_return file;
}

class NoNetwork final : public Network {
public:
    Result<std::unique_ptr<Listener>> listen(const HostPort&) override {
        return fail(ErrorCode::not_supported, "no network");
    }
    Task<Result<std::unique_ptr<Connection>>> connect(HostPort, CancelToken) override {
        co_return fail(ErrorCode::not_supported, "no network");
    }
};

class FixedRandom final : public Random {
public:
    Prng stream(std::string_view label) override { return Prng::derive(count_++, label); }

private:
    std::uint64_t count_ = 0;
};

class HaltingProcess final : public Process {
public:
    Task<void> halt(std::string reason) override {
        halt_reason = std::move(reason);
        co_await std::suspend_always();
    }
    std::optional<std::string> halt_reason;
};

}  // namespace detail

class LogNode {
public:
    explicit LogNode(LogWorld& world)
        : clock_(world), disk_(world, executor_), env_{executor_,       clock_,      network_,
                                                       disk_,           random_,     process_,
                                                       null_log_sink(), null_probe()} {}

    Env& env() { return env_; }
    bool halted() const { return process_.halt_reason.has_value(); }
    std::size_t open_file_count() const { return disk_.open_count; }
    void advance(Duration duration) { clock_.advance(duration); }
    // As a crash does it; destroy what runs on the node afterwards, then the node.
    void tear_down() { executor_.tear_down(); }

    // Runs until nothing is ready, without moving time.
    void settle() {
        while (!halted() && executor_.step()) {
        }
    }
    // One resumption; false when nothing is ready.
    bool step() { return !halted() && executor_.step(); }

    // Runs until `task` is done, moving time if need be; nothing when the node halted or hangs or
    // the steps are used up, and then it is torn down.
    template <typename T>
    std::optional<T> run(Task<T> task, std::uint64_t step_limit = std::uint64_t{1} << 40) {
        std::optional<T> value;
        TaskScope scope(executor_);
        scope.spawn(store(std::move(task), &value));
        while (scope.task_count() != 0 && !halted() && step_limit > 0) {
            --step_limit;
            if (!executor_.step() && !clock_.fire_next()) {
                break;
            }
        }
        if (scope.task_count() != 0) {
            tear_down();
        }
        return value;
    }

private:
    template <typename T>
    static Task<void> store(Task<T> task, std::optional<T>* value) {
        value->emplace(co_await std::move(task));
    }

    detail::QueueExecutor executor_;
    detail::ManualClock clock_;
    detail::ImageDisk disk_;
    detail::NoNetwork network_;
    detail::FixedRandom random_;
    detail::HaltingProcess process_;
    Env env_;
};

inline std::unique_ptr<LogNode> LogWorld::boot() {
    return std::make_unique<LogNode>(*this);
}

}  // namespace weir::test
