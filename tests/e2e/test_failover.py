"""Three SPUs, three replicas: faults of random machines under a load at ReadCommitted.

For each partition there is a `weir produce` and a published Python client. At the end every
acknowledged record is at its offset on all replicas, and these are the same byte for byte. The
clients retry, so a record may be there twice; each acknowledgement has an offset of its own.

    test_failover.py BIN [ROUNDS [SEED]]
"""

import collections
import pathlib
import random
import signal
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import clients  # noqa: E402
import load  # noqa: E402
import network  # noqa: E402
import processes  # noqa: E402
import replicas  # noqa: E402
import wire  # noqa: E402
from machines import MachineCluster  # noqa: E402

SPUS = 3
TOPIC = "failover"
STOP_S = 10
CUT_S = 6
ACK_TIMEOUT_S = 60
CALM_TIMEOUT_S = 60
# Medians of the slowest partition. A crash is seen at once, a silent machine by its silence.
KILL_GOAL_S = 0.3
SILENCE_GOAL_S = 3.5


class Rounds:
    """One fault after the other; what each cost."""

    def __init__(self, cluster, streams, chooser):
        self.cluster = cluster
        self.streams = streams
        self.chooser = chooser
        self.times = collections.defaultdict(list)
        self.cuts = 0

    def wait_for_calm(self):
        """All replicas of all partitions live: the seconds that it took."""
        begin = time.monotonic()
        processes.wait_until(self.is_calm, CALM_TIMEOUT_S, "three live replicas of everything")
        return time.monotonic() - begin

    def is_calm(self):
        known = self.cluster.partitions(TOPIC)
        return known is not None and len(known) == SPUS and all(
            live == SPUS for _, live, _ in known.values())

    def resumed(self, fault):
        """Per kind of client, how long the slowest partition was without acknowledgement."""
        return {kind: max(stream.first_ack_after(fault, ACK_TIMEOUT_S) - fault
                          for stream in self.streams if stream.name == kind)
                for kind in ("weir", "python")}

    def kill(self, victim):
        fault = time.monotonic()
        victim.end(signal.SIGKILL)
        if victim.is_sc:
            time.sleep(self.chooser.uniform(0, 1))
            victim.start()
        elif self.chooser.random() < 0.5:
            victim.start()
        taken = self.resumed(fault)
        if victim.child.poll() is not None:
            victim.start()
        return taken

    def restart(self, victim):
        fault = time.monotonic()
        status = victim.end(signal.SIGTERM)
        assert status == 0, f"{victim.name} ended with {status} after SIGTERM"
        victim.start()
        return self.resumed(fault)

    def stop(self, victim):
        fault = time.monotonic()
        victim.send(signal.SIGSTOP)
        time.sleep(STOP_S)
        victim.send(signal.SIGCONT)
        return self.resumed(fault)

    def cut(self, victim):
        """The machine is alone, or it is alone among servers and clients still reach it."""
        self.cuts += 1
        if self.cuts > 1 and self.chooser.random() < 0.5:
            self.cluster.network.cut(victim.number)
        else:
            for other in self.cluster.machines:
                if other is not victim:
                    self.cluster.network.block(victim.number, other.number)
                    self.cluster.network.block(other.number, victim.number)
        fault = time.monotonic()
        time.sleep(CUT_S)
        self.cluster.network.mend(victim.number)
        return self.resumed(fault)

    def run(self, number, kind, victim):
        leaders = [leader for leader, _, _ in self.cluster.partitions(TOPIC).values()]
        begin = time.monotonic()
        taken = getattr(self, kind)(victim)
        silence = max(stream.longest_silence(begin) for stream in self.streams
                      if stream.name == "weir")
        role = "sc" if victim.is_sc else "leader" if victim.spu_id in leaders else "follower"
        calm = self.wait_for_calm()
        for client, seconds in taken.items():
            self.times[kind, role, client].append(seconds)
        # An SC that is away is felt when the leases end, not at once.
        self.times[kind, role, "silence"].append(silence)
        told = ", ".join(f"{client} {seconds:.3f} s" for client, seconds in taken.items())
        print(f"round {number}: {kind} of {victim.name} ({role}): {told}; longest "
              f"silence {silence:.3f} s; all live again {calm:.1f} s later", flush=True)


def plan(rounds, chooser, cluster):
    """(kind, victim): at random, but in a short run each kind comes once, and a kill three times:
    after one of some twenty a client pauses between two tries for as long as the goal, and one
    round has no median.

    The cut comes first, while each SPU leads a partition: a leader that takes records which nobody
    will have is what shows best that an acknowledgement waits for the others.
    """
    kinds = [*(["cut"] if cluster.network.can_cut else []), "kill", "stop", "restart"]
    chosen = [(kind, chooser.choice(cluster.spus)) for kind in [*kinds, "kill", "kill"]]
    chosen.append(("kill", cluster.sc))
    rest = chosen[1:]
    chooser.shuffle(rest)
    chosen[1:] = rest
    while len(chosen) < rounds:
        chosen.append((chooser.choice(kinds), chooser.choice(cluster.machines)))
    return chosen[:rounds]


