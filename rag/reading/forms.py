"""A passage -> the text that the reader sees: its title and section in front, each table cell behind the name of its
column, each line of a list marked.

In: a passage as the index holds it. Out: a text, and for each of its characters the place in the passage that it came
from. Characters are inserted and left out, never changed, so a span that the reader finds can be cut out of the
passage. The reader was trained on texts of this form: another form needs other weights.
"""

from __future__ import annotations

import re

from rag.text.insertions import Shown, ShownText
from rag.text.structure import blocks_of, column_names, header_of, rows_start
from rag.types import BlockSpan, Passage

_MARKER = re.compile(r"\s*(?:[-*+•–—]|\(?\d{1,3}[.):]|\(?[a-z][.)])\s")
_LINE = re.compile(r"[^\n]*\S[^\n]*")


def shown(passage: Passage) -> Shown:
    """The passage as the reader sees it.

    >>> text = "Code | Meaning\\nE4 | Grinder blocked"
    >>> shown(Passage("a", "Manual", "", 0, len(text), text, ())).text
    'Manual : Code | Meaning\\n• Code: E4; Meaning: Grinder blocked'
    """
    out = ShownText()
    out.add(above(passage.title, passage.section))
    begin = _after_heading(passage.text, passage.section)
    first = True
    for block in blocks_of(passage):
        if block.end - passage.start > begin:
            if not first:
                out.add("\n\n")
            _add_block(out, passage, block, max(block.start - passage.start, begin))
            first = False
    return out.shown()


def above(title: str, section: str | None) -> str:
    """Title and section as they stand in front of a passage; empty if there is neither."""
    parts = [part.strip() for part in (title, section or "") if part and part.strip()]
    if len(parts) == 2 and parts[1].lower().startswith(parts[0].lower()):
        parts = parts[1:]
    return f"{' > '.join(parts)} : " if parts else ""


def _after_heading(text: str, section: str | None) -> int:
    """The place behind a heading that opens the text and stands in front of it already; 0 if there is none."""
    last = (section or "").rsplit(" > ", 1)[-1].strip()
    if not last or not text.startswith(last) or text[len(last) :][:1] not in ("\n", ""):
        return 0
    rest = text[len(last) :]
    return len(text) - len(rest.lstrip()) if rest.strip() else 0


def _add_block(out: ShownText, passage: Passage, block: BlockSpan, start: int) -> None:
    """Add the block from `start` on: a place in the passage's text, as all here."""
    text = passage.text[start : block.end - passage.start]
    names = column_names(header_of(passage, block)) if block.kind == "table" else []
    rows = rows_start(block) - passage.start
    for number, match in enumerate(_LINE.finditer(text)):
        line, at = match.group(), start + match.start()
        if number:
            out.add("\n")
        if names and at >= rows:
            out.add("• ")
            out.add_row(line, at, names)
        else:
            if number and not _MARKER.match(line):
                out.add("• ")
            out.add(line, at)
