"""The tree under check: its files, their text with and without comments, and the allow lists."""

import dataclasses
import fnmatch
import pathlib
import re

SOURCE_FOLDERS = ("core", "runtime", "sim-scenarios", "apps", "tests", "fuzz", "bench")


@dataclasses.dataclass(frozen=True)
class Violation:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


def strip_comments(text):
    """Blank out comments and the insides of literals; lines and columns stay where they were."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL,
    )

    def blank(match):
        token = match.group(0)
        if token[0] == "'" and match.start() > 0 and text[match.start() - 1].isalnum():
            return token  # A digit separator, 10'000.
        return re.sub(r"[^\n]", " ", token)

    return pattern.sub(blank, text)


class Allow:
    """One file per rule under allow/: `path glob | token | reason`, a line each."""

    def __init__(self, folder, rule):
        self.entries = []
        self.used = set()
        self.path = folder / f"{rule}.txt"
        self.bad = []
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = [part.strip() for part in line.split("|", 2)]
            if len(parts) == 3 and all(parts):
                self.entries.append((number, *parts))
            else:
                self.bad.append(number)

    def permits(self, path, token):
        for number, glob, allowed, _ in self.entries:
            if fnmatch.fnmatch(path, glob) and allowed in (token, "*"):
                self.used.add(number)
                return True
        return False


class Tree:
    def __init__(self, root, allow_folder):
        self.root = pathlib.Path(root)
        self.allow_folder = pathlib.Path(allow_folder)
        self.allows = {}
        self.texts = {}
        self.stripped = {}
        self.cmake = {}

    def allow(self, rule):
        if rule not in self.allows:
            self.allows[rule] = Allow(self.allow_folder, rule)
        return self.allows[rule]

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self.texts[path]

    def code(self, path):
        if path not in self.stripped:
            self.stripped[path] = strip_comments(self.text(path))
        return self.stripped[path]

    def files(self, suffixes, folders=SOURCE_FOLDERS):
        """Sorted root-relative paths below `folders` with one of `suffixes`."""
        found = []
        for folder in folders:
            base = self.root / folder
            candidates = base.rglob("*") if base.is_dir() else [base]
            for path in candidates:
                relative = path.relative_to(self.root)
                skipped = {"build", "node_modules", "target", "__pycache__"}
                if path.suffix in suffixes and path.is_file() and not skipped & set(relative.parts):
                    found.append(str(relative))
        return sorted(found)

    def sources(self, *folders):
        return self.files((".h", ".cc"), folders or SOURCE_FOLDERS)


def line_of(text, position):
    return text.count("\n", 0, position) + 1
