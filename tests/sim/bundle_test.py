"""A failure leaves a bundle; the bundle replays event for event, and says so when it does not."""

import json
import pathlib
import subprocess
import sys
import tempfile

PASSED, BAD_USAGE, LIVENESS, MISMATCH = 0, 2, 11, 13

# Fails for certain, and soon: so few events are not enough.
SCENARIO = """
name = "too-few-events"
[run]
duration = "10s"
events_max = 6000
[topology]
spus = 2
clients = 2
[[topics]]
name = "orders"
partitions = 2
[[faults]]
kind = "reset"
target = "spu"
peer = "client"
count = [2, 6]
"""


def attempt(program, *args, status):
    done = subprocess.run([program, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = folder / "few.toml"
        scenario.write_text(SCENARIO)
        swept = attempt(program, "sweep", scenario, "--seeds", 2, "--json",
                        "--bundles", folder / "b", status=LIVENESS)
        failures = json.loads(swept.stdout)["failures"]
        assert len(failures) == 2, failures
        bundle = pathlib.Path(failures[0]["bundle"])
        content = json.loads(bundle.read_text())
        assert content["expected"]["invariant"] == "A12", content["expected"]
        assert content["tape"]["sched.choose"], "no decisions on the tape"

        # The scenario file is not needed any more, and looking closer changes nothing.
        scenario.unlink()
        for more in ([], ["--log", "debug"], ["--log", "trace", "--node", "spu-0"]):
            again = attempt(program, "replay", bundle, "--json", *more, status=LIVENESS)
            assert json.loads(again.stdout)["same"], again.stdout
        lines = again.stderr.splitlines()
        assert lines and all(" spu-0 " in line for line in lines), lines[:5]
        part = json.loads(attempt(program, "replay", bundle, "--json", "--until", 2500,
                                  status=PASSED).stdout)
        # One step of the world may be two events.
        assert part["same"] and part["broken_off"] and part["events"] in (2500, 2501), part

        # Another decision early on is another run.
        tape = content["tape"]["sched.choose"]
        first = next(i for i, value in enumerate(tape) if value > 0)
        tape[first] = 0
        other = folder / "other.json"
        other.write_text(json.dumps(content))
        text = attempt(program, "replay", other, status=MISMATCH).stdout
        assert "DIFFERS" in text and "between events 0 and" in text, text
        # A tape that is too short says that it is.
        del tape[first:]
        other.write_text(json.dumps(content))
        text = attempt(program, "replay", other, status=MISMATCH).stdout
        assert "does not fit" in text, text

        other.write_text("{}")
        assert "not a bundle" in attempt(program, "replay", other, status=BAD_USAGE).stderr
        attempt(program, "replay", folder / "none.json", status=BAD_USAGE)

        small = folder / "small.json"
        shrunk = json.loads(attempt(program, "shrink", bundle, "-o", small, "--time", "15s",
                                    "--json", status=PASSED).stdout)
        assert shrunk["invariant"] == "A12", shrunk
        assert shrunk["after"]["machines"] < shrunk["before"]["machines"], shrunk
        assert shrunk["after"]["faults"] == 0, shrunk
        again = attempt(program, "replay", small, "--json", status=LIVENESS)
        assert json.loads(again.stdout)["same"], again.stdout
        # What does not fail cannot be made smaller.
        content["expected"]["invariant"] = "A1"
        other.write_text(json.dumps(content))
        assert "does not violate A1" in attempt(program, "shrink", other, status=MISMATCH).stderr
    print("bundles replay and shrink")


if __name__ == "__main__":
    main()
