"""`./dev run`: a local cluster, a real data set through it and back, a sweep of the simulator."""

import argparse
import json
import os
import signal
import socket
import subprocess
import time

import build
import common
import setup

DATA_SET = "/usr/share/unicode/UnicodeData.txt"
DATA_SET_NAME = "the Unicode character table (package unicode-data)"
TOPIC = "unicode"
SPUS = 3
REPLICAS = 3
PORT_BASE = 9003
SWEEP_TIME = "10s"
RECORD_FORMAT = "{{partition}}\t{{offset}}\t{{key}}\t{{value}}"


def parse(args):
    parser = argparse.ArgumentParser(prog="./dev run", add_help=True)
    parser.add_argument("--once", action="store_true", help="end after the sweep")
    parser.add_argument("--data-dir", default=str(common.BUILD / "run"),
                        help="where the cluster keeps everything (default: build/run)")
    parser.add_argument("--port-base", type=int, default=PORT_BASE,
                        help=f"the SC's public port; the others follow (default: {PORT_BASE})")
    return parser.parse_args(args)


class Cluster:
    """The cluster that this run starts and stops, with a client profile of its own."""

    def __init__(self, options):
        self.data_dir = os.path.abspath(options.data_dir)
        self.port_base = options.port_base
        self.profile = os.path.join(self.data_dir, "profile")
        self.env = common.environment()
        # The user's own profile stays as it is; the lines printed at the end name this one.
        self.env["FLV_PROFILE_PATH"] = self.profile
        self.is_started = False

    def command(self, *args):
        return [str(common.RELEASE_BIN / "weir"), *[str(arg) for arg in args]]

    def weir(self, *args, hint=""):
        done = common.quiet(self.command(*args), env=self.env)
        if done.returncode != 0:
            raise common.Failure(f"weir {' '.join(map(str, args))} failed:\n{done.stdout[-2000:]}",
                                 hint or f"Logs are in {self.data_dir}/log.")
        return done.stdout

    def ports(self):
        """As a local Fluvio cluster has them, moved to the port base."""
        found = [self.port_base, self.port_base + 1]
        for index in range(SPUS):
            found += [self.port_base + 7 + 10 * index, self.port_base + 8 + 10 * index]
        return found

    def require_free_ports(self):
        for port in self.ports():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise common.Failure(
                        f"port {port} is taken: another cluster may be running",
                        "Stop it (weir cluster stop), or choose other ports: ./dev run "
                        "--port-base 19003",
                    ) from None

    def start(self):
        self.require_free_ports()
        os.makedirs(self.data_dir, exist_ok=True)
        self.is_started = True
        self.weir("cluster", "start", "--spu", SPUS, "--data-dir", self.data_dir,
                  "--log-dir", os.path.join(self.data_dir, "log"), "--port-base", self.port_base)

    def stop(self):
        if self.is_started:
            self.is_started = False
            self.weir("cluster", "stop", "--data-dir", self.data_dir)


def read_data_set():
    """[(key, value)]: the code point, and the rest of its line."""
    with open(DATA_SET, "rb") as file:
        lines = file.read().splitlines()
    return [tuple(line.split(b";", 1)) for line in lines]


def create_topic(cluster):
    listed = json.loads(cluster.weir("topic", "list", "-O", "json") or "[]")
    if any(item["name"] == TOPIC for item in listed):
        # Left by an earlier run over the same folder.
        cluster.weir("topic", "delete", TOPIC)
    cluster.weir("topic", "create", TOPIC, "--partitions", SPUS,
                 "--replication", REPLICAS)


def produce(cluster, record_count, size_bytes):
    begin = time.monotonic()
    cluster.weir("produce", TOPIC, "--file", DATA_SET, "--key-separator", ";", "--linger", "5ms")
    elapsed = time.monotonic() - begin
    return {"records": record_count, "bytes": size_bytes, "seconds": elapsed}


