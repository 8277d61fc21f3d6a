"""One seed gives one trace: twice in a process, in two processes, with logs on and off, and as the
first or the last of several runs."""

import json
import subprocess
import sys

SEEDS = (1, 2, 3)


def run(program, *args):
    done = subprocess.run([program, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, (
        f"{' '.join(map(str, args))}: status {done.returncode}\n"
        f"{done.stdout.decode()[-2000:]}{done.stderr.decode()[-2000:]}")
    return json.loads(done.stdout)


def first_difference(one, other):
    """The window of 1,000 events in which two runs part."""
    for number, (a, b) in enumerate(zip(one["checkpoints"], other["checkpoints"])):
        if a != b:
            return f"events {number * 1000} to {number * 1000 + 999}"
    return f"after event {1000 * min(len(one['checkpoints']), len(other['checkpoints']))}"


def main():
    program = sys.argv[1]
    names = [entry["name"] for entry in run(program, "list", "--json")["scenarios"]]
    assert len(names) >= 5, names
    # With the name: a regression scenario may be another one that stays as it was.
    hashes = set()
    for name in names:
        for seed in SEEDS:
            # --repeat compares runs within the process, and fails when they differ.
            first = run(program, "run", name, "--seed", seed, "--json", "--repeat", 2)
            again = run(program, "run", name, "--seed", seed, "--json")
            logged = run(program, "run", name, "--seed", seed, "--json", "--log", "trace")
            for other, what in ((again, "in another process"), (logged, "with logs")):
                assert other["trace_hash"] == first["trace_hash"], (
                    f"{name} seed {seed} differs {what}: {first_difference(first, other)}")
            hashes.add((name, first["trace_hash"]))
    assert len(hashes) == len(names) * len(SEEDS), "different seeds gave equal traces"
    print(f"{len(hashes)} traces, each four times: equal")


if __name__ == "__main__":
    main()
