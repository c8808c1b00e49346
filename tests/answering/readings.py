"""Passages, hits and readings for the tests of answering: real values, no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.answering.choose import Chosen, choose
from rag.text.sentences import split_sentences
from rag.types import (
    AnswerSpan,
    BlockSpan,
    Document,
    Embedding,
    Hit,
    Passage,
    PassageReading,
    StoredDocument,
    StoredPassage,
)


def passage(text: str, start: int = 0, document: str = "a.txt", section: str | None = None) -> Passage:
    """The text as a passage that begins at `start` of its document."""
    sentences = tuple(type(s)(s.start + start, s.end + start) for _, s in split_sentences(text))
    return Passage(document, "Title", document, start, start + len(text), text, sentences, section)


def hit(of: Passage, score: float = 0.5) -> Hit:
    """The passage as it was found."""
    return Hit(of, score, score, 1.0, 1, 1)


def reading(of: Passage, *answers: str, score: float = 5.0, yes: float = 0.0, no: float = 0.0) -> PassageReading:
    """A reading whose spans are these texts, each a point less likely than the one before."""
    spans = []
    for number, text in enumerate(answers):
        begin = of.start + of.text.index(text)
        spans.append(AnswerSpan(begin, begin + len(text), score - number))
    return PassageReading(of, tuple(spans), 1.0, yes, no)


def chosen(text: str, answer: str, start: int = 0, yes: float = 0.0, no: float = 0.0) -> Chosen:
    """The choice of `answer` in a passage of this text, as the only one."""
    of = passage(text, start)
    found = choose([hit(of)], [reading(of, answer, yes=yes, no=no)])
    assert found is not None
    return found


def stored(*passages: Passage, blocks: Sequence[BlockSpan] = ()) -> StoredDocument:
    """The document of passages that follow each other, with nothing but dots around them."""
    text = ""
    for of in passages:
        text += "." * (of.start - len(text)) + of.text
    nothing = Embedding(np.zeros(3, np.float32), np.zeros((0, 3), np.float32))
    rows = [StoredPassage(row, of, nothing) for row, of in enumerate(passages)]
    return StoredDocument(Document(passages[0].document_id, "Title", text, "", "", blocks=tuple(blocks)), rows)
