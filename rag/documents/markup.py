"""A tree of HTML elements -> blocks.

In: a node of a parsed page and a judge that says which elements to leave out. Out: blocks, in document order.
What is set high or low and what is a formula keep their value (10^6, x_2, 3/4); the address of a link stands behind
words that say nothing without it. It does not judge what is worth keeping (html.py does) and knows no style sheets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.blocks import Block, one_line, table_blocks
from rag.documents.descriptions import described, without_repetitions
from rag.documents.link_text import missed_address
from rag.documents.markup_lines import WORD_BREAK, line_of
from rag.documents.markup_looks import PLAIN, Look, look_of, tag_of
from rag.documents.markup_tables import BREAKING, Table
from rag.documents.mathml import formula_text
from rag.documents.numerals import numeral
from rag.documents.page_fields import FIELDS, TICKED, UNTICKED, entered
from rag.documents.raised import RAISED, TextRun, joined_runs
from rag.documents.receipt import Receipt
from rag.documents.symbols import in_font
from rag.documents.text import literal_lines
from rag.types import BlockKind

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
FORMS = {  # of numbers, by the `type` or the class of a list
    "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "loweralpha": "lowerLetter",
    "upperalpha": "upperLetter", "lowerroman": "lowerRoman", "upperroman": "upperRoman",
}  # fmt: skip
LISTS = frozenset({"ul", "ol", "dl", "dir", "menu"})
WHITE_SPACE = re.compile(r"\s+")
NOTE_MARK = re.compile(r"\[\w{1,4}\]")  # "[12]" set high: a reference to a footnote
NOTE_NUMBER = re.compile(r"\w{1,4}|[*†‡§¶]{1,3}")
NOTE_ROLES = frozenset({"noteref", "doc-noteref"})
APART = frozenset({"meter", "progress", "output"})  # drawn between words, as elements of other names are
INLINE = frozenset({"a", "math", "img", *FIELDS, *APART})
WHOLE = frozenset({"-text", "math", *FIELDS})  # nothing in them is read by itself
BEFORE = 4  # pieces of a line before a link, by which its place is found again
LONGEST_CELL = 1000  # characters; a table with a longer one lays out a page and holds no values


def markup_blocks(
    root: LexborNode,
    left_out: Callable[[LexborNode], bool],
    last: LexborNode | None = None,
    receipt: Receipt | None = None,
) -> list[Block]:
    """The blocks below `root`, whose links the receipt notes; nothing is read after the element `last`."""
    writer = _Writer(receipt or Receipt())
    for node, entering in walk(root, left_out):
        if node.tag == "-text":
            writer.write(node.text_content or "")
        elif entering:
            writer.enter(node)
        else:
            writer.leave(node)
            if last is not None and node == last:
                break
    writer.end_block()
    return without_repetitions(writer.blocks)


def walk(root: LexborNode, left_out: Callable[[LexborNode], bool]) -> Iterator[tuple[LexborNode, bool]]:
    """Yields every element on entering (True) and on leaving it, every text once; no recursion: pages nest at will."""
    stack = [(root, True)]
    while stack:
        node, entering = stack.pop()
        yield node, entering
        if not entering or node.tag in WHOLE:
            continue
        stack.append((node, False))
        child = node.last_child
        while child is not None:
            if child.tag == "-text" or ((child.tag or "-")[0] != "-" and not left_out(child)):
                stack.append((child, True))
            child = child.prev


class _Numbers(NamedTuple):
    """The numbers of a list."""

    following: int
    step: int
    form: str  # as numerals.py names it


class _Writer:
    """Gathers text into lines, lines into blocks, cells into tables."""

    def __init__(self, receipt: Receipt) -> None:
        self.blocks: list[Block] = []
        self._receipt = receipt
        self._lines: list[str] = []
        self._kind: BlockKind = "prose"  # of the block that is open
        self._pieces: list[TextRun] = []  # of the line that is open
        self._lists: list[_Numbers | None] = []  # those of each open list, None if it has bullets
        self._marker = ""
        self._preformatted = 0
        self._looks: list[tuple[int, Look, bool]] = []  # of the elements that are open: id, look, if it is a mark
        self._links: list[
            tuple[list[TextRun], int, int]
        ] = []  # pieces, the numbers of them and of blocks before each link
        self._pictures: list[str] = []  # descriptions of those in the open block
        self._table: Table | None = None

    def write(self, text: str) -> None:
        look = self._looks[-1][1] if self._looks else PLAIN
        text = literal_lines(text) if self._preformatted else WHITE_SPACE.sub(" ", text)
        self._open_pieces().append(TextRun(in_font(text, look.font), look.shift))

    def enter(self, node: LexborNode) -> None:
        tag = tag_of(node)
        self._open_look(node)
        if tag in INLINE or "-" in tag:
            self._enter_inline(node, tag)
        elif self._table is not None and tag != "caption":
            self._table.enter(node, tag)
        elif tag in HEADINGS or tag == "caption":
            self.end_block()
            self._marker = ""  # a heading in a list item is a heading
        elif tag == "table" and _holds_values(node):
            self.end_block()
            self._table = Table()
        elif tag in LISTS:
            self._enter_list(node, tag)
        elif tag == "li":
            self._enter_item(node)
        elif tag == "br":
            self._pieces.append(TextRun("\n"))
        elif tag == "pre":
            self._break()
            self._preformatted += 1
        elif tag in BREAKING:
            self._break()

    def leave(self, node: LexborNode) -> None:
        tag = tag_of(node)
        self._close_look(node)
        if tag in ("a", *APART) or "-" in tag:
            self._leave_inline(node, tag)
        elif self._table is not None and tag not in ("table", "caption"):
            self._table.leave(tag)
        elif tag in HEADINGS:
            self.end_block(HEADINGS[tag])
        elif tag == "table" and self._table is not None:
            self.end_block()
            self.blocks += table_blocks(self._table.rows, self._table.header_rows())
            self._table = None
        elif tag in LISTS and self._lists:
            self._lists.pop()
            self._break()
        elif tag == "pre":
            self._break()
            self._preformatted -= 1
        elif tag in BREAKING:
            self._break()
            if tag == "li":
                self._marker = ""  # of an item without text

    def end_block(self, level: int = 0) -> None:
        self._end_line()
        if self._lines:
            self.blocks.append(Block("\n".join(self._lines), level, self._kind))
            self._lines = []
        self._kind = "prose"
        self.blocks += map(Block, filter(None, self._pictures))
        self._pictures = []

    def _open_look(self, node: LexborNode) -> None:
        """Notes how the text of an element is set; the mark of a note gets brackets instead."""
        own, outer = look_of(node), self._looks[-1][1] if self._looks else PLAIN
        raised = own.shift == RAISED or (not outer.shift and _is_note_link(node))
        mark = _note_mark(node) if raised else ""
        if own == PLAIN and not mark:
            return
        look = Look(0 if mark else own.shift or outer.shift, own.font or outer.font)
        brackets = bool(mark) and not mark.startswith("[")
        self._looks.append((node.mem_id, look, brackets))
        if brackets:
            self.write(" [")

    def _close_look(self, node: LexborNode) -> None:
        if self._looks and self._looks[-1][0] == node.mem_id:
            if self._looks[-1][2]:
                self.write("]")
            self._looks.pop()

    def _enter_inline(self, node: LexborNode, tag: str) -> None:
        if tag == "a":
            self._links.append((self._open_pieces(), len(self._open_pieces()), len(self.blocks)))
        elif tag == "math":
            self.write(formula_text(node))
        elif tag in FIELDS:
            self._open_pieces().append(TextRun(f" {entered(node)} "))
        elif tag == "img":
            self._pictures.append("" if self._links else described(node.attributes.get("alt")))
        else:
            self._open_pieces().append(TextRun(WORD_BREAK))

    def _leave_inline(self, node: LexborNode, tag: str) -> None:
        if tag == "a" and self._links:
            pieces, start, above = self._links.pop()
            target = node.attributes.get("href")
            if pieces is self._open_pieces():
                words = joined_runs(pieces[start:])
                self._receipt.leads(joined_runs(pieces[max(0, start - BEFORE) : start]), words, target)
                address = missed_address(words, target)
                self.write(f" ({address})" if address else "")
            elif inside := self.blocks[above:]:  # the link holds blocks, the first of which says where it leads
                self._receipt.leads("", inside[0].text.partition("\n")[0], target)
        elif tag != "a":
            self._open_pieces().append(TextRun(WORD_BREAK))

    def _end_line(self) -> None:
        text = line_of(self._pieces)
        if text in (TICKED, UNTICKED):  # its label is a block of its own
            return
        self._pieces = []
        if text:
            self._kind = "list" if self._lists else "code" if self._preformatted else self._kind
            self._lines.append(self._marker + text)
            self._marker = ""

    def _break(self) -> None:
        """Begins a line if a list is open, else a block."""
        if self._lists:
            self._end_line()
        else:
            self.end_block()

    def _enter_list(self, node: LexborNode, tag: str) -> None:
        self._break()
        self._lists.append(_numbers(node) if tag == "ol" else None)

    def _enter_item(self, node: LexborNode) -> None:
        self._break()
        self._marker = "- "
        if self._lists and (numbers := self._lists[-1]) is not None:
            stated = node.attributes.get("value") or ""
            number = int(stated) if stated.isdecimal() else numbers.following
            self._marker = f"{numeral(number, numbers.form)}. "
            self._lists[-1] = numbers._replace(following=number + numbers.step)

    def _open_pieces(self) -> list[TextRun]:
        return self._pieces if self._table is None or self._table.cell is None else self._table.cell


def _numbers(node: LexborNode) -> _Numbers:
    """The numbers of an `ol`, as its attributes tell them, or the classes that docutils and Asciidoctor write."""
    attributes = node.attributes
    backwards = "reversed" in attributes
    items = [child for child in node.iter() if child.tag == "li"] if backwards else []
    start = attributes.get("start") or ""
    first = int(start) if start.removeprefix("-").isdecimal() else len(items) or 1
    named = (FORMS[name] for name in (attributes.get("class") or "").split() if name in FORMS)
    form = FORMS.get(attributes.get("type") or "") or next(named, "decimal")
    return _Numbers(first, -1 if backwards else 1, form)


def _note_mark(node: LexborNode) -> str:
    """The text of a raised element that points to a note, as its link or its brackets tell; empty for an exponent."""
    text = one_line(node.text() or "").replace(" ", "")
    is_mark = NOTE_MARK.fullmatch(text) or (node.css_first("a[href]") is not None and NOTE_NUMBER.fullmatch(text))
    return text if is_mark else ""


def _is_note_link(node: LexborNode) -> bool:
    """Tells if an element is a link to a note by its role, as in electronic books, and may be set high elsewhere."""
    if node.tag != "a":
        return False
    attributes = node.attributes
    return not NOTE_ROLES.isdisjoint(f"{attributes.get('epub:type') or ''} {attributes.get('role') or ''}".split())


def _holds_values(node: LexborNode) -> bool:
    """Tells if a table is one, and not a means to lay out a page."""
    if (node.attributes.get("role") or "") in ("presentation", "none"):
        return False
    if node.tag != "table":  # its role says so
        return len(node.css("[role=row]")) > 1 and node.css_first("h1, h2, h3, h4, h5, h6, table") is None
    if len(node.css("table")) > 1 or node.css_first("h1, h2, h3, h4, h5, h6") is not None:  # css() finds `node` too
        return False
    if all(len(row.css("td, th")) < 2 for row in node.css("tr")):
        return False
    return all(len(cell.text() or "") <= LONGEST_CELL for cell in node.css("td"))
