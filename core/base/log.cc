#include "core/base/log.h"

namespace weir {

namespace {

class NullSink final : public LogSink {
public:
    bool enabled(LogLevel) const override { return false; }
    void write(LogLevel, std::string_view, std::string_view) override {}
};

}  // namespace

std::string_view to_string(LogLevel level) {
    switch (level) {
        case LogLevel::trace: return "trace";
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warn: return "warn";
        case LogLevel::error: return "error";
    }
    return "unknown";
}

LogSink& null_log_sink() {
    static NullSink sink;
    return sink;
}

}  // namespace weir
