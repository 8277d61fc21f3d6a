"""The only copy of a partition is damaged: what is shown, and what `weir-run repair` does."""

import hashlib
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import processes  # noqa: E402
from cluster import Cluster  # noqa: E402

TOPIC = "orders"
LINES, LINE_BYTES = 4_000, 1_000
DAMAGED_AT = 1_500_000
WAIT_S = 60


def line(number):
    return f"{number:06}".ljust(LINE_BYTES - 1, ".")


def replica_dir(cluster):
    (found,) = (cluster.data_dir / "spu-logs-5001" / "replicas").glob(f"{TOPIC}-0.*")
    return found


def digest(folder):
    """Of every file below it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def damage(folder):
    (path,) = folder.glob("*.log")
    with path.open("r+b") as file:
        file.seek(DAMAGED_AT)
        byte = file.read(1)
        file.seek(DAMAGED_AT)
        file.write(bytes([byte[0] ^ 0xFF]))


def repair(cluster, *flags, partition=0):
    return subprocess.run(
        [str(cluster.bin_dir / "weir-run"), "repair", "--log-base-dir", str(cluster.data_dir),
         "--id", "5001", TOPIC, str(partition), *flags], env=cluster.env, capture_output=True,
        timeout=60, check=False)


def refused(done, text):
    assert done.returncode == 1 and text in done.stderr.decode(), done


def problems(cluster):
    return cluster.weir("cluster", "status", check=False).stdout.decode()


def check_damage_is_shown(cluster, spu):
    refused(repair(cluster), "stop the SPU first")
    spu.kill()
    damage(replica_dir(cluster))
    spu.restart(cluster.folder / "log" / "damaged.log")
    text = f"{TOPIC}-0 has no leader: its only replica, on spu 5001, does not open"
    processes.wait_until(lambda: text in problems(cluster), WAIT_S, text)
    refused(repair(cluster), "stop the SPU first")
    spu.kill()


def check_look(cluster):
    """It says what is lost, and changes nothing; how much is kept."""
    before = digest(replica_dir(cluster))
    done = repair(cluster)
    refused(done, "nothing was changed")
    assert digest(replica_dir(cluster)) == before
    told = dict(row.split(None, 1) for row in done.stdout.decode().splitlines()[1:])
    first, kept = (int(word) for word in told["kept"].split() if word.isdigit())
    # A batch of the client is far smaller than this.
    assert first == 0 and 0 < DAMAGED_AT // LINE_BYTES - kept < 200, told
    assert told["lost"].startswith(f"offsets {kept + 1} to "), told
    refused(repair(cluster, partition=1), "has no replica of orders-1")
    return kept + 1


def check_cut(cluster, spu, end):
    done = repair(cluster, "--accept-loss")
    assert done.returncode == 0 and b"start the SPU again" in done.stdout, done
    again = repair(cluster)
    assert again.returncode == 0 and f"offsets 0 to {end - 1} are good".encode() in again.stdout
    spu.restart(cluster.folder / "log" / "repaired.log")
    processes.wait_until(
        lambda: cluster.weir("cluster", "status", check=False).returncode == 0, WAIT_S, "health")
    cluster.weir("produce", TOPIC, stdin=b"next\n")
    read = cluster.weir("consume", TOPIC, "-B", "-d").stdout.decode().splitlines()
    assert read == [line(number) for number in range(end)] + ["next"], (len(read), end)


def main(bin_dir):
    with Cluster(bin_dir) as cluster:
        cluster.weir("topic", "create", TOPIC)
        text = "".join(f"{line(number)}\n" for number in range(LINES))
        cluster.weir("produce", TOPIC, stdin=text.encode())
        (spu,) = cluster.servers("spu")
        check_damage_is_shown(cluster, spu)
        end = check_look(cluster)
        check_cut(cluster, spu, end)
    print(f"repair: {end} of {LINES} records kept, what was lost is said before")


if __name__ == "__main__":
    main(sys.argv[1])
