"""A table of LaTeX, parsed by pylatexenc -> its rows, and how many of them name the columns.

In: the environment. Out: cells; one that spans rows is repeated in each, the head of a long table comes once.
"""

from __future__ import annotations

from typing import Any

from rag.documents.markup_page import Cell
from rag.documents.tex_inline import Nodes, Words, argument_source

TABLE_ENVIRONMENTS = frozenset(
    "tabular tabular* tabularx tabulary longtable tabu longtabu supertabular tblr array".split()
)
RULES = frozenset({"hline", "toprule", "midrule", "bottomrule", "cmidrule", "cline", "specialrule"})
UNDER_NAMES = frozenset({"hline", "midrule", "endhead", "endfirsthead"})
AGAIN = frozenset({"endhead", "endfoot", "endlastfoot"})  # end rows that are repeated on pages
MOST_SPANNED = 100


def tex_rows(table: Any, words: Words) -> tuple[list[list[Cell]], int]:
    """The rows and the number of header rows, which end at a rule below the first ones."""
    found: list[list[Cell]] = []
    headers = first = 0
    below: dict[int, tuple[int, str]] = {}
    for nodes, marks in _split(table.nodelist):
        if marks & UNDER_NAMES and found and not headers:
            headers = len(found)
        if marks & AGAIN:
            del found[max(first, headers) if "endhead" in marks and headers else first :]
        first = len(found) if marks & (AGAIN | {"endfirsthead"}) else first
        row = _row(nodes, words, below)
        if any(cell.words.strip() for cell in row):
            found.append(row)
    return found, headers if headers < len(found) else 0


def _split(nodes: Nodes) -> list[tuple[list[list[Any]], set[str]]]:
    """The cells of each row, as nodes, and the marks and rules that stand above it."""
    split: list[tuple[list[list[Any]], set[str]]] = [([[]], set())]
    for node in nodes:
        cells, marks = split[-1]
        name = getattr(node, "macroname", "")
        if name in RULES or name in AGAIN or name == "endfirsthead":
            marks.add(name)
        elif name in ("\\", "tabularnewline", "cr"):
            split.append(([[]], set()))
        elif getattr(node, "specials_chars", "") == "&":
            cells.append([])
        else:
            cells[-1].append(node)
    return split


def _row(cells: list[list[Any]], words: Words, below: dict[int, tuple[int, str]]) -> list[Cell]:
    """The cells; `below` holds, by column, for how many more rows which words go on."""
    row: list[Cell] = []
    column = 0
    for nodes in cells:
        span = next((node for node in nodes if getattr(node, "macroname", "") == "multicolumn"), None)
        across = _number(argument_source(span, 0)) if span is not None else 1
        inner = (
            span.nodeargd.argnlist[2].nodelist
            if span is not None and hasattr(span.nodeargd.argnlist[2], "nodelist")
            else nodes
        )
        tall = next((node for node in inner if getattr(node, "macroname", "") == "multirow"), None)
        text = words.of(nodes).strip()
        left, above = below.get(column, (0, ""))
        if tall is not None:
            below[column] = (_number(argument_source(tall, 1)) - 1, text)
        elif left:
            text = text or above
            below[column] = (left - 1, above)
        row.append(Cell(" ".join(text.split()), across))
        column += across
    return row


def _number(text: str) -> int:
    text = text.strip()
    return max(1, min(int(text), MOST_SPANNED)) if text.isdecimal() and len(text) < 5 else 1
