"""Fluvio, TopicProducer, the consumers, and what their calls take and give."""

import asyncio
import time

from fluvio import (
    Compression,
    ConsumerConfig,
    ConsumerConfigExtBuilder,
    DeliverySemantic,
    Isolation,
    Offset,
    OffsetManagementStrategy,
    TopicProducerConfigBuilder,
)
from steps import check, step

COUNT = 20


def run_async(coroutine):
    """What it returns. The client's own tasks outlive it, want the GIL to end, and hold its network
    loop meanwhile; its blocking calls never give the GIL up. Whoever makes one at once may wait
    for 60 s; sleeping gives it up."""
    result = asyncio.run(coroutine)
    time.sleep(0.2)
    return result


def values(stream, count):
    return [next(stream).value_string() for _ in range(count)]


async def take(stream, count):
    found = []
    async for record in stream:
        found.append(record.value_string())
        if len(found) == count:
            break
    return found


def numbers(first, last):
    return [str(i) for i in range(first, last)]


@step("Fluvio.topic_producer", "TopicProducer.send_string", "TopicProducer.send",
      "TopicProducer.send_all", "TopicProducer.flush", "ProduceOutput.wait",
      "RecordMetadata.offset", "RecordMetadata.partition_id")
def produce(world):
    name = world.make_topic("produce")
    producer = world.client.topic_producer(name)
    outputs = [producer.send_string("0"), producer.send(b"key", b"1")]
    outputs += producer.send_all([(b"a", b"2"), (b"b", b"3")])
    producer.flush()
    metadata = [output.wait() for output in outputs]
    check([(item.partition_id(), item.offset()) for item in metadata],
          [(0, i) for i in range(4)])
    check(world.values(name, 4), numbers(0, 4))


@step("TopicProducer.async_send_string", "TopicProducer.async_send",
      "TopicProducer.async_send_all", "TopicProducer.async_flush", "ProduceOutput.async_wait")
def produce_async(world):
    name = world.make_topic("produce-async")

    async def send():
        producer = world.client.topic_producer(name)
        outputs = [await producer.async_send_string("0"), await producer.async_send(b"key", b"1")]
        outputs += await producer.async_send_all([(b"a", b"2"), (b"b", b"3")])
        await producer.async_flush()
        return [await output.async_wait() for output in outputs]

    check([item.offset() for item in run_async(send())], list(range(4)))
    check(world.values(name, 4), numbers(0, 4))


@step("Fluvio.topic_producer_with_config", "TopicProducerConfigBuilder.batch_size",
      "TopicProducerConfigBuilder.batch_queue_size", "TopicProducerConfigBuilder.linger",
      "TopicProducerConfigBuilder.max_request_size", "TopicProducerConfigBuilder.timeout",
      "TopicProducerConfigBuilder.compression", "TopicProducerConfigBuilder.isolation",
      "TopicProducerConfigBuilder.delivery_semantic", "TopicProducerConfigBuilder.build")
def produce_configured(world):
    """Every codec, isolation and delivery, with batches of several records."""
    for number, codec in enumerate((Compression.None_, Compression.Gzip, Compression.Snappy,
                                    Compression.Lz4, Compression.Zstd)):
        for isolation in (Isolation.ReadUncommitted, Isolation.ReadCommitted):
            for delivery in (DeliverySemantic.AtLeastOnce, DeliverySemantic.AtMostOnce):
                committed = isolation == Isolation.ReadCommitted
                once = delivery == DeliverySemantic.AtMostOnce
                name = world.make_topic(f"configured-{number}{int(committed)}{int(once)}")
                builder = (TopicProducerConfigBuilder().batch_size(1_000).batch_queue_size(10)
                           .linger(5).max_request_size(100_000).timeout(20_000).compression(codec)
                           .isolation(isolation).delivery_semantic(delivery))
                producer = world.client.topic_producer_with_config(name, builder.build())
                for i in range(COUNT):
                    producer.send(b"", str(i).encode())
                producer.flush()
                check(world.values(name, COUNT), numbers(0, COUNT))


