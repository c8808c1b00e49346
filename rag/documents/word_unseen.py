"""Looks of a Word document's runs, paragraphs and cells -> if a person sees their text.

In: properties as the file states them. Out: the colour behind a text, None if it is not known, and a judgement. Text of
a known background's colour, hidden text and text below two points is not seen; where a picture may lie behind the text,
or a style of tables colours the cells, the background is not known and the text counts as seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rag.documents.ooxml import Element, child_value, is_on, local_name, value
from rag.documents.unseen import WHITE, Colour, colour, is_too_small, look_alike

NARROWEST = 5  # percent of the usual width of letters


def paper_of(document: Element) -> Colour | None:
    """The colour of the pages; None if it is not known, or a picture lies behind the text."""
    if any(local_name(item) == "anchor" and item.get("behindDoc") in ("1", "true") for item in document.iter()):
        return None
    stated = document.find("{*}background")
    return WHITE if stated is None else colour(value(stated, "color"))


def shaded(properties: Element | None, around: Colour | None) -> Colour | None:
    """The colour behind what has these properties, such as a cell or paragraph within others."""
    return _filled(None if properties is None else properties.find("{*}shd"), around)


def table_paper(grid: Element, styles: Mapping[str | None, Element], around: Colour | None) -> Colour | None:
    """The colour behind a table's cells that state none; not known if its style colours some of them."""
    properties = grid.find("{*}tblPr")
    style = styles.get(child_value(properties, "tblStyle"))
    while style is not None:
        if any(local_name(item) == "shd" for item in style.iter()):
            return None
        style = styles.get(child_value(style, "basedOn"))
    return shaded(properties, around)


def is_unseen_run(look: Mapping[str, Element], behind: Callable[[], Colour | None]) -> bool:
    """Tells if text with these properties is hidden, too small, or of the colour that lies behind it."""
    if not look:
        return False
    if is_on(look.get("vanish")):
        return True
    size, width = value(look.get("sz"), "val") or "", value(look.get("w"), "val") or ""
    if size.isdecimal() and is_too_small(int(size) / 2):
        return True
    if width.rstrip("%").isdecimal() and int(width.rstrip("%")) <= NARROWEST:
        return True
    if (value(look.get("highlight"), "val") or "none") != "none":
        return False
    ink = colour(value(look.get("color"), "val"))
    return ink is not None and look_alike(ink, _filled(look.get("shd"), behind()))


def _filled(shading: Element | None, around: Colour | None) -> Colour | None:
    fill = value(shading, "fill") or "auto"
    if shading is None or (value(shading, "val") or "clear") == "nil":
        return around
    if (value(shading, "val") or "clear") != "clear":  # a pattern of two colours
        return None
    return around if fill == "auto" else colour(fill)
