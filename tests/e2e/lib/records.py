"""The records that the client programs write, and the comparison of what was read."""


def record(tag, i):
    letter = chr(ord("a") + i % 26)
    return f"key-{i}", f"{tag}:{i}:{letter * ((i * 37) % 200)}"


def expected_lines(tag, first, count, base_offset=0, with_offsets=True):
    """`offset<TAB>key<TAB>value` lines; Node shows no offsets and writes `-`."""
    lines = []
    for i in range(first, first + count):
        key, value = record(tag, i)
        offset = base_offset + i - first if with_offsets else "-"
        lines.append(f"{offset}\t{key}\t{value}")
    return lines


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def difference(found, expected):
    """None when equal, else a short text about the first difference."""
    if found == expected:
        return None
    for number, (left, right) in enumerate(zip(found, expected)):
        if left != right:
            return f"line {number}: read {left[:80]!r}, expected {right[:80]!r}"
    return f"{len(found)} lines read, {len(expected)} expected"