def consume(cluster, record_count, size_bytes):
    begin = time.monotonic()
    command = cluster.command("consume", TOPIC, "-A", "-B", "-d", "-F", RECORD_FORMAT)
    done = subprocess.run(command, env=cluster.env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    elapsed = time.monotonic() - begin
    if done.returncode != 0:
        raise common.Failure(f"weir consume failed:\n{done.stderr.decode()[-2000:]}")
    return done.stdout, {"records": record_count, "bytes": size_bytes, "seconds": elapsed}


def compare(output, wanted):
    """Every byte and every offset: dense from 0 in each partition, in the order of the file."""
    place = {key: number for number, (key, _) in enumerate(wanted)}
    next_offset = {}
    last_place = {}
    seen = set()
    for line in output.splitlines():
        partition, offset, key, value = line.split(b"\t", 3)
        if int(offset) != next_offset.get(partition, 0):
            raise common.Failure(f"partition {partition.decode()} has offset {offset.decode()} "
                                 f"where {next_offset.get(partition, 0)} is due")
        next_offset[partition] = int(offset) + 1
        if key not in place or key in seen:
            raise common.Failure(f"key {key!r} was read twice or never written")
        if value != wanted[place[key]][1]:
            raise common.Failure(f"the record of {key!r} came back changed: {value!r}")
        if place[key] < last_place.get(partition, -1):
            raise common.Failure(f"partition {partition.decode()} is out of order at {key!r}")
        last_place[partition] = place[key]
        seen.add(key)
    if len(seen) != len(wanted):
        raise common.Failure(f"{len(seen)} records came back, {len(wanted)} were written")
    return len(next_offset)


def sweep():
    """Ten seconds of faulty clusters over the same code; progress is the program's own."""
    command = [str(common.RELEASE_BIN / "weir-sim"), "sweep", "--time", SWEEP_TIME, "--json"]
    done = subprocess.run(command, env=common.environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=False)
    text = done.stdout.decode(errors="replace")
    start = text.find("{")
    if start < 0:
        raise common.Failure(f"weir-sim sweep printed no result:\n{text[-2000:]}")
    result = json.loads(text[start:])
    if done.returncode != 0:
        raise common.Failure(
            f"the sweep found a violation:\n{json.dumps(result, indent=2)[-3000:]}",
            "Replay the seed with the command given above; it fails the same way every time.")
    return result


def rate(label, figures):
    seconds = max(figures["seconds"], 1e-9)
    return (f"  {label:<10}{figures['records']:>8,} records  {figures['bytes'] / 1e6:6.2f} MB  "
            f"{seconds:6.2f} s  {figures['records'] / seconds:>10,.0f} records/s  "
            f"{figures['bytes'] / 1e6 / seconds:7.2f} MB/s")


def print_report(written, read, partitions, swept):
    common.say()
    common.say(f"{DATA_SET_NAME}, through {SPUS} SPUs and back, {REPLICAS} "
               "copies, each synced to disk before the ack")
    common.say(rate("written", written))
    common.say(rate("read back", read))
    common.say(f"  compared  every key, value and offset of {partitions} partitions: equal")
    hours = swept["simulated_ns"] / 3.6e12
    common.say(f"  simulator {swept['seeds']:,} seeds, {hours:,.1f} simulated hours, "
               f"{swept['faults']:,} faults survived, 0 violations")
    common.say()


def print_next(cluster):
    weir = os.path.relpath(common.RELEASE_BIN / "weir", os.getcwd())
    common.say("Try next, in another shell:")
    common.say(f"  export FLV_PROFILE_PATH={cluster.profile}")
    common.say(f"  {weir} topic list")
    common.say(f"  {weir} consume {TOPIC} -T 5 -d -k")
    common.say(f"  echo hello | {weir} produce {TOPIC}")
    common.say(f"  {weir} partition list")
    common.say("  ./dev sim list")
    common.say()


def serve(cluster):
    common.say(f"Serving on 127.0.0.1:{cluster.port_base}, data in {cluster.data_dir}. "
               "Ctrl-C stops the cluster.")
    # Also where SIGINT itself is ignored, as it is for what a shell starts in the background.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        common.say()


def exercise(cluster, progress):
    wanted = read_data_set()
    size = os.path.getsize(DATA_SET)
    progress.run("create the topic", create_topic, cluster)
    written = progress.run(f"write {len(wanted):,} records", produce, cluster, len(wanted), size)
    output, read = progress.run("read them back", consume, cluster, len(wanted), size)
    partitions = progress.run("compare", compare, output, wanted)
    swept = progress.run(f"sweep the simulator for {SWEEP_TIME}", sweep)
    print_report(written, read, partitions, swept)


def main(args):
    options = parse(args)
    cluster = Cluster(options)
    steps = ["packages", "build", "cluster", "topic", "write", "read", "compare", "sweep"]
    progress = common.Steps(steps)
    progress.run("packages", setup.ensure_base)
    progress.run("build the release programs", build.build_programs)
    try:
        progress.run(f"start a cluster: one SC, {SPUS} SPUs", cluster.start)
        exercise(cluster, progress)
        if not options.once:
            print_next(cluster)
            serve(cluster)
    finally:
        cluster.stop()
    common.say("run: everything came back right; the cluster is stopped, its data is in "
               f"{cluster.data_dir}")
    return 0
