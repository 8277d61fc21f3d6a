#include "tests/compat/script.h"

#include "tests/compat/peer.h"
#include "tests/support/hex.h"

#include <algorithm>

namespace weir::test {
namespace {

constexpr Duration kAnswerTimeout = Duration::from_s(20);
constexpr std::int32_t kFirstId = 1;

HostPort address_of(const std::string& connection) {
    const std::string server = connection.substr(0, connection.find(' '));
    return server == "sc" ? HostPort{"sc", 9003} : HostPort{"spu-" + server, 9005};
}

std::string text_of(const Bytes& bytes) {
    std::string text = to_hex(bytes) + " \"";
    for (const std::uint8_t byte : bytes) {
        text.push_back(byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.');
    }
    return text + "\"";
}

class Script {
public:
    Script(Env& env, std::vector<std::string>& failures) : env_(env), failures_(failures) {}

    Task<Result<void>> run(Step step) {
        WEIR_CO_CHECK(co_await sleep_for(env_.clock, env_.executor, step.pause));
        std::unique_ptr<Peer>& peer = peers_[step.connection];
        if (peer == nullptr) {
            WEIR_CO_TRY(peer, co_await Peer::connect(env_, address_of(step.connection)));
        }
        Result<BufferSlice> frame = fail(ErrorCode::unavailable, "not asked");
        if (step.request.has_value()) {
            const Request& request = *step.request;
            const Bytes payload =
                spec::request(request.key, request.version, kFirstId, request.body);
            const Result<void> sent = co_await peer->send(&payload);
            if (!sent.has_value()) {
                frame = fail(sent.error());
            }
        }
        if (step.unanswered) {
            co_return Result<void>();
        }
        frame = co_await peer->next(kAnswerTimeout);
        check(step, frame);
        co_return Result<void>();
    }

private:
    void check(const Step& step, const Result<BufferSlice>& frame) {
        if (!step.answer.has_value()) {
            if (frame.has_value() || frame.error().code != ErrorCode::connection_closed) {
                failures_.push_back(step.what + ": the connection is not closed");
            }
            return;
        }
        if (!frame.has_value()) {
            failures_.push_back(step.what + ": " + to_string(frame.error()));
            return;
        }
        Bytes seen(frame->span().begin(), frame->span().end());
        Bytes expected = spec::Out().i32(kFirstId).raw(*step.answer);
        if (step.masked_at.has_value()) {
            mask(seen, *step.masked_at + 4);
            mask(expected, *step.masked_at + 4);
        }
        if (seen != expected) {
            failures_.push_back(step.what + "\n  expected " + text_of(expected) + "\n  got      " +
                                text_of(seen));
        }
    }
    static void mask(Bytes& bytes, std::size_t from) {
        for (std::size_t i = from; i < std::min(from + 8, bytes.size()); ++i) {
            bytes[i] = 0;
        }
    }

    Env& env_;
    std::vector<std::string>& failures_;
    std::map<std::string, std::unique_ptr<Peer>> peers_;
};

}  // namespace

Task<Result<void>> run_script(Env& env, const std::vector<Step>* steps,
                              std::vector<std::string>* failures, CancelToken) {
    Script script(env, *failures);
    for (const Step& step : *steps) {
        Step copy = step;
        WEIR_CO_CHECK(co_await script.run(std::move(copy)));
    }
    co_return Result<void>();
}

}  // namespace weir::test
