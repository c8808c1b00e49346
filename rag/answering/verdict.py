"""The reading of a passage -> "Yes", "No" or neither, as the answer to a question that asks for one of them (pure).

The reader says "no" of many a sentence in which something is denied beside the point, and of some in which nothing is.
So its word is taken only where it is clear, where one sentence answers, and, for "No", where that sentence denies
something and names no exception (docs/experiments.md: of ten words said wrongly seven go, of the right ones a fifth).
Where a paragraph begins with "Yes" or "No" itself, as answers to frequent questions do, its own word
counts, if the reader does not find the other one more likely. English only, as the reader.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.structure import block_at
from rag.types import Evidence, PassageReading

_YES, _NO = 0.73, 0.8  # probability from which the word is said
_NO_UNDER = 0.65  # what stands under words that deny
_DENIES = re.compile(
    r"\b(?:no|not|never|none|nor|neither|cannot|nothing|nobody|only|instead|avoid|forbidden|prohibited|banned|refus\w+)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"(yes|no)\b\s?[,.!;:–—]", re.IGNORECASE)
_EXCEPTS = re.compile(r"\b(?:without|unless|except|until|only if|other than|apart from)\b", re.IGNORECASE)


def verdict(reading: PassageReading, sentences: Sequence[Evidence], above: str = "") -> str:
    """The word that the sentences of the answer bear out, or none; `above` are the words over them that deny them, with
    which they were read.

    >>> from rag.types import Passage
    >>> passage = Passage("a", "", "", 0, 22, "Dogs may not come in.", ())
    >>> verdict(PassageReading(passage, (), 1.0, 0.1, 0.9), [Evidence(1, passage, 0, 22, passage.text)])
    'No'
    """
    if len(sentences) != 1:
        return ""
    likelier = "Yes" if reading.yes >= reading.no else "No"
    if own_word(sentences[0]) == likelier:
        return likelier
    if reading.yes >= _YES:
        return "Yes"
    if above:
        return "No" if reading.no >= _NO_UNDER else ""
    text = sentences[0].text
    return "No" if reading.no >= _NO and _DENIES.search(text) and not _EXCEPTS.search(text) else ""


def own_word(sentence: Evidence) -> str:
    """The "Yes" or "No" with which the paragraph of the sentence begins; empty if it begins otherwise."""
    passage = sentence.passage
    block = block_at(passage, sentence.start)
    begins = _OWN.match(passage.text, max(block.start - passage.start, 0)) if block is not None else None
    return begins[1].capitalize() if begins else ""
