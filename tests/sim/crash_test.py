"""A bug that ends the process by a signal is a failure as any other: it is told with its seed,
leaves a bundle, is replayed, and made small."""

import json
import pathlib
import subprocess
import sys
import tempfile

PASSED, ASSERTION = 0, 12
MUTANT = "evicted_read_crashes"


def attempt(program, *args, status=ASSERTION):
    done = subprocess.run([program, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        swept = json.loads(attempt(program, "sweep", "retention", "--seeds", 200, "--first-failure",
                                   "--mutant", MUTANT, "--bundles", name, "--json"))
        failure = swept["failures"][0]
        bundle = pathlib.Path(failure["bundle"])
        for _ in range(2):
            told = attempt(program, "replay", bundle)
            assert "signal 11 (SIGSEGV)" in told, told
        small = bundle.with_suffix(".small.json")
        shrunk = json.loads(attempt(program, "shrink", bundle, "--time", "30s", "--output", small,
                                    "--json", status=PASSED))
        print(shrunk)
        for what in ("machines", "faults", "operations"):
            assert shrunk["after"][what] <= shrunk["before"][what], shrunk
        assert shrunk["after"]["operations"] < shrunk["before"]["operations"], shrunk
        told = attempt(program, "replay", small)
        assert "signal 11 (SIGSEGV)" in told, told


if __name__ == "__main__":
    main()
