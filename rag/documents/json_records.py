"""Data as text (json, jsonl) -> tables if records are alike and short, else a block of "name: value" lines each.

In: the bytes of a file. Out: blocks; the name of a value is the path that leads to it ("address.city", "items[0]"),
numbers keep their digits as written. A list of records inside other data gets its path as a heading, chats are read as
conversations (chats.py). Several values one after another are the items of a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

from rag.documents.blocks import Block, Content, table_block
from rag.documents.chat_forms import replies, with_letters
from rag.documents.chats import is_chat, message_blocks, written_text
from rag.documents.encoding import decode_text
from rag.documents.header_names import is_amount
from rag.documents.receipt import Receipt
from rag.errors import DocumentError

JsonValue = object  # str, bool, None, a list or a dict; numbers as str
SHORT = 200  # characters up to which a text is a cell and not a text to read
MOST_COLUMNS = 60
MOST_LOOKS = 4  # fields of a part of a text: its words, its kind, where it leads
LONGEST_ITEM = 80  # characters of an item that stands in a line with others
MOST_BROKEN = 0.5  # share of the lines of JSON Lines; with more, the file is something else
MOST_NAMED = 10  # lines that are not valid; further ones are counted
ALIKE = 0.5  # share of the cells of a table that must hold something
OF_ITSELF = re.compile(r"[,\n]|\w[.!?。！？]['\"”’)]*\s*\Z")  # what cannot be told from its neighbours by commas
CHAT_NAMES = ("name", "title", "chat_name", "chat", "channel.name", "channel")
BETWEEN = " \t\r\n,\x1e"  # values
NO_JSON = "is not valid JSON (line {line}: {reason}); mend it or give it the name of its real type"


def parse_json(data: bytes, receipt: Receipt | None = None) -> Content:
    """The blocks of one JSON value, or of several; raises `DocumentError` if the file is not valid JSON."""
    receipt = receipt or Receipt()
    text = decode_text(data)
    try:
        values = _values(text)
    except DocumentError:
        if (content := _of_lines(text, receipt, only_records=True)) is None:
            raise
        return content
    return _content(values[0] if len(values) == 1 else values, receipt)


def parse_lines(data: bytes, receipt: Receipt | None = None) -> Content:
    """The blocks of JSON Lines, a record on each line; lines that are not valid are notes.

    Raises `DocumentError` with the first line that is not valid if they are more than the others.
    """
    receipt = receipt or Receipt()
    text = decode_text(data)
    content = _of_lines(text, receipt)
    return _content(_values(text), receipt) if content is None else content


def _of_lines(text: str, receipt: Receipt, only_records: bool = False) -> Content | None:
    """The blocks of the lines that are JSON; None if most are not, or with `only_records` if one is a plain value."""
    records: list[JsonValue] = []
    broken: list[DocumentError] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(BETWEEN):
            try:
                records.append(_loads(line.strip(BETWEEN), number))
            except DocumentError as exc:
                broken.append(exc)
    if only_records and not all(isinstance(record, dict) for record in records):
        return None
    if len(broken) > MOST_BROKEN * (len(records) + len(broken)):
        return None
    notes = [f"a line was left out: it {error}" for error in broken[:MOST_NAMED]]
    if len(broken) > MOST_NAMED:
        notes.append(f"{len(broken) - MOST_NAMED} more lines were left out, which are not valid JSON")
    return _content(records, receipt)._replace(notes=notes)


class _Chats(NamedTuple):
    """The names of chats that were met, and what is left out of them."""

    names: list[str]
    receipt: Receipt


def _content(value: JsonValue, receipt: Receipt) -> Content:
    chats: list[str] = []
    value = with_letters(value)
    blocks = list(_blocks(value, "", 1, _Chats(chats, receipt)))
    return Content([blocks], title=next(iter(chats), ""), headed=False)  # other headings are places in the data


def _values(text: str) -> list[JsonValue]:
    """The values of a text, one after another, with nothing but space or a comma between them."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    values: list[JsonValue] = []
    place = _next(text, 0)
    with _told(1):
        while place < len(text) or not values:
            value, place = decoder.raw_decode(text, place)
            values.append(value)
            place = _next(text, place)
    return values


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in BETWEEN:
        place += 1
    return place


def _loads(text: str, line: int) -> JsonValue:
    with _told(line):
        value: JsonValue = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    return value


@contextmanager
def _told(line: int) -> Iterator[None]:
    """Runs the `with` block; what is wrong with the JSON is a `DocumentError` with its line, counted from `line`."""
    try:
        yield
    except json.JSONDecodeError as exc:
        raise DocumentError(NO_JSON.format(line=line + exc.lineno - 1, reason=exc.msg)) from exc
    except RecursionError as exc:
        raise DocumentError("is nested too deep to be data; split it") from exc


