"""The SC's metadata come back from a backup, on three real SPUs: nothing is served and nothing is
deleted until the operator adopts what the SPUs have, and then everything is there."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import processes  # noqa: E402
from cluster import Cluster  # noqa: E402

WAIT_S = 60


def create(cluster, topic):
    cluster.weir("topic", "create", topic, "-r", 3, "--min-live", 2, "--ack-floor", "committed",
                 "--ignore-rack-assignment")


def produce(cluster, topic, first, count):
    lines = "".join(f"{topic} {number}\n" for number in range(first, first + count))
    cluster.weir("produce", topic, stdin=lines.encode())


def consumed(cluster, topic):
    return cluster.weir("consume", topic, "-B", "-d").stdout.decode().splitlines()


def refused(cluster, *args):
    done = cluster.weir(*args, check=False)
    assert done.returncode != 0, args
    return done.stderr.decode()


def restore(cluster, backup):
    metadata = cluster.data_dir / "metadata"
    shutil.rmtree(metadata)
    shutil.copytree(backup, metadata)


def wait_healthy(cluster):
    processes.wait_until(
        lambda: cluster.weir("cluster", "status", check=False).returncode == 0, WAIT_S,
        "a healthy cluster")


def adopt(cluster):
    """What was adopted. Refused as long as an SPU that was just started has not reported."""
    answers = []

    def is_adopted():
        answers.append(cluster.weir("cluster", "adopt", check=False))
        return b"have not reported yet" not in answers[-1].stderr

    processes.wait_until(is_adopted, WAIT_S, "an adoption")
    assert answers[-1].returncode == 0, answers[-1]
    return answers[-1].stdout.decode()


def main(bin_dir):
    with Cluster(bin_dir, spus=3) as cluster:
        place = ("--data-dir", cluster.data_dir)
        create(cluster, "kept")
        produce(cluster, "kept", 0, 100)
        cluster.weir("cluster", "stop", *place)
        backup = cluster.folder / "backup"
        shutil.copytree(cluster.data_dir / "metadata", backup)
        cluster.weir("cluster", "resume", *place)
        produce(cluster, "kept", 100, 50)
        create(cluster, "newer")
        produce(cluster, "newer", 0, 20)
        cluster.weir("cluster", "stop", *place)
        restore(cluster, backup)

        # It neither waits for SPUs that will not be served nor stops what it has started.
        told = refused(cluster, "cluster", "resume", *place)
        assert "`weir cluster adopt`" in told, told
        assert "only SPUs know 1 partitions of topic newer" in told, told
        assert len(cluster.servers()) == 4, cluster.servers()
        assert "older than the cluster" in refused(cluster, "topic", "delete", "kept")
        status = cluster.weir("cluster", "status", check=False)
        assert status.returncode != 0
        assert "the record of kept-0 is older" in status.stdout.decode(), status.stdout.decode()

        adopted = adopt(cluster)
        assert "3 of its 3 SPUs" in adopted, adopted
        wait_healthy(cluster)
        assert consumed(cluster, "kept") == [f"kept {number}" for number in range(150)]
        assert consumed(cluster, "newer") == [f"newer {number}" for number in range(20)]
        produce(cluster, "newer", 20, 1)
        assert len(consumed(cluster, "newer")) == 21
        cluster.weir("topic", "delete", "newer")
    print("adopt: metadata from a backup, refusals, adoption; 171 records read back")


if __name__ == "__main__":
    main(sys.argv[1])
