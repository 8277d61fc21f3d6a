#include "apps/weir/produce.h"

#include "apps/weir/input.h"
#include "apps/weir/output.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "core/client/producer.h"

#include <fmt/core.h>

#include <deque>
#include <limits>
#include <unistd.h>

namespace weir::cli {
namespace {

using client::RecordOutcome;

Result<std::uint32_t> parse_size_32(const std::string& text) {
    WEIR_TRY(const std::uint64_t size, parse_size(text));
    if (size > std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorCode::invalid_argument, fmt::format("'{}' is too large", text));
    }
    return static_cast<std::uint32_t>(size);
}

Result<wire::Isolation> parse_isolation(const std::string& text) {
    if (text == "ReadCommitted" || text == "read_committed" || text == "readcommitted") {
        return wire::Isolation::read_committed;
    }
    if (text == "ReadUncommitted" || text == "read_uncommitted" || text == "readuncommitted") {
        return wire::Isolation::read_uncommitted;
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is not an isolation: ReadCommitted or ReadUncommitted", text));
}

Result<client::DeliverySemantic> parse_delivery(const std::string& text) {
    if (text == "at-most-once" || text == "AtMostOnce") {
        return client::DeliverySemantic::at_most_once;
    }
    if (text == "at-least-once" || text == "AtLeastOnce") {
        return client::DeliverySemantic::at_least_once;
    }
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is not a delivery semantic: at-least-once or at-most-once", text));
}

Result<client::ProducerConfig> make_config(const ProduceOptions& options) {
    client::ProducerConfig config;
    config.topic = options.topic;
    config.partition = options.partition;
    if (options.compression.has_value()) {
        config.codec = client::codec_from_name(*options.compression);
        if (!config.codec.has_value()) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("'{}' is not a compression: none, gzip, snappy, lz4 or zstd",
                                    *options.compression));
        }
    }
    if (options.linger.has_value()) {
        WEIR_TRY(config.linger, parse_duration(*options.linger));
    }
    if (options.batch_size.has_value()) {
        WEIR_TRY(config.batch_size_bytes_max, parse_size_32(*options.batch_size));
    }
    if (options.max_request_size.has_value()) {
        WEIR_TRY(config.record_size_bytes_max, parse_size_32(*options.max_request_size));
    }
    WEIR_TRY(config.isolation, parse_isolation(options.isolation));
    WEIR_TRY(config.delivery, parse_delivery(options.delivery));
    return config;
}

Bytes to_bytes(std::string_view text) {
    return Bytes(text.begin(), text.end());
}

Result<client::Record> make_record(const ProduceOptions& options, std::string_view line) {
    client::Record record;
    if (options.key.has_value()) {
        record.key = to_bytes(*options.key);
    } else if (options.key_separator.has_value()) {
        const std::size_t at = line.find(*options.key_separator);
        if (at == std::string_view::npos) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("Failed to find separator '{}' in record '{}'",
                                    *options.key_separator, line));
        }
        record.key = to_bytes(line.substr(0, at));
        line = line.substr(at + options.key_separator->size());
    }
    record.value = to_bytes(line);
    return record;
}

// What became of the records so far.
struct Tally {
    std::uint64_t sent = 0;
    std::uint64_t acked = 0;
    std::deque<client::RecordHandle> waiting;
};

Result<void> take_outcome(Tally& tally, const RecordOutcome& outcome, bool verbose) {
    if (outcome.kind != RecordOutcome::Kind::acked) {
        const std::string reason =
            outcome.error.has_value() ? outcome.error->context : "no reason given";
        const std::string_view doubt = outcome.kind == RecordOutcome::Kind::indeterminate
                                           ? " (it may have been written all the same)"
                                           : "";
        return fail(ErrorCode::io_error,
                    fmt::format("Producer error: record {} of this run was not acknowledged{}: {}\n"
                                "{} records before it were acknowledged",
                                tally.acked + 1, doubt, reason, tally.acked));
    }
    ++tally.acked;
    if (verbose) {
        print_error(fmt::format("[{}] partition {} offset {}", tally.acked, outcome.partition,
                                outcome.offset->value()));
    }
    return {};
}

