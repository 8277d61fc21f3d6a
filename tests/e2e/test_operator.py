"""What an operator of replicated partitions does, on three real SPUs, by the command line alone."""

import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

from cluster import Cluster  # noqa: E402

SPUS = {5001, 5002, 5003}
TOPIC = "orders"
RECORDS = 200
WAIT_S = 60


def partitions(cluster, topic=TOPIC):
    listed = json.loads(cluster.weir("partition", "list", "-O", "json").stdout)
    return [item for item in listed if item["name"].rsplit("-", 1)[0] == topic]


def live(partition):
    return set(partition["replication"]["liveReplicas"])


def wait_for(what, is_so):
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        time.sleep(0.2)


def status(cluster):
    done = cluster.weir("cluster", "status", check=False)
    return done.returncode, done.stdout.decode()


def refused(cluster, text, *args):
    done = cluster.weir(*args, check=False)
    assert done.returncode != 0, args
    assert text in done.stderr.decode(), done.stderr.decode()


def wait_healthy(cluster):
    wait_for("a healthy cluster", lambda: status(cluster)[0] == 0)


def check_creation(cluster):
    cluster.weir("topic", "create", TOPIC, "-p", 2, "-r", 3, "--min-live", 2,
                 "--ack-floor", "committed", "--ignore-rack-assignment")
    for partition in partitions(cluster):
        assert set(partition["spec"]["replicas"]) == SPUS, partition
        assert partition["replication"]["minLive"] == 2, partition
    refused(cluster, "min_live is 4", "topic", "create", "bad", "-r", 3, "--min-live", 4)
    refused(cluster, "'sometimes' is none of", "topic", "create", "bad", "--unclean-policy",
            "sometimes")
    file = cluster.folder / "assignment.json"
    file.write_text(json.dumps([{"id": 0, "replicas": [5003, 5001]}]), encoding="utf-8")
    cluster.weir("topic", "create", "placed", "--replica-assignment", file)
    placed = partitions(cluster, "placed")
    assert [item["spec"]["replicas"] for item in placed] == [[5003, 5001]], placed
    assert placed[0]["status"]["leader"]["spu"] == 5003, placed
    cluster.weir("topic", "alter", "placed", "--min-live", 2)
    assert partitions(cluster, "placed")[0]["replication"]["minLive"] == 2
    refused(cluster, "stays as it was created", "topic", "alter", "placed", "--durability",
            "async")
    refused(cluster, "name a setting to change", "topic", "alter", "placed")
    refused(cluster, "not found", "topic", "alter", "nothing", "--min-live", 1)


def produce(cluster):
    lines = "".join(f"record {number}\n" for number in range(RECORDS))
    cluster.weir("produce", TOPIC, stdin=lines.encode())


def consume(cluster):
    return cluster.weir("consume", TOPIC, "-A", "-B", "-d").stdout.decode().splitlines()


def check_listing(cluster):
    def caught_up():
        for partition in partitions(cluster):
            state = partition["status"]
            leader = state["leader"]
            ends = [(replica["hw"], replica["leo"]) for replica in state["replicas"]]
            if ends != [(leader["leo"], leader["leo"])] * 2 or leader["hw"] != leader["leo"]:
                return False
        return True

    wait_for("high watermark and end of every follower", caught_up)
    table = cluster.weir("partition", "list").stdout.decode()
    assert "[5001, 5002, 5003]" in table, table
    wait_healthy(cluster)


def check_topic_without_place(cluster):
    """Its creation would wait for long; what it waits for is shown meanwhile."""
    text = "topic wide waits to be placed: it has 4 replicas, and 3 SPUs are online"
    command = [str(cluster.bin_dir / "weir"), "topic", "create", "wide", "-r", "4"]
    creating = subprocess.Popen(command, env=cluster.env, stderr=subprocess.DEVNULL)
    try:
        wait_for(text, lambda: text in status(cluster)[1])
    finally:
        creating.kill()
        creating.wait()
    cluster.weir("topic", "delete", "wide")
    wait_healthy(cluster)


def check_lost_spu(cluster):
    victim = next(server for server in cluster.servers("spu") if server.spu_id == 5002)
    victim.kill()
    text = "is not live on spu 5002: it is offline"
    wait_for(text, lambda: text in status(cluster)[1])
    code, told = status(cluster)
    assert code != 0 and f"{TOPIC}-0 {text}" in told, told
    victim.restart(cluster.folder / "log" / "restarted.log")
    wait_healthy(cluster)


