"""All schedules of a small case: complete where it says so, honest where it does not.

usage: explore_test.py WEIR_SIM [mutants]

With `mutants`: a bug that needs one reordering, which first in, first out never shows, is found.
"""

import json
import subprocess
import sys
import tempfile

PASSED, BAD_USAGE, SAFETY = 0, 2, 10
SCENARIO = "eight-operations"


def attempt(program, *args, status=PASSED):
    done = subprocess.run([program, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def explore(program, *args, status=PASSED):
    return json.loads(attempt(program, "explore", SCENARIO, "--json", *args, status=status).stdout)


def check_clean(program):
    whole = explore(program, "--bound", 1)
    assert whole["machines"] == 3 and whole["operations"] == 8, whole
    assert [level["complete"] for level in whole["levels"]] == [True, True], whole
    assert whole["levels"][1]["schedules"] > 200, whole
    assert whole["covered"] == "all schedules with at most 1 deviation", whole
    # The same with one process as with two.
    alone = explore(program, "--bound", 1, "--jobs", 1)
    assert alone["levels"] == whole["levels"], (alone, whole)

    # How far that is from all: there are at least as many orders as choices of two.
    assert 20 < whole["orders_log10"] < 1000, whole
    assert explore(program, "--bound", 0)["orders_log10"] is None

    two = explore(program, "--bound", 2, "--load-only", "--time", "60s")
    assert [level["complete"] for level in two["levels"]] == [True] * 3, two
    assert two["covered"] == "all schedules with at most 2 deviations under load", two
    assert two["orders_log10"] < whole["orders_log10"], (two, whole)

    power = explore(program, "--bound", 1, "--power-loss", "spu-0")
    more = power["levels"][1]["schedules"] - whole["levels"][1]["schedules"]
    assert power["levels"][1]["complete"] and more > 50, power

    late = explore(program, "--bound", 4, "--time", "1s")
    last = late["levels"][-1]
    assert not last["complete"] and last["runs"] < last["schedules"], late
    assert late["covered"] == f"all schedules with at most {len(late['levels']) - 2} deviation" + (
        "s" if len(late["levels"]) != 3 else ""), late

    refused = attempt(program, "explore", "edge-site", status=BAD_USAGE).stderr
    assert "4 machines" in refused, refused
    refused = attempt(program, "explore", SCENARIO, "--power-loss", "spu-1", status=BAD_USAGE)
    assert "spu-0" in refused.stderr, refused.stderr


def check_planted(program, folder):
    planted = ["--mutant", "answers_as_they_finish", "--bundles", folder]
    fifo = explore(program, "--bound", 0, *planted)
    assert fifo["failure"] is None, fifo
    found = explore(program, "--bound", 2, *planted, status=SAFETY)
    failure = found["failure"]
    assert failure["violations"][0]["invariant"] == "A18", failure
    assert failure["deviations"] == 1, failure
    assert found["covered"] == "all schedules with at most 0 deviations", found
    again = json.loads(attempt(program, "replay", failure["bundle"], "--json",
                               status=SAFETY).stdout)
    assert again["same"], again
    assert again["violations"] == failure["violations"], (again, failure)


def main():
    program = sys.argv[1]
    if "mutants" in sys.argv[2:]:
        with tempfile.TemporaryDirectory() as folder:
            check_planted(program, folder)
    else:
        check_clean(program)
    print("explored")


if __name__ == "__main__":
    main()
