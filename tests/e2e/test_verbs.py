"""SmartModules, table formats, mirrors, SPU groups, profiles, and a cluster that is checked,
stopped, resumed and upgraded: by the command line alone, against real processes."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

from cluster import Cluster  # noqa: E402

WASM = b"\0asm\1\0\0\0"
WAIT_S = 60


def told(cluster, *args):
    return cluster.weir(*args).stdout.decode()


def documents(cluster, *args):
    return json.loads(told(cluster, *args, "-O", "json"))


def refused(cluster, text, *args):
    done = cluster.weir(*args, check=False)
    assert done.returncode == 1, (args, done)
    assert text in done.stderr.decode(), done.stderr.decode()


def rows(table):
    """The cells of each line below the header; no cell of these tests is empty or has spaces."""
    return [line.split() for line in table.splitlines()[1:]]


class Watching:
    """`smartmodule watch`, whose lines come while it runs."""

    def __init__(self, cluster):
        self.process = subprocess.Popen(
            [str(cluster.bin_dir / "weir"), "smartmodule", "watch"], env=cluster.env,
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def wait_for(self, text):
        for line in self.process.stdout:
            if text in line.decode():
                return
        raise AssertionError(f"the watch ended without '{text}'")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        self.process.communicate(timeout=WAIT_S)


def check_smartmodules(cluster):
    wasm = cluster.folder / "module.wasm"
    wasm.write_bytes(WASM)
    assert told(cluster, "smartmodule", "list") == "no smartmodules\n"
    assert documents(cluster, "smartmodule", "list") == []
    with Watching(cluster) as watching:
        watching.wait_for("no smartmodules")
        created = told(cluster, "smartmodule", "create", "upper", "--wasm-file", wasm)
        assert created == 'smartmodule "upper" has been created.\n', created
        watching.wait_for("upper")
        told(cluster, "sm", "create", "lower", "--wasm-file", wasm)
        watching.wait_for("lower")
    assert {row[0] for row in rows(told(cluster, "sm", "list"))} == {"upper", "lower"}
    only = documents(cluster, "smartmodule", "list", "--filter", "upper")
    assert [module["name"] for module in only] == ["upper"], only
    assert only[0]["spec"]["summary"]["wasmLength"] > 0, only
    refused(cluster, "'Upper' cannot name a SmartModule", "smartmodule", "create", "Upper",
            "--wasm-file", wasm)
    refused(cluster, "cannot read the file", "smartmodule", "create", "other", "--wasm-file",
            cluster.folder / "nothing")
    wasm.write_bytes(b"text")
    refused(cluster, "is not a WebAssembly module", "smartmodule", "create", "other",
            "--wasm-file", wasm)
    done = cluster.weir("smartmodule", "delete", "nothing", "upper", "-c", check=False)
    assert done.returncode == 1 and b'"upper" deleted' in done.stdout, done
    assert b'"nothing" delete failed with: SmartModule not found' in done.stderr, done
    refused(cluster, "SmartModule not found", "smartmodule", "delete", "upper", "lower")
    assert [row[0] for row in rows(told(cluster, "smartmodule", "list"))] == ["lower"]


def check_table_formats(cluster):
    file = cluster.folder / "format.yaml"
    file.write_text("name: orders\ninput_format: JSON\ncolumns:\n  - keyPath: id\n"
                    "    headerLabel: ID\n    alignment: RIGHT\n", encoding="utf-8")
    assert told(cluster, "table-format", "list") == "no tableformats\n"
    created = told(cluster, "table-format", "create", "-c", file)
    assert created == 'tableformat "orders" created\n', created
    refused(cluster, "TableFormat already exists", "table-format", "create", "-c", file)
    assert rows(told(cluster, "table-format", "list")) == [["orders", "Init"]]
    spec = documents(cluster, "table-format", "list")[0]["spec"]
    assert spec == {"name": "orders", "inputFormat": "JSON", "columns": [
        {"headerLabel": "ID", "alignment": "RIGHT", "keyPath": "id"}]}, spec
    file.write_text("name: orders\ncolumns: 7\n", encoding="utf-8")
    refused(cluster, "is not a table format: line 2", "table-format", "create", "-c", file)
    assert told(cluster, "table-format", "delete", "orders") == ""
    refused(cluster, "TableFormat not found", "table-format", "delete", "orders")


def check_mirrors(cluster):
    assert told(cluster, "remote", "list") == "no items\n"
    assert told(cluster, "remote", "register", "edge1") == 'remote cluster "edge1" was registered\n'
    refused(cluster, "already exists", "remote", "register", "edge1")
    assert rows(told(cluster, "remote", "list")) == [["edge1", "Waiting", "Waiting", "-", "-"]]
    file = cluster.folder / "edge1.json"
    cluster.weir("remote", "export", "edge1", "-f", file)
    home = json.loads(told(cluster, "remote", "export", "edge1", "--home-id", "centre", "-e",
                           "192.0.2.7:9003"))["home"]
    assert home == {"id": "centre", "remoteId": "edge1", "publicEndpoint": "192.0.2.7:9003"}, home
    refused(cluster, "`weir remote register edge2`", "remote", "export", "edge2")
    # The other end; here it is the same cluster.
    done = cluster.weir("home", "connect", "-f", file)
    assert done.stdout == b'connecting with "home" cluster\n', done
    assert b"they do not mirror data yet" in done.stderr, done
    assert documents(cluster, "home", "status") == [
        {"home": "home", "route": cluster.address, "sc_status": "Waiting",
         "spu_status": "Waiting", "last_seen": "-", "errors": "-"}]
    file.write_text("{}", encoding="utf-8")
    refused(cluster, "is not a file of `weir remote export`", "home", "connect", "-f", file)


def check_mirror_topics(cluster):
    cluster.weir("topic", "create", "later", "--mirror")
    added = told(cluster, "topic", "add-mirror", "later", "edge1")
    assert added == 'added new mirror: "edge1" to topic: "later"\n', added
    refused(cluster, "already assigned", "topic", "add-mirror", "later", "edge1")
    refused(cluster, "Mirror not found", "topic", "add-mirror", "later", "edge2")
    file = cluster.folder / "remotes.json"
    file.write_text('["edge1"]', encoding="utf-8")
    cluster.weir("topic", "create", "sent", "-m", file, "--home-to-remote")
    file.write_text('["edge1", "edge2"]', encoding="utf-8")
    refused(cluster, 'remote cluster "edge2" not found', "topic", "create", "bad", "-m", file)
    refused(cluster, "needs --mirror", "topic", "create", "bad", "--home-to-remote")
    usage = cluster.weir("topic", "create", "bad", "--mirror", "-p", 2, check=False)
    assert usage.returncode == 2 and b"excludes" in usage.stderr, usage
    kinds = {row[0]: row[1] for row in rows(told(cluster, "topic", "list"))}
    assert kinds == {"later": "from-remote", "sent": "to-remote"}, kinds
    cluster.weir("topic", "delete", "later", "sent")
    assert told(cluster, "remote", "unregister", "edge1").endswith('"edge1" was unregistered\n')
    refused(cluster, "Mirror not found", "remote", "unregister", "edge1")


def check_spu_groups(cluster):
    assert told(cluster, "cluster", "spg", "list") == "no groups\n"
    assert told(cluster, "cluster", "spg", "create", "edge", "-r", 2, "--min-id", 100, "--rack",
                "r1", "--storage-size", "5Gi") == ""
    listed = rows(told(cluster, "cluster", "spg", "list"))
    assert listed == [["edge", "2", "100", "r1", "5Gi", "Init"]], listed
    assert documents(cluster, "cluster", "spg", "list")[0]["spec"]["minId"] == 100
    cluster.weir("cluster", "spg", "delete", "edge")
    refused(cluster, "`weir cluster spg list`", "cluster", "spg", "delete", "edge")


def check_life(cluster):
    """What was produced is there after a stop and resume, and after an upgrade."""
    place = ("--data-dir", cluster.data_dir)
    flags = (*place, "--port-base", cluster.port_base)
    cluster.weir("topic", "create", "kept")
    cluster.weir("produce", "kept", stdin=b"one\ntwo\n")
    busy = cluster.weir("cluster", "check", *flags, check=False)
    assert busy.returncode == 1 and b"stop it first" in busy.stdout, busy
    old = {server.pid for server in cluster.servers()}
    cluster.weir("cluster", "stop", *place)
    assert b"FAILED" not in cluster.weir("cluster", "check", *flags).stdout
    cluster.weir("cluster", "resume", *place)
    resumed = cluster.servers()
    assert len(resumed) == len(old) and not old & {server.pid for server in resumed}
    other = cluster.weir("cluster", "check", "--data-dir", cluster.folder / "other",
                         "--port-base", cluster.port_base, check=False)
    assert other.returncode == 1 and b"Address already in use" in other.stdout, other
    assert not (cluster.folder / "other").exists()
    upgraded = told(cluster, "cluster", "upgrade", *place)
    program = (cluster.bin_dir / "weir-run").resolve()
    assert f"Starting it again with {program}\n" in upgraded, upgraded
    assert not {server.pid for server in resumed} & {server.pid for server in cluster.servers()}
    assert told(cluster, "consume", "kept", "-B", "-d").splitlines() == ["one", "two"]
    refused(cluster, "does not say how its cluster was started", "cluster", "upgrade",
            "--data-dir", cluster.folder / "other")


def check_profiles(cluster):
    synced = told(cluster, "profile", "sync", "local", cluster.address)
    assert synced == f"local context is set to: {cluster.address}\n", synced
    told(cluster, "topic", "list")
    refused(cluster, "with --force", "profile", "delete-cluster", "local")
    refused(cluster, 'cluster "far" not found', "profile", "delete-cluster", "far")
    assert told(cluster, "profile", "delete-cluster", "local", "-f") == "Cluster local deleted\n"
    refused(cluster, "does not describe", "topic", "list")


def check_deletion(cluster):
    """All that it made is gone; what is not its own stays."""
    other = cluster.data_dir / "mine.txt"
    other.write_text("mine", encoding="utf-8")
    cluster.weir("cluster", "delete", "--data-dir", cluster.data_dir)
    assert list(cluster.data_dir.iterdir()) == [other], list(cluster.data_dir.iterdir())


def main(bin_dir):
    with Cluster(bin_dir) as cluster:
        check_smartmodules(cluster)
        check_table_formats(cluster)
        check_mirrors(cluster)
        check_mirror_topics(cluster)
        check_spu_groups(cluster)
        check_life(cluster)
        check_profiles(cluster)
        check_deletion(cluster)
    print("verbs: SmartModules, table formats, mirrors, SPU groups, check, resume, upgrade, "
          "profiles, deletion")


if __name__ == "__main__":
    main(sys.argv[1])
