"""Workbooks in Excel's binary formats (xls, xlsb) -> their sheets.

In: the bytes of a file. Out: the visible sheets; numbers, dates and durations in a form of their own, since calamine,
which reads the files, does not tell how cells show them. Hidden sheets are counted; calamine tells nothing of hidden
rows, and in xls nothing of comments and images.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from rag.documents import number_formats, ooxml
from rag.documents.blocks import one_line
from rag.documents.grid import DataCell, Sheet, Span
from rag.documents.receipt import SHEET, Receipt, quoted_name
from rag.errors import DocumentError

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

CellValue = object  # str, int, float, bool, or one of datetime's types; "" for an empty cell
MIDNIGHT = datetime.time()


def excel_binary_sheets(data: bytes, receipt: Receipt) -> Iterator[Sheet]:
    """Yields the visible sheets; raises `DocumentError` for damage and for a password."""
    with _damage_told():
        for name, sheet in _visible(data, receipt):
            top, left = sheet.start or (0, 0)
            rows = {}
            for number, row in enumerate(sheet.to_python(), start=top):
                cells = {
                    column: text for column, value in enumerate(row, start=left) if (text := shown_value(value)).strip()
                }
                if cells:
                    rows[number] = cells
            yield Sheet(name, rows, [Span(*first, *last) for first, last in sheet.merged_cell_ranges or ()])


def _visible(data: bytes, receipt: Receipt) -> Iterator[tuple[str, CalamineSheet]]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(BytesIO(data))
    for stated in workbook.sheets_metadata:
        if stated.typ != SheetTypeEnum.WorkSheet:
            continue
        if stated.visible == SheetVisibleEnum.Visible or not receipt.hides_part(SHEET, quoted_name(stated.name)):
            yield stated.name, workbook.get_sheet_by_name(stated.name)


@contextmanager
def _damage_told() -> Iterator[None]:
    """Runs the `with` block; errors of calamine, which parses each sheet when it is asked for it, are explained."""
    from python_calamine import CalamineError, PasswordError

    try:
        yield
    except PasswordError as exc:
        raise DocumentError(ooxml.PROTECTED) from exc
    except CalamineError as exc:
        raise DocumentError(f"is damaged: it is not a complete workbook ({one_line(str(exc))}); save it anew") from exc
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":  # of its Rust code, which happens with files that Excel opens
            raise
        raise DocumentError(
            f"could not be read: the parser of this kind of workbook failed ({one_line(str(exc))}); save it as .xlsx"
        ) from exc


def shown_value(value: CellValue) -> str:
    """The value as a person reads it; a `DataCell` if it is no text."""
    match value:
        case str():
            return value
        case bool():
            return DataCell("TRUE" if value else "FALSE")
        case int() | float():
            return DataCell(number_formats.plain(float(value)) if isinstance(value, float) else value)
        case datetime.datetime():
            day = value.date().isoformat()
            return DataCell(day if value.time() == MIDNIGHT else f"{day} {_clock(value.time())}")
        case datetime.time():
            return DataCell(_clock(value))
        case datetime.timedelta():
            hours, rest = divmod(round(abs(value).total_seconds()), 3600)
            minutes, seconds = divmod(rest, 60)
            sign = "-" if value < datetime.timedelta() else ""
            return DataCell(f"{sign}{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else ""))
        case _:
            return DataCell(value)


def _clock(time: datetime.time) -> str:
    """The time of a day, with seconds if there are any; fractions of them are noise of the computation."""
    moment = datetime.datetime.combine(datetime.date(2000, 1, 1), time) + datetime.timedelta(milliseconds=500)
    return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
