"""A real stopped Fluvio cluster is taken over: docs/migrating-from-fluvio.md, command by command.

usage: test_import.py BIN_DIR
"""

import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import clients  # noqa: E402
import processes  # noqa: E402
from cluster import Cluster  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARCHIVE = ROOT / "tests" / "data" / "fluvio-local-cluster" / "cluster.tar.xz"
GUIDE = ROOT / "docs" / "migrating-from-fluvio.md"
ENDS = {("copies", 0): 3000, ("empty", 0): 0, ("lz4only", 0): 3000, ("parts", 0): 1286,
        ("parts", 1): 857, ("parts", 2): 857, ("plain", 0): 15000, ("segments", 0): 3000}
FORMAT = "{{offset}}\t{{key}}\t{{value}}"


class Imported(Cluster):
    """Not started until it was imported; the folder of Fluvio's data as a user has it."""

    def __init__(self, bin_dir):
        super().__init__(bin_dir, spus=2)
        self.source = self.folder / ".fluvio" / "data"
        unpack(self.source)
        # Where its SPUs listened has to be free on the machine of the test.
        for path in self.source.glob("metadata/SPU/*.yaml"):
            text = path.read_text()
            moved = re.sub(r"port: 190(\d\d)", lambda m: f"port: {self.port_base - 3 + int(m[1])}",
                           text)
            path.write_text(moved)

    def __enter__(self):
        return self

    def run_import(self, *more, check=True):
        return self.weir("cluster", "import", "--from-fluvio", self.source, "--data-dir",
                         self.data_dir, *more, check=check)


def unpack(folder):
    """As `fluvio cluster start` lays it out: the SPUs' folders beside metadata."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder)
    for path in (folder / "data").iterdir():
        path.rename(folder / path.name)
    (folder / "data").rmdir()


def hashes(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(done, *texts):
    error = (done.stdout + done.stderr).decode()
    assert done.returncode != 0, error
    for text in texts:
        assert text in error, (text, error)


def keyed_lines(cluster):
    lines = (cluster.source / "lines.txt").read_text().splitlines()
    return [tuple(line.split(":", 1)) for line in lines], lines


def expected_plain(cluster):
    keyed, lines = keyed_lines(cluster)
    return keyed * 4 + [(None, line) for line in lines]


def read_all(cluster, topic, partition=0):
    text = cluster.weir("consume", topic, "-p", partition, "-B", "-d", "-F", FORMAT).stdout.decode()
    rows = [line.split("\t", 2) for line in text.splitlines()]
    assert [int(row[0]) for row in rows] == list(range(len(rows))), topic
    return [(None if row[1] == "null" else row[1], row[2]) for row in rows]


def check_records(cluster):
    """Every record, with its offset and its key."""
    keyed, lines = keyed_lines(cluster)
    assert read_all(cluster, "plain") == expected_plain(cluster)
    for topic in ("copies", "lz4only", "segments"):
        assert read_all(cluster, topic) == [(None, line) for line in lines], topic
    assert read_all(cluster, "empty") == []
    parts = [read_all(cluster, "parts", partition) for partition in range(3)]
    assert sorted(sum(parts, [])) == sorted(keyed)
    for part in parts:
        at = iter(keyed)
        assert all(record in at for record in part), "the order within a partition"


def ends_of(cluster, field):
    listed = json.loads(cluster.weir("partition", "list", "-O", "json").stdout)
    ends = {}
    for item in listed:
        topic, partition = item["name"].rsplit("-", 1)
        ends[topic, int(partition)] = item["status"]["leader"][field]
    return ends


def check_listings(cluster):
    check_listings_of(cluster, cluster.source)


def check_listings_of(cluster, source):
    # A partition is listed without offsets until its leader has reported.
    processes.wait_until(lambda: ends_of(cluster, "hw") == ENDS, 20, "the high watermarks")
    assert ends_of(cluster, "leo") == ENDS, ends_of(cluster, "leo")
    # The table is the same, text for text, but for the order of the rows, and a column more.
    topics = cluster.weir("topic", "list").stdout.decode().splitlines()
    expected = (source / "expected-topics.txt").read_text().splitlines()
    assert len(topics) == len(expected), topics
    for row, theirs in zip(sorted(topics), sorted(expected)):
        assert row.startswith(theirs.rstrip()), (row, theirs)
    consumers = cluster.weir("consumer", "list").stdout.decode().split()
    assert consumers[7:11] == ["reader1", "plain", "0", "14999"], consumers


def check_unmodified_client(cluster):
    """The published Python client reads the records, and goes on with the stored offset."""
    python = next(client for client in clients.all_clients() if client.name == "python")
    out = cluster.folder / "plain.txt"
    python.run(cluster, "consume", "plain", 0, "beginning", 15000, out)
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    expected = [(str(i), key or "", value)
                for i, (key, value) in enumerate(expected_plain(cluster))]
    found = [(row[0], "" if row[1] in ("null", "None", "-") else row[1], row[2]) for row in rows]
    assert found == expected, (found[:3], expected[:3])


def check_writable(cluster):
    cluster.weir("produce", "segments", stdin=b"after the import\n")
    assert read_all(cluster, "segments")[3000:] == [(None, "after the import")]


def spec_documents(folder):
    """The metadata without what a start of the cluster changes."""
    documents = {}
    for path in sorted((folder / "metadata").rglob("*.yaml")):
        text = path.read_text()
        # Who leads is decided by who comes first.
        text = re.sub(r"\n  leader: \d+", "", text[text.index("\nspec:"):])
        documents[path.relative_to(folder / "metadata").as_posix()] = text
    return documents


def commands_of_guide():
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def run_guide(bin_dir):
    """Fluvio's own tool is not here; its stop is the state of the archive. All else is run."""
    done = []
    with Imported(bin_dir) as cluster:
        # The default, which the guide has.
        cluster.data_dir = cluster.folder / ".weir" / "data"
        before = hashes(cluster.source)
        for line in commands_of_guide():
            words = shlex.split(line)
            if words[0] == "fluvio":
                continue
            assert words[0] == "weir", line
            home = str(cluster.folder)
            words = [re.sub(r"^(~|\.)(?=/)", home, word) for word in words[1:]]
            if words[:2] == ["cluster", "start"]:
                words += ["--port-base", cluster.port_base]
            if words == ["cluster", "status"]:
                # It says so while a follower is not live yet.
                processes.wait_until(
                    lambda: cluster.weir("cluster", "status", check=False).returncode == 0, 20,
                    "a healthy cluster")
            stdin = b"one more\n" if words[0] == "produce" else None
            cluster.weir(*words, stdin=stdin)
            done.append(line)
            if words[:2] == ["cluster", "import"]:
                assert hashes(cluster.source) == before, "the source was changed"
    assert any("cluster import" in line for line in done), done
    assert any("cluster export" in line for line in done), done


