"""Places that answer differently -> what an answer says of them: each value with its sentence, its date and citations.

In: the groups of `rag.answering.conflicts`, and the composer of the answer, behind whose citations theirs are numbered.
Out: a `Conflict`, the newest value first, and the sentence of our own in which displays name it. It stands in no
`answer`, and carries no labels: it rests on no single place.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.conflicts import AnsweringPlace, clashes
from rag.answering.draft import Draft
from rag.answering.parts import Composer
from rag.answering.quote import at_place
from rag.retrieval.question import Question
from rag.types import Citation, Conflict, ConflictValue


def conflicts_of(draft: Draft, composer: Composer) -> tuple[Conflict, ...]:
    """The places that answer otherwise than what was said, cited behind it."""
    asked = [] if draft.form else [(one, chosen) for one, chosen in draft.said() if one.side is None]
    said = [(one.question, clashes(one.question, chosen, one.read, one.readings)) for one, chosen in asked]
    return tuple(conflict_of(question, groups, composer) for question, groups in said if groups)


def conflict_of(question: Question, groups: Sequence[Sequence[AnsweringPlace]], composer: Composer) -> Conflict:
    """The values, newest first, then those without a date; each cites all places that give it."""
    values = [_value(group, composer) for group in groups]
    return Conflict(question.text, tuple(sorted(values, key=lambda value: value.as_of or "", reverse=True)))


def told(conflict: Conflict, citations: Sequence[Citation]) -> str:
    """The conflict as a sentence: 'The documents disagree: "985 euros" (Mail, 2024-05-06), "940 euros" (Lease).'"""
    titles = {citation.label: citation.title for citation in citations}
    said = [
        f'"{one.value}" ({", ".join(filter(None, [titles.get(one.citations[0], ""), one.as_of]))})'
        for one in conflict.values
    ]
    return f"The documents disagree: {', '.join(said)}."


def _value(group: Sequence[AnsweringPlace], composer: Composer) -> ConflictValue:
    """The value of places that agree, in the words of the first one."""
    said = [composer.cited(at_place(place.chosen)) for place in group]
    citations = [citation for _, cited in said for citation in cited]
    labels = tuple(dict.fromkeys(citation.label for citation in citations))
    dates = [citation.as_of for citation in citations if citation.as_of]
    return ConflictValue(group[0].said, said[0][0], labels, max(dates, default=None))
