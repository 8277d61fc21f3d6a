#include "runtime/real/net/resolve.h"

#include "core/task/sync.h"

#include <memory>
#include <optional>

namespace weir::real {

namespace {

struct Answer {
    explicit Answer(Executor& executor) : arrived(executor) {}
    Event arrived;
    std::optional<Result<std::vector<SocketAddress>>> result;
};

// Owns itself until it is completed. The awaiting task shares only the answer, which the shard's
// thread alone touches.
class ResolveJob final : public HelperJob {
public:
    ResolveJob(HostPort address, std::shared_ptr<Answer> answer)
        : address_(std::move(address)), answer_(std::move(answer)) {}
    void run() noexcept override { result_.emplace(resolve_blocking(address_)); }
    void complete() override {
        const std::unique_ptr<ResolveJob> self(this);
        answer_->result = std::move(result_);
        answer_->arrived.set();
    }

private:
    HostPort address_;
    std::optional<Result<std::vector<SocketAddress>>> result_;
    std::shared_ptr<Answer> answer_;
};

}  // namespace

Task<Result<std::vector<SocketAddress>>> resolve(HelperPool& helpers, HostPort address,
                                                 CancelToken token) {
    Result<SocketAddress> numeric = parse_numeric(address);
    if (numeric.has_value()) {
        co_return std::vector<SocketAddress>(1, *numeric);
    }
    auto answer = std::make_shared<Answer>(helpers.shard());
    auto job = std::make_unique<ResolveJob>(std::move(address), answer);
    helpers.submit(*job.release());
    WEIR_CO_CHECK(co_await answer->arrived.wait(token));
    co_return *std::move(answer->result);
}

}  // namespace weir::real
