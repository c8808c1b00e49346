"""Formulas in Office's mathematical markup (OMML) and in MathML -> one line of plain text.

In: an element of a formula. Out: its text with the marks that keep its values: 10^6, x_2, 3/4, √(x + 1), ∑_(i=1)^n i.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.documents.ooxml import Element, child_value, local_name

PROPERTIES = frozenset({"rPr", "ctrlPr", "sSupPr", "sSubPr", "sSubSupPr", "sPrePr", "fPr", "radPr", "naryPr", "dPr"})
SIGNS_ALONE = frozenset("()[]{}|,.!′%−-∑∏∫√") | {"\u2061", "\u2062", ""}  # without spaces around them
SIMPLE = re.compile(r"[\w.,′∞]+|[+\-\u2212]\w+|\([^()]*\)")  # needs no brackets as a part of a formula


def formula(element: Element) -> str:
    """The text of a formula or of a part of it."""
    return apart((local_name(child) == "f", _piece(local_name(child), child)) for child in element)


def apart(pieces: Iterable[tuple[bool, str]]) -> str:
    """The pieces in a row, with a space between figures of which one is a fraction: "2 3/4" is not 23/4.

    >>> apart([(False, "2"), (True, "3/4"), (False, "x")])
    '2 3/4x'
    """
    text = ""
    before = False
    for is_fraction, piece in pieces:
        meet = text[-1:].isdigit() and piece[:1].isdigit()
        text += f" {piece}" if meet and (is_fraction or before) else piece
        before = is_fraction if piece else before
    return text


def _piece(tag: str, element: Element) -> str:
    if tag == "t":
        return element.text or ""
    if tag in PROPERTIES:
        return ""
    text = _with_shifted(tag, element)
    if text is None:
        text = _structure(tag, element)
    return formula(element) if text is None else text


def _with_shifted(tag: str, element: Element) -> str | None:
    """Formula with something set high or low; None for other elements."""
    match tag:
        case "sSup" | "sSub" | "sSubSup":
            return _part(element, "e") + _shifted(element)
        case "sPre":
            return _shifted(element) + _part(element, "e")
        case "nary":
            sign = child_value(element.find("{*}naryPr"), "chr")
            return f"{'∫' if sign is None else sign}{_shifted(element)} {_text(element, 'e')}"
        case "limLow" | "limUpp":
            return _text(element, "e") + ("_" if tag == "limLow" else "^") + _part(element, "lim")
    return None


def _structure(tag: str, element: Element) -> str | None:
    """Fractions, roots, brackets, rows; None for other elements."""
    match tag:
        case "f" if child_value(element.find("{*}fPr"), "type") == "noBar":
            return f"({_text(element, 'num')} {_text(element, 'den')})"
        case "f":
            return f"{_part(element, 'num')}/{_part(element, 'den')}"
        case "rad":
            degree = _text(element, "deg")
            return {"": "√", "3": "∛", "4": "∜"}.get(degree, f"{degree}√") + _part(element, "e")
        case "d":
            return _delimited(element)
        case "m":
            rows = element.iterfind("{*}mr")
            return "; ".join(" ".join(formula(cell) for cell in row.iterfind("{*}e")) for row in rows)
        case "eqArr":
            return "; ".join(formula(line) for line in element.iterfind("{*}e"))
        case "func":
            return f"{_text(element, 'fName')} {_text(element, 'e')}"
    return None


def _text(element: Element, tag: str) -> str:
    part = element.find(f"{{*}}{tag}")
    return "" if part is None else formula(part).strip()


def _part(element: Element, tag: str) -> str:
    return _bracketed(_text(element, tag))


def _shifted(element: Element) -> str:
    """Indices that are set low and high: _(i=1)^n."""
    low, high = _part(element, "sub"), _part(element, "sup")
    return (f"_{low}" if low else "") + (f"^{high}" if high else "")


def _delimited(element: Element) -> str:
    properties = element.find("{*}dPr")
    begin, middle, end = (child_value(properties, name) for name in ("begChr", "sepChr", "endChr"))
    inside = ("|" if middle is None else middle).join(formula(part) for part in element.iterfind("{*}e"))
    return f"{'(' if begin is None else begin}{inside}{')' if end is None else end}"


def mathml(element: Element) -> str:
    """The text of a formula in MathML, which OpenDocument files hold."""
    parts = [mathml(child) for child in element if local_name(child) not in ("annotation", "annotation-xml")]
    match local_name(element), [_bracketed(part) for part in parts]:
        case "msup" | "mover", [base, high]:
            return f"{base}^{high}"
        case "msub" | "munder", [base, low]:
            return f"{base}_{low}"
        case "msubsup" | "munderover", [base, low, high]:
            return f"{base}_{low}^{high}"
        case "mfrac", [above, below]:
            return f"{above}/{below}"
        case "mroot", [base, degree]:
            return f"{degree}√{base}"
        case "msqrt", _:
            return f"√{_bracketed(''.join(parts))}"
        case "mtr" | "mtable", _:
            return (" " if local_name(element) == "mtr" else "; ").join(parts)
        case "mfenced", _:
            begin, end = element.get("open", "("), element.get("close", ")")
            return f"{begin}{element.get('separators', ',').join(parts)}{end}"
        case "mo", _:
            sign = (element.text or "").strip()
            return sign if sign in SIGNS_ALONE else f" {sign} "
        case _:
            return (element.text or "").strip() + "".join(parts)


def _bracketed(text: str) -> str:
    text = text.strip()
    return text if not text or SIMPLE.fullmatch(text) else f"({text})"
