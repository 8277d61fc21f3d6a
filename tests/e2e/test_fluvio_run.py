"""Our servers installed as `fluvio-run`, as `fluvio cluster start --local --spu N` and its sister
commands use them: their exact command lines, ports, folders, log files and process names,
and the requests of the client library that the tool is made with.

The tool itself is not published as a binary or a crate; what it does is control-plane spec 13.2.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import clients  # noqa: E402
import network  # noqa: E402
import processes  # noqa: E402
import records  # noqa: E402

ADDRESS = "127.0.0.1:9003"
VERSION = "0.18.3"
COUNT = 500
TOPIC = "copies"
WAIT_S = 30


class Home:
    """A user's home folder with the programs, and what was started from it."""

    def __init__(self, bin_dir):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-fluvio-"))
        self.data = self.folder / ".fluvio" / "data"
        self.log = self.folder / ".fluvio" / "log"
        extensions = self.folder / ".fluvio" / "extensions"
        extensions.mkdir(parents=True)
        self.log.mkdir()
        self.program = extensions / "fluvio-run"
        self.program.symlink_to(pathlib.Path(bin_dir).resolve() / "weir-run")
        self.env = dict(os.environ, HOME=str(self.folder), WEIR_PLATFORM_VERSION=VERSION,
                        FLV_PROFILE_PATH=str(self.folder / "profile"))
        self.address = ADDRESS
        self.running = {}

    def run(self, *args, env=None):
        return subprocess.run([self.program, *args], env=env or self.env, text=True,
                              capture_output=True, timeout=WAIT_S, check=False)

    def start(self, name, log, args, env=None):
        with open(self.log / log, "wb") as out:
            self.running[name] = subprocess.Popen(
                [self.program, *map(str, args)], env={**self.env, **(env or {})}, stdout=out,
                stderr=out, stdin=subprocess.DEVNULL, cwd=self.folder)

    def start_sc(self):
        self.start("sc", "flv_sc.log", ["sc", "--local", self.data / "metadata", "--bind-public",
                                        "127.0.0.1:9003"])
        text = "Streaming Controller started successfully"
        processes.wait_until(lambda: text in (self.log / "flv_sc.log").read_text(), WAIT_S, text)

    def start_spu(self, number):
        """As the tool does it; the SC is where it is by default."""
        self.start(5001 + number, f"spu_log_{5001 + number}.log",
                   ["spu", "-i", 5001 + number, "-p", f"0.0.0.0:{9010 + 10 * number}", "-v",
                    f"0.0.0.0:{9011 + 10 * number}", "--log-base-dir", self.data])

    def start_spu_of_pod(self):
        """As the chart does it: everything from the environment; the default ports."""
        self.start(5003, "spu_log_5003.log", ["spu"], {
            "SPU_INDEX": "main-2", "SPU_MIN": "5001", "FLV_SC_PRIVATE_HOST": "localhost:9004",
            "FLV_LOG_BASE_DIR": str(self.data), "FLV_LOG_SIZE": "1Gi",
            "FLV_LOG_INDEX_MAX_BYTES": "10485760", "FLV_PEER_MAX_BYTES": "10485760"})

    def kill(self, name):
        child = self.running.pop(name)
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=WAIT_S)

    def shutdown(self):
        """The tool kills what is called fluvio-run."""
        for name, child in list(self.running.items()):
            comm = pathlib.Path(f"/proc/{child.pid}/comm").read_text().strip()
            assert comm == "fluvio-run", comm
            self.kill(name)

    def close(self):
        for name in list(self.running):
            self.kill(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def show_logs(self):
        for path in sorted(self.log.glob("*")):
            print(f"--- {path.name}")
            print("\n".join(path.read_text(errors="replace").splitlines()[-20:]))


def wait_online(home, client, ids):
    processes.wait_until(
        lambda: client.run(home, "list-spus")[-1]["online"] == ids, WAIT_S, f"{ids} online")


def start_cluster(home, client, is_new):
    """The steps of `cluster start --local --spu 2`, and of `resume`."""
    home.start_sc()
    assert client.run(home, "platform-version")[-1]["version"] == VERSION
    for number in range(2):
        answer = client.run(home, "register-spu", 5001 + number, 9010 + 10 * number,
                            9011 + 10 * number)[-1]
        assert answer["created"] == is_new, answer
        home.start_spu(number)
    wait_online(home, client, [5001, 5002])


def check_records(home, client, count):
    out = home.folder / "read.txt"
    client.run(home, "consume", TOPIC, 0, "beginning", count, out)
    problem = records.difference(records.read_lines(out), records.expected_lines("run", 0, count))
    assert problem is None, problem


def produce(home, client, first, count):
    """At once: an SPU that has just started lets clients wait until it leads again."""
    client.run(home, "produce", TOPIC, "run", first, count, "none")


def check_programs(home):
    described = json.loads(home.run("metadata").stdout)
    assert sorted(described) == ["description", "package", "title", "version"], described
    shown = home.run("version")
    assert shown.returncode == 0 and described["version"] in shown.stdout, shown.stdout
    for args, text in (
            (["sc"], "--local"),
            (["sc", "--k8"], "Kubernetes is not supported"),
            (["sc", "--read-only", "file.json"], "read-only SC is not supported"),
            (["sc", "--local", "x", "--tls"], "TLS is not supported"),
            (["spu", "-i", "one"], "not a number"),
            (["spu"], "FLV_SPU_ID"),
            (["spu", "--no-such-flag"], "--no-such-flag")):
        done = home.run(*args)
        assert done.returncode == 2 and text in done.stdout + done.stderr, (args, done)


def check_restart(home, client):
    """A killed SPU, started again by the same command, serves what it had and leads again."""
    for number in range(2):
        home.kill(5001 + number)
        other = 5002 - number
        wait_online(home, client, [other])
        home.start_spu(number)
        wait_online(home, client, [5001, 5002])
        produce(home, client, COUNT * (1 + number), COUNT)
        check_records(home, client, COUNT * (2 + number))


def check_flags_in_any_order(home, client):
    home.kill(5002)
    home.start(5002, "spu_log_5002.log",
               ["spu", f"--log-base-dir={home.data}", "--private-server", "0.0.0.0:9021",
                "--sc-addr", "localhost:9004", "--public-server=0.0.0.0:9020", "--id", 5002])
    wait_online(home, client, [5001, 5002])
    home.kill(5002)
    home.start(5002, "spu_log_5002.log", ["spu", "-v", "0.0.0.0:9021", "-p", "0.0.0.0:9020"],
               {"FLV_SPU_ID": "5002", "FLV_LOG_BASE_DIR": str(home.data),
                "FLV_SC_PRIVATE_HOST": "localhost"})
    wait_online(home, client, [5001, 5002])
    client.run(home, "register-spu", 5003, 9005, 9006)
    home.start_spu_of_pod()
    wait_online(home, client, [5001, 5002, 5003])
    check_records(home, client, COUNT * 3)
    home.kill(5003)


def create_topic(home):
    weir = home.program.resolve().parent / "weir"
    subprocess.run([weir, "-c", ADDRESS, "topic", "create", TOPIC, "-r", "2"], env=home.env,
                   check=True, capture_output=True, timeout=WAIT_S)


def main():
    network.enter()
    clients.require_installed()
    client = clients.all_clients()[0]
    home = Home(sys.argv[1])
    watch = clients.Stopwatch()
    try:
        check_programs(home)
        start_cluster(home, client, True)
        watch.lap("cluster start --local --spu 2")
        create_topic(home)
        produce(home, client, 0, COUNT)
        check_records(home, client, COUNT)
        for spu in (5001, 5002):
            assert (home.data / f"spu-logs-{spu}").is_dir(), sorted(home.data.iterdir())
        check_restart(home, client)
        watch.lap("each SPU killed and started again")
        check_flags_in_any_order(home, client)
        watch.lap("flags in any order, the environment, default ports")
        home.shutdown()
        start_cluster(home, client, False)
        check_records(home, client, COUNT * 3)
        produce(home, client, COUNT * 3, COUNT)
        check_records(home, client, COUNT * 4)
        watch.lap("shutdown and resume")
        home.shutdown()
        shutil.rmtree(home.data)
        start_cluster(home, client, True)
        assert TOPIC not in client.run(home, "list-topics")[-1]["topics"]
        watch.lap("delete, and start anew")
    except BaseException:
        home.show_logs()
        raise
    finally:
        home.close()
    print("passed")


if __name__ == "__main__":
    main()
