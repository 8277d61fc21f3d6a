#include "tests/compat/replay.h"

#include "core/model/batch.h"
#include "core/wire/api_key.h"
#include "core/wire/stream_fetch.h"
#include "tests/compat/peer.h"

#include <algorithm>
#include <map>

namespace weir::test {
namespace {

// For one answer; a server that needs longer has not answered.
constexpr Duration kAnswerTimeout = Duration::from_s(20);
// What a server sends on its own after the last answer that was recorded.
constexpr Duration kSettleTime = Duration::from_ms(1'500);

constexpr std::int32_t kOffsetsLeader = 5001;

class Player {
public:
    Player(Env& env, const Dialogue& dialogue, Delivery delivery, Played& played)
        : env_(env), dialogue_(dialogue), delivery_(delivery), played_(played) {}

    Task<Result<void>> run(Peer& peer) {
        const Instant start = env_.clock.now();
        for (const Exchange& exchange : dialogue_.exchanges) {
            if (!exchange.from_client) {
                expect(exchange);
                continue;
            }
            WEIR_CO_CHECK(co_await wait_for_expected(peer));
            WEIR_CO_CHECK(co_await sleep_until(env_.clock, env_.executor,
                                               start + Duration::from_ms(exchange.at_ms)));
            latest_[exchange.header.correlation_id] = exchange.request;
            requests_.push_back(exchange.header);
            if (delivery_.piece_size.has_value()) {
                WEIR_CO_CHECK(
                    co_await peer.send_in_pieces(&exchange.payload, *delivery_.piece_size));
            } else {
                WEIR_CO_CHECK(co_await peer.send(&exchange.payload));
            }
        }
        WEIR_CO_CHECK(co_await wait_for_expected(peer));
        while (true) {
            Result<BufferSlice> frame = co_await peer.next(kSettleTime);
            if (!frame.has_value()) {
                co_return Result<void>();
            }
            WEIR_CO_CHECK(take(*std::move(frame)));
        }
    }

private:
    struct Progress {
        std::size_t answers = 0;
        // Of a StreamFetch: the offset after the last whole batch.
        std::int64_t end_offset = 0;
    };

    bool is_fetch(std::size_t request) const {
        return dialogue_.spu.has_value() && is_stream(dialogue_, requests_[request]);
    }
    void add(Progress& progress, std::size_t request, const BufferSlice& body) const {
        ++progress.answers;
        if (is_fetch(request)) {
            const StreamSlice slice = stream_slice(body, requests_[request].api_version);
            progress.end_offset = std::max(progress.end_offset, slice.end_offset);
        }
    }
    void expect(const Exchange& exchange) {
        const BufferSlice body(Buffer::copy_of(exchange.body()));
        add(expected_[exchange.request], exchange.request, body);
    }
    Result<void> take(BufferSlice frame) {
        wire::Reader reader(frame.span());
        WEIR_TRY(const CorrelationId id, wire::decode_response_header(reader));
        const auto asked = latest_.find(id);
        if (asked == latest_.end()) {
            return fail(ErrorCode::malformed, "answer to no request");
        }
        Answer answer;
        answer.request = asked->second;
        answer.body = frame.sub(reader.position(), reader.remaining());
        add(seen_[answer.request], answer.request, answer.body);
        played_.answers.push_back(std::move(answer));
        return Result<void>();
    }
    // A request whose answer is missing.
    std::optional<std::size_t> missing() {
        for (const auto& [request, progress] : expected_) {
            const Progress& seen = seen_[request];
            if (seen.answers == 0 || seen.end_offset < progress.end_offset) {
                return request;
            }
        }
        return std::nullopt;
    }
    Task<Result<void>> wait_for_expected(Peer& peer) {
        while (const auto request = missing()) {
            Result<BufferSlice> frame = co_await peer.next(kAnswerTimeout);
            if (!frame.has_value()) {
                const wire::RequestHeader& header = requests_[*request];
                co_return fail(frame.error().code, "request " + std::to_string(*request) +
                                                       " (key " + std::to_string(header.api_key) +
                                                       ") has no answer");
            }
            WEIR_CO_CHECK(take(*std::move(frame)));
        }
        co_return Result<void>();
    }

    Env& env_;
    const Dialogue& dialogue_;
    Delivery delivery_;
    Played& played_;
    std::vector<wire::RequestHeader> requests_;
    std::map<CorrelationId, std::size_t> latest_;
    std::map<std::size_t, Progress> expected_;
    std::map<std::size_t, Progress> seen_;
};

}  // namespace

StreamSlice stream_slice(const BufferSlice& body, wire::Version version) {
    StreamSlice slice;
    wire::Reader reader(body.span());
    const auto response = wire::decode_stream_fetch_response(reader, body, version);
    if (!response.has_value()) {
        slice.whole = false;
        return slice;
    }
    BatchWalker walker(response->partition.records.span(), BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        slice.end_offset = batch->header.base_offset.value() + batch->header.last_offset_delta + 1;
    }
    slice.whole = walker.end() == BatchWalker::End::clean;
    return slice;
}

Task<Result<void>> play(Env& env, const Dialogue* dialogue, HostPort address, Delivery delivery,
                        Played* played, CancelToken) {
    // The recorded times count from each connection, and clients ask the leader of consumer-offset
    // last.
    if (dialogue->spu == kOffsetsLeader) {
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(10)));
    }
    auto peer = co_await Peer::connect(env, address);
    if (!peer.has_value()) {
        played->problem = to_string(peer.error());
        co_return Result<void>();
    }
    Player player(env, *dialogue, delivery, *played);
    const Result<void> done = co_await player.run(**peer);
    if (!done.has_value()) {
        played->problem = to_string(done.error());
    }
    co_return Result<void>();
}

}  // namespace weir::test
