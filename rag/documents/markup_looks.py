"""Looks that change what the text of an element says -> what reading needs to know of them.

In: an element of a page. Out: if it is set high or low, the font of symbols in which it stands, and the element of a
table that its role makes of it. Style sheets have been put into the elements before (style_sheets.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.raised import LOWERED, RAISED
from rag.documents.symbols import is_symbol_font

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

SHIFTS = {"sup": RAISED, "sub": LOWERED}
STYLED = frozenset({"span", "font", "a", "b", "i", "em", "strong", "small", "u", "code", "td", "th", "p", "li", "div"})
BLOCKS = frozenset({"td", "th", "p", "li", "div"})  # which are aligned by the same words, and are not set high
ALIGNED = re.compile(r"(?<![\w-])vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
FAMILY = re.compile(r"(?<![\w-])font-family\s*:\s*[\"']?([^;,\"']+)", re.IGNORECASE)
BY_STYLE = {"super": RAISED, "sub": LOWERED}
ROLES = {
    "table": "table", "grid": "table", "treegrid": "table", "row": "tr", "cell": "td", "gridcell": "td",
    "columnheader": "th", "rowheader": "th",
}  # fmt: skip


class Look(NamedTuple):
    """The look that an element gives to the text in it."""

    shift: int = 0
    font: str | None = None  # of symbols


PLAIN = Look()


def look_of(node: LexborNode) -> Look:
    """The look that the element gives to its text."""
    tag = node.tag or ""
    if tag in SHIFTS:
        return Look(SHIFTS[tag])
    if tag not in STYLED:
        return PLAIN
    attributes = node.attributes
    style = attributes.get("style") or ""
    aligned = ALIGNED.search(style) if tag not in BLOCKS else None
    family = FAMILY.search(style)
    font = family[1] if family else attributes.get("face") if tag == "font" else None
    shift = BY_STYLE[aligned[1].lower()] if aligned else 0
    return Look(shift, font if is_symbol_font(font) else None)


def tag_of(node: LexborNode) -> str:
    """The tag of an element; that of a part of a table if its role says that it is one."""
    tag = node.tag or ""
    return ROLES.get(node.attributes.get("role") or "", tag) if tag in ("div", "span") else tag
