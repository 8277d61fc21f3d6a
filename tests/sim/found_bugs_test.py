"""The seeds that have shown bugs stay clean.

usage: found_bugs_test.py WEIR_SIM BUGS_FOUND_MD

Runs every "`scenario` seed, seed" of docs/bugs-found.md. As the code changes a seed comes to draw
other events; what it runs then is as good as any other seed.
"""

import json
import re
import subprocess
import sys

ENTRY = re.compile(r"`([a-z0-9-]+)`(?: \([^)]*\))? (\d+(?:, \d+)*)")
AT_LEAST = 25


def seeds(text, scenarios):
    found = set()
    for name, numbers in ENTRY.findall(text):
        if name in scenarios:
            found.update((name, int(number)) for number in numbers.split(", "))
    return sorted(found)


def main():
    program, path = sys.argv[1:]
    listing = subprocess.run([program, "list", "--json"], stdout=subprocess.PIPE, check=True)
    scenarios = {entry["name"] for entry in json.loads(listing.stdout)["scenarios"]}
    with open(path, encoding="utf-8") as file:
        runs = seeds(file.read(), scenarios)
    assert len(runs) >= AT_LEAST, f"{path} names {len(runs)} seeds only: {runs}"
    failed = []
    for name, seed in runs:
        done = subprocess.run([program, "run", name, "--seed", str(seed)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, text=True)
        if done.returncode != 0:
            failed.append(f"{name} {seed}")
            print(done.stdout, flush=True)
    print(f"{len(runs)} seeds, {len(failed)} failed")
    assert not failed, failed


if __name__ == "__main__":
    main()
