"""The parser of Markdown: CommonMark with tables and strikethrough, formulas as they are written, whole HTML tables.

In: text. Out: tokens. Formulas come out as text with their delimiters ($, $$, \\(, \\[): a backslash in them is no
escape, and _ or * no mark. An HTML table or numbered list goes to its end tag, whatever blank lines it holds. A bar in
code is no border of a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from rag.documents.drawn_tables import drawn_blocks

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
# As pandoc tells "$5 or $6" from a formula
DOLLARS = re.compile(r"\$(?![\s$])(?:[^$\\]|\\.)*?(?<!\s)\$(?!\d)", re.DOTALL)
DEEPEST = 100  # blocks in blocks, of which a list in a list is two; the parser drops in silence what is deeper
LONGEST_FORMULA = 5000  # characters
MOST_LINES = 100  # of a formula
UNCLOSED = "unclosed container"
CONTAINER = re.compile(r"<(table|ol)\b", re.IGNORECASE)
INDENTED_TAG = re.compile(
    r"^[ \t]+(?=</?(?:table|caption|colgroup|col|thead|tbody|tfoot|tr|th|td|ol|li)\b)", re.M | re.I
)


CODE = re.compile(r"`[^`\n]+`")
UNESCAPED = re.compile(r"(?<!\\)\|")
ROW = re.compile(r"^[ \t>]*\|.*`.*$", re.MULTILINE)
BAR = "\uf8fe"  # of the private use area: stands for a bar while its row is taken apart


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, without a bar in code being lost with what follows it."""
    held = ROW.sub(lambda row: CODE.sub(lambda code: UNESCAPED.sub(BAR, code[0]), row[0]), text)
    tokens = markdown_parser().parse(held)
    tokens = list(_with_all_cells(tokens, held.split("\n")))
    if BAR in held:
        for token in tokens:
            for part in (token, *(token.children or ())):
                part.content = part.content.replace(BAR, "|")
    return tokens


def _with_all_cells(tokens: list[Token], lines: list[str]) -> Iterator[Token]:
    """Yields the tokens, with the cells of rows that are longer than their table's head, which the parser drops."""
    from markdown_it.rules_block.table import escapedSplit

    cells, row = 0, ""
    for token in tokens:
        if token.type == "tr_open":
            cells, row = 0, lines[token.map[0]] if token.map else ""
        elif token.type == "td_close":
            cells += 1
        elif token.type == "tr_close" and cells and row:
            for text in escapedSplit(row.strip(" \t>").removeprefix("|").removesuffix("|"))[cells:]:
                yield from _cell(text.strip())
        yield token


def _cell(text: str) -> Iterator[Token]:
    from markdown_it.token import Token

    yield Token("td_open", "td", 1)
    yield from markdown_parser().parseInline(text)
    yield Token("td_close", "td", -1)


@cache
def markdown_parser() -> MarkdownIt:
    """The parser with all rules; parsing leaves no state in it."""
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable(["table", "strikethrough"])
    made.block.ruler.before("fence", "formula", _formula_block, {"alt": ["paragraph", "blockquote", "list"]})
    made.block.ruler.before("html_block", "html_container", _html_container, {"alt": ["paragraph", "blockquote"]})
    made.block.ruler.before("table", "drawn_table", _drawn_table, {"alt": ["paragraph"]})
    made.inline.ruler.before("escape", "formula", _formula)
    made.inline.ruler.before("emphasis", "product", _product)
    return made


def _product(state: StateInline, silent: bool) -> bool:
    """A star between two figures, which multiplies them: "2*3*4" emphasises nothing."""
    place = state.pos
    if state.src[place] != "*" or not place or place + 1 >= state.posMax:
        return False
    if not (state.src[place - 1].isdigit() and state.src[place + 1].isdigit()):
        return False
    if not silent:
        state.push("text", "", 0).content = "*"
    state.pos += 1
    return True


def _drawn_table(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """A table with borders of signs."""
    begin = state.bMarks[first] + state.tShift[first]
    if state.is_code_block(first) or state.src[begin : begin + 2] not in ("+-", "+="):
        return False
    end = first
    while end < last and state.src[state.bMarks[end] + state.tShift[end] : state.eMarks[end]][:1] in ("+", "|"):
        end += 1
    lines = state.getLines(first, end, state.blkIndent, False).split("\n")
    before, table, after = drawn_blocks(lines)
    if before or after or not table:
        return False
    if silent:
        return True
    state.line = end
    token = state.push("drawn_table", "", 0)
    token.content, token.map = "\n".join(lines), [first, end]
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    """A formula within a paragraph."""
    found = formula_at(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("text", "", 0).content = found
    state.pos += len(found)
    return True


def formula_at(text: str, start: int, end: int) -> str:
    """The formula that begins at `start`, with its delimiters; empty if there is none."""
    opening = text[start : start + 2]
    if opening in CLOSING:
        close = text.find(CLOSING[opening], start + 2, min(end, start + LONGEST_FORMULA))
        return text[start : close + 2] if close > start + 2 else ""
    if opening[:1] != "$":
        return ""
    found = DOLLARS.match(text, start, min(end, start + LONGEST_FORMULA))
    return found[0] if found and "\n\n" not in found[0] else ""


def _formula_block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """A formula on lines of its own, which would else be taken for items, rules or headings."""
    if state.is_code_block(first):
        return False
    begin = state.bMarks[first] + state.tShift[first]
    opening = state.src[begin : begin + 2]
    if opening not in ("$$", "\\["):
        return False
    closing = CLOSING[opening]
    for line in range(first, min(last, first + MOST_LINES)):
        shown = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()
        if not shown or (line > first and state.sCount[line] < state.blkIndent):
            return False
        if (shown[2:] if line == first else shown).endswith(closing):
            break
    else:
        return False
    if silent:
        return True
    state.line = line + 1
    _paragraph(state, first, line + 1)
    return True


def _paragraph(state: StateBlock, first: int, last: int) -> None:
    state.push("paragraph_open", "p", 1).map = [first, last]
    inline = state.push("inline", "", 0)
    inline.content = " ".join(state.getLines(first, last, state.blkIndent, False).split())
    inline.map, inline.children = [first, last], []
    state.push("paragraph_close", "p", -1)


def _html_container(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """An HTML table or numbered list with blank lines in it; what stands between them is Markdown."""
    begin = state.bMarks[first] + state.tShift[first]
    opened = CONTAINER.match(state.src, begin, state.eMarks[first])
    if opened is None or state.is_code_block(first) or UNCLOSED in state.env:
        return False
    tags = re.compile(rf"<(/?){opened[1]}\b", re.IGNORECASE)
    depth = 0
    for line in range(first, last):
        if line > first and not state.isEmpty(line) and state.sCount[line] < state.blkIndent:
            return False
        for tag in tags.finditer(state.src, state.bMarks[line], state.eMarks[line]):
            depth += -1 if tag[1] else 1
        if depth <= 0:
            break
    else:
        state.env[UNCLOSED] = True  # looking for the end of each that follows would take the square of the time
        return False
    if not any(state.isEmpty(inner) for inner in range(first, line)):
        return False
    if silent:
        return True
    state.line = line + 1
    content = INDENTED_TAG.sub("", state.getLines(first, line + 1, state.blkIndent, True))
    block = state.push("html_block", "", 0)
    block.map = [first, line + 1]
    block.content = _plain_parser().render(content)
    return True


@cache
def _plain_parser() -> MarkdownIt:
    """A parser that takes each piece of an HTML table between blank lines for itself."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable(["table", "strikethrough"])
