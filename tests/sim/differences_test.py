"""Where traces part that should be equal is told, between processes and between builds: shown with
planted bugs that make them differ."""

import json
import pathlib
import re
import subprocess
import sys

import determinism_test

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "dev"))
import checks  # noqa: E402

SCENARIO = "single-spu-power-loss"
# It waits for as long as some memory says that nobody wrote.
UNSTABLE = "uninitialised_byte"
# One that does the same each time, as a build does that decides in another way.
OTHER_BUILD = "retention_in_ms"
OTHER_SCENARIO = "retention"
SEED_COUNT = 8


def traces(program, verb, *args):
    """Of a run or a sweep, whatever it came to."""
    done = subprocess.run([program, verb, *map(str, args), "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    report = json.loads(done.stdout)
    if verb == "run":
        return {(report["scenario"], report["seed"]): report}
    return determinism_test.traces(report)


def sweep(program, scenario, *more):
    return traces(program, "sweep", scenario, "--seeds", SEED_COUNT, "--jobs", 1, "--hashes",
                  "--bundles", "", *more)


def check_window(one, other, parted):
    """What is told is where the checkpoints really part."""
    window = int(re.fullmatch(r".*between events (\d+) and \d+", parted).group(1)) // 1000
    assert one["checkpoints"][:window] == other["checkpoints"][:window], parted
    assert one["checkpoints"][window] != other["checkpoints"][window], parted


def check_processes(program):
    """One process runs them all, each other one a single one."""
    assert not any(
        determinism_test.first_difference(trace, traces(program, "run", *case_args(case))[case])
        for case, trace in list(sweep(program, SCENARIO).items())[:2])
    for case, trace in sweep(program, SCENARIO, "--mutant", UNSTABLE).items():
        alone = traces(program, "run", *case_args(case), "--mutant", UNSTABLE)[case]
        parted = determinism_test.first_difference(trace, alone)
        if "between" in parted:
            check_window(trace, alone, parted)
            return parted
    raise AssertionError(f"{UNSTABLE}: {SEED_COUNT} traces are equal in two processes")


def case_args(case):
    return case[0], "--seed", case[1]


def check_builds(program):
    sound = sweep(program, OTHER_SCENARIO)
    other = sweep(program, OTHER_SCENARIO, "--mutant", OTHER_BUILD)
    labels = ["release", "gcc", "debug"]
    told = []
    for case in sound:
        found = checks.differences(labels, [sound, other, sound], case)
        if found:
            parted = re.fullmatch(r"gcc and release: the trace parts (between|after event) .*",
                                  *found)
            if parted.group(1) == "between":
                check_window(sound[case], other[case], found[0])
                told += found
        assert not checks.differences(labels, [sound, sound, sound], case)
    assert told, f"{OTHER_BUILD}: {SEED_COUNT} traces are as without it"
    assert checks.differences(labels, [sound, {}, sound], (OTHER_SCENARIO, 2)) == [
        "gcc and release: the trace is not there in both"]
    return told[0]


def main():
    program = sys.argv[1]
    one = {"trace_hash": "1", "checkpoints": ["a", "b", "c"]}
    cut = {"trace_hash": "2", "checkpoints": ["a", "b"]}
    assert determinism_test.first_difference(one, one) == ""
    assert determinism_test.first_difference(one, cut) == "after event 2000"
    print(f"two processes: {check_processes(program)}")
    print(f"two builds: {check_builds(program)}")


if __name__ == "__main__":
    main()
