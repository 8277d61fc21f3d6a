"""The table of known bugs names mutants that are there, and those who must find them."""

import json
import pathlib
import re
import subprocess
import sys

COUNT = 53


def listing(program):
    done = subprocess.run([program, "list", "--json"], stdout=subprocess.PIPE, check=True)
    listed = json.loads(done.stdout)
    found_by = {}
    for mutant in listed["mutants"]:
        found_by.setdefault(mutant["name"], set()).update(mutant["caught_by"])
    for mutant in listed["mutants_without_scenario"]:
        found_by.setdefault(mutant["name"], set()).add(mutant["property"])
    return found_by


def main():
    found_by = listing(sys.argv[1])
    text = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(1, COUNT + 1)), [row[0] for row in rows]
    for number, _, mutants, finders in rows:
        wanted = set(re.split(r",? ", finders))
        known = [found_by.get(name) for name in mutants.split(", ")]
        assert all(known), f"{number}: not every one of {mutants} is in weir-sim list"
        assert wanted <= set.union(*known), f"{number}: {finders} is not who finds {mutants}"
        for name, own in zip(mutants.split(", "), known):
            assert own & wanted, f"{number}: {name} is found by {own}, not by {finders}"
    print(f"{len(rows)} known bugs have a mutant")


if __name__ == "__main__":
    main()
