// What a process that dies in the middle of a run says before it ends: of what, and how far it had
// come.
//
// For child processes. The words are written by a signal handler, so they hold only what can be
// read without a lock and without memory from the heap; the rest of the story is told by a run that
// is broken off just before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::app {

struct LastWords {
    int signal = 0;
    // Of the trace, when it died.
    std::uint64_t events = 0;
    std::uint64_t trace_hash = 0;
    // Expression and place; empty: no assertion failed.
    std::string assertion;
};

// From now on the death of this process by a signal writes a line to `out`. Replaces the hook of
// assertions.
void say_last_words(int out);

// Finds them in what a child wrote.
std::optional<LastWords> last_words_in(std::string_view text);

// The same for two deaths of one kind, whatever came before them.
std::string death_text(const LastWords& words);
// "signal 11 (SIGSEGV)"
std::string signal_text(int signal);

}  // namespace weir::app
