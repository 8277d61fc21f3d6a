#include "runtime/real/ops/spdlog_sink.h"

#include <fmt/core.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <algorithm>
#include <array>
#include <utility>

namespace weir::real {

namespace {

constexpr int kOff = static_cast<int>(LogLevel::error) + 1;

Result<int> parse_level(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, int>, 7> kLevels{{
        {"trace", static_cast<int>(LogLevel::trace)},
        {"debug", static_cast<int>(LogLevel::debug)},
        {"info", static_cast<int>(LogLevel::info)},
        {"warn", static_cast<int>(LogLevel::warn)},
        {"warning", static_cast<int>(LogLevel::warn)},
        {"error", static_cast<int>(LogLevel::error)},
        {"off", kOff},
    }};
    for (const auto& [name, level] : kLevels) {
        if (name == word) {
            return level;
        }
    }
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is not a log level (trace, debug, info, warn, error, off)", word));
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::trace: return spdlog::level::trace;
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warn: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

int LogFilter::level_of(std::string_view component) const {
    int level = default_level;
    std::size_t best = 0;
    for (const Rule& rule : rules) {
        if (rule.component.size() >= best && component.starts_with(rule.component)) {
            best = rule.component.size();
            level = rule.level;
        }
    }
    return level;
}

int LogFilter::lowest_level() const {
    int level = default_level;
    for (const Rule& rule : rules) {
        level = std::min(level, rule.level);
    }
    return level;
}

Result<LogFilter> parse_log_filter(std::string_view text) {
    LogFilter filter;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view word = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const std::size_t equals = word.find('=');
        if (word.empty()) {
            continue;
        }
        if (equals == std::string_view::npos) {
            WEIR_TRY(filter.default_level, parse_level(word));
        } else {
            LogFilter::Rule rule;
            rule.component = std::string(word.substr(0, equals));
            WEIR_TRY(rule.level, parse_level(word.substr(equals + 1)));
            filter.rules.push_back(std::move(rule));
        }
    }
    return filter;
}

struct SpdlogSink::Backend {
    Backend() : logger("weir", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_st>()) {
        logger.set_level(spdlog::level::trace);
        logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
        logger.flush_on(spdlog::level::trace);
    }
    spdlog::logger logger;
};

SpdlogSink::SpdlogSink(LogFilter filter)
    : filter_(std::move(filter)),
      lowest_level_(filter_.lowest_level()),
      backend_(std::make_unique<Backend>()) {}

SpdlogSink::~SpdlogSink() = default;

bool SpdlogSink::enabled(LogLevel level) const {
    return static_cast<int>(level) >= lowest_level_;
}

void SpdlogSink::write(LogLevel level, std::string_view component, std::string_view text) {
    if (static_cast<int>(level) >= filter_.level_of(component)) {
        backend_->logger.log(to_spdlog(level), "{}: {}", component, text);
    }
}

void SpdlogSink::flush() {
    backend_->logger.flush();
}

}  // namespace weir::real
