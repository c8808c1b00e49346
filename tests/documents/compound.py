"""Files of Outlook (.msg) for tests: a compound file (MS-CFB) with a stream for each property (MS-OXMSG)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Union

Tree = Mapping[str, Union[bytes, "Tree"]]

SECTOR, SMALL, CUT_OFF = 512, 64, 4096
END, FREE, NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF
UNICODE, ANSI, BINARY, OBJECT, NUMBER, TIME = 0x1F, 0x1E, 0x102, 0x0D, 0x03, 0x40
NUMBERS = {
    "kind": 0x001A, "Subject": 0x0037, "sent": 0x0039, "From": 0x0042, "from_address": 0x5D02, "sender": 0x0C1F,
    "body": 0x1000, "html": 0x1013, "rich": 0x1009, "page": 0x3FFD, "begin": 0x0060, "end": 0x0061,
}  # fmt: skip


def compound(tree: Tree) -> bytes:
    """A compound file with these storages and streams."""
    entries: list[list[object]] = []  # name, kind, right, child, start, size
    streams: list[tuple[int, bytes]] = []

    def add(name: str, content: bytes | Tree) -> int:
        place = len(entries)
        entries.append([name, 5 if not place else 2 if isinstance(content, bytes) else 1, NONE, NONE, 0, 0])
        if isinstance(content, bytes):
            streams.append((place, content))
            return place
        before = None
        for key in sorted(content, key=lambda key: (len(key), key.upper())):
            child = add(key, content[key])
            if before is None:
                entries[place][3] = child
            else:
                entries[before][2] = child
            before = child
        return place

    add("Root Entry", tree)
    table: list[int] = []
    sectors: list[bytes] = []

    def chain(data: bytes) -> int:
        pieces = [data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
        first = len(sectors)
        sectors.extend(pieces)
        table.extend([*range(first + 1, first + len(pieces)), END])
        return first

    small = b""
    small_table: list[int] = []
    for place, data in streams:
        entries[place][5] = len(data)
        if len(data) >= CUT_OFF:
            entries[place][4] = chain(data)
        elif data:
            first = len(small_table)
            count = -(-len(data) // SMALL)
            small += data.ljust(count * SMALL, b"\0")
            small_table += [*range(first + 1, first + count), END]
            entries[place][4] = first
    entries[0][4:] = [chain(small) if small else END, len(small)]
    small_first = chain(struct.pack(f"<{len(small_table)}I", *small_table)) if small else END
    small_count = -(-len(small_table) * 4 // SECTOR)
    directory = chain(b"".join(map(_entry, entries)))
    count = 1
    while count * (SECTOR // 4) < len(table) + count:
        count += 1
    places = range(len(table), len(table) + count)
    table += [0xFFFFFFFD] * count
    packed = struct.pack(f"<{len(table)}I", *table).ljust(count * SECTOR, b"\xff")
    sectors += [packed[at : at + SECTOR] for at in range(0, len(packed), SECTOR)]
    head = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, count, directory,
        0, CUT_OFF, small_first, small_count, END, 0, places[0],
    )  # fmt: skip
    fat = struct.pack("<109I", *places, *[FREE] * (109 - count))
    return head[:76] + fat + b"".join(sectors)


def _entry(entry: Sequence[object]) -> bytes:
    name, kind, right, child, start, size = entry
    text = f"{name}\0".encode("utf-16-le")
    return struct.pack("<64sHBBIII16sIQQIQ", text, len(text), kind, 1, NONE, right, child, b"", 0, 0, 0, start, size)


def outlook(
    recipients: Sequence[Tree] = (), attachments: Sequence[Tree] = (), head: int = 32, **properties: object
) -> dict[str, bytes | Tree]:
    """The parts of a message; `head` is 24 for one that is attached to another."""
    tree: dict[str, bytes | Tree] = dict(part({NUMBERS[name]: value for name, value in properties.items()}, head))
    tree |= {f"__recip_version1.0_#{place:08X}": recipient for place, recipient in enumerate(recipients)}
    return tree | {f"__attach_version1.0_#{place:08X}": attached for place, attached in enumerate(attachments)}


def part(properties: Mapping[int, object], head: int = 8) -> Tree:
    """A recipient, an attachment or a message, by the numbers of its properties."""
    fixed = b"\0" * head
    tree: dict[str, bytes | Tree] = {}
    for number, value in properties.items():
        if isinstance(value, int):
            fixed += struct.pack("<IIQ", number << 16 | NUMBER, 6, value)
        elif isinstance(value, datetime):
            ticks = int((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
            fixed += struct.pack("<IIQ", number << 16 | TIME, 6, ticks)
        else:
            kind, data = _stream(value)
            fixed += struct.pack("<IIQ", number << 16 | kind, 6, len(data))
            tree[f"__substg1.0_{number:04X}{kind:04X}"] = data
    return tree | {"__properties_version1.0": fixed}


def _stream(value: object) -> tuple[int, bytes]:
    if isinstance(value, str):
        return UNICODE, value.encode("utf-16-le")
    if isinstance(value, tuple):  # a text and its encoding
        return ANSI, value[0].encode(value[1])
    if isinstance(value, bytes):
        return BINARY, value
    return OBJECT, value  # type: ignore[return-value]  # a storage
