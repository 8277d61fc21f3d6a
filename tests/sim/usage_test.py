"""What a person can get wrong: each mistake ends with status 2 and a text that says what to do."""

import pathlib
import subprocess
import sys
import tempfile

BAD_USAGE = 2


def attempt(program, *args):
    return subprocess.run([program, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, text=True)


def refused(program, wanted, *args):
    done = attempt(program, *args)
    assert done.returncode == BAD_USAGE, f"{args}: status {done.returncode}\n{done.stdout}"
    for text in wanted:
        assert text in done.stdout, f"{args}: '{text}' is not in\n{done.stdout}"


def main():
    program = sys.argv[1]
    refused(program, ["weir-sim list"], "run", "no-such-scenario")
    refused(program, ["--time"], "sweep", "--time", "10")
    refused(program, ["--log"], "run", "sc-restart", "--log", "loud")
    refused(program, ["subcommand"])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "mine.toml"
        path.write_text('name = "mine"\n\n[run]\nduration = "1s"\n  colour = "red"\n')
        # An unknown key is where it begins, a wrong value where that does; for every verb.
        for verb in ("run", "sweep", "explain", "explore"):
            refused(program, ["unknown key run.colour", "mine.toml:5:3:"], verb, str(path))
        path.write_text('name = "mine"\n[run\n')
        refused(program, ["mine.toml"], "run", str(path))
        path.write_text('name = "mine"\n\n[run]\nduration = 7\n')
        refused(program, ["duration", "mine.toml:4:12:"], "run", str(path))
        fault = ('name = "mine"\n\n[[topics]]\nname = "t"\n\n'
                 '[[faults]]\nkind = "{}"\ntarget = "{}"\n')
        path.write_text(fault.format("earthquake", "spu"))
        refused(program, ["half_open", "clock_leap", ":7:8:"], "run", str(path))
        # Nobody could say what is left of the metadata, or of topics that come and go.
        path.write_text(fault.format("wipe", "sc"))
        refused(program, ["wipe", "spu", ":6:"], "run", str(path))
        path.write_text(fault.format("wipe", "spu") + '\n[workload]\nadmin_interval = "1s"\n')
        refused(program, ["wipe", "admin_interval"], "run", str(path))
        path.write_text(fault.format("store_conflict", "spu"))
        refused(program, ["store_conflict", "sc", ":6:"], "run", str(path))
        path.write_text(fault.format("crash", "spu") + "\n[swarm]\nsize = true\n")
        refused(program, ["unknown key swarm.size", ":11:1:"], "run", str(path))
    listed = attempt(program, "list")
    assert listed.returncode == 0
    for word in ("torn-writes", "A14", "power_loss", "ack_before_fsync"):
        assert word in listed.stdout, word
    print("every mistake was answered")


if __name__ == "__main__":
    main()