def inline_commands_of_guide():
    """Those in the sentences; names of verbs that are only spoken of have no arguments."""
    text = re.sub(r"```sh\n.*?```", "", GUIDE.read_text(), flags=re.DOTALL)
    found = [" ".join(line.split()) for line in re.findall(r"`((?:weir|ln|mv) [^`]*)`", text)]
    return [line for line in found if line != "weir cluster start"]


def run_guide_inline(bin_dir):
    """What stands in sentences, by a shell: the new data where Fluvio's own tool looks for it."""
    with Imported(bin_dir) as cluster:
        home = cluster.folder
        before = hashes(cluster.source)
        (home / ".fluvio" / "extensions").mkdir()
        env = dict(cluster.env, PATH=f"{cluster.bin_dir.resolve()}:{os.environ['PATH']}")

        def shell(line):
            done = subprocess.run(["/bin/sh", "-ec", line], env=env, cwd=home, check=False,
                                  capture_output=True, timeout=120)
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            return done.stdout.decode()

        link, move, taken, metadata_only = inline_commands_of_guide()
        for line in (link, move, taken):
            shell(line)
        assert hashes(home / ".fluvio" / "data-of-fluvio") == before, "the source was changed"
        assert shell("~/.fluvio/extensions/fluvio-run metadata").startswith("{")
        cluster.data_dir = home / ".fluvio" / "data"
        cluster.start()
        check_listings_of(cluster, home / ".fluvio" / "data-of-fluvio")
        cluster.weir("cluster", "export", "--to", home / "exported")
        cluster.weir("cluster", "delete", "--data-dir", cluster.data_dir)
        assert metadata_only.count(" DIR ") == 1, metadata_only
        shell(metadata_only.replace(" DIR ", " exported "))
        cluster.data_dir = home / ".weir" / "data"
        cluster.start()
        processes.wait_until(lambda: ends_of(cluster, "hw") == dict.fromkeys(ENDS, 0), 20,
                             "the topics without records")


def test_taken_over(bin_dir):
    with Imported(bin_dir) as cluster:
        # As if the SC had been killed after it wrote the topic: the partition follows from it.
        (cluster.source / "metadata" / "Partition" / "parts-2.yaml").unlink()
        before = hashes(cluster.source)
        planned = cluster.run_import("--dry-run").stdout.decode()
        assert "7 topics, 9 partitions, 2 SPUs, 1 consumer offset" in planned, planned
        assert not cluster.data_dir.exists(), "a dry run writes nothing"
        cluster.run_import()
        assert hashes(cluster.source) == before, "the source was changed"
        refused(cluster.run_import(check=False), "has the data of a cluster already")
        cluster.start()
        check_listings(cluster)
        check_records(cluster)
        check_unmodified_client(cluster)
        # SPUs keep what they have over a restart of all of it.
        cluster.weir("cluster", "stop", "--data-dir", cluster.data_dir)
        cluster.start()
        check_records(cluster)
        check_writable(cluster)