Result<void> take_done(Tally& tally, bool verbose) {
    while (!tally.waiting.empty() && tally.waiting.front().done()) {
        const RecordOutcome outcome = tally.waiting.front().outcome();
        tally.waiting.pop_front();
        WEIR_CHECK(take_outcome(tally, outcome, verbose));
    }
    return {};
}

Task<Result<void>> take_all(Session& session, Tally& tally, bool verbose) {
    while (!tally.waiting.empty()) {
        const client::RecordHandle handle = tally.waiting.front();
        tally.waiting.pop_front();
        WEIR_CO_TRY(const RecordOutcome outcome, co_await handle.wait(session.stop));
        WEIR_CO_CHECK(take_outcome(tally, outcome, verbose));
    }
    co_return Result<void>();
}

Task<Result<void>> send(Session& session, client::Producer& producer, Tally& tally,
                        client::Record record, bool verbose) {
    WEIR_CO_TRY(client::RecordHandle handle,
                co_await producer.send(std::move(record), session.stop));
    tally.waiting.push_back(std::move(handle));
    ++tally.sent;
    co_return take_done(tally, verbose);
}

Task<Result<void>> send_lines(Session& session, client::Producer& producer, Input& input,
                              const ProduceOptions& options, Tally& tally) {
    // A person at the keyboard sees each record's end before writing the next.
    const bool interactive = input.is_terminal() && ::isatty(STDERR_FILENO) != 0;
    if (interactive) {
        fmt::print(stderr, "Reading one record per line; Ctrl-D ends\n> ");
    }
    while (true) {
        // What is read goes out before the next wait for input.
        WEIR_CO_TRY(const std::optional<std::string> line, co_await input.next_line(session.stop));
        if (!line.has_value()) {
            break;
        }
        Result<client::Record> record = make_record(options, *line);
        if (!record.has_value()) {
            // The lines before it are records all the same.
            WEIR_CO_CHECK(co_await take_all(session, tally, options.verbose));
            co_return fail(std::move(record).error());
        }
        WEIR_CO_CHECK(co_await send(session, producer, tally, *std::move(record), options.verbose));
        if (interactive) {
            WEIR_CO_CHECK(co_await take_all(session, tally, options.verbose));
            fmt::print(stderr, "Ok!\n> ");
        }
    }
    co_return Result<void>();
}

Task<Result<void>> send_input(Session& session, client::Producer& producer,
                              const ProduceOptions& options, Tally& tally) {
    WEIR_CO_TRY(const std::unique_ptr<Input> input, Input::open(session.real, options.file));
    if (options.raw) {
        WEIR_CO_TRY(const std::string all, co_await input->rest(session.stop));
        client::Record record;
        if (options.key.has_value()) {
            record.key = to_bytes(*options.key);
        }
        record.value = to_bytes(all);
        WEIR_CO_CHECK(co_await send(session, producer, tally, std::move(record), options.verbose));
    } else {
        WEIR_CO_CHECK(co_await send_lines(session, producer, *input, options, tally));
    }
    const Result<void> flushed = co_await producer.flush(session.stop);
    // The outcomes say it better.
    WEIR_MAYBE(flushed.has_value());
    co_return co_await take_all(session, tally, options.verbose);
}

Task<Result<void>> run(Session& session, const ProduceOptions& options) {
    WEIR_CO_TRY(client::ProducerConfig config, make_config(options));
    Result<std::unique_ptr<client::Producer>> opened =
        co_await client::Producer::open(session.client, std::move(config), session.stop);
    if (!opened.has_value()) {
        Error error = std::move(opened).error();
        if (error.code == ErrorCode::invalid_argument) {
            error.context = "Producer error: " + error.context;
        }
        co_return fail(std::move(error));
    }
    const std::unique_ptr<client::Producer> producer = *std::move(opened);
    Tally tally;
    Result<void> sent = co_await send_input(session, *producer, options, tally);
    // After a failure nobody waits for the rest.
    CancelSource give_up(session.stop);
    if (!sent.has_value()) {
        give_up.cancel();
    }
    const Result<void> closed = co_await producer->close(give_up.token());
    WEIR_MAYBE(closed.has_value());
    if (options.verbose && sent.has_value()) {
        print_error(fmt::format("{} records acknowledged", tally.acked));
    }
    co_return sent;
}

}  // namespace

int produce(const Target& target, const ProduceOptions& options) {
    return run_session(target, &run, options);
}

}  // namespace weir::cli
