"""Paths, environment, progress and errors shared by every verb."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
RELEASE_BIN = BUILD / "release" / "bin"
LOGS = BUILD / "logs"

IS_TTY = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class Failure(Exception):
    """A step went wrong. `hint` tells the reader what to do next."""

    def __init__(self, message, hint=""):
        super().__init__(message)
        self.hint = hint


def say(text=""):
    """Print one line of progress, after clearing a half-written status line."""
    clear = "\r\x1b[K" if IS_TTY else ""
    sys.stderr.write(f"{clear}{text}\n")
    sys.stderr.flush()


def status(text):
    """Overwrite the status line; silent when nobody watches."""
    if IS_TTY:
        width = shutil.get_terminal_size().columns
        sys.stderr.write("\r\x1b[K" + text[: max(10, width - 1)])
        sys.stderr.flush()


def cpu_count():
    return len(os.sched_getaffinity(0))


def environment():
    """The environment of every child. A fresh clone in another folder must hit the same cache."""
    env = dict(os.environ)
    env.setdefault("CCACHE_BASEDIR", str(ROOT))
    env.setdefault("CCACHE_NOHASHDIR", "1")
    env.setdefault("CCACHE_MAXSIZE", "5G")
    env.setdefault("CCACHE_SLOPPINESS", "pch_defines,time_macros")
    env.setdefault("CCACHE_COMPILERCHECK", "content")
    env.setdefault("NINJA_STATUS", "[%f/%t] ")
    env.setdefault("LC_ALL", "C.UTF-8")
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    return env


class Meter:
    """Shows `done/total` on one line on a terminal, and a line every few seconds elsewhere."""

    def __init__(self, label, period_s=5.0):
        self.label = label
        self.period_s = period_s
        self.last_print = time.monotonic()

    def update(self, done, total, note=""):
        percent = 100 * done // total if total else 0
        text = f"      {self.label} {done}/{total} ({percent} %) {note}"
        if IS_TTY:
            status(text)
        elif time.monotonic() - self.last_print >= self.period_s:
            self.last_print = time.monotonic()
            say(text.rstrip())

    def beat(self, note):
        """For work without a known total."""
        if IS_TTY:
            status(f"      {self.label} {note}")
        elif time.monotonic() - self.last_print >= 2 * self.period_s:
            self.last_print = time.monotonic()
            say(f"      {self.label} {note}")


class Steps:
    """Numbered steps with durations: `[2/9] build dev` ... `ok, 12.3 s`."""

    def __init__(self, names):
        self.names = names
        self.index = 0
        self.started = time.monotonic()

    def run(self, name, function, *args, **kwargs):
        self.index += 1
        say(f"[{self.index}/{max(len(self.names), self.index)}] {name}")
        begin = time.monotonic()
        result = function(*args, **kwargs)
        say(f"      ok, {time.monotonic() - begin:.1f} s")
        return result

    def elapsed_s(self):
        return time.monotonic() - self.started


def quiet(cmd, **kwargs):
    """Run to completion and return the finished process, output captured."""
    kwargs.setdefault("env", environment())
    return subprocess.run(
        [str(c) for c in cmd],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        **kwargs,
    )


def stream(cmd, on_line, **kwargs):
    """Run and hand each output line to `on_line`. Returns the exit status."""
    kwargs.setdefault("env", environment())
    with subprocess.Popen(
        [str(c) for c in cmd],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        bufsize=1,
        **kwargs,
    ) as child:
        try:
            for line in child.stdout:
                on_line(line.rstrip("\n"))
        except BaseException:
            child.terminate()
            raise
        return child.wait()


def logged(label, cmd, log_name, hint="", **kwargs):
    """Run a long command: output to build/logs, a live last line, the tail on failure."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log_path = LOGS / log_name
    meter = Meter(label)
    begin = time.monotonic()
    with open(log_path, "w", encoding="utf-8") as log:

        def on_line(line):
            log.write(line + "\n")
            meter.beat(f"{time.monotonic() - begin:.0f} s: {line.strip()[:100]}")

        code = stream(cmd, on_line, **kwargs)
    if code != 0:
        tail = log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-30:]
        say("\n".join(tail))
        command = shlex.join(str(c) for c in cmd)
        raise Failure(
            f"{label} failed with status {code}: {command}",
            hint or f"The whole output is in {log_path.relative_to(ROOT)}.",
        )


NINJA_LINE = re.compile(r"^\[(\d+)/(\d+)\] (.*)$")


def ninja(folder, targets, label):
    """Build with one progress line. Compiler output is passed through untouched."""
    meter = Meter(label)
    output = []

    def on_line(line):
        match = NINJA_LINE.match(line)
        if match:
            note = match.group(3).split("/")[-1][:60]
            meter.update(int(match.group(1)), int(match.group(2)), note)
        elif line.startswith("ninja: no work to do") or line.startswith("ninja: Entering"):
            pass
        else:
            output.append(line)
            say(line)

    code = stream(["ninja", "-C", folder, *targets], on_line)
    if code != 0:
        raise Failure(
            f"building {label} failed",
            "Fix the first error above and run the command again; the rest is not rebuilt.",
        )


def as_root(cmd):
    if os.geteuid() == 0:
        return list(cmd)
    if shutil.which("sudo"):
        return ["sudo", "-E", *cmd]
    raise Failure(
        "packages are missing, and installing them needs root",
        "Run as root or install sudo, or install the packages named above yourself.",
    )
