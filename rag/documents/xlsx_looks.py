"""The styles of a workbook -> how its cells are shown: the format of numbers, struck, not seen.

In: the part that defines styles. Out: a look for each style, by its number. A colour counts only where the file states
it, or by the usual names for black and white; on any other one text counts as seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rag.documents import number_formats
from rag.documents.ooxml import Element, child_value, is_on
from rag.documents.unseen import WHITE, Colour, colour, is_too_small, look_alike

BLACK = Colour(0, 0, 0)
THEME = {"0": WHITE, "1": BLACK}  # of the colours that a theme names, those of paper and ink
INDEXED = {"0": BLACK, "1": WHITE, "8": BLACK, "9": WHITE, "64": BLACK, "65": WHITE}


class CellStyle(NamedTuple):
    """The way in which cells of a style are shown."""

    code: str = number_formats.GENERAL
    struck: bool = False
    tiny: bool = False
    blank: bool = False  # the text has the colour of the cell


class _Font(NamedTuple):
    struck: bool
    tiny: bool
    ink: Colour | None


def looks(styles: Element) -> Iterator[CellStyle]:
    """Yields the look of each style of cells."""
    codes = {item.get("numFmtId", ""): item.get("formatCode", "") for item in styles.iterfind("{*}numFmts/{*}numFmt")}
    fonts = [_font(font) for font in styles.iterfind("{*}fonts/{*}font")]
    papers = [_paper(fill) for fill in styles.iterfind("{*}fills/{*}fill")]
    for style in styles.iterfind("{*}cellXfs/{*}xf"):
        number, font, fill = style.get("numFmtId", "0"), style.get("fontId", "0"), style.get("fillId", "0")
        built_in = number_formats.BUILT_IN.get(int(number), number_formats.GENERAL) if number.isdecimal() else ""
        struck, tiny, ink = (
            fonts[int(font)] if font.isdecimal() and int(font) < len(fonts) else _Font(False, False, None)
        )
        paper = papers[int(fill)] if fill.isdecimal() and int(fill) < len(papers) else WHITE
        code = codes.get(number) or built_in or number_formats.GENERAL
        yield CellStyle(code, struck, tiny, look_alike(ink, paper))


def _font(font: Element) -> _Font:
    try:
        size = float(child_value(font, "sz") or "11")
    except ValueError:
        size = 11.0
    return _Font(is_on(font.find("{*}strike")), is_too_small(size), _colour(font.find("{*}color")))


def _paper(fill: Element) -> Colour | None:
    """The colour of cells with that fill; None if it is not known."""
    pattern = fill.find("{*}patternFill")
    kind = "gradient" if pattern is None else pattern.get("patternType", "none")
    if kind == "none":
        return WHITE
    return _colour(pattern.find("{*}fgColor")) if pattern is not None and kind == "solid" else None


def _colour(stated: Element | None) -> Colour | None:
    if stated is None or stated.get("tint", "0").strip("0.") not in ("", "-"):
        return None
    if "theme" in stated.attrib:
        return THEME.get(stated.get("theme", ""))
    return colour(stated.get("rgb")) if "rgb" in stated.attrib else INDEXED.get(stated.get("indexed", ""))
