"""`./dev test` (everything) and `./dev check` (what to run before a commit)."""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

import build
import common
import programs
import setup
import style

sys.path.insert(0, str(common.ROOT / "tests" / "sim"))
import determinism_test  # noqa: E402  one comparison of traces for both

# Fast tests that need neither the network nor real clients; also run under sanitizers and g++.
CORE_LABELS = ["unit", "prop", "wire", "sim-fast"]
CHECK_LABELS = ["tidy", *CORE_LABELS]
# Of builds with sanitizers or g++ the step `determinism` runs the scenarios.
SWEPT_ELSEWHERE = ("sim_scenarios", "sim_determinism")
SEED_COUNT = 3
# What must agree, the slowest first: sanitizers, clang -O0, g++ -O2, clang -O2 twice.
DETERMINISM = (("fuzz", ()), ("debug", ()), ("gcc", ()), ("release", ()),
               ("release", ("--log", "trace")))
CTEST_LINE = re.compile(r"^\s*(\d+)/(\d+) Test\s+#\d+: (\S+) \.*\s*(\S.*?)\s+[\d.]+ sec")


class Tally:
    """Counts what passed and failed over all steps, and prints the last line of the run."""

    def __init__(self):
        self.passed = 0
        self.failures = []

    def add(self, name, is_passed):
        if is_passed:
            self.passed += 1
        else:
            self.failures.append(name)

    def finish(self, started):
        if self.failures:
            common.say("failed:")
            for name in self.failures:
                common.say(f"  {name}")
        common.say(f"{time.monotonic() - started:.0f} s")
        print(f"{self.passed} passed, {len(self.failures)} failed", flush=True)
        return 1 if self.failures else 0


def sanitizer_environment():
    env = common.environment()
    env["ASAN_OPTIONS"] = "detect_stack_use_after_return=1:detect_leaks=1:abort_on_error=0"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1"
    return env


def ctest(preset, labels, tally, exclude=()):
    """Run the entries with one of `labels`; failures print their output, all are counted."""
    folder = build.folder_of(preset)
    common.LOGS.mkdir(parents=True, exist_ok=True)
    report = common.LOGS / f"ctest-{preset}.xml"
    report.unlink(missing_ok=True)
    pattern = "|".join(f"^{label}$" for label in labels)
    command = ["ctest", "--test-dir", folder, "-L", pattern, "-j", str(common.cpu_count()),
               "--output-on-failure", "--output-junit", report, "--no-tests=error"]
    if exclude:
        command += ["-E", "|".join(f"^{name}$" for name in exclude)]
    env = sanitizer_environment()
    env["WEIR_BUILD_DIR"] = str(folder)
    meter = common.Meter(f"ctest {preset}")
    log_path = common.LOGS / f"ctest-{preset}.log"
    with open(log_path, "w", encoding="utf-8") as log:

        def on_line(line):
            log.write(line + "\n")
            match = CTEST_LINE.match(line)
            if match:
                meter.update(int(match.group(1)), int(match.group(2)), match.group(3))
                if "Passed" not in match.group(4):
                    common.say(f"      {match.group(3)}: {match.group(4)}")

        code = common.stream(command, on_line, env=env)
    if not report.exists():
        tail = log_path.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise common.Failure(f"ctest ran nothing in {preset} (status {code}):\n{tail}")
    count_report(report, preset, tally)


def count_report(report, preset, tally):
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name = case.get("name")
        # ctest writes "run" for a pass, "fail" and "notrun" otherwise.
        is_passed = case.get("status") == "run"
        tally.add(f"{preset}: {name}", is_passed)
        if not is_passed:
            output = case.find("system-out")
            text = (output.text or "") if output is not None else ""
            lines = text.splitlines()
            common.say("\n".join(lines[-60:]))
            common.say(f"      {name} failed; again: "
                       f"ctest --test-dir build/{preset} -R '^{name}$' --output-on-failure")


def build_and_test(preset, labels, tally):
    build.configure(preset)
    known = set(build.targets_of(preset))
    # The simulation tests run the program itself.
    names = ["weir-sim", *(name for name, _ in build.tests_of(preset, labels))]
    wanted = [name for name in names if name in known]
    common.ninja(build.folder_of(preset), wanted, preset)
    ctest(preset, labels, tally, exclude=SWEPT_ELSEWHERE)


