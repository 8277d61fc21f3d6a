"""`weir cluster start`: an unmodified client finds the cluster through the profile alone."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import clients  # noqa: E402
from cluster import Cluster  # noqa: E402

# The published Python client with nothing but its default: the current profile.
SCRIPT = """
import json
from fluvio import Fluvio, FluvioAdmin, Offset
FluvioAdmin.connect().create_topic("profile")
client = Fluvio.connect()
producer = client.topic_producer("profile")
outputs = [producer.send(b"k%d" % i, b"v%d" % i) for i in range(5)]
producer.flush()
offsets = [output.wait().offset() for output in outputs]
stream = client.partition_consumer("profile", 0).stream(Offset.beginning())
print(json.dumps({"offsets": offsets, "values": [next(stream).value_string() for _ in range(5)]}))
"""
OTHER = """version = "2.0"
current_profile = "other"

[profile.other]
cluster = "other"

[cluster.other]
endpoint = "192.0.2.1:9003"
use_spu_local_address = false

[cluster.other.tls]
tls_policy = "disabled"
"""


def read_profile(path):
    """The tables that matter, without a TOML parser (Python 3.9 has none): section to its keys."""
    sections = {"": {}}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]")
            sections[section] = {}
        elif "=" in line:
            key, _, value = line.partition("=")
            sections[section][key.strip()] = value.strip().strip('"')
    return sections


def check_profile(cluster):
    sections = read_profile(cluster.folder / "profile")
    current = sections[""]["current_profile"]
    assert current == "local", sections
    name = sections["profile.local"]["cluster"]
    assert sections[f"cluster.{name}"]["endpoint"] == cluster.address, sections
    assert sections["cluster.other"]["endpoint"] == "192.0.2.1:9003", "another entry was lost"
    return sections


def check_client(cluster):
    done = subprocess.run([str(clients.INSTALLED / "py" / "bin" / "python"), "-c", SCRIPT],
                          env=cluster.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found == {"offsets": [0, 1, 2, 3, 4], "values": [f"v{i}" for i in range(5)]}, found


def check_verbs(cluster):
    """Through the profile as well: no address on any of these command lines."""
    status = cluster.weir("cluster", "status").stdout.decode()
    assert status.strip(), "cluster status prints nothing"
    listed = json.loads(cluster.weir("spu", "list", "-O", "json").stdout)
    states = [item["status"]["resolution"] for item in listed]
    assert states == ["Online", "Online"], states
    text = cluster.weir("consume", "profile", "-B", "-d").stdout.decode()
    assert text.splitlines() == [f"v{i}" for i in range(5)], text


def check_second_start(cluster):
    """A cluster that runs is not disturbed by another start over the same data."""
    before = [server.pid for server in cluster.servers()]
    done = cluster.weir("cluster", "start", "--data-dir", cluster.data_dir, "--port-base",
                        cluster.port_base, check=False)
    assert done.returncode != 0, "a second start over a running cluster reported success"
    assert [server.pid for server in cluster.servers()] == before, "the running cluster changed"


def check_stop_and_delete(cluster):
    cluster.weir("cluster", "stop", "--data-dir", cluster.data_dir)
    assert not cluster.servers(), "stop left servers running"
    cluster.start()
    text = cluster.weir("consume", "profile", "-B", "-d").stdout.decode()
    assert text.splitlines() == [f"v{i}" for i in range(5)], f"after a restart: {text}"
    cluster.weir("cluster", "delete", "--data-dir", cluster.data_dir)
    assert not cluster.servers(), "delete left servers running"
    left = list(cluster.data_dir.rglob("*.log")) if cluster.data_dir.exists() else []
    assert not left, f"delete left {left[:3]}"


def main():
    clients.require_installed()
    cluster = Cluster(sys.argv[1], spus=2)
    (cluster.folder / "profile").write_text(OTHER, encoding="utf-8")
    with cluster:
        check_profile(cluster)
        check_client(cluster)
        check_verbs(cluster)
        check_second_start(cluster)
        check_stop_and_delete(cluster)
    print("passed")


if __name__ == "__main__":
    main()
