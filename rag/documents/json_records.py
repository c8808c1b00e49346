"""Data as text (json, jsonl) -> tables if records are alike and short, else a block of "name: value" lines each.

In: the bytes of a file. Out: blocks; the name of a value is the path that leads to it ("address.city", "items[0]"),
numbers keep their digits as written. A list of records inside other data gets its path as a heading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rag.documents.blocks import Block, Content, table_block
from rag.documents.encoding import decode_text
from rag.errors import DocumentError

JsonValue = object  # str, bool, None, a list or a dict; numbers as str
SHORT = 200  # characters up to which a text is a cell and not a text to read
MOST_COLUMNS = 60
ALIKE = 0.5  # share of the cells of a table that must hold something
NO_JSON = "is not valid JSON (line {line}: {reason}); mend it or give it the name of its real type"


def parse_json(data: bytes) -> Content:
    """The blocks of one JSON value; raises `DocumentError` if the file is not valid JSON."""
    return Content([list(_blocks(_loads(decode_text(data), 1), "", 1))])


def parse_lines(data: bytes) -> Content:
    """The blocks of JSON Lines, a record on each line; raises `DocumentError` with the line that is not valid."""
    lines = decode_text(data).split("\n")
    records = [_loads(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
    return Content([list(_blocks(records, "", 1))])


def _loads(text: str, line: int) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as exc:
        raise DocumentError(NO_JSON.format(line=line + exc.lineno - 1, reason=exc.msg)) from exc
    except RecursionError as exc:
        raise DocumentError("is nested too deep to be data; split it") from exc
    return value


def _blocks(value: JsonValue, path: str, level: int) -> Iterator[Block]:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        if path:
            yield Block(path, level)
        yield from _records(value)
        return
    lines: list[str] = []
    inner: list[tuple[str, JsonValue]] = []
    for name, item in _members(value, path):
        if isinstance(item, list) and any(isinstance(entry, dict) for entry in item):
            inner.append((name, item))
        else:
            lines.append(_line(name, item))
    yield Block("\n".join(lines))
    for name, item in inner:
        yield from _blocks(item, name, level)


def _records(records: Sequence[JsonValue]) -> Iterator[Block]:
    flat = [dict(_members(record, "")) for record in records]
    columns = list(dict.fromkeys(name for record in flat for name in record))
    cells = [[_shown(record.get(name)) for name in columns] for record in flat]
    filled = sum(bool(cell) for row in cells for cell in row)
    short = all(len(cell) <= SHORT and "\n" not in cell for row in cells for cell in row)
    nested = any(isinstance(item, list) for record in flat for item in record.values() if not _is_plain(item))
    if short and not nested and len(columns) <= MOST_COLUMNS and filled >= ALIKE * len(columns) * len(flat):
        yield Block(table_block([columns, *cells]))
        return
    for record in records:
        yield from _blocks(record, "", 1)


def _members(value: JsonValue, path: str) -> Iterator[tuple[str, JsonValue]]:
    """Yields every value with the path to it; a list of plain values is one value."""
    stack: list[tuple[str, JsonValue]] = [(path, value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, dict):
            stack += [(f"{name}.{key}" if name else str(key), inner) for key, inner in reversed(item.items())]
        elif isinstance(item, list) and not _is_plain(item) and not any(isinstance(entry, dict) for entry in item):
            stack += [(f"{name}[{place}]", inner) for place, inner in reversed(list(enumerate(item)))]
        else:
            yield name, item


def _is_plain(value: JsonValue) -> bool:
    return not isinstance(value, list) or not any(isinstance(item, (dict, list)) for item in value)


def _line(name: str, value: JsonValue) -> str:
    shown = _shown(value)
    return f"{name}: {shown}" if name and shown else shown


def _shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
