"""A place whose bounds a number of the question lies outside of -> the place of the same passage within whose bounds it
lies (pure).

Rules come in steps ("80 hours or less", "over 80 hours"), of which the reader tells what is asked for and not which
number is larger. The place is moved only where one number of the question has a unit, a sentence chosen bounds numbers
of that unit and does not admit it, and a single sentence of the passage does.
"""

from __future__ import annotations

from rag.answering.choose import Chosen, sentences_around
from rag.retrieval.question import Question
from rag.text.bounds import Bound, bounds
from rag.types import Sentence

_AGE = "year"  # the unit that rules leave out: "under 14s"


def within_bounds(question: Question, chosen: Chosen) -> Chosen:
    """The choice, moved into the only sentence of its passage that admits the number of the question, if one of its own
    sentences does not."""
    asked = [one for one in bounds(question.text) if one.unit]
    if len(asked) != 1 or all(_admits(item.text, asked[0]) is not False for item in sentences_around(chosen)):
        return chosen
    passage = chosen.passage
    admitting = [
        place
        for place in passage.sentences
        if _admits(passage.text[place.start - passage.start : place.end - passage.start], asked[0])
    ]
    return _moved(chosen, admitting[0]) if len(admitting) == 1 else chosen


def _admits(text: str, asked: Bound) -> bool | None:
    """True if a range of the text admits the number, False if it has ranges of that unit and none does, None if it has
    none."""
    units = {asked.unit, ""} if asked.unit == _AGE else {asked.unit}
    found = [one for one in bounds(text) if one.is_range and one.unit in units]
    return any(one.meets(asked) for one in found) if found else None


def _moved(chosen: Chosen, place: Sentence) -> Chosen:
    """The choice of the best span in the sentence, or of the whole sentence if the reader has none there."""
    inside = [span for span in chosen.reading.spans if place.start <= span.start and span.end <= place.end]
    return chosen._replace(span=inside[0] if inside else chosen.span._replace(start=place.start, end=place.end))
