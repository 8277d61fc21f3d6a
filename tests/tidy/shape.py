"""Files as such: listed for the build, not too wide, one title each, headers that stand alone."""

import concurrent.futures
import hashlib
import os
import re
import subprocess

from layers import INCLUDE
from tree import SOURCE_FOLDERS, Violation

COLUMNS = 100


def cmake_words(tree, folder):
    """All words of the CMake files directly in `folder`, read once."""
    if folder not in tree.cmake:
        words = set()
        for path in [*(tree.root / folder).glob("CMakeLists.txt"),
                     *(tree.root / folder).glob("*.cmake")]:
            words.update(re.split(r"[\s()\"]+", path.read_text(encoding="utf-8")))
        tree.cmake[folder] = words
    return tree.cmake[folder]


def rooted_words(tree):
    """The paths that any CMake file of the tree gives from the root, by a variable."""
    found = set()
    for path in tree.files((".txt", ".cmake"), (*SOURCE_FOLDERS, "cmake")):
        if path.endswith((".cmake", "CMakeLists.txt")):
            for word in re.split(r"[\s()\"]+", tree.text(path)):
                if word.startswith("${CMAKE_SOURCE_DIR}/"):
                    found.add(word.removeprefix("${CMAKE_SOURCE_DIR}/"))
    return found


def check_listed(tree):
    """Every .cc is named in a CMakeLists.txt, or a file it includes, of its folder or one above, or
    by its path from the root in any."""
    rooted = rooted_words(tree)
    for path in tree.files((".cc",)):
        parts = path.split("/")
        listed = path in rooted
        for depth in range(len(parts) - 1, -1, -1):
            relative = "/".join(parts[depth:])
            words = cmake_words(tree, "/".join(parts[:depth]))
            listed = listed or relative in words or any(
                word.endswith("}/" + name) for name in (path, relative) for word in words)
        if not listed and not tree.allow("listed").permits(path, path):
            yield Violation(path, 1, "listed", "no CMakeLists.txt names this file: it is not built")


def check_width(tree):
    suffixes = (".h", ".cc", ".py", ".cmake", ".txt", ".js", ".rs")
    folders = ("core", "runtime", "sim-scenarios", "apps", "tests", "fuzz", "bench", "tools",
               "cmake", "dev")
    for path in tree.files(suffixes, folders):
        # Recorded data, and the allow lists, which are tables.
        data = ("tests/data/", "tests/tidy/allow/")
        if path.startswith(data) or "/corpus/" in path or "/transcripts/" in path:
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if len(line) > COLUMNS and not tree.allow("width").permits(path, "*"):
                yield Violation(path, number, "width", f"{len(line)} columns, {COLUMNS} allowed")


def check_titles(tree):
    folders = ("README.md", "docs", "tests", "core", "runtime", "fuzz", "bench", "sim-scenarios")
    for path in tree.files((".md",), folders):
        titles = []
        fenced = False
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif not fenced and re.match(r"# \S", line):
                titles.append(number)
        if len(titles) != 1:
            line = titles[1] if len(titles) > 1 else 1
            yield Violation(path, line, "titles", f"{len(titles)} titles ('# ...'), 1 wanted")


def own_header_first(tree, path):
    """Whether the header's .cc includes it first, which proves that it stands alone."""
    source = path[:-2] + ".cc"
    if not (tree.root / source).exists():
        return False
    first = INCLUDE.search(tree.text(source))
    return first is not None and first.group(2) == path


def closure_hash(tree, path):
    seen = set()
    stack = [path]
    value = hashlib.sha256()
    while stack:
        current = stack.pop()
        if current in seen or not (tree.root / current).exists():
            continue
        seen.add(current)
        for match in INCLUDE.finditer(tree.text(current)):
            if match.group(1) == '"':
                stack.append(match.group(2))
    for current in sorted(seen):
        value.update(current.encode())
        value.update(tree.text(current).encode())
    return value.hexdigest()


def compile_header(tree, path):
    command = ["clang++-19", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-x", "c++",
               f"-I{tree.root}", "-include", path, "/dev/null"]
    done = subprocess.run(command, cwd=tree.root, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def check_headers(tree, cache):
    """Each header compiles as the first line of a file; results are remembered by content."""
    cache.mkdir(parents=True, exist_ok=True)
    todo = []
    for path in tree.files((".h",), ("core", "runtime")):
        if own_header_first(tree, path) or tree.allow("headers").permits(path, path):
            continue
        stamp = cache / closure_hash(tree, path)
        if not stamp.exists():
            todo.append((path, stamp))
    jobs = len(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda item: compile_header(tree, item[0]), todo))
    for (path, stamp), (code, output) in zip(todo, results):
        if code == 0:
            stamp.touch()
        else:
            first = next((line for line in output.splitlines() if "error:" in line), "no message")
            yield Violation(path, 1, "headers", f"does not compile alone: {first}")
