"""kill -9 of an SPU or of the SC under a produce load, again and again; nothing acked is lost.

Every partition has one writer that never retries: the fate of each record is acknowledged at an
offset, refused, or unknown because the connection broke. The log must hold the first at exactly
their offsets, none of the second, the third at most once, and nothing else.
"""

import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import processes  # noqa: E402
import wire  # noqa: E402
from cluster import Cluster  # noqa: E402

ROUNDS = 50
SPUS = 2
ACKS_PER_ROUND = 25
CHECK_EVERY = 10
RESTART_TIMEOUT_S = 30
TOPIC = "kill"


class Writer(threading.Thread):
    """Writes small batches to one partition until told to stop, and keeps the ledger."""

    def __init__(self, address, partition, seed):
        super().__init__(daemon=True)
        self.address = address
        self.partition = partition
        self.random = random.Random(seed)
        self.lock = threading.Condition()
        self.acked = {}
        self.refused = {}
        self.unknown = set()
        self.is_stopping = False
        self.error = None
        self.number = 0

    def next_batch(self):
        records = []
        for _ in range(self.random.randint(1, 4)):
            value = f"{self.partition}:{self.number}:" + "v" * self.random.randint(0, 90)
            records.append((f"k{self.number}".encode(), value.encode()))
            self.number += 1
        return records

    def send(self, connection, records):
        values = [value for _, value in records]
        try:
            base = connection.produce(TOPIC, self.partition, records)
        except wire.Refused as refusal:
            with self.lock:
                self.refused.update(dict.fromkeys(values, refusal.code))
            return
        except (OSError, EOFError):
            with self.lock:
                self.unknown.update(values)
            raise
        with self.lock:
            for index, value in enumerate(values):
                self.acked[value] = base + index
            self.lock.notify_all()

    def run(self):
        try:
            while not self.is_stopping:
                try:
                    with wire.Connection(self.address) as connection:
                        while not self.is_stopping:
                            self.send(connection, self.next_batch())
                            if self.refused:
                                time.sleep(0.005)  # Do not spin on a partition that is not up yet.
                except (OSError, EOFError):
                    time.sleep(0.01)
        except BaseException as error:  # Reported by the main thread.
            self.error = error

    def wait_for_acks(self, count, what):
        with self.lock:
            goal = len(self.acked) + count
            is_there = self.lock.wait_for(lambda: len(self.acked) >= goal or self.error,
                                          RESTART_TIMEOUT_S)
        if self.error:
            raise self.error
        assert is_there, f"partition {self.partition}: no acknowledgement {what}"


def stop_writers(writers):
    for writer in writers:
        writer.is_stopping = True
    for writer in writers:
        writer.join(RESTART_TIMEOUT_S)
        assert not writer.is_alive(), f"writer {writer.partition} hangs"
        if writer.error:
            raise writer.error


def check_log(writer):
    with wire.Connection(writer.address) as connection:
        found = connection.read_all(TOPIC, writer.partition)
    offsets = [offset for offset, _, _ in found]
    assert offsets == list(range(len(offsets))), "offsets are not dense"
    places = {}
    for offset, _, value in found:
        assert value not in places, f"{value[:20]} is at {places[value]} and at {offset}"
        places[value] = offset
    for value, offset in writer.acked.items():
        assert places.get(value) == offset, (
            f"{value[:20]} was acknowledged at {offset}, is at {places.get(value)}")
    for value, code in writer.refused.items():
        assert value not in places, f"{value[:20]} was refused with {code}, is at {places[value]}"
    known = len(writer.acked) + len(writer.unknown)
    strangers = [value for value in places
                 if value not in writer.acked and value not in writer.unknown]
    assert not strangers and len(found) <= known, f"records nobody wrote: {strangers[:3]}"
    return len(found)


def start_writers(cluster, generation):
    writers = []
    for partition in range(SPUS):
        writers.append(Writer(cluster.leader_address(TOPIC, partition), partition,
                              1000 * generation + partition))
    return writers


def kill_and_restart(victim, cluster, writers, number):
    """While the others go on: an SC's death stops no produce, an SPU's only its own partitions."""
    victim.kill()
    for writer in writers:
        if victim.role == "sc" or writer.address != cluster.spu_address(victim.spu_id):
            writer.wait_for_acks(2, f"while {victim.role} {victim.spu_id or ''} is down")
    victim.restart(cluster.folder / "log" / f"restart-{victim.role}-{victim.spu_id or 0}.log")
    if victim.role == "sc":
        processes.wait_until(
            lambda: cluster.weir("topic", "describe", TOPIC, check=False).returncode == 0,
            RESTART_TIMEOUT_S, f"the SC after kill {number}")
    for writer in writers:
        writer.wait_for_acks(ACKS_PER_ROUND, f"after kill {number} of {victim.role}")


def check_after_clean_stop(cluster, writers):
    """What a fresh reader sees after SIGTERM and a restart of everything is the same again."""
    counts = [check_log(writer) for writer in writers]
    shown = [cluster.weir("consume", TOPIC, "-p", partition, "-B", "-d").stdout.count(b"\n")
             for partition in range(SPUS)]
    assert shown == counts, f"weir reads {shown} records, the log holds {counts}"
    return sum(counts)


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    chooser = random.Random(7)
    with Cluster(sys.argv[1], spus=SPUS) as cluster:
        cluster.weir("topic", "create", TOPIC, "-p", SPUS)
        servers = cluster.servers()
        assert len(servers) == SPUS + 1, [server.argv for server in servers]
        writers = start_writers(cluster, 0)
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.wait_for_acks(ACKS_PER_ROUND, "at the start")
        kills = {"sc": 0, "spu": 0}
        for number in range(1, rounds + 1):
            victim = chooser.choice([*servers, *servers[1:]])
            kills[victim.role] += 1
            kill_and_restart(victim, cluster, writers, number)
            if number % CHECK_EVERY == 0:
                acked = sum(len(writer.acked) for writer in writers)
                unknown = sum(len(writer.unknown) for writer in writers)
                refused = sum(len(writer.refused) for writer in writers)
                print(f"round {number}: {kills}, {acked} acknowledged, {refused} refused, "
                      f"{unknown} of unknown fate", flush=True)
        stop_writers(writers)
        total = check_after_clean_stop(cluster, writers)
        print(f"{rounds} kills {kills}: {total} records, every acknowledged one in its place")
        assert sum(len(writer.unknown) for writer in writers) > 0, "no kill ever hit a request"
    print("passed")


if __name__ == "__main__":
    main()
