"""Workbooks (xlsx, xlsm, xlsb, xls, ods) -> a section for each sheet, a table for each stretch of filled rows.

In: the bytes of a file. Out: blocks; the values of cells as they were last computed and are shown, dates as 2024-02-29.
Rows of names above the figures become one header row. Rows behind an empty one that have the columns of the table above
are rows of that table. Files of other formats that are named as workbooks are read as what they are.
Texts of boxes and diagrams, titles of charts and descriptions of images stand behind the cells of their sheet.
Left out: formulas and charts, whose values are those of cells. Hidden sheets, comments and what else a sheet holds are
counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.documents import ooxml
from rag.documents.blocks import Block, Content, table_block
from rag.documents.grid import DataCell, Sheet, Span
from rag.documents.header_names import YEAR, are_units, names_go_on, spread
from rag.documents.protected import is_protected
from rag.documents.receipt import Receipt
from rag.errors import DocumentError

WORKBOOKS = (ooxml.OLE, b"PK\x03\x04")  # what their files begin with
BINARY_SHEET = re.compile(r"xl/worksheets/[^/]+\.bin")  # of an xlsb
MOST_HEADERS = 3  # rows that together name the columns
MOST_SPANNED = 64  # columns; a name that spans more is the sheet's title
MOST_CELLS = 1 << 25  # of a table, empty ones too
# Names that nobody gave, before their number
UNNAMED = frozenset("sheet worksheet tabelle feuil feuille hoja blad foglio planilha folha arkusz лист".split())

SheetRow = Mapping[int, str]


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """A heading and tables for each visible sheet; raises `DocumentError` for damage and for a password."""
    receipt = receipt or Receipt()
    from rag.documents import excel_binary, ods, xlsx, xlsx_besides

    if data.startswith(ooxml.OLE):
        if is_protected(data):
            raise DocumentError(ooxml.PROTECTED)
        return _content(excel_binary.excel_binary_sheets(data, receipt))
    if not data.startswith(b"PK"):
        return _misnamed(data, receipt)
    with ooxml.open_package(data) as package:
        if "content.xml" in package.namelist():
            return _content(ods.ods_sheets(package, receipt))
        main = ooxml.target(package, "", "officeDocument") or ""
        root = xlsx.workbook(package, main)
        if root is not None:
            return _content(xlsx.xlsx_sheets(package, main, root, receipt))
        binary = [path for path in package.namelist() if BINARY_SHEET.fullmatch(path)]
        texts = [text for path in binary for text in xlsx_besides.texts_besides(package, path, receipt)]
    content = _content(excel_binary.excel_binary_sheets(data, receipt))
    return content._replace(pages=[[*content.pages[0], *map(Block, texts)]])


def _misnamed(data: bytes, receipt: Receipt) -> Content:
    """The content of a file that programs and web sites name as a workbook, although it is text."""
    from rag.documents import csv_tables, excel_xml, html, web_archive
    from rag.documents.encoding import NOT_TEXT, decode_text

    try:
        start = decode_text(data)[:4096].lstrip().lower()
    except DocumentError as exc:
        raise DocumentError("is damaged: it is not a complete Office file; get a fresh copy") from exc
    if excel_xml.EXCEL_XML_MARK in start:
        return _content(excel_xml.excel_xml_sheets(data, receipt))
    if web_archive.is_archive(data):
        return html.parse_markup(web_archive.archived_page(data), receipt)
    if start.startswith("<"):
        return html.parse(data, receipt)
    if any(sign in start for sign in csv_tables.DELIMITERS):
        return csv_tables.parse(data)
    raise DocumentError(NOT_TEXT)


def _content(sheets: Iterable[Sheet]) -> Content:
    blocks: list[Block] = []
    names: list[str] = []
    for sheet in sheets:
        names.append(sheet.name)
        content = [*_sheet_blocks(sheet), *map(Block, sheet.besides)]
        if content:
            blocks += [Block(sheet.name, 1), *content]
    if len(names) == 1 and blocks and blocks[0].text.rstrip("0123456789").strip().lower() in UNNAMED:
        del blocks[0]
    return Content([blocks], headed=len(names) == 1)  # one of several sheets does not name the workbook


@dataclass(slots=True)
class _Table:
    """A table of a sheet: the numbers of its rows, those that name its columns first."""

    titles: list[int]
    headers: list[int]
    body: list[int] = field(default_factory=list)
    columns: set[int] = field(default_factory=set)
    figures: set[int] = field(default_factory=set)  # columns of the body that hold some
    filled: set[int] | None = None  # columns that every row of the body fills

    def extend(self, rows: Mapping[int, SheetRow], numbers: Sequence[int]) -> None:
        """Adds rows to the body."""
        self.body.extend(numbers)
        for number in numbers:
            row = rows[number]
            if not row:
                continue
            self.columns |= row.keys()
            self.figures |= {column for column, text in row.items() if isinstance(text, DataCell)}
            self.filled = set(row) if self.filled is None else self.filled & row.keys()


def _sheet_blocks(sheet: Sheet) -> Iterator[Block]:
    rows = {number: dict(sheet.rows[number]) for number in sorted(sheet.rows)}
    wide: dict[int, list[Span]] = {}
    for span in sheet.spans:
        _fill_down(rows, span)
        if span.left < span.right:
            wide.setdefault(span.top, []).append(span)
    tables: list[_Table] = []
    for stretch in _stretches(rows):
        table = _table(rows, stretch, wide)
        if tables and (parts := _continued(rows, tables[-1], table)) is not None:
            titles, body = parts
            if titles:
                tables.append(_new_table(rows, titles, tables[-1].headers, []))
            tables[-1].extend(rows, body)
        else:
            tables.append(table)
    for table in tables:
        yield from _table_blocks(sheet.name, rows, table, wide)


def _fill_down(rows: Mapping[int, dict[int, str]], span: Span) -> None:
    """A cell that spans rows holds for each of them that holds more."""
    text = rows.get(span.top, {}).get(span.left)
    if text is not None and span.top < span.bottom:
        for number in rows if span.bottom - span.top > len(rows) else range(span.top + 1, span.bottom + 1):
            if span.top < number <= span.bottom and rows.get(number):
                rows[number].setdefault(span.left, text)


def _stretches(rows: Mapping[int, SheetRow]) -> Iterator[list[int]]:
    """Yields rows without an empty one between them, but for one between names and figures."""
    numbers = list(rows)
    stretch = numbers[:1]
    for before, number in pairwise(numbers):
        names_only = (
            number - before == 2 and _has_figures(rows[number]) and not any(_has_figures(rows[at]) for at in stretch)
        )
        if number - before > 1 and not names_only:
            yield stretch
            stretch = []
        stretch.append(number)
    if stretch:
        yield stretch


def _table(rows: Mapping[int, SheetRow], stretch: list[int], wide: Mapping[int, Sequence[Span]]) -> _Table:
    """The stretch with its titles, the rows at the top that hold their first cell only, and its header rows."""
    first = min(column for number in stretch for column in rows[number])
    titles = next((place for place, number in enumerate(stretch) if set(rows[number]) - {first}), None)
    if titles is None:  # lines of text
        return _new_table(rows, [], stretch[:1], stretch[1:])
    count = titles + 1
    while count < min(len(stretch), titles + MOST_HEADERS):
        upper, lower = rows[stretch[count - 1]], rows[stretch[count]]
        below = rows[stretch[count + 1]] if count + 1 < len(stretch) else {}
        if not _name_together(upper, lower, below, wide.get(stretch[count - 1], ())):
            break
        count += 1
    return _new_table(rows, stretch[:titles], stretch[titles:count], stretch[count:])


def _new_table(rows: Mapping[int, SheetRow], titles: list[int], headers: list[int], body: list[int]) -> _Table:
    table = _Table(titles, headers, columns={column for number in headers for column in rows[number]})
    table.extend(rows, body)
    return table


def _name_together(upper: SheetRow, lower: SheetRow, below: SheetRow, spans: Sequence[Span]) -> bool:
    """Tells if two rows name the columns together, and the lower one is no row of values.

    Names in merged cells stand above the names that they have in common. Without merged cells, the lower row names
    columns of figures to which the upper one gives no name.
    """
    if _has_values(upper) or _has_values(lower):
        return False
    if are_units(list(lower.values())):
        return _has_figures(below)
    covered = {column for span in spans for column in range(span.left, min(span.right, span.left + MOST_SPANNED) + 1)}
    if covered:
        own = all(column in covered or lower.get(column, name) == name for column, name in upper.items())
        return own and not covered.isdisjoint(lower)
    columns = sorted(upper.keys() | lower.keys() | below.keys())
    above, under = ([str(row.get(column, "")) for column in columns] for row in (upper, lower))
    if names_go_on(above, under, [list(below.values())]):
        return True
    unnamed = (isinstance(text, DataCell) and column in lower and column not in upper for column, text in below.items())
    return len(upper) < len(lower) and any(unnamed)


def _continued(rows: Mapping[int, SheetRow], above: _Table, table: _Table) -> tuple[list[int], list[int]] | None:
    """The titles and rows of a stretch that goes on with the table above it, None if it has names of its own."""
    if not above.body or not table.headers:
        return None
    header = rows[above.headers[-1]]
    first = rows[table.headers[0]]
    if len(first) < 2 or not table.columns <= above.columns:
        return None
    if any(header.get(column) == text for column, text in first.items()):
        return None
    label = min(above.columns)
    if label not in first and label in (above.filled or ()):
        return None  # years above figures
    if above.figures:
        if not any(isinstance(text, DataCell) and column in above.figures for column, text in first.items()):
            return None
    elif set(first) != set(header) or table.titles:
        return None
    return table.titles, [*table.headers, *table.body]


def _table_blocks(
    name: str, rows: Mapping[int, SheetRow], table: _Table, wide: Mapping[int, Sequence[Span]]
) -> list[Block]:
    numbers = [*table.titles, *table.headers, *table.body]
    columns = sorted({column for number in numbers for column in rows[number]})
    if len(numbers) * len(columns) > MOST_CELLS:
        raise DocumentError(
            f"has a sheet {name!r} with a table of {len(numbers)} rows and {len(columns)} columns, the limit is "
            f"{MOST_CELLS} cells; split it"
        )
    texts = [[str(rows[number].get(column, "")) for column in columns] for number in numbers]
    if len(table.headers) > 1:
        for place, number in enumerate(table.headers[:-1], start=len(table.titles)):
            if number not in wide:
                texts[place] = spread(texts[place], texts[place + 1])
        for place, number in enumerate(table.headers, start=len(table.titles)):
            for span in wide.get(number, ()):  # a name that spans columns is the name of each
                if span.right - span.left < MOST_SPANNED and span.left in rows[number]:
                    texts[place] = [
                        rows[number][span.left] if span.left <= column <= span.right else text
                        for column, text in zip(columns, texts[place], strict=True)
                    ]
    titles = [Block(" ".join(filter(None, row))) for row in texts[: len(table.titles)]]
    return [*titles, table_block(texts[len(table.titles) :], max(1, len(table.headers)))]


def _has_values(row: SheetRow) -> bool:
    """Tells if a row holds figures other than years, which name columns beside other names."""
    figures = [text for text in row.values() if isinstance(text, DataCell)]
    return len(figures) == len(row) or not all(map(YEAR.fullmatch, figures))


def _has_figures(row: SheetRow) -> bool:
    return any(isinstance(text, DataCell) for text in row.values())
