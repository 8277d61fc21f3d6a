#include "apps/weir-sim/last_words.h"

#include "core/base/assert.h"
#include "sim-scenarios/runner.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <unistd.h>

namespace weir::app {

namespace {

struct SignalName {
    int signal;
    const char* name;
};
constexpr std::array<SignalName, 5> kDeadly = {{{SIGSEGV, "SIGSEGV"},
                                                {SIGABRT, "SIGABRT"},
                                                {SIGBUS, "SIGBUS"},
                                                {SIGFPE, "SIGFPE"},
                                                {SIGILL, "SIGILL"}}};
constexpr std::string_view kMark = "\ndied ";

// A handler finds nothing else: state of the process.
int g_out = -1;
const char* g_expression = nullptr;
const char* g_file = nullptr;
int g_line = 0;
// The stack of a process that died of having none left.
std::array<std::byte, 65'536> g_stack;

// A line in memory of its own.
class Line {
public:
    void add(std::string_view text) {
        const std::size_t count = std::min(text.size(), bytes_.size() - size_);
        std::memcpy(bytes_.data() + size_, text.data(), count);
        size_ += count;
    }
    void add(std::uint64_t value) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        add(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    }
    void write_to(int out) const {
        const ssize_t written = ::write(out, bytes_.data(), size_);
        WEIR_MAYBE(written >= 0);
    }

private:
    std::array<char, 1'024> bytes_{};
    std::size_t size_ = 0;
};

void note_assertion(const char* expression, const char* file, int line) {
    const char* const name = std::strrchr(file, '/');
    g_expression = expression;
    g_file = name == nullptr ? file : name + 1;
    g_line = line;
}

void die(int signal) {
    sim::World* const world = sim::current_run().world;
    Line line;
    line.add(kMark);
    line.add(static_cast<std::uint64_t>(signal));
    line.add(" ");
    line.add(world == nullptr ? 0 : world->trace().events());
    line.add(" ");
    line.add(world == nullptr ? 0 : world->trace().hash());
    line.add(" ");
    if (g_expression != nullptr) {
        line.add(g_expression);
        line.add(" (");
        line.add(g_file);
        line.add(":");
        line.add(static_cast<std::uint64_t>(g_line));
        line.add(")");
    }
    line.add("\n");
    line.write_to(g_out);
    // SA_RESETHAND: this time it ends the process.
    ::raise(signal);
}

// The number up to the next space, which is passed over; nothing: there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto size = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || size == text.size() || *end != ' ') {
        return std::nullopt;
    }
    text.remove_prefix(size + 1);
    return value;
}

}  // namespace

void say_last_words(int out) {
    g_out = out;
    set_assert_hook(note_assertion);
    stack_t stack{};
    stack.ss_sp = g_stack.data();
    stack.ss_size = g_stack.size();
    ::sigaltstack(&stack, nullptr);
    struct sigaction action{};
    action.sa_handler = die;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK | SA_NODEFER);
    for (const SignalName& deadly : kDeadly) {
        ::sigaction(deadly.signal, &action, nullptr);
    }
}

std::optional<LastWords> last_words_in(std::string_view text) {
    const std::size_t begin = text.rfind(kMark);
    if (begin == std::string_view::npos || text.back() != '\n') {
        return std::nullopt;
    }
    text.remove_prefix(begin + kMark.size());
    text.remove_suffix(1);
    const auto signal = take_number(text);
    const auto events = take_number(text);
    const auto hash = take_number(text);
    if (!signal.has_value() || !events.has_value() || !hash.has_value()) {
        return std::nullopt;
    }
    return LastWords{static_cast<int>(*signal), *events, *hash, std::string(text)};
}

std::string signal_text(int signal) {
    for (const SignalName& deadly : kDeadly) {
        if (deadly.signal == signal) {
            return fmt::format("signal {} ({})", signal, deadly.name);
        }
    }
    return fmt::format("signal {}", signal);
}

std::string death_text(const LastWords& words) {
    return words.assertion.empty()
               ? fmt::format("the process was ended by {}", signal_text(words.signal))
               : fmt::format("assertion failed: {}", words.assertion);
}

}  // namespace weir::app
