"""Who may include whom. The table of docs/architecture.md, in a form that a program can read."""

import re

from tree import Violation, line_of

ALL_CORE = ("base", "task", "env", "model", "wire", "rpc", "log", "replication", "control", "sc",
            "spu", "client")


def core(*names):
    return tuple(f"core/{name}" for name in names)


def all_core_but(*names):
    return core(*(name for name in ALL_CORE if name not in names))


SEAMS = core("base", "task", "env")
EVERYTHING = ("core", "runtime", "sim-scenarios", "apps", "tests", "fuzz", "bench")

# Longest prefix wins. A folder may always include itself.
MAY_INCLUDE = {
    "core/base": (),
    "core/task": core("base"),
    "core/env": core("base", "task"),
    "core/model": core("base"),
    "core/wire": core("base", "model", "replication"),
    "core/rpc": core("base", "task", "env", "model", "wire"),
    "core/log": core("base", "task", "env", "model", "wire"),
    "core/replication": core("base", "model"),
    "core/control": core("base", "model", "replication"),
    "core/sc": all_core_but("spu"),
    "core/spu": all_core_but("sc", "control"),
    "core/client": core("base", "task", "env", "model", "wire", "rpc"),
    "runtime/real/kube": ("core", "runtime/real"),
    "runtime/real/ops": ("core", "runtime/real"),
    "runtime/real": SEAMS + ("runtime/real",),
    "runtime/record": SEAMS + ("runtime/record",),
    "runtime/sim/cluster": ("core", "runtime/sim"),
    "runtime/sim/faults": ("core", "runtime/sim"),
    "runtime/sim/check": ("core", "runtime/sim"),
    "runtime/sim/trace": ("core", "runtime/sim"),
    "runtime/sim": SEAMS + ("runtime/sim",),
    "sim-scenarios": ("core", "runtime/sim", "sim-scenarios"),
    "fuzz": ("core", "runtime", "fuzz", "tests/support"),
    "bench": ("core", "runtime", "sim-scenarios", "bench", "tests/support"),
    "tests/unit/apps": ("core", "apps", "runtime/sim", "tests"),
    "tests": ("core", "runtime", "sim-scenarios", "tests"),
    "apps": EVERYTHING,
}

# Standard headers that reach the clock, the kernel, threads or the locale: never in core.
BANNED_STANDARD = {
    "thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore", "latch",
    "barrier", "stop_token", "chrono", "random", "filesystem", "iostream", "fstream", "iomanip",
    "sstream", "syncstream", "cstdio", "ctime", "clocale", "locale", "regex", "unordered_map",
    "unordered_set", "execution", "csignal",
}

# Package headers that core may use, and where. Text formatting only in .cc files.
CORE_PACKAGES = {
    "fmt/core.h": ("core/*.cc",),
    "fmt/format.h": ("core/*.cc",),
    "fmt/ranges.h": ("core/*.cc",),
    "tl/expected.hpp": ("core/base/result.h",),
    # Record compression, pure functions over bytes.
    "zlib.h": ("core/client/*.cc",),
    "snappy.h": ("core/client/*.cc",),
    "snappy-c.h": ("core/client/*.cc",),
    "lz4frame.h": ("core/client/*.cc",),
    "zstd.h": ("core/client/*.cc",),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def folder_rule(path):
    best = ""
    for prefix in MAY_INCLUDE:
        if (path == prefix or path.startswith(prefix + "/")) and len(prefix) > len(best):
            best = prefix
    return best


def is_below(path, folder):
    return path == folder or path.startswith(folder + "/")


def check_project_include(tree, path, line, target):
    owner = folder_rule(path)
    if not owner:
        return None
    if not (tree.root / target).exists():
        return Violation(path, line, "layers", f'"{target}" is not a root-relative path of a file')
    if is_below(target, owner) or any(is_below(target, f) for f in MAY_INCLUDE[owner]):
        return None
    if tree.allow("layers").permits(path, target):
        return None
    allowed = ", ".join(MAY_INCLUDE[owner]) or "nothing but the standard library"
    return Violation(path, line, "layers", f'{owner} may not include "{target}" (only {allowed})')


def check_core_system_include(tree, path, line, target):
    import fnmatch

    if "." not in target and "/" not in target:
        if target not in BANNED_STANDARD:
            return None
        message = f"<{target}> is banned in core; reach the outside through a seam of core/env"
    else:
        if any(fnmatch.fnmatch(path, glob) for glob in CORE_PACKAGES.get(target, ())):
            return None
        message = f"<{target}> is neither the standard library nor allowed in this file of core"
    if tree.allow("layers").permits(path, target):
        return None
    return Violation(path, line, "layers", message)


def check_layers(tree):
    for path in tree.sources():
        text = tree.text(path)
        for match in INCLUDE.finditer(text):
            line = line_of(text, match.start())
            kind, target = match.groups()
            found = None
            if kind == '"':
                found = check_project_include(tree, path, line, target)
            elif path.startswith("core/"):
                found = check_core_system_include(tree, path, line, target)
            if found:
                yield found
