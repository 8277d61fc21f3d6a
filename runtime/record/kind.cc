#include "runtime/record/kind.h"

#include "runtime/record/fields.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

namespace weir::record {

namespace {

// Fields in their order: 'text, ~signed, #hexadecimal, else unsigned.
struct KindInfo {
    std::string_view name;
    std::string_view fields;
};

constexpr std::array<KindInfo, static_cast<std::size_t>(Kind::end) + 1> kKinds = {{
    {"launch", ""},
    {"start", ""},
    {"ready", ""},
    {"turn end", ""},
    {"timer fires", "timer"},
    {"completion", "operation"},
    {"stop", ""},
    {"answer", ""},
    {"clock.now", ""},
    {"clock.wall_now", ""},
    {"timer.arm", "timer ~in_ns"},
    {"timer.disarm", "timer"},
    {"random.stream", "'label"},
    {"process.halt", "'reason"},
    {"probe.reached", "situation"},
    {"probe.log_moved", "'dir ~log_start ~committed ~leo"},
    {"disk.open", "'path mode"},
    {"disk.list", "'path"},
    {"disk.create_directories", "'path"},
    {"disk.rename", "'from 'to"},
    {"disk.remove_file", "'path"},
    {"disk.remove_tree", "'path"},
    {"disk.sync_directory", "'path"},
    {"disk.free_space", ""},
    {"disk.lock", "'path"},
    {"disk.unlock", "lock"},
    {"file.read", "file position size"},
    {"file.write", "file position size #digest"},
    {"file.sync", "file"},
    {"file.truncate", "file size"},
    {"file.allocate", "file size"},
    {"file.size", "file"},
    {"file.close", "file"},
    {"network.listen", "'host port"},
    {"listener.accept", "listener"},
    {"listener.close", "listener"},
    {"network.connect", "'host port"},
    {"connection.read", "connection size"},
    {"connection.write", "connection size #digest"},
    {"connection.send_file", "connection file position size"},
    {"connection.shutdown_send", "connection"},
    {"connection.reset", "connection"},
    {"connection.close", "connection"},
    {"final log", "'dir ~log_start ~committed ~leo"},
    {"end", "result"},
}};

std::string field_text(std::string_view field, FieldReader& reader) {
    switch (field.front()) {
        case '\'': return fmt::format(" {}='{}'", field.substr(1), reader.text());
        case '~': return fmt::format(" {}={}", field.substr(1), reader.signed_number());
        case '#': return fmt::format(" {}={:#x}", field.substr(1), reader.number());
        default: return fmt::format(" {}={}", field, reader.number());
    }
}

}  // namespace

bool is_step(Kind kind) {
    return kind >= Kind::start && kind <= Kind::stop;
}

std::string describe(ByteSpan entry) {
    if (entry.empty() || entry.front() >= kKinds.size()) {
        return "an entry of unknown kind";
    }
    const KindInfo& info = kKinds[entry.front()];
    std::string text(info.name);
    FieldReader reader(entry.subspan(1));
    std::string_view fields = info.fields;
    while (!fields.empty()) {
        const std::string_view field = fields.substr(0, fields.find(' '));
        text += field_text(field, reader);
        fields.remove_prefix(std::min(field.size() + 1, fields.size()));
    }
    return text;
}

}  // namespace weir::record
