"""A question and the passages found for it -> their readings, the place that answers, and whether that is sure enough.

In: a `Subquestion` with its hits, and the reader. Out: the same, with readings, the chosen place and its confidence.
Does not search, and does not say what stands there.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.asked_item import in_asked_item
from rag.answering.choose import choose, sentences_around, without_questions
from rag.answering.comparison import speaks_of
from rag.answering.confidence import confidence, signals_of
from rag.answering.denied_above import read_with_above
from rag.answering.draft import Subquestion
from rag.answering.follow_up import asks_again, said_in, without_repeated
from rag.answering.named_cell import in_named_cell
from rag.answering.rows import LookUp
from rag.answering.same_place import answered_elsewhere
from rag.answering.side_by_side import gained
from rag.answering.version import DayOf, in_version
from rag.answering.within_bounds import within_bounds
from rag.deadline import Deadline
from rag.retrieval.naming import with_file_name
from rag.seams import PassageReader
from rag.traces.collect import note_readings
from rag.types import PassageReading


def read_passages(
    asked: Subquestion, reader: PassageReader, refuse_below: float, deadline: Deadline, whole: LookUp
) -> None:
    """Read the passages of one question, and decide if what stands in them answers it."""
    deadline.check()
    passages = [with_file_name(hit.passage, asked.question.terms) for hit in asked.read]
    readings = reader.read(asked.question.to_read, passages, deadline)
    note_readings(asked.read, readings)
    readings = without_questions(asked.question.text, readings)
    readings, cited = _after_last(asked, readings, reader, deadline)
    asked.readings = readings
    asked.gained = gained(reader, asked.question.to_read, asked.read, readings, cited, deadline)
    asked.chosen = choose(asked.read, readings, cited, asked.gained)
    if asked.chosen is not None:
        asked.confidence = confidence(signals_of(asked.question, asked.chosen))
        asked.refused = asked.confidence < refuse_below * asked.share
    if asked.side is not None and asked.chosen is not None:
        said = " ".join(item.text for item in sentences_around(asked.chosen))
        asked.refused |= not speaks_of(asked.weights, asked.chosen.passage, said)
    if asked.chosen is not None and not asked.refused:
        asked.chosen = within_bounds(asked.question, in_named_cell(asked.question, asked.chosen, whole))
        if asked.question.kind == "yesno":
            item = in_asked_item(asked.question, asked.chosen)
            asked.chosen = read_with_above(reader, asked.question.to_read, item, deadline)


def take_version(asked: Subquestion, day_of: DayOf) -> None:
    """Choose the same place of the version of its document that is meant, if there are several."""
    if asked.chosen is not None and not asked.refused:
        asked.chosen = in_version(asked.question, asked.chosen, asked.read, asked.readings, day_of)


def tell_apart(asked: Sequence[Subquestion], refuse_below: float) -> None:
    """Choose another place for the part of two that the place found for both does not answer."""
    for one, other in [(asked[0], asked[1]), (asked[1], asked[0])] if len(asked) == 2 else []:
        if one.chosen is None or other.chosen is None or one.side is not None:
            continue
        if answered_elsewhere(one.question, other.question, one.chosen, other.chosen):
            taken = one.chosen.passage.id
            left = [number for number, hit in enumerate(one.read) if hit.passage.id != taken]
            one.read, one.readings = (
                [one.read[number] for number in left],
                [one.readings[number] for number in left],
            )
            one.gained = [one.gained[number] for number in left]
            one.chosen = choose(one.read, one.readings, gained=one.gained)
            one.confidence = confidence(signals_of(one.question, one.chosen)) if one.chosen else 0.0
            one.refused = one.chosen is None or one.confidence < refuse_below


def _after_last(
    asked: Subquestion, readings: list[PassageReading], reader: PassageReader, deadline: Deadline
) -> tuple[list[PassageReading], frozenset[str]]:
    """The readings of a follow-up, in which the last answer comes later, and the documents that hold that."""
    earlier = asked.question.earlier
    if earlier is None:
        return readings, frozenset()
    passages = [hit.passage for hit in asked.read if said_in(hit.passage, earlier.answer)]
    if passages and not asks_again(asked.question.terms, earlier):
        before = reader.read(earlier.question, passages, deadline)
        readings = without_repeated(readings, {one.passage.id: one for one in before}, earlier.answer)
    return readings, frozenset(passage.document_id for passage in passages)
