"""A span over several items of a list -> the one item that a question for yes or no asks about (pure).

"May I wear trainers?" is answered by "trainers and sandals", of a list of what may not be worn, and not by the list.
"""

from __future__ import annotations

from rag.answering.choose import Chosen, sentences_around
from rag.answering.lists import without_marker
from rag.retrieval.question import Question
from rag.text.terms import terms


def in_asked_item(question: Question, chosen: Chosen) -> Chosen:
    """The choice, held to the item that shares the most words with the question; as it was if the span stands in one
    item or in none, or if several items, or none, share the most."""
    touched = sentences_around(chosen)
    items = [item for item in touched if without_marker(item.text)]
    shared = [len(question.terms.intersection(terms(item.text))) for item in items]
    if len(touched) < 2 or not any(shared) or shared.count(max(shared)) > 1:
        return chosen
    item = items[shared.index(max(shared))]
    start, end = item.start + without_marker(item.text), item.end
    return chosen._replace(span=chosen.span._replace(start=start, end=end))
