"""The published clients, each behind the same verbs (clients/README.md)."""

import json
import os
import pathlib
import select
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
INSTALLED = pathlib.Path(os.environ.get("WEIR_CLIENTS_DIR", ROOT / "build" / "clients"))
TIMEOUT_S = 120


class ClientFailed(AssertionError):
    pass


def read_objects(stdout):
    """The JSON objects among the lines of a client program."""
    return [json.loads(line) for line in stdout.splitlines() if line.startswith("{")]


class Client:
    def __init__(self, name, command, env, has_offsets, sets_compression):
        self.name = name
        self.command = [str(part) for part in command]
        self.env = env
        self.has_offsets = has_offsets
        self.sets_compression = sets_compression

    def argv(self, address, verb, args):
        return [*self.command, address, verb, *map(str, args)]

    def run(self, cluster, verb, *args):
        """The JSON objects that the program printed; an error of the program is an exception."""
        done = subprocess.run(self.argv(cluster.address, verb, args), text=True, check=False,
                              env={**cluster.env, **self.env}, capture_output=True,
                              timeout=TIMEOUT_S)
        return self.parse(verb, done.returncode, done.stdout, done.stderr)

    def parse(self, verb, code, stdout, stderr):
        lines = read_objects(stdout)
        errors = [line["error"] for line in lines if "error" in line]
        if code != 0 or errors:
            raise ClientFailed(f"{self.name} {verb}: status {code}, {errors or stderr[-2000:]}")
        return lines

    def open_consumer(self, cluster, *args):
        """Start `consume` and return when its stream is open."""
        child = subprocess.Popen(self.argv(cluster.address, "consume", args),
                                 env={**cluster.env, **self.env}, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([child.stdout], [], [], TIMEOUT_S)
        line = child.stdout.readline() if ready else ""
        if json.loads(line or "{}") != {"ready": True}:
            child.kill()
            problem = child.stderr.read()[-2000:]
            raise ClientFailed(f"{self.name} consume: no stream, {line} {problem}")
        return child

    def finish_consumer(self, child):
        stdout, stderr = child.communicate(timeout=TIMEOUT_S)
        return self.parse("consume", child.returncode, stdout, stderr)


def node_program():
    """As the set-up chose: the one on PATH, else the one that came as a Python wheel."""
    packaged = INSTALLED / "py" / "bin" / "node"
    return packaged if packaged.exists() else "node"


def all_clients():
    programs = HERE / "clients"
    quiet = {"RUST_LOG": "off"}
    node_env = {**quiet, "NODE_PATH": str(INSTALLED / "node" / "node_modules")}
    return [
        Client("rust", [INSTALLED / "rust" / "release" / "weir-e2e-client"], quiet, True, True),
        Client("python", [INSTALLED / "py" / "bin" / "python", programs / "python" / "client.py"],
               quiet, True, True),
        Client("node", [node_program(), programs / "node" / "client.js"], node_env, False, False),
    ]


def require_installed():
    missing = [str(client.command[0]) for client in all_clients()[:2]
               if not pathlib.Path(client.command[0]).exists()]
    if missing:
        raise SystemExit(f"e2e: not installed: {', '.join(missing)}; run ./dev setup --clients")


class Stopwatch:
    def __init__(self):
        self.last = time.monotonic()

    def lap(self, what):
        now = time.monotonic()
        print(f"{now - self.last:7.2f} s  {what}", flush=True)
        self.last = now
