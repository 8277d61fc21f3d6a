"""Unmodified published clients against a cluster: what each writes, all of them and `weir` read."""

import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import clients  # noqa: E402
import records  # noqa: E402
from cluster import Cluster  # noqa: E402

COUNT = 10_000
MIDDLE = 6_543
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def check(found, expected, what):
    problem = records.difference(found, expected)
    assert problem is None, f"{what}: {problem}"


def create_topic(cluster, writer, everyone, topic, codec):
    """Node can neither set a compression of its own nor that of a topic: another client does."""
    if writer.sets_compression:
        writer.run(cluster, "create-topic", topic, 1, "any")
    elif codec == "none":
        writer.run(cluster, "create-topic", topic, 1, "any")
    else:
        everyone[0].run(cluster, "create-topic", topic, 1, codec)


def read_with_weir(cluster, topic, *more):
    done = cluster.weir("consume", topic, "-d", "-F", "{{offset}}\t{{key}}\t{{value}}", *more)
    return done.stdout.decode().splitlines()


def read_with_client(cluster, reader, topic, start, count):
    out = cluster.folder / f"{reader.name}-{topic}-{start}.txt"
    reader.run(cluster, "consume", topic, 0, start, count, out)
    return records.read_lines(out)


def check_every_reader(cluster, everyone, topic, tag):
    """From the beginning with every client, from the middle with one each, and with weir."""
    check(read_with_weir(cluster, topic, "-B"), records.expected_lines(tag, 0, COUNT),
          f"weir reads {topic}")
    for reader in everyone:
        expected = records.expected_lines(tag, 0, COUNT, 0, reader.has_offsets)
        check(read_with_client(cluster, reader, topic, "beginning", COUNT), expected,
              f"{reader.name} reads {topic}")


def check_middle(cluster, everyone, topic, tag):
    count = COUNT - MIDDLE
    check(read_with_weir(cluster, topic, "--start", MIDDLE),
          records.expected_lines(tag, MIDDLE, count, MIDDLE), f"weir reads the end of {topic}")
    for reader in everyone:
        expected = records.expected_lines(tag, MIDDLE, count, MIDDLE, reader.has_offsets)
        check(read_with_client(cluster, reader, topic, MIDDLE, count), expected,
              f"{reader.name} reads {topic} from {MIDDLE}")


def check_written(answer, first_offset):
    written = answer[-1]
    assert written["produced"] == COUNT, written
    if written["partitions"] is not None:
        shape = {"first": first_offset, "last": first_offset + COUNT - 1, "dense": True}
        assert written["partitions"] == {"0": shape}, written


def test_codecs(cluster, everyone, watch):
    """Each client writes with each codec; all read all of it from the beginning."""
    for writer in everyone:
        for codec in CODECS:
            topic = f"{writer.name}-{codec}"
            create_topic(cluster, writer, everyone, topic, codec)
            check_written(writer.run(cluster, "produce", topic, topic, 0, COUNT, codec), 0)
            check_every_reader(cluster, everyone, topic, topic)
            watch.lap(f"{writer.name} wrote {COUNT} records with {codec}, everybody read them")
    check_middle(cluster, everyone, "rust-none", "rust-none")
    check_middle(cluster, everyone, "python-zstd", "python-zstd")
    watch.lap("everybody read from an offset")


def test_live(cluster, everyone, watch):
    """Each client follows the end of a topic while another one writes."""
    for index, reader in enumerate(everyone):
        writer = everyone[(index + 1) % len(everyone)]
        topic = f"live-{reader.name}"
        reader.run(cluster, "create-topic", topic, 1, "any")
        out = cluster.folder / f"{topic}.txt"
        child = reader.open_consumer(cluster, topic, 0, "end", COUNT, out)
        writer.run(cluster, "produce", topic, topic, 0, COUNT, "none")
        reader.finish_consumer(child)
        expected = records.expected_lines(topic, 0, COUNT, 0, reader.has_offsets)
        check(records.read_lines(out), expected, f"{reader.name} follows {topic}")
        watch.lap(f"{reader.name} read live what {writer.name} wrote")


