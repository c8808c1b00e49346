"""Workbooks in Excel's binary formats (xls, xlsb) -> their sheets.

In: the bytes of a file. Out: the visible sheets with the cells as they show their values. calamine reads the values,
excel_biff.py and excel_parts.py tell how cells show them; where those know nothing, numbers, dates and durations have a
form of their own. Hidden sheets, rows and columns, struck cells, comments and images are counted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import isfinite
from typing import TYPE_CHECKING

from rag.documents import excel_biff, excel_parts, number_formats, ooxml
from rag.documents.blocks import one_line
from rag.documents.excel_looks import SheetLooks
from rag.documents.grid import DataCell, Sheet, Span, bridge
from rag.documents.link_text import address_beside
from rag.documents.receipt import CHART, COLUMN, COMMENT, IMAGE, ROW, SHEET, STRUCK, Receipt, quoted_name
from rag.errors import DocumentError

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

CellValue = object  # str, int, float, bool, or one of datetime's types; "" for an empty cell
MIDNIGHT = datetime.time()


def excel_binary_sheets(data: bytes, receipt: Receipt) -> Iterator[Sheet]:
    """Yields the visible sheets; raises `DocumentError` for damage and for a password."""
    looks = (
        excel_biff.biff_looks(data, receipt) if data.startswith(ooxml.OLE) else excel_parts.xlsb_looks(data, receipt)
    )
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
            own = looks.of(name)
            _dress(rows, own, looks.epoch_1904)
            _leave_out(rows, own, receipt)
            spans = [Span(*first, *last) for first, last in sheet.merged_cell_ranges or ()]
            yield Sheet(name, rows, spans, own.besides)


def _dress(rows: dict[int, dict[int, str]], looks: SheetLooks, epoch_1904: bool) -> None:
    """Gives cells the texts that they show."""
    for (row, column), (number, code) in looks.figures.items():
        if column in rows.get(row, ()) and isfinite(number):
            rows[row][column] = DataCell(number_formats.formatted_number(number, code, epoch_1904))
    for (row, column), text in looks.texts.items():
        if column in rows.get(row, ()):
            rows[row][column] = text
    for (row, column), address in looks.links.items():
        if column in rows.get(row, ()):
            rows[row][column] += address_beside(rows[row][column], address)


def _leave_out(rows: dict[int, dict[int, str]], looks: SheetLooks, receipt: Receipt) -> None:
    """Leaves out, and counts, what is struck and what nobody sees."""
    receipt.count(COMMENT, looks.comments)
    receipt.count(IMAGE, looks.images)
    receipt.count(CHART, looks.charts)
    for row, column in looks.struck:
        receipt.count_text(STRUCK, rows.get(row, {}).pop(column, ""))
    hidden = [row for row in sorted(looks.rows) if rows.get(row) and not looks.filtered and receipt.hides_part(ROW)]
    met = {column for cells in rows.values() for column in cells} if looks.columns else set()
    unseen = [column for column in sorted(met) if any(column in some for some in looks.columns)]
    dropped = [column for column in unseen if receipt.hides_part(COLUMN)]
    for number, cells in list(rows.items()):
        for column in dropped:
            cells.pop(column, None)
        if number in hidden or not any(text.strip() for text in cells.values()):
            del rows[number]
    bridge(rows, hidden)


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
