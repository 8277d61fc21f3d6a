#include "apps/weir/consume.h"

#include "apps/weir/output.h"
#include "apps/weir/record_format.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "core/client/consumer.h"

#include <fmt/core.h>

#include <cstdio>
#include <unistd.h>

namespace weir::cli {
namespace {

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

Result<client::StartOffset> start_of(const ConsumeOptions& options, std::int64_t now_ms) {
    client::StartOffset start;
    if (options.from_time.has_value()) {
        start.from = client::StartOffset::From::time;
        WEIR_TRY(start.count, parse_time_ms(*options.from_time, now_ms));
    } else if (options.start.has_value()) {
        start.from = client::StartOffset::From::absolute;
        start.count = *options.start;
    } else if (options.beginning || options.head.has_value()) {
        start.from = client::StartOffset::From::beginning;
        start.count = options.head.value_or(0);
    } else {
        start.from = client::StartOffset::From::end;
        start.count = options.tail.value_or(0);
    }
    return start;
}

Result<client::ConsumerConfig> make_config(const ConsumeOptions& options, std::int64_t now_ms) {
    client::ConsumerConfig config;
    config.topic = options.topic;
    if (!options.all_partitions) {
        config.partitions = options.partitions;
    }
    WEIR_TRY(config.start, start_of(options, now_ms));
    config.last_offset = options.end;
    config.end_of_log =
        options.disable_continuous ? client::EndOfLog::stop : client::EndOfLog::wait;
    WEIR_TRY(config.isolation, parse_isolation(options.isolation));
    if (options.max_bytes.has_value()) {
        config.max_bytes = *options.max_bytes;
    }
    if (options.consumer.has_value()) {
        config.consumer_id = options.consumer;
        config.offset_strategy = client::OffsetStrategy::automatic;
        config.offset_flush_period = Duration::from_s(2);
    }
    if (options.end.has_value() && options.start.has_value() && *options.end < *options.start) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("Argument end-offset must be greater than or equal to the start "
                                "offset: --end {} is below --start {}",
                                *options.end, *options.start));
    }
    return config;
}

Result<RecordFormat> make_format(const ConsumeOptions& options) {
    RecordFormat format;
    WEIR_TRY(format.output, parse_record_output(options.output));
    format.with_key = options.key_value;
    format.suppress_unknown = options.suppress_unknown;
    format.pattern = options.format;
    return format;
}

// A line on the terminal that is overwritten: what has come so far while nothing is printed.
class Progress {
public:
    explicit Progress(const ConsumeOptions& options)
        : visible_(!options.disable_progressbar && ::isatty(STDERR_FILENO) != 0 &&
                   ::isatty(STDOUT_FILENO) == 0) {}
    void add(std::uint64_t records, std::uint64_t bytes) {
        records_ += records;
        bytes_ += bytes;
        if (visible_ && records_ >= shown_ + 1'000) {
            shown_ = records_;
            fmt::print(stderr, "\r{} records, {} bytes", records_, bytes_);
        }
    }
    void end() const {
        if (visible_ && shown_ > 0) {
            fmt::print(stderr, "\r{} records, {} bytes\n", records_, bytes_);
        }
    }

private:
    bool visible_;
    std::uint64_t records_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t shown_ = 0;
};

Task<Result<void>> print_records(Session& session, client::Consumer& consumer,
                                 const ConsumeOptions& options) {
    WEIR_CO_TRY(const RecordFormat format, make_format(options));
    Progress progress(options);
    std::string text;
    while (true) {
        Result<std::optional<client::ConsumedChunk>> chunk = co_await consumer.next(session.stop);
        if (!chunk.has_value() || !chunk->has_value()) {
            progress.end();
            if (chunk.has_value() && options.end.has_value()) {
                print_error("End-offset has been reached; exiting\nConsumer stream has closed");
            }
            co_return chunk.has_value() ? Result<void>()
                                        : Result<void>(fail(std::move(chunk).error()));
        }
        text.clear();
        for (const client::ConsumedRecord& record : (*chunk)->records) {
            append_record(text, format, (*chunk)->partition, record);
        }
        print(text);
        if (std::fflush(stdout) != 0) {
            // The reader of a pipe has gone.
            co_return fail(ErrorCode::io_error, "cannot write to the standard output");
        }
        progress.add((*chunk)->records.size(), text.size());
    }
}

Task<Result<void>> run(Session& session, const ConsumeOptions& options) {
    WEIR_CO_TRY(client::ConsumerConfig config,
                make_config(options, session.env.clock.wall_now().ms()));
    WEIR_CO_CHECK(make_format(options));
    WEIR_CO_TRY(const std::unique_ptr<client::Consumer> consumer,
                co_await client::Consumer::open(session.client, std::move(config), session.stop));
    if (::isatty(STDERR_FILENO) != 0 && !options.disable_continuous) {
        print_error(fmt::format("Consuming records from '{}'; Ctrl-C ends", options.topic));
    }
    Result<void> printed = co_await print_records(session, *consumer, options);
    // Ctrl-C ends an endless stream as intended; the offsets are stored all the same.
    const bool interrupted = !printed.has_value() && printed.error().code == ErrorCode::cancelled;
    Deadline limit(session.env.clock, session.env.clock.now() + Duration::from_s(5));
    Result<void> closed = co_await consumer->close(limit.token());
    if (!printed.has_value() && !interrupted) {
        co_return printed;
    }
    co_return closed;
}

}  // namespace

int consume(const Target& target, const ConsumeOptions& options) {
    return run_session(target, &run, options);
}

}  // namespace weir::cli
