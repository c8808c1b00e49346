"""Formulas in Office's mathematical markup (OMML) and in MathML -> one line of plain text.

In: an element of a formula. Out: its text with the marks that keep its values: 10^6, x_2, 3/4, √(x + 1), ∑_(i=1)^n i.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.documents.ooxml import Element, child_value, local_name

PROPERTIES = frozenset({"rPr", "ctrlPr", "sSupPr", "sSubPr", "sSubSupPr", "sPrePr", "fPr", "radPr", "naryPr", "dPr"})
SIGNS_ALONE = frozenset("()[]{}|,.!′%−-∑∏∫√") | {"\u2061", "\u2062", ""}  # without spaces around them
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
    return _bracketed(_text(element, tag))


def _shifted(element: Element) -> str:
    """What is set low and high: _(i=1)^n."""
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
        case "mtr", _:
            return " ".join(parts)
        case "mtable", _:
            return "; ".join(parts)
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
