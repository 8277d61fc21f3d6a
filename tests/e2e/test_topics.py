"""What an operator changes about a topic that is used, and what is shown of it, on three SPUs."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

from cluster import Cluster  # noqa: E402

TOPIC = "orders"
WAIT_S = 60


def partitions(cluster, topic=TOPIC):
    listed = json.loads(cluster.weir("partition", "list", "-O", "json").stdout)
    return [item for item in listed if item["name"].rsplit("-", 1)[0] == topic]


def wait_for(what, is_so):
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        time.sleep(0.1)


def refused(cluster, text, *args):
    done = cluster.weir(*args, check=False)
    assert done.returncode != 0, args
    assert text in done.stderr.decode(), done.stderr.decode()


def produce(cluster, topic, lines, *flags):
    text = "".join(f"{line}\n" for line in lines)
    cluster.weir("produce", topic, *flags, stdin=text.encode())


def consume(cluster, topic, *flags):
    flags = flags or ("-B",)
    return cluster.weir("consume", topic, "-d", *flags).stdout.decode().splitlines()


def log_files(cluster, topic):
    files = [path for path in cluster.data_dir.rglob("*.log") if f"{topic}-0." in str(path)]
    assert files, topic
    return files


def is_on_disk(cluster, topic, content):
    for path in log_files(cluster, topic):
        try:
            if content in path.read_bytes():
                return True
        except FileNotFoundError:
            pass  # deleted since it was listed
    return False


def check_update(cluster):
    cluster.weir("topic", "create", "plain", "-r", 2)
    produce(cluster, "plain", ["before"], "--compression", "gzip")
    cluster.weir("topic", "update", "plain", "--compression-type", "zstd", "--retention-time",
                 "1h", "--segment-size", "1 KiB", "--max-partition-size", "4 KiB")
    listed = [item for item in json.loads(cluster.weir("topic", "list", "-O", "json").stdout)
              if item["name"] == "plain"][0]
    assert listed["spec"]["cleanupPolicy"]["segment"]["timeInSeconds"] == 3600, listed
    assert listed["spec"]["storage"]["segmentSize"] == 1024, listed
    assert listed["spec"]["storage"]["maxPartitionSize"] == 4096, listed
    # The SPU enforces it at once. Our producer would follow the topic.
    done = cluster.weir("produce", "plain", "--compression", "gzip", stdin=b"x\n", check=False)
    assert done.returncode != 0, done
    produce(cluster, "plain", [f"{number:03} {os.urandom(200).hex()}" for number in range(40)],
            "--compression", "zstd", "--batch-size", 300)
    wait_for("the oldest segments gone",
             lambda: partitions(cluster, "plain")[0]["status"]["baseOffset"] > 0)
    assert consume(cluster, "plain")[-1].startswith("039 ")
    refused(cluster, "retention_secs 1 is less than minimum 10", "topic", "update", "plain",
            "--retention-time", "1s")
    refused(cluster, "less than segment size", "topic", "update", "plain", "--max-partition-size",
            "3 KiB", "--segment-size", "4 KiB")
    refused(cluster, "name a setting to change", "topic", "update", "plain")
    refused(cluster, "not found", "topic", "update", "nothing", "--retention-time", "1h")


def check_deletion(cluster):
    cluster.weir("topic", "create", TOPIC, "-r", 3, "--min-live", 2)
    for number in range(12):
        produce(cluster, TOPIC, [f"record {number}"])
    refused(cluster, "offset 13 is not one of committed records, which end at 12", "topic",
            "delete-records", TOPIC, "--before", 13)
    done = cluster.weir("topic", "delete-records", TOPIC, "-p", 0, "--before", 5)
    assert b"5 records deleted, it begins at offset 5" in done.stdout, done.stdout
    assert consume(cluster, TOPIC) == [f"record {number}" for number in range(5, 12)]
    refused(cluster, "there is no 7", "topic", "delete-records", TOPIC, "-p", 7, "--before", 1)
    refused(cluster, "system topic", "topic", "purge", "consumer-offset")


def check_purge_survives(cluster):
    done = cluster.weir("topic", "purge", TOPIC)
    assert b"7 records deleted, it begins at offset 12" in done.stdout, done.stdout
    assert not consume(cluster, TOPIC)
    # Killed at once: the next leader has heard of it from the SC.
    leader = partitions(cluster)[0]["status"]["leader"]["spu"]
    for server in cluster.servers("spu"):
        if server.spu_id == leader:
            server.kill(signal.SIGKILL)
    wait_for("another leader", lambda: partitions(cluster)[0]["replication"]["leader"]
             not in (leader, -1))
    produce(cluster, TOPIC, ["next"])
    assert consume(cluster, TOPIC) == ["next"]
    cluster.weir("cluster", "stop", "--data-dir", cluster.data_dir)
    cluster.start()
    wait_for("a healthy cluster",
             lambda: cluster.weir("cluster", "status", check=False).returncode == 0)
    assert consume(cluster, TOPIC) == ["next"]
    status = partitions(cluster)[0]["status"]
    assert (status["baseOffset"], status["leader"]["leo"]) == (12, 13), status
    # The replica that was away deletes as well: no byte of the old records is on any disk.
    wait_for("the old records gone from all disks",
             lambda: not is_on_disk(cluster, TOPIC, b"record 7"))


def check_times(cluster):
    cluster.weir("topic", "create", "timed")
    produce(cluster, "timed", ["old 0", "old 1"])
    time.sleep(1.1)
    middle = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    time.sleep(1.1)
    for number in range(3):
        produce(cluster, "timed", [f"new {number}"])
    assert consume(cluster, "timed", "--from-time", f"{middle}Z") == ["new 0", "new 1", "new 2"]
    assert len(consume(cluster, "timed", "--from-time", "-1h")) == 5
    assert not consume(cluster, "timed", "--from-time", "2999-01-01T00:00:00+01:00")
    refused(cluster, "is not a time", "consume", "timed", "-d", "--from-time", "noon")


def check_sizes_and_lag(cluster):
    topics = cluster.weir("topic", "list").stdout.decode().splitlines()
    assert topics[0].split()[-1] == "SIZE", topics
    cluster.weir("consume", "timed", "-d", "-B", "-c", "reader")
    produce(cluster, "timed", ["unread", "unread"])

    def lag():
        rows = json.loads(cluster.weir("consumer", "list", "-O", "json").stdout)
        return [row["lag"] for row in rows if row["consumer_id"] == "reader"]

    wait_for("the lag", lambda: lag() == [2])
    sizes = {item["name"]: item["sizeBytes"]
             for item in json.loads(cluster.weir("topic", "list", "-O", "json").stdout)}
    for topic, size in sizes.items():
        assert size == sum(item["status"]["size"] for item in partitions(cluster, topic)), sizes
    assert sizes["timed"] > 0


def check_diagnostics(cluster):
    folder = cluster.folder / "pack"
    folder.mkdir()
    subprocess.run([str(cluster.bin_dir.resolve() / "weir"), "cluster", "diagnostics", "--quiet",
                    "--data-dir", str(cluster.data_dir), "--log-dir", str(cluster.folder / "log")],
                   env=cluster.env, cwd=folder, check=True, timeout=60)
    (path,) = folder.glob("weir-diagnostics-*.tar.gz")
    with tarfile.open(path) as pack:
        files = {name.split("/", 1)[1]: pack.extractfile(name).read() for name in pack.getnames()}
    for name in ("topics.json", "partitions.json", "replication.json", "system-topics.json",
                 "spus.json", "smartmodules.json", "table-formats.json", "spu-groups.json",
                 "remotes.json", "homes.json", "cluster.json", "logs/sc.log",
                 "logs/spu-5001.log", "system.txt", "cluster.txt"):
        assert files.get(name), (name, sorted(files))
    assert TOPIC in json.dumps(json.loads(files["topics.json"]))
    assert not any(b"unread" in content or b"record " in content for content in files.values())


def main(bin_dir):
    with Cluster(bin_dir, spus=3) as cluster:
        check_update(cluster)
        check_deletion(cluster)
        check_purge_survives(cluster)
        check_times(cluster)
        check_sizes_and_lag(cluster)
        check_diagnostics(cluster)
    print("topics: update, delete-records, purge over a lost leader and a restart, times, sizes, "
          "diagnostics")


if __name__ == "__main__":
    main(sys.argv[1])