def trace_hashes(preset, options):
    """{(scenario, seed): trace} of one build; every scenario must pass there."""
    program = build.folder_of(preset) / "bin" / "weir-sim"
    command = [program, "sweep", "--seeds", SEED_COUNT, "--jobs", 1, "--json", "--hashes",
               "--bundles", common.LOGS / f"determinism-{preset}", *options]
    done = subprocess.run([str(part) for part in command], env=sanitizer_environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL if options else subprocess.PIPE, check=False)
    if done.returncode != 0:
        text = done.stdout + (done.stderr or b"")
        raise common.Failure(f"weir-sim of {preset} failed:\n{text.decode()[-3000:]}")
    return determinism_test.traces(json.loads(done.stdout))


def differences(labels, listings, case):
    """Of each build but the first in which the trace of `case` is another one: where they part."""
    first, *others = [listing.get(case) for listing in listings]
    found = []
    for label, trace in zip(labels[1:], others):
        if first is None or trace is None:
            parted = "" if first is trace else "is not there in both"
        else:
            parted = determinism_test.first_difference(first, trace)
            parted = parted and f"parts {parted}"
        if parted:
            found.append(f"{label} and {labels[0]}: the trace {parted}")
    return found


def determinism(tally):
    """One hash per scenario and seed, whatever compiler, level and sanitizer, with and without
    logs."""
    for preset in dict(DETERMINISM):
        build.build_programs(preset, ["weir-sim"])
    labels = [" ".join((preset, *options)) for preset, options in DETERMINISM]
    meter = common.Meter("trace hashes")
    with concurrent.futures.ThreadPoolExecutor(common.cpu_count()) as pool:
        pending = [pool.submit(trace_hashes, *what) for what in DETERMINISM]
        for done, _ in enumerate(concurrent.futures.as_completed(pending), 1):
            meter.update(done, len(pending))
    listings = [item.result() for item in pending]
    for case in sorted(set().union(*listings)):
        found = differences(labels, listings, case)
        tally.add(f"determinism: {case[0]} seed {case[1]}", not found)
        for text in found:
            common.say(f"      {case[0]} seed {case[1]}: {text}")


def mutants(tally):
    """Every planted bug is caught by the invariant that is there for it."""
    build.build_programs("mutants", ["weir-sim", "replication_walks", "replication_orders",
                                     "control_prop_test", "prop_log"])
    ctest("mutants", ["sim-mutants"], tally)


def fuzz(tally):
    for target, is_passed in programs.run_fuzz_targets():
        tally.add(f"fuzz: {target}", is_passed)


def format_check(tally):
    style.check_format()
    tally.add("format", True)


def lint_check(tally):
    style.lint(style.changed_sources())
    tally.add("lint", True)


def guarded(tally, name, function, *args):
    """A step that cannot run counts as one failure; the steps after it still run."""
    try:
        function(*args)
    except common.Failure as failure:
        common.say(f"      {failure}")
        if failure.hint:
            common.say(f"      {failure.hint}")
        tally.add(name, False)


def plan(verb, tally):
    steps = [("packages", setup.ensure_base, ())]
    if verb == "check":
        steps += [
            ("format", format_check, (tally,)),
            ("lint of changed files", lint_check, (tally,)),
            ("build dev: " + ", ".join(CHECK_LABELS), build.build, ("dev",)),
            ("test dev", ctest, ("dev", CHECK_LABELS, tally)),
        ]
        return steps
    all_labels = [*CHECK_LABELS, "sim-slow", "fuzz-smoke", "bench-smoke", "e2e"]
    steps += [
        ("published clients", setup.ensure_clients, ()),
        ("build dev", build.build, ("dev",)),
        ("test dev: " + ", ".join(all_labels), ctest, ("dev", all_labels, tally)),
        ("format", format_check, (tally,)),
        # The fuzz preset is the asan preset plus coverage counters: one build serves both.
        ("build and test with ASan and UBSan", build_and_test, ("fuzz", CORE_LABELS, tally)),
        ("build and test gcc", build_and_test, ("gcc", CORE_LABELS, tally)),
        ("determinism across compilers and sanitizers", determinism, (tally,)),
        ("planted bugs", mutants, (tally,)),
        (f"fuzz targets, {programs.FUZZ_SECONDS} s each", fuzz, (tally,)),
    ]
    return steps


def main(verb, args):
    if args:
        raise common.Failure(f"{verb}: unknown argument {args[0]}", f"usage: ./dev {verb}")
    os.chdir(common.ROOT)
    started = time.monotonic()
    tally = Tally()
    steps = plan(verb, tally)
    progress = common.Steps([name for name, _, _ in steps])
    for name, function, arguments in steps:
        progress.run(name, guarded, tally, name, function, *arguments)
        if tally.failures and name in ("packages", "build dev"):
            break
    return tally.finish(started)
