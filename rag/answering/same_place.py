"""Two parts of a question that one place answers -> the part that it does not answer after all (pure).

"How many members were there in 2030 and in 2031?" may find one sentence twice, which speaks of one year. A part is not
answered by a place that holds none of the words which only that part has, while those of the other one stand there.
"""

from __future__ import annotations

from rag.answering.choose import Chosen, sentences_around
from rag.retrieval.question import Question
from rag.text.terms import terms


def answered_elsewhere(part: Question, other: Question, chosen: Chosen, of_other: Chosen) -> bool:
    """True if the place chosen for `part` is that of `other`, and speaks of that one alone."""
    if (chosen.passage.id, chosen.span.start) != (of_other.passage.id, of_other.span.start):
        return False
    said = " ".join(item.text for item in sentences_around(chosen))
    held = frozenset(terms(f"{chosen.passage.section or ''}\n{said}"))
    own, others = part.terms - other.terms, other.terms - part.terms
    return bool(own) and not own & held and bool(others & held)
