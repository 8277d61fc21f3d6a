"""Steps that use calls of the client and check what they do; each step reports its calls.

A step is a function of the World. It raises when a call fails or gives something else than it
should. What is printed: {"calls": [names], "error": text or null} for each step.
"""

import json
import time

from fluvio import (
    Fluvio,
    FluvioAdmin,
    FluvioConfig,
    Isolation,
    Offset,
    TopicProducerConfigBuilder,
)
from fluvio.topic import TopicSpec


def say(**fields):
    print(json.dumps(fields), flush=True)


def check(found, expected):
    if found != expected:
        raise AssertionError(f"found {str(found)[:300]}, expected {str(expected)[:300]}")


class World:
    """One cluster, the names that this run may use, and connections to it."""

    def __init__(self, address, prefix, replicas, folder):
        self.address = address
        self.prefix = prefix
        self.replicas = int(replicas)
        self.folder = folder
        self.client = Fluvio.connect_with_config(self.config())
        self.admin = FluvioAdmin.connect_with_config(self.config())

    def config(self):
        config = FluvioConfig.new(self.address)
        config.disable_tls()
        return config

    def name(self, what):
        return f"{self.prefix}-{what}"

    def make_topic(self, what, partitions=1):
        name = self.name(what)
        self.admin.create_topic(name, self.spec(partitions).build())
        self.wait_until_known(name)
        return name

    def wait_until_known(self, name):
        """The other connection hears of topics by a watch of its own, which may come after the
        answer to the creation; the client looks into what it has heard, and does not wait."""
        give_up = time.monotonic() + 30
        while True:
            try:
                self.client.topic_producer(name)
                return
            except Exception as error:
                if "Topic not found" not in str(error) or time.monotonic() > give_up:
                    raise
                time.sleep(0.005)

    def spec(self, partitions=1):
        return (TopicSpec.create().with_partitions(partitions)
                .with_replications(self.replicas).with_ignore_rack(True))

    def make_filled(self, what, count, partitions=1):
        """A topic with the values 0 to count - 1, committed: an offset that a client asks for is
        cut down to the high watermark, which follows what is acknowledged."""
        name = self.make_topic(what, partitions)
        # Time enough for a busy machine: what is sent again would be there twice.
        builder = TopicProducerConfigBuilder().isolation(Isolation.ReadCommitted).timeout(20_000)
        producer = self.client.topic_producer_with_config(name, builder.build())
        outputs = [producer.send(f"k{i}".encode(), str(i).encode()) for i in range(count)]
        producer.flush()
        for output in outputs:
            output.wait()
        return name

    def topics(self):
        return {topic.name() for topic in self.admin.all_topics()}

    def values(self, topic, count, partition=0):
        stream = self.client.partition_consumer(topic, partition).stream(Offset.beginning())
        return [next(stream).value_string() for _ in range(count)]


STEPS = []


def step(*calls):
    def add(function):
        STEPS.append((calls, function))
        return function

    return add


def run(world):
    for calls, function in STEPS:
        problem = None
        try:
            function(world)
        except BaseException as error:  # Rust's panics are none of Exception.
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            problem = f"{type(error).__name__}: {error}"
        say(step=function.__name__, calls=calls, error=problem)
