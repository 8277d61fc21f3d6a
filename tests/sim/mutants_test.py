"""Every planted bug is found by the invariant that is there for it, within some seeds."""

import json
import subprocess
import sys
import time

SEEDS_MAX = 2_000


def sweep(program, *args):
    done = subprocess.run([program, "sweep", *map(str, args), "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return json.loads(done.stdout)


def main():
    program = sys.argv[1]
    listing = subprocess.run([program, "list", "--json"], stdout=subprocess.PIPE, check=True)
    mutants = json.loads(listing.stdout)["mutants"]
    assert len(mutants) >= 5, mutants
    missed = []
    for mutant in mutants:
        begin = time.monotonic()
        result = sweep(program, mutant["scenario"], "--seeds", SEEDS_MAX, "--first-failure",
                       "--mutant", mutant["name"])
        found = [failure["violations"][0]["invariant"] for failure in result["failures"]]
        is_caught = bool(found) and found[0] in mutant["caught_by"]
        print(f"{mutant['name']}: {'caught' if is_caught else 'MISSED'}, wanted "
              f"{mutant['caught_by']}, found {found} after {result['seeds']} runs, "
              f"{time.monotonic() - begin:.1f} s", flush=True)
        if not is_caught:
            missed.append(mutant["name"])
    clean = sweep(program, "--seeds", 5)
    assert not clean["failures"], clean["failures"]
    assert not missed, f"missed: {missed}"
    print("passed")


if __name__ == "__main__":
    main()
