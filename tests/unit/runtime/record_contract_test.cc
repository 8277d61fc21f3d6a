// A recorded environment keeps the contracts of the seams, and each case replays from its
// recording.
#include "runtime/record/recorded_env.h"
#include "runtime/record/recorder.h"
#include "tests/unit/env/contract/clock_contract.h"
#include "tests/unit/env/contract/disk_contract.h"
#include "tests/unit/env/contract/executor_contract.h"
#include "tests/unit/env/contract/network_contract.h"
#include "tests/unit/runtime/real_world.h"

namespace weir::contract {
namespace {

class RecordedWorld final : public World {
public:
    Env& env() override { return *env_; }
    std::string host() const override { return real_.host(); }
    // Cases that build their task themselves are recorded only.
    void run(Task<void> task) override {
        EXPECT_TRUE(run_recorded(with_result(std::move(task))).has_value());
    }

    void run_body(Task<void> (*body)(World&)) override {
        const Result<std::string> path = run_recorded(call(body, *this));
        ASSERT_TRUE(path.has_value());
        Result<std::unique_ptr<record::Replayer>> replayer = record::Replayer::open(*path);
        ASSERT_TRUE(replayer.has_value()) << to_string(replayer.error());
        record::RecordedEnv replayed(**replayer, null_log_sink());
        env_ = &replayed.env();
        replayed.replay(**replayer, call(body, *this));
        EXPECT_EQ((*replayer)->difference(), "");
        EXPECT_TRUE((*replayer)->complete());
        EXPECT_GT((*replayer)->call_count(), 0U);
        env_ = nullptr;
    }

private:
    // Gives the path of the recording.
    Result<std::string> run_recorded(Task<Result<void>> task) {
        real::RealEnv& real = real_.real();
        WEIR_TRY(const std::unique_ptr<record::Recorder> recorder,
                 record::Recorder::create(real_.root() + "-record", record::Launch(),
                                          real.env().executor, real.env().log));
        record::RecordedEnv recorded(*recorder, real.env(), real.stop_token());
        env_ = &recorded.env();
        WEIR_CHECK(real.run(recorded.run(std::move(task))));
        return recorder->path();
    }
    static Task<Result<void>> with_result(Task<void> task) {
        co_await std::move(task);
        co_return Result<void>();
    }
    // The body is called when the task runs: its environment is there then.
    static Task<Result<void>> call(Task<void> (*body)(World&), World& world) {
        co_await body(world);
        co_return Result<void>();
    }

    struct Remover {
        explicit Remover(std::string dir_in) : dir(std::move(dir_in)) {}
        ~Remover() {
            std::error_code ignored;
            std::filesystem::remove_all(dir, ignored);
        }
        std::string dir;
    };
    real::RealWorld real_;
    Remover remover_{real_.root() + "-record"};
    Env* env_ = nullptr;
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Recorded, ClockContract, RecordedWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Recorded, DiskContract, RecordedWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Recorded, ExecutorContract, RecordedWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Recorded, NetworkContract, RecordedWorld);

}  // namespace weir::contract