@step("TopicProducerConfigBuilder.set_specific_partitioner")
def produce_to_one_partition(world):
    name = world.make_topic("specific", 3)
    builder = TopicProducerConfigBuilder().set_specific_partitioner(2)
    producer = world.client.topic_producer_with_config(name, builder.build())
    outputs = [producer.send(f"k{i}".encode(), str(i).encode()) for i in range(COUNT)]
    producer.flush()
    check({output.wait().partition_id() for output in outputs}, {2})
    check(world.values(name, COUNT, 2), numbers(0, COUNT))


@step("Fluvio.partition_consumer", "PartitionConsumer.stream", "Offset.beginning",
      "Offset.from_beginning", "Offset.absolute", "Offset.from_end", "Offset.end",
      "Record.offset", "Record.value", "Record.value_string", "Record.key", "Record.key_string",
      "Record.timestamp")
def consume(world):
    name = world.make_filled("consume", COUNT)
    consumer = world.client.partition_consumer(name, 0)
    check(values(consumer.stream(Offset.beginning()), COUNT), numbers(0, COUNT))
    check(values(consumer.stream(Offset.from_beginning(5)), 3), numbers(5, 8))
    check(values(consumer.stream(Offset.absolute(7)), 3), numbers(7, 10))
    check(values(consumer.stream(Offset.from_end(4)), 4), numbers(COUNT - 4, COUNT))
    record = next(consumer.stream(Offset.absolute(3)))
    check((record.offset(), bytes(record.key()), record.key_string(), bytes(record.value())),
          (3, b"k3", "k3", b"3"))
    check(abs(record.timestamp() / 1000 - time.time()) < 3600, True)
    stream = consumer.stream(Offset.end())
    producer = world.client.topic_producer(name)
    producer.send_string("at the end").wait()
    check(values(stream, 1), ["at the end"])


@step("PartitionConsumer.async_stream", "PartitionConsumer.async_stream_with_config")
def consume_async(world):
    name = world.make_filled("consume-async", COUNT)

    async def read():
        consumer = world.client.partition_consumer(name, 0)
        config = ConsumerConfig()
        return (await take(await consumer.async_stream_with_config(Offset.beginning(), config),
                           COUNT)
                + await take(await consumer.async_stream(Offset.beginning()), COUNT))

    check(run_async(read()), numbers(0, COUNT) * 2)


@step("PartitionConsumer.async_stream_with_config to its end")
def consume_async_to_the_end(world):
    name = world.make_filled("async-end", COUNT)

    async def read():
        config = ConsumerConfig()
        config.disable_continuous()
        consumer = world.client.partition_consumer(name, 0)
        stream = await consumer.async_stream_with_config(Offset.beginning(), config)
        return [record.value_string() async for record in stream]

    check(run_async(read()), numbers(0, COUNT))


@step("PartitionConsumer.stream_with_config", "ConsumerConfig.disable_continuous")
def consume_to_the_end(world):
    name = world.make_filled("to-the-end", COUNT)
    config = ConsumerConfig()
    config.disable_continuous()
    stream = world.client.partition_consumer(name, 0).stream_with_config(Offset.beginning(),
                                                                         config)
    check([record.value_string() for record in stream], numbers(0, COUNT))


@step("ConsumerConfig.smartmodule")
def consume_filtered(world):
    name = world.make_filled("filtered", COUNT)
    config = ConsumerConfig()
    config.smartmodule(name="no-such-module")
    stream = world.client.partition_consumer(name, 0).stream_with_config(Offset.beginning(),
                                                                         config)
    check(values(stream, 1), ["0"])


@step("Fluvio.multi_partition_consumer", "MultiplePartitionConsumer.stream",
      "PartitionSelectionStrategy.with_all")
def consume_partitions(world):
    name = world.make_filled("partitions", COUNT, 3)
    consumer = world.client.multi_partition_consumer(name)
    check(sorted(values(consumer.stream(Offset.beginning()), COUNT)), sorted(numbers(0, COUNT)))


