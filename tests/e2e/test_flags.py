"""Verbs and flags of scripts written for Fluvio's command line: what they print, and the sentences
of commands that fail (control-plane spec 7 and 9), by `weir` alone against real processes."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

from cluster import Cluster  # noqa: E402

CONFIG = """version: 0.1.0
meta:
  name: configured
partition:
  count: 3
  max-size: 20 MB
  replication: 1
retention:
  time: 2d
  segment-size: 1 MB
compression:
  type: Zstd
"""


def told(cluster, *args, stdin=None):
    done = cluster.weir(*args, stdin=stdin)
    assert not done.stderr, (args, done.stderr)
    return done.stdout.decode()


def rows(table):
    return [line.split() for line in table.splitlines()[1:]]


def refused(cluster, text, *args, stdin=None):
    """Nothing on standard output, that sentence alone on the other, and status 1."""
    done = cluster.weir(*args, stdin=stdin, check=False)
    assert (done.returncode, done.stdout) == (1, b""), (args, done)
    assert done.stderr.decode().strip() == text, (args, done.stderr.decode())


def check_sentences(cluster):
    told(cluster, "topic", "create", "one")
    refused(cluster, "Topic already exists", "topic", "create", "one")
    refused(cluster, "Topic not found", "topic", "delete", "nothing")
    refused(cluster, "Invalid topic name: topic name may only include lowercase letters (a-z), "
            "numbers (0-9), and hyphens (-).", "topic", "create", "Bad")
    refused(cluster, "retention_secs 1 is less than minimum 10", "topic", "create", "bad1",
            "--retention-time", "1s")
    refused(cluster, "segment_size 1 is less than minimum 1024", "topic", "create", "bad2",
            "--segment-size", "1 B")
    refused(cluster, "max_partition_size 1024 is less than minimum 2048", "topic", "create",
            "bad3", "--max-partition-size", "1 KiB", "--segment-size", "1 KiB")
    refused(cluster, "max_partition_size 5000 is less than segment size 10000", "topic", "create",
            "bad4", "--max-partition-size", "5000 B", "--segment-size", "10000 B")
    refused(cluster, "system topic 'consumer-offset' can only be deleted forcibly", "topic",
            "delete", "consumer-offset")
    refused(cluster, "SmartModule not found", "smartmodule", "delete", "sm1")
    refused(cluster, "Topic not found: nothing", "consume", "nothing", "-B", "-d")
    refused(cluster, "Topic not found: nothing", "produce", "nothing", stdin=b"x\n")


def check_configured_topic(cluster):
    file = cluster.folder / "topic.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    made = told(cluster, "topic", "create", "-c", file)
    assert made == 'topic "configured" created\n', made
    topic = next(item for item in json.loads(told(cluster, "topic", "list", "-O", "json"))
                 if item["name"] == "configured")
    assert topic["spec"] == {
        "replicas": {"computed": {"partitions": 3, "replicationFactor": 1,
                                  "ignoreRackAssignment": False}},
        "cleanupPolicy": {"segment": {"timeInSeconds": 172800}},
        "storage": {"segmentSize": 1000000, "maxPartitionSize": 20000000},
        "compressionType": "Zstd", "system": False}, topic
    refused(cluster, "Producer error: Invalid configuration in producer: Compression in the "
            "producer (gzip) does not match with topic level compression (zstd)", "produce",
            "configured", "--compression", "gzip", stdin=b"x\n")
    file.write_text("meta: 7\n", encoding="utf-8")
    assert cluster.weir("topic", "create", "-c", file, check=False).returncode == 1
    told(cluster, "topic", "delete", "configured")


def check_partitions_added(cluster):
    told(cluster, "topic", "create", "wide")
    added = told(cluster, "topic", "add-partition", "wide", "-c", 2)
    assert added.splitlines()[0] == 'added new partitions to topic: "wide"', added
    assert [line.split() for line in added.splitlines()[1:]] == [
        ["PARTITION", "SPU"], ["1", "5001"], ["2", "5001"]], added
    told(cluster, "topic", "add-partition", "wide")
    told(cluster, "produce", "wide", "-p", 3, stdin=b"in the fourth\n")
    assert told(cluster, "consume", "wide", "-p", 3, "-B", "-d") == "in the fourth\n"


def check_producing(cluster):
    told(cluster, "produce", "one", "--key-separator", ":", stdin=b"a:1\nb:2:x\n")
    told(cluster, "produce", "one", "--raw", stdin=b"line 1\nline 2\n")
    told(cluster, "produce", "one", "--delivery-semantic", "at-most-once", stdin=b"most\n")
    told(cluster, "produce", "one", "--delivery-semantic", "at-least-once", "--key", "k",
         stdin=b"least\n")
    refused(cluster, "Failed to find separator ':' in record 'plain'", "produce", "wide",
            "--key-separator", ":", "-p", 2, stdin=b"c:3\nplain\nd:4\n")
    assert told(cluster, "consume", "wide", "-p", 2, "-B", "-d", "-k") == "[c] 3\n"
    refused(cluster, "'sometimes' is not a delivery semantic: at-least-once or at-most-once",
            "produce", "one", "--delivery-semantic", "sometimes", stdin=b"x\n")


def check_consuming(cluster):
    def read(*flags):
        return told(cluster, "consume", "one", "-d", *flags)

    assert read("-B", "-k") == ("[a] 1\n[b] 2:x\n[null] line 1\nline 2\n\n[null] most\n"
                                "[k] least\n"), read("-B", "-k")
    assert read("-H", 3) == "most\nleast\n"
    assert read("-T", 1) == "least\n"
    assert read("-H", 1, "-b", 100).splitlines()[-1] == "least"
    done = cluster.weir("consume", "one", "-B", "--end", 1)  # continuous, and ends all the same
    assert done.stdout == b"1\n2:x\n", done
    assert b"End-offset has been reached; exiting" in done.stderr, done
    assert read("-T", 1, "-O", "json") == '"least"\n'
    assert read("-T", 1, "-O", "raw") == "least\n"
    assert read("-T", 1, "-O", "binary").split()[:2] == ["00000000", "6c"]
    refused(cluster, "'xml' is not a record output: dynamic, text, binary, json or raw", "consume",
            "one", "-d", "-B", "-O", "xml")


def check_outputs(cluster):
    """The same document in each form that lists have."""
    for verb in (("topic", "list"), ("partition", "list"), ("spu", "list")):
        names = [item["name"] for item in json.loads(told(cluster, *verb, "-O", "json"))]
        yaml = told(cluster, *verb, "-O", "yaml").splitlines()
        assert [line[8:] for line in yaml if line.startswith("- name: ")] == names, yaml
        toml = told(cluster, *verb, "-O", "toml").splitlines()
        assert toml.count("[[items]]") == len(names), toml
        assert [line[8:-1] for line in toml if line.startswith('name = "')] == names, toml
        table = told(cluster, *verb)
        assert len(rows(table)) == len(names), table


def check_consumers(cluster):
    assert told(cluster, "consumer", "list") == "No consumers found\n"
    told(cluster, "consume", "one", "-d", "-B", "-c", "reader")
    told(cluster, "consume", "wide", "-p", 3, "-d", "-B", "-c", "reader")
    deleted = told(cluster, "consumer", "delete", "reader", "-t", "one", "-p", 0)
    assert deleted == 'consumer "reader" on topic "one" and partition "0" deleted\n', deleted
    assert [row[:3] for row in rows(told(cluster, "consumer", "list"))] == [["reader", "wide", "3"]]
    deleted = told(cluster, "consumer", "delete", "reader")
    assert deleted == 'consumer "reader" on topic "wide" and partition "3" deleted\n', deleted
    assert told(cluster, "consumer", "list") == "No consumers found\n"


def check_spus(cluster):
    flags = ("-i", 7001, "-p", "127.0.0.1:9", "-v", "127.0.0.1:10", "-r", "rack1")
    assert told(cluster, "cluster", "spu", "register", *flags) == ""
    refused(cluster, "spu 'custom-spu-7001(7001)' already defined", "cluster", "spu", "register",
            *flags)
    listed = rows(told(cluster, "cluster", "spu", "list", "--custom"))
    assert listed[1] == ["7001", "custom-spu-7001", "Init", '"custom"', "rack1", "127.0.0.1:9",
                         "127.0.0.1:10"], listed
    assert told(cluster, "cluster", "spu", "unregister", "-i", 7001) == ""
    refused(cluster, "not found", "cluster", "spu", "unregister", "-i", 7001)
    told(cluster, "cluster", "spu", "register", *flags, "-n", "named")
    assert told(cluster, "cluster", "spu", "unregister", "-n", "named") == ""
    assert len(rows(told(cluster, "cluster", "spu", "list"))) == 1


def check_profiles(cluster):
    def marked():
        return [row[1] for row in rows(told(cluster, "profile", "list")) if row[0] == "*"]

    assert told(cluster, "profile", "current") == "local\n"
    assert told(cluster, "profile", "add", "far", "192.0.2.1:9003") == 'Profile "far" added\n'
    assert rows(told(cluster, "profile", "list"))[0] == ["far", "far", "192.0.2.1:9003", "Disabled"]
    assert marked() == ["local"]
    assert told(cluster, "profile", "switch", "far") == 'Switched to profile "far"\n'
    assert told(cluster, "profile", "rename", "far", "near") == 'Profile "far" is now "near"\n'
    assert (told(cluster, "profile", "current"), marked()) == ("near\n", ["near"])
    exported = told(cluster, "profile", "export")
    assert 'endpoint = "192.0.2.1:9003"' in exported and "[tls]" in exported, exported
    assert cluster.address in told(cluster, "profile", "export", "local")
    assert told(cluster, "profile", "delete", "near") == 'Profile "near" deleted\n'
    refused(cluster, "no current profile set; choose one with `weir profile switch NAME`",
            "profile", "current")
    refused(cluster, 'profile "near" not found; `weir profile list` shows what there is',
            "profile", "switch", "near")
    told(cluster, "profile", "switch", "local")
    assert [topic[0] for topic in rows(told(cluster, "topic", "list"))] == ["one", "wide"]


def main(bin_dir):
    with Cluster(bin_dir) as cluster:
        check_sentences(cluster)
        check_configured_topic(cluster)
        check_partitions_added(cluster)
        check_producing(cluster)
        check_consuming(cluster)
        check_outputs(cluster)
        check_consumers(cluster)
        check_spus(cluster)
        check_profiles(cluster)
    print("flags: sentences, a topic by file, partitions, producing, consuming, outputs, "
          "consumers, SPUs, profiles")


if __name__ == "__main__":
    main(sys.argv[1])
