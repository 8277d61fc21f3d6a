"""Every call of the published clients, on one SPU and on three with three replicas, as
docs/compatibility.md says: its table and what runs here are the same, call by call."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import clients  # noqa: E402
from cluster import Cluster  # noqa: E402

TABLE = clients.ROOT / "docs" / "compatibility.md"
HEADING = "## Calls of the published clients"
TIMEOUT_S = 300
# SPUs, and replicas of every topic.
SIZES = (1, 3)


class Row:
    """What the table says of one call: whether it works at each size, and a part of the error."""

    def __init__(self, cells):
        self.works = {1: cells[2] == "yes", 3: cells[3] == "yes"}
        self.errors = re.findall(r"`([^`]+)`", cells[4])
        if not {cells[2], cells[3]} <= {"yes", "no"}:
            raise AssertionError(f"neither yes nor no: {cells}")
        if not all(self.works.values()) and not self.errors:
            raise AssertionError(f"no reason, in backticks as the client shows it: {cells}")


def read_table():
    """{(client, call): Row}"""
    text = TABLE.read_text(encoding="utf-8").split(HEADING, 1)[1].split("\n## ", 1)[0]
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or cells[0] in ("Client", "---"):
            continue
        for call in re.findall(r"`([^`]+)`", cells[1]):
            key = (cells[0], call)
            assert key not in rows, f"twice in the table: {key}"
            rows[key] = Row(cells)
    return rows


def programs():
    """How to run each client's calls: after these words come address, prefix, replicas, folder."""
    rust, python, node = clients.all_clients()
    folder = clients.HERE / "clients"
    return {
        "rust": (lambda address: [*rust.command, address, "calls"], rust.env),
        "python": (lambda address: [python.command[0], "-B", folder / "python" / "calls.py",
                                    address], python.env),
        "node": (lambda address: [node.command[0], folder / "node" / "calls.js", address],
                 node.env),
    }


def run(name, argv, env):
    done = subprocess.run([str(part) for part in argv], env=env, text=True, capture_output=True,
                          timeout=TIMEOUT_S, check=False)
    lines = clients.read_objects(done.stdout)
    if done.returncode != 0 or not lines:
        raise AssertionError(f"{name}: status {done.returncode}, {done.stderr[-2000:]}")
    return lines


def outcomes(name, cluster, size):
    """{call: error or None}"""
    before, env = programs()[name]
    argv = [*before(cluster.address), f"{name}{size}", size, cluster.folder]
    found = {}
    for line in run(name, argv, {**cluster.env, **env}):
        for call in line["calls"]:
            assert call not in found, f"{name}: two steps for {call}"
            found[call] = line["error"]
    return found


def difference(name, size, found, table):
    """What the table and one run disagree about, as lines."""
    listed = {call: row for (client, call), row in table.items() if client == name}
    problems = [f"no row for {call}" for call in found.keys() - listed.keys()]
    problems += [f"nothing runs {call}" for call in listed.keys() - found.keys()]
    for call in found.keys() & listed.keys():
        row, error = listed[call], found[call]
        if row.works[size] and error is not None:
            problems.append(f"{call} fails: {error[:300]}")
        elif not row.works[size] and error is None:
            problems.append(f"{call} works, the table says it does not")
        elif error is not None and not any(part in error for part in row.errors):
            problems.append(f"{call} fails otherwise than the table says: {error[:300]}")
    return [f"{name}, {size} SPUs: {problem}" for problem in sorted(problems)]


def check_surface(table):
    """Every call that the installed library has is in the table."""
    problems = []
    for name in ("python", "node"):
        before, env = programs()[name]
        surface = run(name, [*before("surface")], {**os.environ, **env})[0]["surface"]
        problems += [f"{name}: no row for {call} of the library" for call in surface
                     if (name, call) not in table]
    return problems


def main():
    clients.require_installed()
    table = read_table()
    watch = clients.Stopwatch()
    problems = check_surface(table)
    for size in SIZES:
        with Cluster(sys.argv[1], spus=size, env={"FLV_TOPIC_WAIT": "2"}) as cluster:
            for name in programs():
                found = outcomes(name, cluster, size)
                problems += difference(name, size, found, table)
                good = sum(error is None for error in found.values())
                watch.lap(f"{name}, {size} SPUs: {good} of {len(found)} calls work")
    assert not problems, "\n" + "\n".join(problems)
    print("passed")


if __name__ == "__main__":
    main()
