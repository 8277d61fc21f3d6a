#include "core/base/result.h"

namespace weir {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::already_exists: return "already_exists";
        case ErrorCode::corrupt: return "corrupt";
        case ErrorCode::malformed: return "malformed";
        case ErrorCode::disk_full: return "disk_full";
        case ErrorCode::io_error: return "io_error";
        case ErrorCode::connection_closed: return "connection_closed";
        case ErrorCode::connection_refused: return "connection_refused";
        case ErrorCode::timed_out: return "timed_out";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::not_leader: return "not_leader";
        case ErrorCode::offset_evicted: return "offset_evicted";
        case ErrorCode::offset_out_of_range: return "offset_out_of_range";
        case ErrorCode::message_too_large: return "message_too_large";
        case ErrorCode::not_supported: return "not_supported";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::permission_denied: return "permission_denied";
    }
    return "unknown";
}

std::string to_string(const Error& error) {
    std::string text(to_string(error.code));
    text += ": ";
    text += error.context;
    return text;
}

}  // namespace weir
