"""Writes to one partition with the published client, one record after the other, until its input
ends; prints the fate of each and never retries by itself.

A client whose connection to the SC broke once hears of no new leader any more: the library does
not open it again. So this program connects anew after a few failures, as any program must.
"""

import json
import sys
import threading
import time

from fluvio import Fluvio, FluvioConfig, Isolation, TopicProducerConfigBuilder

PAUSE_S = 0.005
FAILURES_MAX = 3


def say(**fields):
    print(json.dumps(fields), flush=True)


def open_producer(address, topic):
    config = FluvioConfig.new(address)
    config.disable_tls()
    # Its default is ReadUncommitted.
    builder = TopicProducerConfigBuilder().isolation(Isolation.ReadCommitted)
    client = Fluvio.connect_with_config(config)
    return client.topic_producer_with_config(topic, builder.build())


def send(producer, key, value):
    """(partition, offset). Raises what the client raises; the record's fate is then unknown."""
    say(value=value, fate="begun")
    output = producer.send(key.encode(), value.encode())
    producer.flush()
    metadata = output.wait()
    return metadata.partition_id(), metadata.offset()


def find_key(producer, partition, tag):
    """A key that the client's partitioner sends there; what it takes to find it is told as well."""
    for i in range(1000):
        value = f"{tag}:key:{i}"
        found, offset = send(producer, f"{tag}{i}", value)
        say(value=value, partition=found, offset=offset, sent=time.monotonic())
        if found == partition:
            return f"{tag}{i}"
    raise AssertionError(f"no key for partition {partition}")


def main():
    address, topic, partition, tag = sys.argv[1:]
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    producer = open_producer(address, topic)
    key = find_key(producer, int(partition), tag)
    number = failures = 0
    while not ended.wait(PAUSE_S):
        value = f"{tag}:{number}"
        number += 1
        sent = time.monotonic()
        try:
            if failures == FAILURES_MAX:
                producer = open_producer(address, topic)
            found, offset = send(producer, key, value)
            failures = 0
            say(value=value, partition=found, offset=offset, sent=sent)
        except Exception as error:  # Whatever the library throws.
            failures = failures % FAILURES_MAX + 1
            say(value=value, error=str(error), sent=sent)


main()
