"""Parts of several answers, of which each place is said once."""

from __future__ import annotations

from rag.answering.choose import sentences_around
from rag.answering.draft import checked
from rag.answering.modes import at_once
from rag.answering.parts import Composer, Part, QuotedPlace
from tests.answering.readings import chosen


def both(text: str, one: str, other: str) -> str:
    """The answer to two questions, of which these words of the text are the places."""
    composer, said_at = Composer(), set[tuple[str, int, int]]()
    for words in (one, other):
        found = chosen(text, words)
        place = QuotedPlace(sentences_around(found)[0], found.span.start, found.span.end)
        for _ in checked(at_once([Part(words, (place,), 1.0)]), composer, True, said_at):
            pass
    return composer.composed().text


def test_two_cells_of_a_row_are_both_said_and_a_sentence_once() -> None:
    table = "Group | Day | Fee\nOtters | Monday | 70"
    assert both(table, "Monday", "70") == "Monday [1]. 70 [2]."
    assert both(table, "Monday", "Monday") == "Monday [1]."
    assert both("On Monday it costs 70.", "Monday", "70") == "Monday [1]."
