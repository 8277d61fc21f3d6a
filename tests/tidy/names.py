"""Names that may not appear: outside access in core, unsafe coroutine parameters, leftovers."""

import re

from tree import SOURCE_FOLDERS, Violation, line_of

# (pattern, what to use instead). Matched against code without comments and literals.
BANNED_IN_CORE = [
    (r"std::(?:j?thread|mutex|shared_mutex|condition_variable\w*|async|promise|stop_\w+)\b",
     "a shard is one thread: AsyncMutex, Channel or TaskScope of core/task"),
    (r"\bthread_local\b", "an object of the shard, passed by reference"),
    (r"std::chrono\b|\b(?:system|steady|high_resolution)_clock\b", "Clock of core/env"),
    (r"std::this_thread\b|\busleep\s*\(|\bnanosleep\b", "Clock::sleep_until of core/env"),
    (r"std::random_device\b|std::mt19937\w*|std::\w+_distribution\b|\bs?rand\s*\(",
     "a named stream of core/base/prng.h"),
    (r"\b(?:secure_)?getenv\b|\bsystem\s*\(", "Process of core/env"),
    (r"std::filesystem\b|std::[io]?fstream\b|\bfopen\b", "Disk of core/env"),
    (r"(?<![\w.>:])::(?:open|read|write|close|socket|connect|send|recv|fsync)\s*\(",
     "Disk and Network of core/env"),
    (r"std::(?:cout|cerr|clog|cin)\b|\b[fs]?n?printf\b|\bputs\s*\(",
     "the log facade of core/base/log.h, or fmt in a .cc file"),
    (r"std::unordered_\w+", "std::map or a sorted vector: order must not depend on hashes"),
    (r"std::hash\b", "an own hash with a fixed definition"),
    (r"\b(?:float|double)\b", "integers in named units"),
    (r"std::map<[^,<>]*\*\s*,|std::set<[^,<>]*\*\s*>",
     "an id as key: addresses differ between runs"),
]

TASK_FUNCTION = re.compile(
    r"\bTask<[^;{}()]*>\s+(?:[A-Za-z_]\w*(?:<[^;{}()]*>)?::)*([A-Za-z_]\w*)\s*\(")
VIEW = re.compile(r"\b(?:std::)?(?:string_view|span\s*<|span\b)|\b(?:Mut)?ByteSpan\b|\bByteView\b")


def check_banned(tree):
    for path in tree.sources("core"):
        code = tree.code(path)
        for pattern, instead in BANNED_IN_CORE:
            for match in re.finditer(pattern, code):
                token = match.group(0).strip()
                if tree.allow("banned").permits(path, token):
                    continue
                line = line_of(code, match.start())
                yield Violation(path, line, "banned", f"'{token}' in core; use {instead}")


def parameters(code, start):
    """Text between the bracket at `start` - 1 and its closing one."""
    depth = 1
    position = start
    while position < len(code) and depth:
        depth += {"(": 1, ")": -1}.get(code[position], 0)
        position += 1
    return code[start : position - 1]


def view_parameters(tree, path):
    code = tree.code(path)
    for match in TASK_FUNCTION.finditer(code):
        if VIEW.search(parameters(code, match.end())):
            yield match.group(1), line_of(code, match.start())


def check_task_views(tree):
    """A view parameter of a lazy coroutine outlives its owner unless the caller's frame holds it.

    The seams state that contract in their headers, so their functions and the implementations of
    these under runtime/ are exempt, as are the forwarding wrappers named in the allow list."""
    seams = {name for path in tree.sources("core/env") for name, _ in view_parameters(tree, path)}
    for path in tree.sources("core", "runtime"):
        if path.startswith("core/env/"):
            continue
        for name, line in view_parameters(tree, path):
            if path.startswith("runtime/") and name in seams:
                continue
            if tree.allow("task-views").permits(path, name):
                continue
            yield Violation(path, line, "task-views",
                            f"{name}() returns a Task and takes a view; take the owner by value")


# Up to the end of the statement; a block inside it belongs to a lambda or a macro.
AWAITED_AGGREGATE = re.compile(r"\bco_await\b[^;{}]*?\b[A-Z]\w*\{")


def check_awaited_aggregates(tree):
    """g++ 12 destroys a braced temporary twice when a coroutine is suspended in its expression."""
    for path in tree.files((".h", ".cc")):
        code = tree.code(path)
        for match in AWAITED_AGGREGATE.finditer(code):
            yield Violation(path, line_of(code, match.start()), "awaited",
                            "a braced temporary in a co_await expression: name it in a line before")


def check_fixme(tree):
    marker = "FIX" + "ME"
    suffixes = (".h", ".cc", ".py", ".md", ".txt", ".cmake", ".js", ".rs", ".toml", ".json")
    folders = SOURCE_FOLDERS + ("tools", "docs", "cmake", "README.md")
    for path in tree.files(suffixes, folders):
        if path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if re.search(rf"\b{marker}\b", line):
                yield Violation(path, number, "fixme", "left over; do it or file an issue")


def check_todo(tree):
    for path in tree.sources():
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if re.search(r"\bTODO\b(?!\(#\d+\))", line):
                yield Violation(path, number, "todo", "a TODO names its issue: TODO(#12)")
