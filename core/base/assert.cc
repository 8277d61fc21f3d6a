#include "core/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace weir {

namespace {
AssertHook g_hook = nullptr;
}  // namespace

void set_assert_hook(AssertHook hook) {
    g_hook = hook;
}

void assertion_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "assertion failed: %s (%s:%d)\n", expression, file, line);
    if (g_hook != nullptr) {
        g_hook(expression, file, line);
    }
    std::abort();
}

}  // namespace weir