def test_partitions(cluster, everyone, watch):
    """Keys go to the partition that the key decides, in order; all partitions are read as one."""
    for writer in everyone:
        topic = f"spread-{writer.name}"
        writer.run(cluster, "create-topic", topic, 3, "any")
        writer.run(cluster, "produce", topic, topic, 0, COUNT, "none")
        found = cluster.weir("consume", topic, "-A", "-B", "-d", "-F",
                             "{{partition}}\t{{offset}}\t{{key}}\t{{value}}").stdout.decode()
        partitions = {}
        for line in found.splitlines():
            partition, offset, rest = line.split("\t", 2)
            partitions.setdefault(partition, []).append((int(offset), rest))
        assert len(partitions) == 3, sorted(partitions)
        everything = []
        for partition, items in partitions.items():
            offsets = [offset for offset, _ in items]
            assert offsets == list(range(len(offsets))), f"{topic}-{partition} is not dense"
            numbers = [int(rest.split(":")[1]) for _, rest in items]
            assert numbers == sorted(numbers), f"{topic}-{partition} is out of order"
            everything += [rest for _, rest in items]
        expected = [f"{key}\t{value}" for key, value in
                    (records.record(topic, i) for i in range(COUNT))]
        check(sorted(everything), sorted(expected), f"all of {topic}")
        watch.lap(f"{writer.name} wrote to three partitions")


def stored_offset(cluster, client, consumer):
    listed = client.run(cluster, "list-offsets")
    return [item["offset"] for item in listed if item["consumer"] == consumer]


def test_consumer_offsets(cluster, everyone, watch):
    """Stored by one run of a client, resumed by the next, seen by the others, deleted."""
    able = [client for client in everyone if client.has_offsets]
    first, second = 4_000, 3_000
    for index, client in enumerate(able):
        other = able[(index + 1) % len(able)]
        topic, consumer = f"{client.name}-none", f"reader-{client.name}"
        out = cluster.folder / f"{consumer}.txt"
        client.run(cluster, "consume", topic, 0, "beginning", first, out, consumer)
        check(records.read_lines(out), records.expected_lines(topic, 0, first), consumer)
        assert stored_offset(cluster, client, consumer) == [first - 1]
        assert stored_offset(cluster, other, consumer) == [first - 1]
        client.run(cluster, "consume", topic, 0, "beginning", second, out, consumer)
        check(records.read_lines(out), records.expected_lines(topic, first, second, first),
              f"{consumer} resumed")
        listed = cluster.weir("consumer", "list").stdout.decode()
        assert consumer in listed and str(first + second - 1) in listed, listed
        client.run(cluster, "delete-offset", consumer, topic, 0)
        assert stored_offset(cluster, other, consumer) == []
        watch.lap(f"{client.name} stored, resumed and deleted a consumer offset")


def test_delete(cluster, everyone, watch):
    """A deleted topic is gone for everybody, and its name is free again without its records."""
    for index, client in enumerate(everyone):
        other = everyone[(index + 1) % len(everyone)]
        topic = f"{client.name}-none"
        client.run(cluster, "delete-topic", topic)
        assert topic not in other.run(cluster, "list-topics")[-1]["topics"]
        other.run(cluster, "create-topic", topic, 1, "any")
        answer = client.run(cluster, "produce", topic, "again", 0, 10, "none")[-1]
        assert answer["produced"] == 10, answer
        check(read_with_weir(cluster, topic, "-B"), records.expected_lines("again", 0, 10),
              f"{topic} after its deletion")
        watch.lap(f"{client.name} deleted a topic, {other.name} made it again")


def main():
    clients.require_installed()
    everyone = clients.all_clients()
    watch = clients.Stopwatch()
    with Cluster(sys.argv[1], spus=3) as cluster:
        watch.lap("cluster of three SPUs started")
        for test in (test_codecs, test_live, test_partitions, test_consumer_offsets, test_delete):
            test(cluster, everyone, watch)
    print("passed")


if __name__ == "__main__":
    main()
