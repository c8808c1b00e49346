"""A formula in MathML -> one line of plain text that keeps its values: 10^6, x_2, 3/4, √(x + 1).

In: a `math` element of a page. Out: its text. Other markup for the same formula beside it (TeX, pictures) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.documents.blocks import one_line
from rag.documents.formulas import apart

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

SINGLE = re.compile(r"\d[\d.,]*|[^\W\d_]′*|[^\W\d_]{3,}|\([^()]*\)|[^\w\s]")  # a factor: 2, x, max, (a + b)
PLAIN = re.compile(r"[+\-\u2212]?[\w.,′∞]+|[+\-\u2212*]|\([^()]*\)")  # needs no brackets behind ^ or _
OPENING = re.compile(r"[(\[{|‖=<>,;+\-\u2212×·]")  # after it, a minus is a sign and no operator
UNSEEN = frozenset({"annotation", "annotation-xml", "maligngroup", "malignmark", "mphantom", "none", "mprescripts"})
FUNCTION_APPLICATION = re.compile("[\u2061-\u2064]")  # signs between factors that are not seen
PRIMES = frozenset("′″‴*∗°†'")
ROOTS = {"2": "√", "3": "∛", "4": "∜"}
SPACED = re.compile(r"[=<>≤≥≠≈±+\-\u2212×·→∈]")
LARGE = re.compile(r"[∑∏∫∮⋃⋂]|lim|max|min|sup|inf")
DEEPEST = 100  # elements inside one another; below them only the letters are taken


def formula_text(node: LexborNode, depth: int = 0) -> str:
    """The text of a formula or of a part of it."""
    tag = (node.tag or "").rpartition(":")[2]
    if tag == "-text":
        return one_line(node.text_content or "")
    if tag.startswith("-"):
        return ""
    if depth > DEEPEST:
        return node.text() or ""
    if tag in ("mi", "mn", "mtext", "ms", "mo"):
        text = FUNCTION_APPLICATION.sub("", one_line(node.text() or ""))
        return _spaced(text, node) if tag == "mo" else text
    inner = node.iter(include_text=tag in ("math", "mrow"))
    children = [child for child in inner if child.tag not in UNSEEN]
    parts = [formula_text(child, depth + 1) for child in children]
    if tag in ("math", "mrow", "mstyle"):
        return apart((child.tag == "mfrac", part) for child, part in zip(children, parts, strict=True))
    return _written(tag, parts, node)


def _written(tag: str, parts: list[str], node: LexborNode) -> str:
    match tag, parts:
        case "mfrac", [above, below]:
            return f"{_part(above)}/{_part(below)}"
        case "mroot", [inside, degree]:
            return f"{ROOTS.get(degree.strip(), f'{degree.strip()}√')}{_part(inside)}"
        case "msqrt", _:
            return f"√{_part(''.join(parts))}"
        case (("msup" | "msub" | "msubsup" | "munder" | "mover" | "munderover"), [base, *shifted]):
            return _with_shifted(tag, base, shifted)
        case "mfenced", _:
            return f"{_attribute(node, 'open', '(')}{', '.join(parts)}{_attribute(node, 'close', ')')}"
        case (("mtable" | "mtr" | "mlabeledtr"), _):
            return ("; " if tag == "mtable" else " ").join(part.strip() for part in parts)
        case "mspace", _:
            return " "
        case _:
            return "".join(parts)


def _spaced(sign: str, node: LexborNode) -> str:
    """An operator; one between two others, such as = or +, with the spaces with which it is seen."""
    before, after = node.prev, node.next
    while before is not None and before.tag == "-text":
        before = before.prev
    while after is not None and after.tag == "-text":
        after = after.next
    if before is None or after is None or not SPACED.fullmatch(sign):
        return sign
    is_sign = before.tag == "mo" and sign in "+-\u2212±" and OPENING.fullmatch(one_line(before.text() or ""))
    return sign if is_sign else f" {sign} "


def _part(text: str, needs_none: re.Pattern[str] = SINGLE) -> str:
    text = text.strip()
    return text if not text or needs_none.fullmatch(text) else f"({text})"


def _with_shifted(tag: str, base: str, shifted: Sequence[str]) -> str:
    """A base with what is set low and high; a line or arrow over a letter follows it."""
    if tag in ("munder", "mover", "munderover") and not LARGE.fullmatch(base.strip()):
        return base + "".join(part.strip() for part in shifted)
    base = base.strip() if LARGE.fullmatch(base.strip()) else _part(base)
    marks = {"msup": "^", "mover": "^", "msub": "_", "munder": "_"}.get(tag, "_^")
    return base + "".join(_shifted(mark, part) for mark, part in zip(marks, shifted, strict=False))


def _shifted(mark: str, text: str) -> str:
    return text.strip() if text.strip() in PRIMES else f"{mark}{_part(text, PLAIN)}"


def _attribute(node: LexborNode, name: str, usual: str) -> str:
    value = node.attributes.get(name)
    return usual if value is None else value
