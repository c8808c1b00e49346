"""Text in the margins of an office document's pages -> its blocks, before and after those of the text.

In: the blocks of the text, of its headers and of its footers. Out: all of them: a letter's sender and reference stand
there. Left out: page numbers, and what the text says too. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rag.documents.blocks import Block

_OUT_OF = r"(?:[^\w\n]*+(?:of|von|de|sur|di|van|av|z)\b[^\w\n]*+\d*+)?-?"
# A page number behind its word, with the border of a cell before it
PAGE = re.compile(
    rf"(?:\s\|\s*|(?<!\s)\s+)?\b(?:page|seite|página|pagina|sida|side|strona)\b[^\w\n]*+\d*+{_OUT_OF}\s*$",
    re.IGNORECASE | re.MULTILINE,
)
COUNTED = re.compile(rf"[\W\d_]*{_OUT_OF}", re.IGNORECASE)  # "3 of 7"


def with_margins(blocks: Sequence[Block], headers: Iterable[Block], footers: Iterable[Block]) -> list[Block]:
    """The headers that say something of their own, the text, and such footers; none of either is a heading."""
    known = {_letters(block.text) for block in blocks}
    return [*_said(headers, known), *blocks, *_said(footers, known)]


def _said(margin: Iterable[Block], known: set[str]) -> Iterator[Block]:
    """Yields blocks that are no page number and not known; what is yielded is known from then on."""
    for block in margin:
        text = PAGE.sub("", block.text)
        letters = _letters(text)
        if letters and letters not in known and not COUNTED.fullmatch(text.strip()):
            known.add(letters)
            yield block._replace(text=text if _letters(block.text) != letters else block.text, level=0)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
