"""A file of questions or answers -> its rows, each with the place that errors name.

JSON, an object a line, or for a name that ends in `.csv` or `.tsv` a table with a line of names on top, whose cells are
texts. A file that ends in `.gz` is unpacked.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from rag.errors import InputError

_DELIMITERS = ",;\t"


class FileRow(NamedTuple):
    """An object of a file; `where` is the file and the line on which it begins. The values of a table are texts."""

    where: str
    values: dict[str, Any]
    is_table: bool


def read_rows(path: Path, what: str) -> tuple[bytes, list[FileRow]]:
    """The bytes of the file, and its rows; `what` it holds ("questions") is named by errors. Raises `InputError` with
    the file or line that cannot be used, and for a file without rows."""
    try:
        raw = path.read_bytes()
        packed = path.suffix == ".gz"
        text = (gzip.decompress(raw) if packed else raw).decode("utf-8-sig")
    except FileNotFoundError as exc:
        raise InputError(f"there is no file of {what} {path}", what) from exc
    except (OSError, EOFError, ValueError) as exc:  # a folder, a damaged gzip, no UTF-8
        raise InputError(f"{path} cannot be read as UTF-8 text: {exc}", what) from exc
    suffix = PurePath(path.stem if packed else path.name).suffix.lower()
    rows = list(_table(path, text, what) if suffix in (".csv", ".tsv") else _objects(path, text, what))
    if not rows:
        raise InputError(f"{path} holds no {what}", what)
    return raw, rows


def _objects(path: Path, text: str, what: str) -> Iterator[FileRow]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path} line {number}"
        try:
            values = json.loads(line)
        except ValueError as exc:
            raise InputError(f"{where} is not JSON: {exc}", what) from exc
        if not isinstance(values, dict):
            raise InputError(f"{where} is not a JSON object", what)
        yield FileRow(where, values, False)


def _table(path: Path, text: str, what: str) -> Iterator[FileRow]:
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(len(text))  # which is of the process: readers of documents set theirs
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 2
    try:
        for cells in reader:
            where = f"{path} line {line}"
            if None in cells:
                raise InputError(f"{where} has more cells than the first line has names", what)
            yield FileRow(where, {name: cell for name, cell in cells.items() if cell and cell.strip()}, True)
            line = reader.line_num + 1
    except csv.Error as exc:
        raise InputError(f"{path} line {line} is not a line of a table: {exc}", what) from exc
