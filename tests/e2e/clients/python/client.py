"""Drives the published Python client; see ../README.md for the verbs."""

import json
import sys

from fluvio import (
    Compression,
    ConsumerConfigExtBuilder,
    Fluvio,
    FluvioAdmin,
    FluvioConfig,
    Offset,
    OffsetManagementStrategy,
    TopicProducerConfigBuilder,
)
from fluvio.topic import TopicSpec

CODECS = {
    "none": Compression.None_,
    "gzip": Compression.Gzip,
    "snappy": Compression.Snappy,
    "lz4": Compression.Lz4,
    "zstd": Compression.Zstd,
}


def say(**fields):
    print(json.dumps(fields), flush=True)


def record(tag, i):
    return f"key-{i}", f"{tag}:{i}:" + chr(ord("a") + i % 26) * ((i * 37) % 200)


def cluster(address):
    config = FluvioConfig.new(address)
    config.disable_tls()
    return config


def create_topic(address, name, partitions, codec):
    # In 0.21.0 a topic's own codec cannot be set: TopicSpec.build hands the name of the codec to a
    # function that wants the enum, and raises TypeError.
    if codec != "any":
        raise ValueError(f"this client cannot create a topic with codec {codec}")
    spec = TopicSpec.create().with_partitions(int(partitions)).build()
    FluvioAdmin.connect_with_config(cluster(address)).create_topic(name, spec)
    say(created=name)


def delete_topic(address, name):
    FluvioAdmin.connect_with_config(cluster(address)).delete_topic(name)
    say(deleted=name)


def list_topics(address):
    admin = FluvioAdmin.connect_with_config(cluster(address))
    topics = [topic.name() for topic in admin.all_topics()]
    say(topics=topics, partitions=[partition.name() for partition in admin.list_partitions([])])


def produce(address, topic, tag, first, count, codec):
    config = TopicProducerConfigBuilder().compression(CODECS[codec])
    client = Fluvio.connect_with_config(cluster(address))
    producer = client.topic_producer_with_config(topic, config.build())
    outputs = []
    for i in range(int(first), int(first) + int(count)):
        key, value = record(tag, i)
        outputs.append(producer.send(key.encode(), value.encode()))
    producer.flush()
    offsets = {}
    for output in outputs:
        metadata = output.wait()
        offsets.setdefault(str(metadata.partition_id()), []).append(metadata.offset())
    shape = {}
    for partition, listed in offsets.items():
        dense = all(b == a + 1 for a, b in zip(listed, listed[1:]))
        shape[partition] = {"first": listed[0], "last": listed[-1], "dense": dense}
    say(produced=int(count), partitions=shape)


def offset_of(start):
    if start == "beginning":
        return Offset.beginning()
    if start == "end":
        return Offset.end()
    return Offset.absolute(int(start))


def open_stream(client, topic, partition, start, consumer):
    builder = ConsumerConfigExtBuilder(topic)
    # The setters of this builder return nothing.
    if partition != "all":
        builder.partition(int(partition))
    builder.offset_start(offset_of(start))
    if consumer:
        builder.offset_consumer(consumer)
        builder.offset_strategy(OffsetManagementStrategy.MANUAL)
    return client.consumer_with_config(builder.build())


def consume(address, topic, partition, start, count, outfile, consumer=None):
    client = Fluvio.connect_with_config(cluster(address))
    stream = open_stream(client, topic, partition, start, consumer)
    say(ready=True)
    with open(outfile, "w", encoding="utf-8") as out:
        for _ in range(int(count)):
            item = next(stream)
            out.write(f"{item.offset()}\t{item.key_string()}\t{item.value_string()}\n")
    if consumer:
        stream.offset_commit()
        stream.offset_flush()
    say(consumed=int(count))


def follow(address, topic):
    """Reads one partition until its stream ends, by the consumer that does not connect again."""
    client = Fluvio.connect_with_config(cluster(address))
    for count, _ in enumerate(client.partition_consumer(topic, 0).stream(Offset.beginning())):
        say(read=count + 1)
    say(ended=True)


def consume_volume(address, topic, count, size, max_bytes):
    """All of the records `line N`, filled up to a size, in order (see rust/src/volume.rs)."""
    builder = ConsumerConfigExtBuilder(topic)
    builder.offset_start(Offset.beginning())
    builder.max_bytes(int(max_bytes))
    builder.disable_continuous()
    seen = 0
    for item in Fluvio.connect_with_config(cluster(address)).consumer_with_config(builder.build()):
        expected = f"line {seen}".ljust(int(size), ".")
        if item.value_string() != expected or item.offset() != seen:
            raise ValueError(f"another record at {seen}: offset {item.offset()}")
        seen += 1
    if seen != int(count):
        raise ValueError(f"{seen} records of {count}")
    say(consumed=seen)


def list_offsets(address):
    client = Fluvio.connect_with_config(cluster(address))
    for item in client.consumer_offsets():
        say(consumer=item.consumer_id, topic=item.topic, partition=item.partition,
            offset=item.offset)


def delete_offset(address, consumer, topic, partition):
    client = Fluvio.connect_with_config(cluster(address))
    client.delete_consumer_offset(consumer, topic, int(partition))
    say(deleted=consumer)


VERBS = {
    "create-topic": create_topic,
    "delete-topic": delete_topic,
    "list-topics": list_topics,
    "produce": produce,
    "consume": consume,
    "follow": follow,
    "consume-volume": consume_volume,
    "list-offsets": list_offsets,
    "delete-offset": delete_offset,
}


def main():
    address, verb = sys.argv[1:3]
    try:
        VERBS[verb](address, *sys.argv[3:])
    except Exception as error:  # Whatever the library throws is the answer to the test.
        say(error=str(error))
        return 1
    return 0


sys.exit(main())
