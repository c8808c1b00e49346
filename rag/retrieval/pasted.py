"""A pasted text with a question at its end, or in front of it -> the question, and the text (pure).

The embedder and the reader see some 250 words, so that behind a mail the question itself would not be seen. A question
is a sentence that ends with a question mark; without one, all of it is the question.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rag.text.sentences import split_sentences

MAX_PASTED = 20_000  # characters, with the question; longer text is a document
_PASTED = 40  # words of a text that is more than the beginning of a question
_LAST = 2  # sentences at the end of which one is the question: "When is it due? Thanks."
_WRAPPED = re.compile(r"(?<![.!?:\n])\n(?![\n>*•-])")  # a line break within a sentence of a mail
_BEGINS = re.compile(  # a question behind words that no full stop parts from it
    r"(?<=\w )(?:What|Which|Who|Whose|When|Where|Why|How|Is|Are|Was|Were|Do|Does|Did|Can|Could|Will|Would|Should|Must"
    r"|Has|Have)\b(?! [A-Z][a-z])"
)
_MARKS = ("?", "？", "؟")


class Pasted(NamedTuple):
    """A question, and the text with which it was pasted; empty if there is none."""

    question: str
    text: str


def without_pasted(text: str) -> Pasted:
    """The question of a text that holds more than one."""
    if len(text) > MAX_PASTED or len(text.split()) < _PASTED:
        return Pasted(text, "")
    text = _WRAPPED.sub(" ", text)
    places = [place for _, place in split_sentences(text)]
    asks = [text[start:end].rstrip("\"'”’)").endswith(_MARKS) for start, end in places]
    last = next((number for number in range(len(places) - 1, -1, -1) if asks[number]), -1)
    behind = last == len(places) - 1 or (last >= len(places) - _LAST and not asks[0])
    if behind and last > 0:
        first = last
        while first > 0 and asks[first - 1]:
            first -= 1
        before, question = text[: places[first].start], text[places[first].start : places[last].end]
    elif asks and asks[0]:
        question, before = text[places[0].start : places[0].end], text[places[0].end :]
    else:
        return Pasted(text, "")
    begins = [match.start() for match in _BEGINS.finditer(question)][-1:]  # "Yours, Ann When is it due?"
    cut = begins[0] if begins else 0
    before, question = f"{before}{question[:cut]}", question[cut:]
    return Pasted(question, before) if len(before.split()) >= _PASTED else Pasted(text, "")
