"""The day on which words that count from it were written."""

from __future__ import annotations

import pytest

from rag.answering.parts import Composed
from rag.answering.written_on import written_on
from rag.types import Citation, DateOrigin


def cited(quote: str, as_of: str | None = "2025-10-14", origin: DateOrigin | None = "document") -> Citation:
    return Citation(1, "a", "a", "", "", None, None, 0, len(quote), quote, 0, len(quote), as_of, origin)


def remark(question: str, *citations: Citation) -> str:
    return written_on(question, Composed("", (), citations))


@pytest.mark.parametrize(
    "quote", ["He came yesterday.", "We meet on Thursday to row.", "It broke two weeks ago.", "She leaves next Monday."]
)
def test_the_day_is_said_behind_words_that_count_from_it(quote: str) -> None:
    assert remark("When was it?", cited(quote)) == "\nIt was written on Tuesday, 14 October 2025."


@pytest.mark.parametrize(
    ("question", "citation"),
    [
        ("Who came?", cited("He came yesterday.")),
        ("When did he come?", cited("He came on 3 May 2025.")),
        ("When did he come?", cited("He came on Saturday 4 July 2025.")),
        ("When did he come?", cited("He comes on Saturdays.")),
        ("When did he come?", cited("He came yesterday.", None, None)),
        ("When did he come?", cited("He came yesterday.", "2025-10")),
        ("When did he come?", cited("He came yesterday.", origin="file")),
    ],
)
def test_nothing_is_said_where_it_would_tell_nothing_or_is_not_known(question: str, citation: Citation) -> None:
    assert remark(question, citation) == ""


def test_nothing_is_said_of_several_days() -> None:
    assert remark("When was it?", cited("It was yesterday."), cited("It is today.", "2025-10-15")) == ""
    assert remark("When was it?", cited("It was yesterday."), cited("It was in May.", "2025-10-15")) != ""
