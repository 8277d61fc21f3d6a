// Log lines on standard error, through spdlog.
//
// The filter is a comma list of levels and `component=level`, as RUST_LOG has them: "info",
// "warn,spu.produce=debug". A component matches by prefix ("spu" covers "spu.produce"); the longest
// match wins. Written from the shard's thread.
#pragma once

#include "core/base/log.h"
#include "core/base/result.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::real {

struct LogFilter {
    struct Rule {
        std::string component;
        int level = 0;  // of LogLevel, or one above the last: off
    };
    int default_level = static_cast<int>(LogLevel::info);
    std::vector<Rule> rules;

    int level_of(std::string_view component) const;
    int lowest_level() const;
};

// invalid_argument names the word that is not a level. Empty text: info.
Result<LogFilter> parse_log_filter(std::string_view text);

class SpdlogSink final : public LogSink {
public:
    explicit SpdlogSink(LogFilter filter);
    ~SpdlogSink() override;
    bool enabled(LogLevel level) const override;
    void write(LogLevel level, std::string_view component, std::string_view text) override;
    void flush();

private:
    struct Backend;
    LogFilter filter_;
    int lowest_level_;
    std::unique_ptr<Backend> backend_;
};

}  // namespace weir::real
