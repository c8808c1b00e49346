"""A passage -> the passage as it is embedded: each row of a table with the names of its columns (pure).

In: a passage as the index holds it. Out: one with another text, in which its sentences stand at other places. A figure
in a row means little without the name of its column, which may stand in an earlier passage.
"""

from __future__ import annotations

from dataclasses import replace

from rag.text.insertions import INSERTED, Shown, ShownText
from rag.text.structure import blocks_of, column_names, header_of, rows_start
from rag.types import BlockSpan, Passage, Sentence


def as_embedded(passage: Passage) -> Passage:
    """The passage as it is embedded; the same one if it has no table whose columns have names.

    >>> text = "Code | Meaning\\nE4 | Grinder blocked"
    >>> as_embedded(Passage("a", "", "", 0, 35, text, (Sentence(15, 35),))).text
    'Code | Meaning\\nCode: E4; Meaning: Grinder blocked'
    """
    tables = [block for block in blocks_of(passage) if block.kind == "table" and header_of(passage, block)]
    if not tables:
        return passage
    view = _shown(passage, tables)
    places = {at + passage.start: number for number, at in enumerate(view.origin) if at != INSERTED}
    sentences = tuple(_moved(view, places, sentence, passage.start) for sentence in passage.sentences)
    base = passage.start
    return replace(passage, text=view.text, end=base + len(view.text), sentences=sentences, blocks=(), header="")


def _shown(passage: Passage, tables: list[BlockSpan]) -> Shown:
    out = ShownText()
    done = 0
    for table in tables:
        names = column_names(header_of(passage, table))
        start = rows_start(table) - passage.start
        out.add(passage.text[done:start], done)
        rows = passage.text[start : table.end - passage.start]
        for row in rows.split("\n"):
            if names and row.strip("| "):
                out.add_row(row, start, names)
            else:
                out.add(row, start)
            start += len(row)
            if start < table.end - passage.start:
                out.add("\n", start)
                start += 1
        done = table.end - passage.start
    out.add(passage.text[done:], done)
    return out.shown()


def _moved(view: Shown, places: dict[int, int], sentence: Sentence, base: int) -> Sentence:
    """The place of a sentence in what is shown, with the name of the column in front of its first cell."""
    kept = [places[at] for at in range(*sentence) if at in places]
    return Sentence(base + _begin(view, kept[0]), base + kept[-1] + 1)


def _begin(view: Shown, place: int) -> int:
    """The place from which what belongs to a character begins: the name of its column, if that was put in."""
    while place and view.origin[place - 1] == INSERTED and view.text[place - 1] != "\n":
        place -= 1
    return place
