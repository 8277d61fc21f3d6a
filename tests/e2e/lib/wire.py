"""The few data-plane requests that the tests send themselves, byte by byte.

An own encoder knows the fate of every request: answered, refused, or lost with the connection. The
published clients retry by themselves and hide that. Layouts: docs/internals/wire.md.
"""

import socket
import struct

PRODUCE, FETCH, API_VERSIONS, FETCH_OFFSETS = 0, 1, 18, 1002
VERSION = 25
CLIENT_ID = "weir-e2e"


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def string(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def varint(number):
    value = (number << 1) ^ (number >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (value >> 1) ^ -(value & 1), position


def record(index, key, value):
    body = b"\x00" + varint(0) + varint(index)
    body += b"\x00" if key is None else b"\x01" + varint(len(key)) + key
    body += varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(records, timestamp_ms=1_700_000_000_000):
    """One uncompressed batch of (key, value) pairs."""
    payload = struct.pack(">I", len(records))
    payload += b"".join(record(i, key, value) for i, (key, value) in enumerate(records))
    covered = struct.pack(">hiqqqhi", 0, len(records) - 1, timestamp_ms, timestamp_ms, -1, -1, -1)
    covered += payload
    head = struct.pack(">ibI", -1, 2, crc32c(covered))
    return struct.pack(">qi", len(records) - 1, len(head) + len(covered)) + head + covered


def parse_batches(data):
    """[(offset, key, value)] of uncompressed batches, with the CRC of each checked."""
    out = []
    position = 0
    while position + 12 <= len(data):
        base, size = struct.unpack_from(">qi", data, position)
        body = data[position + 12 : position + 12 + size]
        if len(body) < size:
            raise ValueError("a cut batch")
        _, magic, crc = struct.unpack_from(">ibI", body, 0)
        if magic != 2 or crc32c(body[9:]) != crc:
            raise ValueError(f"a damaged batch at offset {base}")
        count = struct.unpack_from(">I", body, 45)[0]
        at = 49
        for index in range(count):
            _, at = read_varint(body, at)
            at += 1
            _, at = read_varint(body, at)
            _, at = read_varint(body, at)
            key = None
            has_key = body[at]
            at += 1
            if has_key:
                length, at = read_varint(body, at)
                key = body[at : at + length]
                at += length
            length, at = read_varint(body, at)
            value = body[at : at + length]
            at += length
            _, at = read_varint(body, at)
            out.append((base + index, key, value))
        position += 12 + size
    return out


class Refused(Exception):
    """The server answered with an error code: the request had no effect."""

    def __init__(self, code):
        super().__init__(f"error code {code}")
        self.code = code


class Connection:
    """One connection, one request at a time. OSError and EOFError mean: fate unknown."""

    def __init__(self, address, timeout_s=10):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout_s)
        self.socket.settimeout(timeout_s)
        self.correlation = 0
        self.versions = self.api_versions()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def receive(self, count):
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 16))
            if not part:
                raise EOFError("the server closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def frame(self, key, version, body):
        self.correlation += 1
        head = struct.pack(">Hhi", key, version, self.correlation) + string(CLIENT_ID)
        return struct.pack(">i", len(head) + len(body)) + head + body

    def response(self):
        size = struct.unpack(">i", self.receive(4))[0]
        payload = self.receive(size)
        correlation = struct.unpack_from(">i", payload)[0]
        if correlation != self.correlation:
            raise AssertionError(f"answer to request {correlation}, not to {self.correlation}")
        return payload[4:]

    def request(self, key, version, body):
        self.socket.sendall(self.frame(key, version, body))
        return self.response()

    def api_versions(self):
        body = string("0.50.2") + string("linux") + string("x86_64")
        answer = self.request(API_VERSIONS, 2, body)
        code, count = struct.unpack_from(">hI", answer)
        if code != 0:
            raise Refused(code)
        return {key: (low, high) for key, low, high in
                struct.iter_unpack(">hhh", answer[6 : 6 + 6 * count])}

    def produce(self, topic, partition, records, timeout_ms=5000, acks=-1):
        """The base offset given to `records`, or Refused."""
        data = batch(records)
        body = b"\x00" + struct.pack(">hiI", acks, timeout_ms, 1) + string(topic)
        body += struct.pack(">IIi", 1, partition, len(data)) + data + struct.pack(">I", 0)
        answer = self.request(PRODUCE, VERSION, body)
        at = 4 + 2 + len(topic.encode()) + 4 + 4
        code = struct.unpack_from(">h", answer, at)[0]
        if code != 0:
            raise Refused(code)
        return struct.unpack_from(">q", answer, at + 2)[0]

    def fetch_offsets(self, topic, partition):
        """(first readable offset, high watermark)."""
        body = struct.pack(">I", 1) + string(topic) + struct.pack(">II", 1, partition)
        answer = self.request(FETCH_OFFSETS, VERSION, body)
        at = 4 + 2 + len(topic.encode()) + 4
        code = struct.unpack_from(">h", answer, at)[0]
        if code != 0:
            raise Refused(code)
        return struct.unpack_from(">qq", answer, at + 6)

    def fetch(self, topic, partition, offset, max_bytes=1 << 20, is_committed=False):
        body = struct.pack(">iiiBI", 0, 0, max_bytes, int(is_committed), 1) + string(topic)
        body += struct.pack(">IIiqqi", 1, partition, -1, offset, 0, max_bytes)
        body += struct.pack(">I", 0)
        answer = self.request(FETCH, VERSION, body)
        at = 4 + 2 + 4 + 4 + 2 + len(topic.encode()) + 4 + 4
        code = struct.unpack_from(">h", answer, at)[0]
        if code != 0:
            raise Refused(code)
        # error, high watermark, next filter offset, log start, no aborted transactions
        at += 2 + 8 + 8 + 8 + 1
        size = struct.unpack_from(">i", answer, at)[0]
        return parse_batches(answer[at + 4 : at + 4 + size])

    def read_all(self, topic, partition):
        """Every readable record of a partition, in order."""
        offset, end = self.fetch_offsets(topic, partition)
        records = []
        while offset < end:
            part = [item for item in self.fetch(topic, partition, offset) if item[0] >= offset]
            if not part:
                raise AssertionError(f"nothing at offset {offset} although the end is {end}")
            records += part
            offset = part[-1][0] + 1
        return records
