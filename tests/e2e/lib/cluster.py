"""A local cluster of one test, started as a person would start it, on ports of its own."""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile

import processes

PORTS_PER_CLUSTER = 64


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_port_base():
    """A block below the range that the kernel gives to outgoing connections."""
    for _ in range(200):
        base = 10_000 + PORTS_PER_CLUSTER * random.SystemRandom().randrange(0, 340)
        if all(is_free(port) for port in range(base, base + PORTS_PER_CLUSTER)):
            return base
    raise AssertionError("no free block of ports below 32000")


class CommandFailed(AssertionError):
    pass


class Cluster:
    def __init__(self, bin_dir, spus=1, env=None):
        self.bin_dir = pathlib.Path(bin_dir)
        self.spus = spus
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-"))
        self.data_dir = self.folder / "data"
        self.port_base = free_port_base()
        self.address = f"127.0.0.1:{self.port_base}"
        self.env = dict(os.environ, HOME=str(self.folder),
                        FLV_PROFILE_PATH=str(self.folder / "profile"), **(env or {}))
        self.killed = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.show_logs()
        self.close()

    def weir(self, *args, stdin=None, check=True, timeout_s=120):
        done = subprocess.run([str(self.bin_dir / "weir"), *map(str, args)], env=self.env,
                              input=stdin, capture_output=True, timeout=timeout_s, check=False)
        if check and done.returncode != 0:
            output = (done.stdout + done.stderr).decode(errors="replace")[-3000:]
            raise CommandFailed(f"weir {' '.join(map(str, args))}: {done.returncode}\n{output}")
        return done

    def start(self):
        self.weir("cluster", "start", "--spu", self.spus, "--data-dir", self.data_dir,
                  "--log-dir", self.folder / "log", "--port-base", self.port_base)

    def servers(self, role=None):
        found = processes.find_servers(self.data_dir)
        return [server for server in found if role in (None, server.role)]

    def spu_address(self, spu_id):
        """As the specification lays out a local cluster, moved to this cluster's ports."""
        return f"127.0.0.1:{self.port_base + 7 + 10 * (spu_id - 5001)}"

    def leader_address(self, topic, partition=0):
        """With one replica the only entry of the replica map is the leader."""
        for item in json.loads(self.weir("topic", "list", "-O", "json").stdout):
            if item["name"] == topic:
                return self.spu_address(item["status"]["replicaMap"][str(partition)][0])
        raise AssertionError(f"no topic {topic} in the list")

    def show_logs(self):
        for path in sorted((self.folder / "log").glob("*")):
            text = path.read_text(encoding="utf-8", errors="replace").splitlines()
            print(f"--- {path.name}, last lines")
            print("\n".join(text[-25:]))

    def close(self):
        for server in self.servers():
            try:
                os.kill(server.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        processes.wait_until(lambda: not self.servers(), 10, "the servers' end")
        shutil.rmtree(self.folder, ignore_errors=True)
