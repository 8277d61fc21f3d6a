"""What shrinking leaves of planted bugs is small: in the median at most 5 faults and 10 operations,
each within a minute."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

FAULTS_MAX = 5
OPERATIONS_MAX = 10


def run(program, *args):
    done = subprocess.run([program, *map(str, args), "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return json.loads(done.stdout)


def main():
    program = sys.argv[1]
    only = sys.argv[2:]
    listing = json.loads(subprocess.run([program, "list", "--json"], stdout=subprocess.PIPE,
                                        check=True).stdout)
    sizes = []
    with tempfile.TemporaryDirectory() as name:
        for mutant in listing["mutants"]:
            if only and mutant["name"] not in only:
                continue
            folder = pathlib.Path(name) / mutant["name"]
            swept = run(program, "sweep", mutant["scenario"], "--seeds", 2000, "--first-failure",
                        "--mutant", mutant["name"], "--bundles", folder)
            shrunk = run(program, "shrink", swept["failures"][0]["bundle"], "--time", "55s")
            after = shrunk["after"]
            print(f"{mutant['name']}: {shrunk['invariant']}, {after['machines']} machines, "
                  f"{after['faults']} faults, {after['operations']} operations (of "
                  f"{shrunk['before']['faults']} and {shrunk['before']['operations']}), "
                  f"{shrunk['runs']} runs, {shrunk['wall_ns'] / 1e9:.1f} s", flush=True)
            assert shrunk["invariant"] in mutant["caught_by"], shrunk
            sizes.append((after["faults"], after["operations"]))
    assert sizes, only
    faults = statistics.median(size[0] for size in sizes)
    operations = statistics.median(size[1] for size in sizes)
    print(f"median: {faults} faults, {operations} operations")
    assert faults <= FAULTS_MAX and operations <= OPERATIONS_MAX


if __name__ == "__main__":
    main()
