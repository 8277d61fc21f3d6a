#include "apps/commit.h"

namespace weir::app {

std::string_view program_commit() {
    return WEIR_COMMIT;
}

}  // namespace weir::app
