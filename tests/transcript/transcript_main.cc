// Plays transcripts, and compares what happens with what they say.
//
// usage: transcript_test [--rewrite] FILE...
//
// Status 1 when a file says anything else; the first line that differs is shown. With --rewrite the
// files are written anew: read the difference before you commit it.
#include "tests/transcript/interpreter.h"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using weir::replication::transcript::play;

void show_difference(const char* path, const std::string& is, const std::string& should_be) {
    std::istringstream left(is);
    std::istringstream right(should_be);
    for (int number = 1;; ++number) {
        std::string old_line;
        std::string new_line;
        const bool has_old = static_cast<bool>(std::getline(left, old_line));
        const bool has_new = static_cast<bool>(std::getline(right, new_line));
        if (!has_old && !has_new) {
            return;
        }
        if (has_old != has_new || old_line != new_line) {
            std::printf("%s:%d:\n  the file: %s\n  now:      %s\n", path, number,
                        has_old ? old_line.c_str() : "(ends)",
                        has_new ? new_line.c_str() : "(ends)");
            return;
        }
    }
}

bool run(const char* path, bool rewrite) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in.good()) {
        std::printf("%s: cannot be read\n", path);
        return false;
    }
    const weir::Result<std::string> played = play(text.str());
    if (!played.has_value()) {
        std::printf("%s: %s\n", path, played.error().context.c_str());
        return false;
    }
    if (played->find("\nVIOLATED") != std::string::npos) {
        std::printf("%s: an invariant is violated\n", path);
        if (!rewrite) {
            return false;
        }
    }
    if (*played == text.str()) {
        return true;
    }
    if (rewrite) {
        std::ofstream(path) << *played;
        std::printf("%s: rewritten\n", path);
        return true;
    }
    show_difference(path, text.str(), *played);
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    bool rewrite = false;
    bool passed = true;
    int count = 0;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--rewrite") {
            rewrite = true;
            continue;
        }
        ++count;
        passed = run(argv[i], rewrite) && passed;
    }
    if (count == 0) {
        std::fprintf(stderr, "usage: transcript_test [--rewrite] FILE...\n");
        return 2;
    }
    return passed ? 0 : 1;
}