def test_export(bin_dir):
    """import(export(x)) = x, seen through the cluster itself."""
    with Imported(bin_dir) as cluster:
        cluster.run_import()
        cluster.start()
        first = cluster.folder / "first"
        cluster.weir("cluster", "export", "--to", first)
        refused(cluster.weir("cluster", "export", "--to", first, check=False), "not an empty")
        cluster.weir("cluster", "delete", "--data-dir", cluster.data_dir)
        cluster.source = first
        refused(cluster.run_import(check=False), "are missing", "nothing was imported")
        cluster.run_import("--metadata-only")
        cluster.start()
        second = cluster.folder / "second"
        cluster.weir("cluster", "export", "--to", second)
        found, expected = spec_documents(second), spec_documents(first)
        assert len(expected) == 21, list(expected)
        changed = [name for name, text in expected.items() if found.get(name) != text]
        assert found == expected, [(found.get(name), expected[name]) for name in changed]


def segment(cluster, spu, folder):
    return next((cluster.source / f"spu-logs-{spu}" / folder).glob("*.log"))


def damage(path, position, bytes_in):
    data = bytearray(path.read_bytes())
    data[position:position + len(bytes_in)] = bytes_in
    path.write_bytes(data)


def second_batch(path):
    return 12 + struct.unpack(">i", path.read_bytes()[8:12])[0]


def test_damage(bin_dir):
    with Imported(bin_dir) as cluster:
        # A key in the uncompressed records of parts-1, a header of lz4only, one of two copies.
        path = segment(cluster, 5002, "parts-1")
        first_key = path.read_bytes().index(b"\x04k", 61) + 1
        damage(path, first_key, b"K")
        path = segment(cluster, 5002, "lz4only-0")
        cut = second_batch(path)
        kept = struct.unpack(">i", path.read_bytes()[23:27])[0] + 1
        damage(path, cut + 16, b"\x07")
        damage(segment(cluster, 5002, "copies-0"), 100, b"\xff\xff")
        # The process was killed while it wrote.
        path = sorted((cluster.source / "spu-logs-5001" / "segments-0").glob("*.log"))[-1]
        path.write_bytes(path.read_bytes() + bytes(30))
        refused(cluster.run_import(check=False), "the last 30 bytes are of a write that was not "
                "finished", "damaged: parts-1 on SPU 5002: records 0 to",
                "wrong checksum", f"damaged: lz4only-0 on SPU 5002: nothing can be read from "
                f"offset {kept} on", "note: copies-0 on SPU 5002", "the copy of SPU 5001 is good",
                "nothing was imported: 3 things")
        assert not cluster.data_dir.exists()
        cluster.run_import("--accept-damage")
        cluster.start()
        lines = [(None, line) for line in keyed_lines(cluster)[1]]
        assert read_all(cluster, "copies") == lines
        assert read_all(cluster, "lz4only") == lines[:kept]
        part = read_all(cluster, "parts", 1)
        assert len(part) == 857
        assert part[0][0].startswith("K"), part[0]


def test_refusals(bin_dir):
    with Imported(bin_dir) as cluster:
        nothing = cluster.folder / "nothing"
        nothing.mkdir()
        refused(cluster.weir("cluster", "import", "--from-fluvio", nothing, "--data-dir",
                             cluster.data_dir, check=False), "is not the data folder of a Fluvio")
        inside = cluster.source / "new"
        refused(cluster.weir("cluster", "import", "--from-fluvio", cluster.source, "--data-dir",
                             inside, check=False), "which is only read")
        with socket.socket() as listener:
            port = cluster.port_base - 3 + 11
            listener.bind(("127.0.0.1", port))
            listener.listen()
            refused(cluster.run_import(check=False), f"something listens on port {port}",
                    "stop the cluster first")
        topic = cluster.source / "metadata" / "Topic" / "plain.yaml"
        text = topic.read_text()
        topic.write_text(text.replace("!1.0.0", "!2.0.0"))
        refused(cluster.run_import(check=False), "plain.yaml", "'!2.0.0'")
        topic.write_text(text.replace("partitions: 1", "partitions: many"))
        refused(cluster.run_import(check=False), "plain.yaml: line")
        topic.unlink()
        refused(cluster.run_import(check=False), "no topic of the metadata has the partition")
        topic.write_text(text)
        shutil.rmtree(cluster.source / "spu-logs-5001" / "segments-0")
        refused(cluster.run_import(check=False), "segments-0 on SPU 5001: records 0 to 2999 are "
                "missing")
        # Cut off where a batch ends, and the metadata know nothing of it: the checkpoint does.
        path = segment(cluster, 5001, "parts-0")
        path.write_bytes(path.read_bytes()[:second_batch(path)])
        partition = cluster.source / "metadata" / "Partition" / "parts-0.yaml"
        partition.write_text(partition.read_text().replace("leo: 1286", "leo: 0"))
        refused(cluster.run_import(check=False), "parts-0 on SPU 5001: records ",
                " to 1285 are missing")
        assert not cluster.data_dir.exists()


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    watch = clients.Stopwatch()
    for test in (test_refusals, test_damage, test_taken_over, test_export, run_guide,
                 run_guide_inline):
        test(bin_dir)
        watch.lap(test.__name__)
    print("passed")


if __name__ == "__main__":
    main()
