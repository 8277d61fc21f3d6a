#include "core/sc/status.h"

#include <utility>

namespace weir::sc {

wire::Status status_ok(std::string name) {
    wire::Status status;
    status.name = std::move(name);
    return status;
}

wire::Status status_error(std::string name, wire::ErrorTag tag, std::string_view message) {
    return status_error(std::move(name), wire::ApiError(tag), message);
}

wire::Status status_error(std::string name, wire::ApiError error) {
    wire::Status status;
    status.name = std::move(name);
    status.error = std::move(error);
    return status;
}

wire::Status status_error(std::string name, wire::ApiError error, std::string_view message) {
    wire::Status status = status_error(std::move(name), std::move(error));
    status.message = wire::cut_text(message);
    return status;
}

}  // namespace weir::sc
