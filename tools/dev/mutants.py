"""`./dev mutants`: which invariant catches which planted bug, and within how many seeds."""

import datetime
import os
import sys
import time

import build
import common
import setup

RESULT = common.ROOT / "docs" / "simulator-results.md"
BEGIN = "<!-- mutants: written by ./dev mutants --write -->"
END = "<!-- end of mutants -->"


def section(lines, missed, seconds, cpu):
    commit = common.quiet(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    outcome = f"missed: {', '.join(missed)}" if missed else "none is missed"
    count = sum(line.startswith("|") for line in lines) - 2
    head = (f"{date}, commit {commit}, {os.cpu_count()} processors: {count} mutants, "
            f"{outcome}; {seconds:.0f} s, {cpu:.0f} CPU seconds.")
    return "\n".join([BEGIN, "", head, "", *lines, "", END])


def write(text):
    old = RESULT.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    RESULT.write_text(before + text + after, encoding="utf-8")


def main(args):
    unknown = [arg for arg in args if arg not in ("--subset", "--write")]
    if unknown:
        raise common.Failure(f"mutants: unknown argument {unknown[0]}",
                             "usage: ./dev mutants [--subset] [--write]")
    setup.ensure_base()
    build.build_programs("mutants", ["weir-sim"])
    program = str(build.folder_of("mutants") / "bin" / "weir-sim")
    sys.path.insert(0, str(common.ROOT / "tests" / "sim"))
    import mutants_test

    mutants = mutants_test.catalogue(program)
    if "--subset" in args:
        mutants_test.subset(program, mutants)
        return 0
    begin = time.monotonic()
    lines, missed = mutants_test.matrix(program, mutants, common.say)
    text = section(lines, missed, time.monotonic() - begin, mutants_test.cpu_seconds())
    print(text)
    if "--write" in args:
        write(text)
    return 1 if missed else 0