def check_draining(cluster):
    cluster.weir("spu", "drain", "-i", 5001)
    wait_for("nothing is live on the drained SPU",
             lambda: all(5001 not in live(partition) for partition in partitions(cluster)))
    assert all(partition["replication"]["leader"] != 5001 for partition in partitions(cluster))
    assert "is not live on spu 5001: it is draining" in status(cluster)[1]
    cluster.weir("spu", "undrain", "-i", 5001)
    refused(cluster, "there is no such spu", "spu", "drain", "-i", 77)
    wait_healthy(cluster)


def check_preferred_leaders(cluster):
    for number, partition in enumerate(partitions(cluster)):
        preferred = partition["spec"]["replicas"][0]
        if partition["status"]["leader"]["spu"] != preferred:
            cluster.weir("partition", "elect", TOPIC, number)
        wait_for("the preferred leader", lambda: partitions(cluster)[number]["status"]["leader"]
                 ["spu"] == preferred)
    refused(cluster, "leads already", "partition", "elect", TOPIC, 0)
    refused(cluster, "there is no partition", "partition", "elect", TOPIC, 9)


def check_reassignment(cluster):
    refused(cluster, "name the SPUs with --to", "partition", "reassign", TOPIC, 0)
    refused(cluster, "there is no spu 77", "partition", "reassign", TOPIC, 0, "--to", "5001,77")
    cluster.weir("partition", "reassign", TOPIC, 0, "--to", "5003,5002")

    def moved():
        first = partitions(cluster)[0]
        return (first["spec"]["replicas"] == [5003, 5002] and live(first) == {5002, 5003}
                and {replica["spu"] for replica in first["status"]["replicas"]}
                | {first["status"]["leader"]["spu"]} == {5002, 5003})

    wait_for("the partition on its new SPUs", moved)
    done = cluster.weir("partition", "reassign", TOPIC, 0, "--cancel", check=False)
    assert done.returncode != 0
    cluster.weir("partition", "reassign", TOPIC, 0, "--to", "5001,5002,5003")
    wait_for("all three again", lambda: live(partitions(cluster)[0]) == SPUS)


# The topic of the consumer offsets is created with one replica, as in Fluvio; an operator may give
# it more, and then it survives the loss of its leader.
def check_offsets_outlive_their_leader(cluster):
    def offsets():
        rows = json.loads(cluster.weir("consumer", "list", "-O", "json").stdout)
        return {(row["topic"], row["partition"]): row["offset"] for row in rows}

    def keeper():
        listed = json.loads(cluster.weir("partition", "list", "--system", "-O", "json").stdout)
        return next(item for item in listed if item["name"] == "consumer-offset-0")

    cluster.weir("topic", "create", "kept", "-r", 3)
    cluster.weir("produce", "kept", stdin=b"one\ntwo\n")
    assert cluster.weir("consume", "kept", "-d", "-B", "-c", "reader").stdout == b"one\ntwo\n"
    assert offsets() == {("kept", 0): 1}, offsets()
    cluster.weir("partition", "reassign", "consumer-offset", 0, "--to", "5001,5002,5003")
    wait_for("the offsets on three SPUs", lambda: live(keeper()) == SPUS)
    leader = keeper()["replication"]["leader"]
    victim = next(server for server in cluster.servers("spu") if server.spu_id == leader)
    victim.kill()
    wait_for("another leader of the offsets",
             lambda: keeper()["replication"]["leader"] not in (leader, -1))
    wait_for("the offset as it was stored", lambda: offsets() == {("kept", 0): 1})
    cluster.weir("produce", "kept", stdin=b"three\n")
    assert cluster.weir("consume", "kept", "-d", "-c", "reader").stdout == b"three\n"
    assert offsets() == {("kept", 0): 2}, offsets()
    victim.restart(cluster.folder / "log" / "restarted-offsets.log")
    wait_healthy(cluster)
    assert offsets() == {("kept", 0): 2}, offsets()


def main(bin_dir):
    with Cluster(bin_dir, spus=len(SPUS)) as cluster:
        check_creation(cluster)
        produce(cluster)
        check_listing(cluster)
        check_topic_without_place(cluster)
        check_lost_spu(cluster)
        check_draining(cluster)
        check_preferred_leaders(cluster)
        check_reassignment(cluster)
        check_offsets_outlive_their_leader(cluster)
        refused(cluster, "no SPU has shown", "cluster", "adopt")
        wait_healthy(cluster)
        wanted = sorted(f"record {number}" for number in range(RECORDS))
        assert sorted(consume(cluster)) == wanted
    print("operator: create, list, status, drain, elect, reassign, offsets, alter, "
          "adopt; "
          f"{RECORDS} records read back")


if __name__ == "__main__":
    main(sys.argv[1])