def check_replicas(cluster, streams):
    """Of the closed logs; the number of records, and of those that are there more than once."""
    total = repeated = 0
    for partition in range(SPUS):
        logs = {spu.name: replicas.read_batches(
            replicas.find_replica(cluster.data_dir(spu), TOPIC, partition)) for spu in cluster.spus}
        data, leo = logs[cluster.spus[0].name]
        for name, (other, other_leo) in logs.items():
            assert other_leo == leo and other == data, (
                f"partition {partition}: {name} ends at {other_leo}, {cluster.spus[0].name} at "
                f"{leo}, they part at byte {common_prefix(other, data)}")
        values = [value.decode() for _, _, value in wire.parse_batches(data)]
        assert len(values) == leo, f"{len(values)} records below offset {leo}"
        owned = [stream for stream in streams if stream.partition == partition]
        for stream in owned:
            for offset, value in stream.acked.items():
                assert offset < leo and values[offset] == value, (
                    f"partition {partition}: {value} was acknowledged at {offset}, there is "
                    f"{values[offset] if offset < leo else 'the end'}")
        sent = set().union(*(stream.sent for stream in streams))
        strangers = set(values) - sent
        assert not strangers, f"records nobody wrote: {list(strangers)[:3]}"
        total += leo
        repeated += leo - len(set(values))
    return total, repeated


def common_prefix(left, right):
    for position, (a, b) in enumerate(zip(left, right)):
        if a != b:
            return position
    return min(len(left), len(right))


def stop_in_order(cluster, streams):
    for stream in streams:
        stream.stop()
        assert stream.problem is None, f"{stream.name}: {stream.problem}"
    processes.wait_until(
        lambda: all(len(leos) == 1 for _, _, leos in cluster.partitions(TOPIC).values()),
        CALM_TIMEOUT_S, "replicas of the same length")
    shown = [cluster.weir("consume", TOPIC, "-p", partition, "-B", "-d").stdout.count(b"\n")
             for partition in range(SPUS)]
    for machine in reversed(cluster.machines):
        status = machine.end(signal.SIGTERM)
        assert status == 0, f"{machine.name} ended with {status}"
    return sum(shown)


def report(times):
    """Medians, and whether those that have a goal reach it."""
    for (kind, role, client), taken in sorted(times.items()):
        print(f"{kind:8} {role:9} {client:7} {len(taken):3} rounds: median "
              f"{statistics.median(taken):6.3f} s, most {max(taken):6.3f} s")
    for kind, goal in (("kill", KILL_GOAL_S), ("stop", SILENCE_GOAL_S)):
        taken = sum((of for (kind_of, role, client), of in times.items()
                     if (kind_of, client) == (kind, "weir") and role != "sc"), [])
        if taken:
            median = statistics.median(taken)
            print(f"{kind} of an SPU, weir: median {median:.3f} s, goal {goal} s")
            assert median <= goal, f"{kind}: {median:.3f} s, more than {goal} s"


def main():
    network.enter()
    clients.require_installed()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    chooser = random.Random(seed)
    with MachineCluster(sys.argv[1], SPUS) as cluster:
        kind = "own network" if cluster.network.can_cut else "loopback, no partitions"
        print(f"seed {seed}, {rounds} rounds, {kind}, {cluster.folder}", flush=True)
        cluster.weir("topic", "create", TOPIC, "-p", SPUS, "-r", SPUS)
        streams = [make(cluster, TOPIC, partition) for partition in range(SPUS)
                   for make in (load.WeirStream, load.PythonStream)]
        run = Rounds(cluster, streams, chooser)
        run.resumed(time.monotonic())
        run.wait_for_calm()
        for number, (kind, victim) in enumerate(plan(rounds, chooser, cluster), 1):
            run.run(number, kind, victim)
        shown = stop_in_order(cluster, streams)
        total, repeated = check_replicas(cluster, streams)
        acked = sum(len(stream.acked) for stream in streams)
        assert shown == total, f"a consumer saw {shown} records of {total}"
        print(f"{total} records on three equal replicas, {acked} acknowledged, each in its place, "
              f"{repeated} repeated")
        for name in ("weir", "python"):
            failures = sum((stream.failures for stream in streams if stream.name == name), [])
            print(f"{name}: {len(failures)} failures", collections.Counter(failures).most_common(3))
            assert name != "weir" or not failures, "weir produce gave up"
        report(run.times)
    print("passed")


if __name__ == "__main__":
    main()
