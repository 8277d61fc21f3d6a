"""A cluster of one SC and SPUs, each on a machine of its own (network.py)."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import processes
from network import Network

SC_NUMBER = 10
READY_TIMEOUT_S = 30


class Machine:
    def __init__(self, network, number, name, log_path):
        self.network = network
        self.number = number
        self.name = name
        self.log_path = log_path
        self.address = network.add_machine(number)
        self.argv = []
        self.child = None

    @property
    def is_sc(self):
        return self.number == SC_NUMBER

    @property
    def spu_id(self):
        return 5000 + self.number - SC_NUMBER

    def start(self):
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(self.network.command_on(self.number, self.argv),
                                          stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def send(self, how):
        os.kill(self.child.pid, how)

    def end(self, how):
        """The exit status; negative: the signal that ended it."""
        self.send(how)
        return self.child.wait(timeout=30)


class MachineCluster:
    def __init__(self, bin_dir, spus):
        self.bin_dir = pathlib.Path(bin_dir).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-"))
        self.is_kept = False
        (self.folder / "log").mkdir()
        self.network = Network()
        self.env = dict(os.environ, HOME=str(self.folder),
                        FLV_PROFILE_PATH=str(self.folder / "profile"))
        self.sc = self.add_machine(SC_NUMBER, "sc")
        self.spus = [self.add_machine(SC_NUMBER + i, f"spu-{5000 + i}") for i in range(1, spus + 1)]
        self.address = f"{self.sc.address}:9003"

    def add_machine(self, number, name):
        return Machine(self.network, number, name, self.folder / "log" / f"{name}.log")

    @property
    def machines(self):
        return [self.sc, *self.spus]

    def data_dir(self, machine):
        return self.folder / machine.name

    def weir(self, *args, check=True, timeout_s=60):
        done = subprocess.run([str(self.bin_dir / "weir"), *map(str, args)], env=self.env,
                              capture_output=True, timeout=timeout_s, check=False)
        if check and done.returncode != 0:
            output = (done.stdout + done.stderr).decode(errors="replace")[-3000:]
            raise AssertionError(f"weir {' '.join(map(str, args))}: {done.returncode}\n{output}")
        return done

    def start(self):
        program = str(self.bin_dir / "weir-run")
        self.sc.argv = [program, "sc", "--local", str(self.data_dir(self.sc)),
                        "--bind-public", f"{self.sc.address}:9003",
                        "--bind-private", f"{self.sc.address}:9004"]
        self.sc.start()
        self.weir("profile", "add", "failover", self.address, "docker")
        processes.wait_until(lambda: self.weir("spu", "list", check=False).returncode == 0,
                             READY_TIMEOUT_S, "the SC")
        for spu in self.spus:
            self.weir("spu", "register", "-i", spu.spu_id, "-p", f"{spu.address}:9005",
                      "-v", f"{spu.address}:9006")
            spu.argv = [program, "spu", "-i", str(spu.spu_id), "-p", f"{spu.address}:9005",
                        "-v", f"{spu.address}:9006", "--sc-addr", f"{self.sc.address}:9004",
                        "--log-base-dir", str(self.data_dir(spu))]
            spu.start()

    def partitions(self, topic):
        """{partition: (leader, size of the LRS, the replicas' LEOs)}; None while the SC is away."""
        listed = self.weir("partition", "list", "-O", "json", check=False)
        if listed.returncode != 0:
            return None
        found = {}
        for item in json.loads(listed.stdout):
            name, _, partition = item["name"].rpartition("-")
            if name == topic:
                status = item["status"]
                leos = {one["leo"] for one in [status["leader"], *status["replicas"]]}
                found[int(partition)] = (item["spec"]["leader"], status["lsr"] + 1, leos)
        return found

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.is_kept = kind is not None
        self.close()

    def close(self):
        for machine in self.machines:
            if machine.child is not None and machine.child.poll() is None:
                machine.end(signal.SIGKILL)
        if self.is_kept:
            print(f"kept: {self.folder}", flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
