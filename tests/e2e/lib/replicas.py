"""The batches of a replica as they lie on the disk (docs/internals/log-format.md)."""

import struct

SEGMENT_HEADER_SIZE = 64
BATCH_HEADER_SIZE = 57


def find_replica(data_dir, topic, partition):
    found = set(data_dir.rglob(f"{topic}-{partition}.*/"))
    assert len(found) == 1, f"replicas of {topic}-{partition} below {data_dir}: {found}"
    return found.pop()


def read_batches(folder):
    """All batches of a log that was closed in order, one after another, and its LEO.

    Replicas may be split into segments at different places, therefore without the files' headers.
    """
    paths = sorted(folder.glob("*.log"))
    bases = [int(path.stem) for path in paths]
    whole = bytearray()
    leo = bases[0]
    for index, path in enumerate(paths):
        data = path.read_bytes()
        position = SEGMENT_HEADER_SIZE
        # What a cut left behind in the file of a closed segment is not part of the log.
        end = bases[index + 1] if index + 1 < len(paths) else None
        while position + BATCH_HEADER_SIZE <= len(data) and leo != end:
            base, size = struct.unpack_from(">qi", data, position)
            if size == 0:
                break
            assert base == leo, f"{path}: a batch at {base}, not at {leo}"
            last_delta = struct.unpack_from(">i", data, position + 23)[0]
            leo = base + last_delta + 1
            whole += data[position : position + 12 + size]
            position += 12 + size
        assert end in (None, leo), f"{path} ends at {leo}, the next segment begins at {end}"
    return bytes(whole), leo
