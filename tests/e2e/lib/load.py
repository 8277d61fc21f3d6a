"""Producers that write to one partition without a break, and the ledger of what they were told."""

import json
import re
import subprocess
import threading
import time

import clients

PAUSE_S = 0.01
END_TIMEOUT_S = 120
# Longer than any fault of the test.
HANG_S = 15
ACKED = re.compile(r"\[(\d+)\] partition (\d+) offset (\d+)")


class Stream:
    """A producer process and its ledger. Times are of the monotonic clock, which all share."""

    def __init__(self, name, partition):
        self.name = name
        self.partition = partition
        self.changed = threading.Condition()
        self.acked = {}  # offset -> value
        self.acks = []  # (when it was sent, when the acknowledgement came), in order
        self.sent = set()
        self.failures = []
        self.problem = None

    def note_ack(self, value, partition, offset, sent):
        with self.changed:
            if partition != self.partition:
                return
            if offset in self.acked:
                self.problem = f"offset {offset} was acknowledged for two records"
            self.acked[offset] = value
            self.acks.append((sent, time.monotonic()))
            self.changed.notify_all()

    def first_ack_after(self, moment, timeout_s):
        """When the first record that was sent after `moment` was acknowledged."""
        position = 0

        def found():
            nonlocal position
            while position < len(self.acks):
                sent, acked = self.acks[position]
                if sent > moment:
                    return acked
                position += 1
            return None

        with self.changed:
            acked = self.changed.wait_for(found, timeout_s)
        assert acked, (f"{self.name} {self.partition}: nothing acknowledged in {timeout_s} s, "
                       f"last failures {self.failures[-3:]}")
        return acked

    def longest_silence(self, since):
        """The longest time without an acknowledgement from `since` until now."""
        with self.changed:
            times = [since, *(acked for _, acked in self.acks if acked > since), time.monotonic()]
        return max(after - before for before, after in zip(times, times[1:]))


class WeirStream(Stream):
    """`weir produce`, which retries by itself: it should never give up."""

    def __init__(self, cluster, topic, partition):
        super().__init__("weir", partition)
        self.argv = [str(cluster.bin_dir / "weir"), "produce", topic, "-p", str(partition), "-v",
                     "--isolation", "ReadCommitted"]
        self.env = cluster.env
        self.lines = []
        self.is_stopping = False
        self.child = None
        self.thread = threading.Thread(target=self.feed, daemon=True)
        self.thread.start()

    def feed(self):
        run = 0
        while not self.is_stopping:
            run += 1
            self.lines = []
            self.child = subprocess.Popen(self.argv, env=self.env, stdin=subprocess.PIPE,
                                          stderr=subprocess.PIPE, text=True)
            reader = threading.Thread(target=self.read, args=(self.child, self.lines), daemon=True)
            reader.start()
            try:
                while not self.is_stopping and self.child.poll() is None:
                    value = f"weir-{self.partition}:{run}:{len(self.lines)}"
                    self.sent.add(value)
                    self.lines.append((value, time.monotonic()))
                    self.child.stdin.write(value + "\n")
                    self.child.stdin.flush()
                    time.sleep(PAUSE_S)
                self.child.stdin.close()
            except BrokenPipeError:
                pass
            self.child.wait(END_TIMEOUT_S)
            reader.join(END_TIMEOUT_S)

    def read(self, child, lines):
        others = []
        for line in child.stderr:
            found = ACKED.match(line)
            if found:
                number, partition, offset = map(int, found.groups())
                value, sent = lines[number - 1]
                self.note_ack(value, partition, offset, sent)
            else:
                others.append(line)
        if child.wait(END_TIMEOUT_S) != 0:
            self.failures.append("".join(others)[-500:])

    def stop(self):
        self.is_stopping = True
        self.thread.join(2 * END_TIMEOUT_S)
        assert not self.thread.is_alive(), f"weir produce to {self.partition} does not end"


class PythonStream(Stream):
    """The published Python client, one record at a time (clients/python/steady.py).

    It has no timeout for a connect or an answer: one that says nothing for a while is replaced.
    """

    def __init__(self, cluster, topic, partition):
        super().__init__("python", partition)
        python = clients.INSTALLED / "py" / "bin" / "python"
        self.argv = [str(python), str(clients.HERE / "clients" / "python" / "steady.py"),
                     cluster.address, topic, str(partition)]
        self.env = {**cluster.env, "RUST_LOG": "off"}
        self.is_stopping = False
        self.child = None
        self.heard = time.monotonic()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        runs = 0
        while not self.is_stopping:
            runs += 1
            self.child = subprocess.Popen(
                [*self.argv, f"python-{self.partition}:{runs}"], env=self.env,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            watchdog = threading.Thread(target=self.replace_when_silent, args=(self.child,),
                                        daemon=True)
            self.heard = time.monotonic()
            watchdog.start()
            self.read(self.child)
            watchdog.join(END_TIMEOUT_S)

    def replace_when_silent(self, child):
        while True:
            try:
                child.wait(max(0, self.heard + HANG_S - time.monotonic()))
                return
            except subprocess.TimeoutExpired:
                if time.monotonic() - self.heard >= HANG_S:
                    self.failures.append("hung, replaced")
                    child.kill()

    def read(self, child):
        for line in child.stdout:
            self.heard = time.monotonic()
            told = json.loads(line)
            if told.get("fate") == "begun":
                self.sent.add(told["value"])
            elif "error" in told:
                self.failures.append(told["error"])
            else:
                self.note_ack(told["value"], told["partition"], told["offset"], told["sent"])

    def stop(self):
        self.is_stopping = True
        self.child.stdin.close()
        self.thread.join(END_TIMEOUT_S)
        assert not self.thread.is_alive(), f"the Python client for {self.partition} does not end"
