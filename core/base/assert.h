// Assertions for programmer errors, on in every build.
//
// Never use them for bytes from the network, the disk or a user: those are values of `Result`.
// A failed assertion calls the hook (if one is set), prints the expression, and aborts.
#pragma once

namespace weir {

// Called once, before the abort, on the failing thread. It may print more about where the program
// was (node, seed, event) and must not return control to the failing code in any other way than by
// returning. One hook per process; `nullptr` removes it.
using AssertHook = void (*)(const char* expression, const char* file, int line);
void set_assert_hook(AssertHook hook);

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace weir

#define WEIR_ASSERT(expression)                                        \
    do {                                                               \
        if (!(expression)) [[unlikely]] {                              \
            ::weir::assertion_failed(#expression, __FILE__, __LINE__); \
        }                                                              \
    } while (false)

// Documents that both outcomes of `condition` are possible here and handled.
#define WEIR_MAYBE(condition) static_cast<void>(condition)
