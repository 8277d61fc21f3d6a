#include "runtime/real/disk/disk_error.h"

#include "runtime/real/loop/errno_text.h"

#include <cerrno>

namespace weir::real {

Error disk_error(std::string_view what, std::string_view path, int error) {
    ErrorCode code = ErrorCode::io_error;
    switch (error) {
        case ENOENT: code = ErrorCode::not_found; break;
        case EEXIST: code = ErrorCode::already_exists; break;
        // No space, no quota, or above the limit of this process: the same to who writes.
        case ENOSPC:
        case EDQUOT:
        case EFBIG: code = ErrorCode::disk_full; break;
        // Says nothing about what is on the disk.
        case EMFILE:
        case ENFILE:
        case ENOMEM: code = ErrorCode::unavailable; break;
        default: break;
    }
    return Error(code, errno_text(what, path, error));
}

}  // namespace weir::real