@step("MultiplePartitionConsumer.stream_with_config")
def consume_partitions_configured(world):
    name = world.make_filled("partitions-to-the-end", COUNT, 3)
    config = ConsumerConfig()
    config.disable_continuous()
    consumer = world.client.multi_partition_consumer(name)
    stream = consumer.stream_with_config(Offset.beginning(), config)
    check(sorted(record.value_string() for record in stream), sorted(numbers(0, COUNT)))


@step("Fluvio.multi_topic_partition_consumer", "PartitionSelectionStrategy.with_multiple",
      "MultiplePartitionConsumer.async_stream")
def consume_topics(world):
    one, two = world.make_filled("topic-one", 5), world.make_filled("topic-two", 7)

    async def read():
        consumer = world.client.multi_topic_partition_consumer([(one, 0), (two, 0)])
        return await take(await consumer.async_stream(Offset.beginning()), 12)

    check(sorted(run_async(read())), sorted(numbers(0, 5) + numbers(0, 7)))


@step("MultiplePartitionConsumer.async_stream_with_config")
def consume_topics_configured(world):
    name = world.make_filled("topic-configured", 5)

    async def read():
        consumer = world.client.multi_topic_partition_consumer([(name, 0)])
        stream = await consumer.async_stream_with_config(Offset.beginning(), ConsumerConfig())
        return await take(stream, 5)

    check(run_async(read()), numbers(0, 5))


@step("Fluvio.consumer_with_config", "ConsumerConfigExtBuilder.topic",
      "ConsumerConfigExtBuilder.partition", "ConsumerConfigExtBuilder.max_bytes",
      "ConsumerConfigExtBuilder.offset_start", "ConsumerConfigExtBuilder.disable_continuous",
      "ConsumerConfigExtBuilder.build")
def consume_configured(world):
    name = world.make_filled("consume-configured", COUNT, 2)
    found = []
    for partition in range(2):
        builder = ConsumerConfigExtBuilder("another")
        builder.topic(name)
        builder.partition(partition)
        builder.max_bytes(100)
        builder.offset_start(Offset.beginning())
        builder.disable_continuous()
        stream = world.client.consumer_with_config(builder.build())
        found += [record.value_string() for record in stream]
    check(sorted(found), sorted(numbers(0, COUNT)))


def open_as(world, topic, consumer, strategy):
    builder = ConsumerConfigExtBuilder(topic)
    builder.offset_start(Offset.beginning())
    builder.offset_consumer(consumer)
    builder.offset_strategy(strategy)
    return world.client.consumer_with_config(builder.build())


def stored(world, consumer):
    return [item.offset for item in world.client.consumer_offsets()
            if item.consumer_id == consumer]


@step("ConsumerIterator.offset_commit", "ConsumerIterator.offset_flush",
      "ConsumerConfigExtBuilder.offset_consumer", "ConsumerConfigExtBuilder.offset_strategy",
      "Fluvio.consumer_offsets", "Fluvio.delete_consumer_offset")
def consumer_offsets(world):
    name, consumer = world.make_filled("offsets", COUNT), world.name("reader")
    stream = open_as(world, name, consumer, OffsetManagementStrategy.MANUAL)
    check(values(stream, 5), numbers(0, 5))
    stream.offset_commit()
    stream.offset_flush()
    check(stored(world, consumer), [4])
    stream = open_as(world, name, consumer, OffsetManagementStrategy.MANUAL)
    check(values(stream, 3), numbers(5, 8))
    # Not committed: the next one begins there again. What AUTO commits is what was yielded before.
    stream = open_as(world, name, consumer, OffsetManagementStrategy.AUTO)
    check(values(stream, 4), numbers(5, 9))
    stream.offset_flush()
    deadline = time.monotonic() + 20
    while stored(world, consumer)[0] < 7 and time.monotonic() < deadline:
        time.sleep(0.05)
    check(stored(world, consumer)[0] in (7, 8), True)
    listed = [item for item in world.client.consumer_offsets() if item.consumer_id == consumer]
    check((listed[0].topic, listed[0].partition), (name, 0))
    check(abs(listed[0].modified_time / 1000 - time.time()) < 3600
          or abs(listed[0].modified_time - time.time()) < 3600, True)
    world.client.delete_consumer_offset(consumer, name, 0)
    check(stored(world, consumer), [])
