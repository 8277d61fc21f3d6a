"""One seed gives one trace: in two processes, with logs on and off, and as the first or a later run
of a process."""

import concurrent.futures
import json
import subprocess
import sys

SEED_COUNT = 3
# As in checks.py, which compares builds with each other.
JOBS = 2


def run(program, *args, log=False):
    logs = ("--log", "trace") if log else ()
    done = subprocess.run([program, *map(str, args), "--json", *logs], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL if log else subprocess.PIPE, check=False)
    assert done.returncode == 0, (
        f"{' '.join(map(str, args))}: status {done.returncode}\n"
        f"{done.stdout.decode()[-2000:]}{(done.stderr or b'').decode()[-2000:]}")
    return json.loads(done.stdout)


def swept(program, log=False):
    """{(scenario, seed): trace}. A process of a sweep runs sixteen, one after the other."""
    return traces(run(program, "sweep", "--seeds", SEED_COUNT, "--jobs", JOBS, "--hashes",
                      log=log))


def traces(report):
    """Of a sweep with --hashes: {(scenario, seed): trace}, each with hash and checkpoints."""
    return {(name, int(seed)): trace for name, seeds in report["hashes"].items()
            for seed, trace in seeds.items()}


def first_difference(one, other):
    """The window of 1,000 events in which two traces part; empty when they are equal."""
    if one["trace_hash"] == other["trace_hash"]:
        return ""
    for number, (a, b) in enumerate(zip(one["checkpoints"], other["checkpoints"])):
        if a != b:
            return f"between events {number * 1000} and {number * 1000 + 1000}"
    return f"after event {1000 * min(len(one['checkpoints']), len(other['checkpoints']))}"


def main():
    program = sys.argv[1]
    names = [entry["name"] for entry in run(program, "list")["scenarios"] if not entry["slow"]]
    assert len(names) >= 5, names
    cases = [(name, seed) for seed in range(1, SEED_COUNT + 1) for name in names]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        firsts = dict(zip(cases, pool.map(
            lambda case: run(program, "run", case[0], "--seed", case[1]), cases)))
    later = swept(program)
    logged = swept(program, log=True)
    assert set(later) == set(logged) == set(cases)
    for (name, seed), first in firsts.items():
        parted = first_difference(first, later[name, seed])
        assert not parted, (
            f"{name} seed {seed}: the traces of two processes part {parted}; "
            f"see: weir-sim run {name} --seed {seed} --repeat 2")
        parted = first_difference(first, logged[name, seed])
        assert not parted, f"{name} seed {seed}: the traces without and with logs part {parted}"
    # With the name: a regression scenario may be another one that stays as it was.
    hashes = {(name, first["trace_hash"]) for (name, _), first in firsts.items()}
    assert len(hashes) == len(cases), "different seeds gave equal traces"
    print(f"{len(hashes)} traces, each three times: equal")


if __name__ == "__main__":
    main()
