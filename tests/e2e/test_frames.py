"""Bytes that no client sends, on the public ports of the SC and of an SPU.

Each bad stream ends its own connection, costs one log line and bounded memory, and disturbs nobody
else; each truncated one just ends.
"""

import os
import pathlib
import random
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import processes  # noqa: E402
import wire  # noqa: E402
from cluster import Cluster  # noqa: E402

ANSWER_TIMEOUT_S = 10
RANDOM_STREAMS = 300
HELD_CONNECTIONS = 64
HELD_PREFIX_SIZE = 4096
MEMORY_GROWTH_MAX_BYTES = 32 << 20
ANNOUNCED_SIZE = 120 << 20


def request(key, version, body=b"", correlation=7, client=b"\x00\x03e2e"):
    payload = struct.pack(">Hhi", key, version, correlation) + client + body
    return struct.pack(">i", len(payload)) + payload


def connect(address):
    host, port = address.rsplit(":", 1)
    stream = socket.create_connection((host, int(port)), ANSWER_TIMEOUT_S)
    stream.settimeout(ANSWER_TIMEOUT_S)
    return stream


def read_to_end(stream):
    """What the server sent before it closed; a reset counts as closed, silence does not."""
    received = b""
    try:
        while part := stream.recv(65536):
            received += part
    except ConnectionError:
        pass
    except TimeoutError:
        raise AssertionError("the server left the connection open") from None
    return received


# (name, bytes sent, whether an end of our sending direction is needed to make the server act)
def bad_streams():
    versions = request(18, 2, wire.string("1.0.0") + wire.string("linux") + wire.string("x86_64"))
    return [
        ("negative length", struct.pack(">i", -1), False),
        ("most negative length", struct.pack(">i", -(1 << 31)), False),
        ("zero length", struct.pack(">i", 0), False),
        ("shorter than a header", struct.pack(">i", 9) + b"\0" * 9, False),
        ("longer than any frame", struct.pack(">i", 0x7FFFFFFF) + b"x" * 100, False),
        ("unknown api key", request(4242, 1), False),
        ("client id longer than the frame", request(18, 2, client=b"\x7f\xffab"), False),
        ("body missing", request(0, 25), False),
        ("body of nonsense", request(1003, 25, b"\xff" * 64), False),
        ("bad bool in the body", versions + request(0, 25, b"\x07" + b"\0" * 30), False),
        ("huge count in the body", request(1002, 25, b"\x7f\xff\xff\xff"), False),
        ("half a length", b"\x00\x00", True),
        ("half a frame", struct.pack(">i", 1000) + b"\x00\x12", True),
    ]


def check_alive(address):
    with wire.Connection(address) as connection:
        assert connection.versions, "no versions listed"


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def log_lines(cluster, role):
    pattern = "sc.log" if role == "sc" else "spu-*.log"
    count = 0
    for path in (cluster.folder / "log").glob(pattern):
        count += path.read_bytes().count(b"\n")
    return count


def test_bad_streams(cluster, address, role):
    for name, data, needs_end in bad_streams():
        if role == "sc" and "body" in name:
            continue  # Data-plane requests, and versions the SC does not speak.
        before = log_lines(cluster, role)
        with connect(address) as stream:
            stream.sendall(data)
            if needs_end:
                stream.shutdown(socket.SHUT_WR)
            read_to_end(stream)
        check_alive(address)
        if not needs_end:
            processes.wait_until(lambda: log_lines(cluster, role) > before, 5,
                                 f"a log line about '{name}'")
        written = log_lines(cluster, role) - before
        assert written <= 1, f"'{name}' cost {written} log lines"
    print(f"{role}: {len(bad_streams())} kinds of bad streams", flush=True)


def test_wrong_versions(address, keys):
    """A version outside the advertised range is answered, in the lowest form we speak, or refused
    by closing; either way without harm."""
    with wire.Connection(address) as connection:
        ranges = connection.versions
    for key in keys:
        low, high = ranges.get(key, (0, 2))  # ApiVersions does not list itself
        for version in (low - 1, high + 1, 32767, -32768):
            with connect(address) as stream:
                stream.sendall(request(key, version, b"\0" * 64))
                stream.shutdown(socket.SHUT_WR)
                read_to_end(stream)
            check_alive(address)
    print(f"wrong versions of {len(keys)} requests", flush=True)


def test_announced_sizes(address, pid):
    """Memory follows the bytes received, not the length announced."""
    before = resident_bytes(pid)
    held = []
    for _ in range(HELD_CONNECTIONS):
        stream = connect(address)
        stream.sendall(struct.pack(">i", ANNOUNCED_SIZE) + b"\0" * HELD_PREFIX_SIZE)
        held.append(stream)
    check_alive(address)
    growth = resident_bytes(pid) - before
    for stream in held:
        stream.close()
    assert growth <= MEMORY_GROWTH_MAX_BYTES, (
        f"{HELD_CONNECTIONS} connections that announced {ANNOUNCED_SIZE >> 20} MiB each "
        f"cost {growth >> 20} MiB")
    check_alive(address)
    print(f"{HELD_CONNECTIONS} announcements of {ANNOUNCED_SIZE >> 20} MiB cost "
          f"{growth >> 10} KiB", flush=True)


def test_random_streams(address):
    """Noise, also behind a plausible length; the seed is fixed, so a failure comes back."""
    noise = random.Random(20_260)
    for _ in range(RANDOM_STREAMS):
        data = noise.randbytes(noise.randint(1, 200))
        if noise.random() < 0.7:
            data = struct.pack(">i", len(data)) + data
        with connect(address) as stream:
            try:
                stream.sendall(data)
                stream.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            read_to_end(stream)
    check_alive(address)
    print(f"{RANDOM_STREAMS} streams of noise", flush=True)


def test_bad_batch(cluster, address):
    """A batch whose CRC is wrong is refused with an error code, and the connection goes on."""
    cluster.weir("topic", "create", "crc")
    leader = cluster.leader_address("crc")
    good = wire.batch([(None, b"payload")])
    damaged = good[:-3] + bytes([good[-3] ^ 1]) + good[-2:]
    original = wire.batch
    with wire.Connection(leader) as connection:
        wire.batch = lambda records: damaged
        try:
            connection.produce("crc", 0, [(None, b"payload")])
            raise AssertionError("a damaged batch was accepted")
        except wire.Refused as refusal:
            print(f"damaged batch: error code {refusal.code}", flush=True)
        finally:
            wire.batch = original
        assert connection.produce("crc", 0, [(None, b"payload")]) == 0
        assert connection.fetch("crc", 0, 0) == [(0, None, b"payload")]


def main():
    with Cluster(sys.argv[1], spus=1) as cluster:
        sc, spu = cluster.servers("sc")[0], cluster.servers("spu")[0]
        for role, server, address, keys in (
                ("sc", sc, cluster.address, (18, 1003)),
                ("spu", spu, cluster.spu_address(5001), (0, 1, 1002, 1003))):
            check_alive(address)
            test_bad_streams(cluster, address, role)
            test_wrong_versions(address, keys)
            test_announced_sizes(address, server.pid)
            test_random_streams(address)
            assert processes.is_alive(server.pid), f"{role} died"
        test_bad_batch(cluster, cluster.spu_address(5001))
        pids = {server.pid for server in cluster.servers()}
        assert pids == {sc.pid, spu.pid}, "a server died"
    print("passed")


if __name__ == "__main__":
    main()