def _blocks(value: JsonValue, path: str, level: int, chats: _Chats) -> Iterator[Block]:
    """Yields the blocks of a value, and adds the names of chats."""
    value = _unkeyed(value)
    if isinstance(value, list) and _holds_records(value):
        if path:
            yield Block(path, level)
        yield from message_blocks(value, chats.receipt) if is_chat(value) else _records(value, chats)
        return
    if _is_grid(value):
        yield from ([Block(path, level)] if path else [])
        yield table_block([[_shown(cell) for cell in row] for row in cast(list[list[JsonValue]], value)])
        return
    members = list(_members(value, path))
    stated = {name: item for name, item in members if isinstance(item, str)}
    lines: list[str] = []
    inner: list[tuple[str, JsonValue]] = []
    for name, item in members:
        if isinstance(item, list) and (_holds_records(item) or _is_grid(item)):
            inner.append((_chat_name(name, stated, chats) if is_chat(item) else name, item))
        else:
            lines.append(_line(name, item))
    yield Block("\n".join(lines))
    for name, item in inner:
        yield from _blocks(item, name, level, chats)


def _unkeyed(value: JsonValue) -> JsonValue:
    """The value; of messages by their numbers, the list of them."""
    if isinstance(value, dict) and (messages := replies(value)) is not None:
        return messages
    if isinstance(value, dict) and value and all(isinstance(item, dict) for item in value.values()):
        messages = list(value.values())
        return messages if is_chat(messages) else value
    return value


def _chat_name(path: str, stated: Mapping[str, str], chats: _Chats) -> str:
    """The name that stands beside the messages at the path, noted; the path if none does."""
    beside = path.rpartition(".")[0]
    places = (f"{beside}.{name}".removeprefix(".") for name in CHAT_NAMES)
    names = [stated[place] for place in places if stated.get(place)]
    chats.names.extend(names[:1])
    return next(iter(names), path)


def _records(records: Sequence[JsonValue], chats: _Chats) -> Iterator[Block]:
    flat = [dict(_members(record, "")) for record in records]
    columns = list(dict.fromkeys(name for record in flat for name in record))
    cells = [[_shown(record.get(name)) for name in columns] for record in flat]
    filled = sum(bool(cell) for row in cells for cell in row)
    short = all(len(cell) <= SHORT and "\n" not in cell for row in cells for cell in row)
    nested = any(isinstance(item, list) for record in flat for item in record.values() if not _is_plain(item))
    if short and not nested and len(columns) <= MOST_COLUMNS and filled >= ALIKE * len(columns) * len(flat):
        yield table_block([columns, *cells])
        return
    for record in records:
        yield from _blocks(record, "", 1, chats)


def _members(value: JsonValue, path: str) -> Iterator[tuple[str, JsonValue]]:
    """Yields every value with the path to it; a list of plain values is one value."""
    stack: list[tuple[str, JsonValue]] = [(path, value)]
    while stack:
        name, item = stack.pop()
        item = _unkeyed(item)
        if isinstance(item, dict):
            stack += [(f"{name}.{key}" if name else str(key), inner) for key, inner in reversed(item.items())]
        elif (
            isinstance(item, list)
            and not _is_plain(item)
            and not _holds_records(item)
            and not _is_cut(item)
            and not _is_grid(item)
        ):
            stack += [(f"{name}[{place}]", inner) for place, inner in reversed(list(enumerate(item)))]
        else:
            yield name, item


def _holds_records(value: Sequence[JsonValue]) -> bool:
    return any(isinstance(item, dict) for item in value) and not _is_cut(value)


def _is_grid(value: JsonValue) -> bool:
    """Tells if a value is a list of rows, the first of which names the columns."""
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(row, list) and row for row in value):
        return False
    names = value[0]
    if len(names) < 2 or not all(isinstance(name, str) and name.strip() and not is_amount(name) for name in names):
        return False
    return all(len(row) == len(names) and _is_plain(row) for row in value)


def _is_cut(value: Sequence[JsonValue]) -> bool:
    """Tells if a list is one text, parts of which have a look of their own."""
    texts = [isinstance(item, str) for item in value]
    parts = [isinstance(item, dict) and isinstance(item.get("text"), str) and len(item) <= MOST_LOOKS for item in value]
    return any(texts) and any(parts) and all(map(max, texts, parts))


def _is_plain(value: JsonValue) -> bool:
    return not isinstance(value, list) or not any(isinstance(item, (dict, list)) for item in value)


def _line(name: str, value: JsonValue) -> str:
    shown = _shown(value)
    return f"{name}: {shown}" if name and shown else shown


def _shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return written_text(value) if _is_cut(value) else _listed([_shown(item) for item in value])
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _listed(items: Sequence[str]) -> str:
    """Words and figures with commas between them, sentences and what holds commas itself on lines."""
    short = all(len(item) <= LONGEST_ITEM and not OF_ITSELF.search(item) for item in items)
    return (", " if short else "\n").join(items)
