"""A question -> the questions that it asks at once, and for each the passages that are found and read.

In: a parsed question and a snapshot of the index. Out: the questions, with days as the documents write them, and in a
`Subquestion` its hits, those of them whose passages are read, and the names that no document mentions. No model reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.answering.comparison import speaks_of
from rag.answering.draft import Subquestion
from rag.retrieval.conversation import resolve
from rag.retrieval.days_as_written import as_written
from rag.retrieval.question import Question, is_word, parse_question
from rag.retrieval.search import CANDIDATES, SeenTexts, retrieve
from rag.retrieval.several import questions_in
from rag.retrieval.unknown_names import unknown_names
from rag.seams import Snapshot
from rag.text.days import days_in, months_in
from rag.text.terms import query_terms
from rag.types import Message, Vectors

_READ = 8  # passages that are read whole: the answer is in one of them for 98 of 100 questions


def questions_of(question: Question, snapshot: Snapshot) -> list[Question]:
    """The questions that are asked at once, two at most. The second may leave unsaid what the first one says."""
    first, *rest = questions_in(question.text)
    if not rest:
        return [question]
    one, two = (
        replace(
            parse_question(text),
            carried=question.carried,
            subject=question.subject,
            earlier=question.earlier,
            english=question.english,
        )
        for text in (first, *rest)
    )
    return [one, two if two.carried else resolve(two, [Message("user", first)], snapshot.term_weights)]


def with_days_as_written(
    question: Question, snapshot: Snapshot, embed: Callable[[], Vectors], seen: SeenTexts
) -> Question:
    """The question with the days and months that it names as the passages write them."""
    if not (days_in(question.text) or months_in(question.text)):
        return question
    hits = retrieve(snapshot, question, embed, CANDIDATES, seen)
    text = as_written(question.text, hits)
    return question if text == question.text else replace(question, text=text, terms=frozenset(query_terms(text)))


def find_passages(asked: Subquestion, snapshot: Snapshot, within: Snapshot, listed: int, seen: SeenTexts) -> None:
    """Find at least `listed` passages `within` a part of the snapshot, if there are as many; none of them is read if
    the question names what no document mentions."""
    question = asked.question
    asked.hits = retrieve(within, question, lambda: asked.vector, max(listed, _READ), seen)
    if asked.side is not None:
        asked.weights = snapshot.term_weights(query_terms(asked.side.subject))
        asked.read = [hit for hit in asked.hits[:_READ] if speaks_of(asked.weights, hit.passage, hit.passage.text)]
        return
    if question.kind != "yesno":  # which is about a case: what documents say of its kind answers it
        asked.unknown = unknown_names(question.text, asked.hits[:_READ], snapshot.held)
    asked.read = asked.hits[: 0 if asked.unknown or is_word(question) else _READ]
