"""A cluster whose `min_live` is the replication factor has Fluvio's high watermark: it waits for
every replica, live or not. Beside it a topic that needs only one, in the same cluster."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import processes  # noqa: E402
import wire  # noqa: E402
from cluster import Cluster  # noqa: E402

SPUS = 3
LEADER, VICTIM = 5001, 5003
# What produce asks for: committed, or only written by the leader.
COMMITTED, WRITTEN = -1, 1
TIMED_OUT = 7
WAIT_S = 30


def set_min_live(cluster):
    """The option of the SC, for the topics to come."""
    server = cluster.servers("sc")[0]
    server.kill()
    server.argv += ["--min-live", str(SPUS)]
    server.restart(cluster.folder / "log" / "restarted-sc.log")
    processes.wait_until(
        lambda: cluster.weir("cluster", "status", check=False).returncode == 0, WAIT_S, "the SC")


def create(cluster, topic, *more):
    placement = cluster.folder / "placement.json"
    placement.write_text(json.dumps([{"id": 0, "replicas": [LEADER, 5002, VICTIM]}]))
    cluster.weir("topic", "create", topic, "--replica-assignment", placement, *more)
    processes.wait_until(lambda: is_led(cluster, topic), WAIT_S, f"{LEADER} leads {topic}")


def is_led(cluster, topic):
    """An SPU whose disk takes half a second for its files is passed over, and asked again."""
    listed = partition(cluster, topic)
    if listed["replication"]["leader"] == LEADER:
        return listed["status"]["resolution"] == "Online"
    cluster.weir("partition", "elect", topic, 0, check=False)
    return False


def partition(cluster, topic):
    listed = json.loads(cluster.weir("partition", "list", "-O", "json").stdout)
    return next(item for item in listed if item["name"] == f"{topic}-0")


def replication(cluster, topic):
    return partition(cluster, topic)["replication"]


def records(*numbers):
    return [(b"key", str(number).encode()) for number in numbers]


def values(connection, topic, offset, is_committed):
    found = connection.fetch(topic, 0, offset, is_committed=is_committed)
    return [value for _, _, value in found]


def watermark(connection, topic):
    return connection.fetch_offsets(topic, 0)[1]


def refused(connection, topic):
    try:
        connection.produce(topic, 0, records(99), timeout_ms=500, acks=COMMITTED)
    except wire.Refused as refusal:
        return refusal.code
    return 0


def check_without_one(cluster, connection):
    for topic in ("all", "one"):
        processes.wait_until(
            lambda: VICTIM not in replication(cluster, topic)["liveReplicas"], WAIT_S,
            f"{topic} without {VICTIM}")
        assert replication(cluster, topic)["leader"] == LEADER, topic
        assert connection.produce(topic, 0, records(2, 3), acks=WRITTEN) == 2
    processes.wait_until(lambda: watermark(connection, "one") == 4, WAIT_S, "two replicas do")
    assert connection.produce("one", 0, records(4), acks=COMMITTED) == 4
    assert refused(connection, "all") == TIMED_OUT
    assert watermark(connection, "all") == 2
    assert values(connection, "all", 2, True) == []
    assert values(connection, "all", 2, False) == [b"2", b"3"]


def main():
    with Cluster(sys.argv[1], spus=SPUS) as cluster:
        set_min_live(cluster)
        create(cluster, "all")
        create(cluster, "one", "--min-live", 1)
        assert replication(cluster, "all")["minLive"] == SPUS
        assert replication(cluster, "one")["minLive"] == 1
        victim = next(item for item in cluster.servers("spu") if item.spu_id == VICTIM)
        with wire.Connection(cluster.spu_address(LEADER)) as connection:
            for topic in ("all", "one"):
                assert connection.produce(topic, 0, records(0, 1), acks=COMMITTED) == 0
                assert watermark(connection, topic) == 2
            victim.kill()
            check_without_one(cluster, connection)
            victim.restart(cluster.folder / "log" / "restarted-spu.log")
            processes.wait_until(lambda: watermark(connection, "all") == 4, WAIT_S,
                                 "the high watermark of all")
            assert connection.produce("all", 0, records(4), acks=COMMITTED) == 4
            assert values(connection, "all", 0, True) == [b"0", b"1", b"2", b"3", b"4"]
    print("passed")


if __name__ == "__main__":
    main()
