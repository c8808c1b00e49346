"""Formulas in Office's mathematical markup (OMML) -> one line of plain text.

In: an element of a formula. Out: its text with the marks that keep its values: 10^6, x_2, 3/4, √(x + 1), ∑_(i=1)^n i.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.documents.ooxml import Element, child_value, local_name

PROPERTIES = frozenset({"rPr", "ctrlPr", "sSupPr", "sSubPr", "sSubSupPr", "sPrePr", "fPr", "radPr", "naryPr", "dPr"})
SIMPLE = re.compile(r"[\w.,′∞]+|[+\-\u2212]\w+|\([^()]*\)")  # needs no brackets as a part of a formula


def formula(element: Element) -> str:
    """The text of a formula or of a part of it."""
    return "".join(_pieces(element))


def _pieces(element: Element) -> Iterator[str]:
    for child in element:
        tag = local_name(child)
        match tag:
            case "t":
                yield child.text or ""
            case "sSup" | "sSub" | "sSubSup":
                yield _part(child, "e") + _shifted(child)
            case "sPre":
                yield _shifted(child) + _part(child, "e")
            case "f":
                bar = child_value(child.find("{*}fPr"), "type") != "noBar"
                yield (
                    f"{_part(child, 'num')}/{_part(child, 'den')}"
                    if bar
                    else f"({_text(child, 'num')} {_text(child, 'den')})"
                )
            case "rad":
                degree = _text(child, "deg")
                sign = {"": "√", "3": "∛", "4": "∜"}.get(degree, f"{degree}√")
                yield f"{sign}{_part(child, 'e')}"
            case "nary":
                sign = child_value(child.find("{*}naryPr"), "chr")
                yield f"{'∫' if sign is None else sign}{_shifted(child)} {_text(child, 'e')}"
            case "limLow" | "limUpp":
                yield _text(child, "e") + ("_" if tag == "limLow" else "^") + _part(child, "lim")
            case "d":
                yield _delimited(child)
            case "m":
                yield "; ".join(
                    " ".join(formula(cell) for cell in row.iterfind("{*}e")) for row in child.iterfind("{*}mr")
                )
            case "eqArr":
                yield "; ".join(formula(line) for line in child.iterfind("{*}e"))
            case "func":
                yield f"{_text(child, 'fName')} {_text(child, 'e')}"
            case _ if tag not in PROPERTIES:
                yield from _pieces(child)


def _text(element: Element, tag: str) -> str:
    part = element.find(f"{{*}}{tag}")
    return "" if part is None else formula(part).strip()


def _part(element: Element, tag: str) -> str:
    text = _text(element, tag)
    return text if not text or SIMPLE.fullmatch(text) else f"({text})"


def _shifted(element: Element) -> str:
    """What is set low and high: _(i=1)^n."""
    low, high = _part(element, "sub"), _part(element, "sup")
    return (f"_{low}" if low else "") + (f"^{high}" if high else "")


def _delimited(element: Element) -> str:
    properties = element.find("{*}dPr")
    begin, middle, end = (child_value(properties, name) for name in ("begChr", "sepChr", "endChr"))
    inside = ("|" if middle is None else middle).join(formula(part) for part in element.iterfind("{*}e"))
    return f"{'(' if begin is None else begin}{inside}{')' if end is None else end}"
