"""What the client says of requests that the servers refuse."""

import tempfile

from fluvio import (
    Compression,
    Offset,
    TopicProducerConfigBuilder,
)
from fluvio.topic import TopicSpec
from steps import check, step


def refused(text, call, *args):
    try:
        call(*args)
    except Exception as error:  # The library's own classes differ by call.
        check(text in str(error) or str(error), True)
        return
    raise AssertionError(f"not refused: {text}")


@step("error: topic exists")
def topic_exists(world):
    name = world.make_topic("exists")
    refused("already exists", world.admin.create_topic, name)


@step("error: bad name of a topic")
def bad_name(world):
    for name in ("Upper", "-dash", "under_score", "x" * 64):
        refused("", world.admin.create_topic, name)


@step("error: unknown topic")
def unknown_topic(world):
    name = world.name("nowhere")
    refused("not found", world.admin.delete_topic, name)
    refused("not found", world.client.topic_producer, name)


@step("error: unknown partition")
def unknown_partition(world):
    name = world.make_topic("small")
    refused("", lambda: next(world.client.partition_consumer(name, 7).stream(Offset.beginning())))


@step("error: too few SPUs")
def too_few_spus(world):
    spec = world.spec().with_replications(9).build()
    refused("", world.admin.create_topic, world.name("wide"), spec)


@step("error: settings out of range")
def out_of_range(world):
    for spec in (TopicSpec.create().with_retention_time(1),
                 TopicSpec.create().with_segment_size(10),
                 TopicSpec.create().with_max_partition_size(10),
                 TopicSpec.create().with_partitions(0)):
        refused("", world.admin.create_topic, world.name("range"), spec.build())


@step("error: record too large")
def too_large(world):
    name = world.name("tiny")
    spec = world.spec().with_segment_size(2048)
    world.admin.create_topic(name, spec.build())
    world.wait_until_known(name)
    config = TopicProducerConfigBuilder().batch_size(1_000_000).build()
    producer = world.client.topic_producer_with_config(name, config)

    def send():
        output = producer.send(b"", b"x" * 100_000)
        producer.flush()
        output.wait()

    refused("", send)


@step("error: unknown SmartModule")
def unknown_smartmodule(world):
    refused("", world.admin.delete_smartmodule, world.name("no-module"))


@step("error: unknown consumer offset")
def unknown_consumer(world):
    name = world.make_topic("no-readers")
    world.client.delete_consumer_offset("nobody", name, 0)
