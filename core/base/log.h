// The log facade: core formats the text, the runtime decides where it goes.
//
// `LogSink` is implemented by the runtimes. `Logger` is a cheap value (a reference and a component
// name) that every service holds. Logging never draws random numbers, never changes behaviour and
// never fails. Use the macros, which format only when the level is enabled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

std::string_view to_string(LogLevel level);

class LogSink {
public:
    virtual ~LogSink() = default;
    virtual bool enabled(LogLevel level) const = 0;
    // One line without a line end.
    virtual void write(LogLevel level, std::string_view component, std::string_view text) = 0;
};

class Logger {
public:
    // `sink` outlives the logger; `component` is a literal such as "spu.produce".
    Logger(LogSink& sink, std::string_view component) : sink_(&sink), component_(component) {}

    bool enabled(LogLevel level) const { return sink_->enabled(level); }
    void write(LogLevel level, std::string_view text) const {
        sink_->write(level, component_, text);
    }
    Logger with(std::string_view component) const { return Logger(*sink_, component); }

private:
    LogSink* sink_;
    std::string_view component_;
};

// A sink that drops everything.
LogSink& null_log_sink();

}  // namespace weir

// WEIR_LOG(logger, info, "topic {} created", name); the file that uses it includes <fmt/core.h>.
#define WEIR_LOG(logger, level, ...)                                             \
    do {                                                                         \
        if ((logger).enabled(::weir::LogLevel::level)) {                         \
            (logger).write(::weir::LogLevel::level, ::fmt::format(__VA_ARGS__)); \
        }                                                                        \
    } while (false)
