"""Workbooks (xlsx, xlsm, xlsb, xls, ods) -> a section for each sheet, a table for each stretch of filled rows.

In: the bytes of a file. Out: blocks; the values of cells as they were last computed, dates as 2024-02-29. Rows of text
above the first row of figures that grow towards the names of the columns become one header row.
Left out: formulas, charts, comments, hidden sheets, and how cells display their numbers (12 % is 0.12).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from rag.documents import ooxml
from rag.documents.blocks import Block, Content, one_line, table_blocks
from rag.errors import DocumentError

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

CellValue = object  # str, int, float, bool, or one of datetime's types; "" for an empty cell
SheetRow = Sequence[CellValue]
MOST_HEADERS = 3  # rows that together name the columns
DIGITS = ".15g"  # what a spreadsheet computes with; more shows 0.1 + 0.2 as 0.30000000000000004
MIDNIGHT = datetime.time()
MOST_SPANNED = 64  # columns; a name that spans more is the sheet's title


def parse(data: bytes) -> Content:
    """A heading and tables for each visible sheet; raises `DocumentError` for damage and for a password."""
    if not data.startswith(ooxml.OLE):
        ooxml.opened(data).close()  # for its refusals
    elif ooxml.ENCRYPTED in data:
        raise DocumentError(ooxml.PROTECTED)
    with _damage_told():
        return Content([_workbook_blocks(data)])


def _workbook_blocks(data: bytes) -> list[Block]:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_filelike(BytesIO(data))
    blocks: list[Block] = []
    sheets = [sheet for sheet in workbook.sheets_metadata if _is_visible(sheet)]
    for sheet in sheets:
        content = list(_sheet_blocks(workbook.get_sheet_by_name(sheet.name)))
        if content:
            blocks += [Block(sheet.name, 1), *content]
    if len(sheets) == 1 and blocks and blocks[0].text.rstrip("0123456789").lower() in ("sheet", "tabelle", "feuil"):
        del blocks[0]  # a name that nobody gave
    return blocks


@contextmanager
def _damage_told() -> Iterator[None]:
    """Runs the `with` block; errors of calamine, which parses each sheet when it is asked for it, are explained."""
    from python_calamine import CalamineError, PasswordError

    try:
        yield
    except PasswordError as exc:
        raise DocumentError(ooxml.PROTECTED) from exc
    except BaseException as exc:
        if not isinstance(exc, CalamineError) and type(exc).__name__ != "PanicException":  # a panic of its Rust code
            raise
        raise DocumentError(f"is damaged: it is not a complete workbook ({one_line(str(exc))}); save it anew") from exc


def _is_visible(sheet: object) -> bool:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    visible = getattr(sheet, "visible", None) == SheetVisibleEnum.Visible
    return visible and getattr(sheet, "typ", None) == SheetTypeEnum.WorkSheet


def _sheet_blocks(sheet: CalamineSheet) -> Iterator[Block]:
    rows = sheet.to_python(skip_empty_area=False)
    spans = {start: end[1] for start, end in sheet.merged_cell_ranges or () if start[0] == end[0]}
    for first, last in _stretches(rows):
        headers = _header_rows(rows[first:last])
        texts = [[shown(value) for value in row] for row in rows[first:last]]
        for place, row in enumerate(texts[:headers] if headers > 1 else []):
            if any(row[1:]):  # else it is the title
                _spread(row, {start: end for (at, start), end in spans.items() if at == first + place})
        yield from table_blocks([row for row in texts if any(row)], headers)


def _stretches(rows: Sequence[SheetRow]) -> Iterator[tuple[int, int]]:
    """Yields (first, last + 1) of rows without an empty one between them, but for one between names and figures."""
    begin: int | None = None
    for place, row in enumerate([*rows, ()]):
        if any(map(_is_filled, row)):
            begin = place if begin is None else begin
        elif begin is not None:
            after = rows[place + 1] if place + 1 < len(rows) else ()
            if _has_figures(after) and not any(map(_has_figures, rows[begin:place])):
                continue
            yield begin, place
            begin = None


def _header_rows(rows: Sequence[SheetRow]) -> int:
    """The number of rows that name the columns: rows of text, as long as each holds more names than the one above."""
    rows = [row for row in rows if any(map(_is_filled, row))]
    titles = next((place for place, row in enumerate(rows) if any(map(_is_filled, row[1:]))), 0)
    count = titles + 1
    while count < len(rows) and count < titles + MOST_HEADERS and not _has_figures(rows[count]):
        if _has_figures(rows[count - 1]) or _filled(rows[count - 1]) >= _filled(rows[count]):
            break
        count += 1
    return count


def _spread(row: list[str], spans: dict[int, int]) -> None:
    """A name that spans columns is the name of each."""
    for start, end in spans.items():
        if end - start < MOST_SPANNED:
            row[start : end + 1] = [row[start]] * (end + 1 - start)


def _filled(row: SheetRow) -> int:
    return sum(map(_is_filled, row))


def _is_filled(value: CellValue) -> bool:
    return bool(one_line(value)) if isinstance(value, str) else value is not None


def _has_figures(row: SheetRow) -> bool:
    return any(not isinstance(value, str) for value in row)


def shown(value: CellValue) -> str:
    """The value as a person reads it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, DIGITS)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == MIDNIGHT else value.isoformat(" ", "minutes")
    return str(value)
