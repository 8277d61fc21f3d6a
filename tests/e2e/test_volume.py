"""Many records in every codec come back complete through the published clients, whatever number
of bytes a consumer takes at once. (Fluvio's own servers lose some: their slices end inside of
batches.)"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))

import clients  # noqa: E402
from cluster import Cluster  # noqa: E402

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
# Records and bytes of each; 0: as long as their text.
SHAPES = ((200_000, 0), (10_000, 1024))
MAX_BYTES = (100, 10_000, 1_048_576, 16_777_216)
REPLICAS = 3


def main():
    clients.require_installed()
    rust, python, node = clients.all_clients()
    watch = clients.Stopwatch()
    reads = 0
    with Cluster(sys.argv[1], spus=REPLICAS) as cluster:
        for count, size in SHAPES:
            for codec in CODECS:
                topic = f"{codec}-{count}"
                cluster.weir("topic", "create", topic, "-r", REPLICAS)
                rust.run(cluster, "produce-volume", topic, count, size, codec)
                for max_bytes in MAX_BYTES:
                    readers = (rust, python, node) if max_bytes in MAX_BYTES[::3] else (rust,)
                    for reader in readers:
                        answer = reader.run(cluster, "consume-volume", topic, count, size,
                                            max_bytes)[-1]
                        assert answer == {"consumed": count}, (reader.name, topic, answer)
                        reads += 1
                watch.lap(f"{count} records with {codec}, read with {MAX_BYTES} bytes at once")
    print(f"passed: {reads} complete reads")


if __name__ == "__main__":
    main()
