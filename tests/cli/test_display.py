"""Answers and hits as text for a terminal."""

from __future__ import annotations

from dataclasses import replace

from rag.cli.display import answer_text, hits_text
from rag.types import (
    Abstention,
    Alternative,
    Answer,
    Citation,
    Claim,
    Conflict,
    ConflictValue,
    Hit,
    IndexInfo,
    Passage,
    Sentence,
)

TEXT = "Ada Hart built the mill at Corran in 1859. It burned down."
QUOTE = "Ada Hart built the mill at Corran in 1859."


def hit(text: str = TEXT, page: int | None = 4) -> Hit:
    pages = () if page is None else (page,)
    passage = Passage("a/mill.pdf", "Mills", "mill.pdf", 0, len(text), text, (Sentence(0, len(text)),), None, pages)
    return Hit(passage, 0.81234, 0.7, 3.0, 1, 2)


CITATION = Citation(
    1, "a/mill.pdf", "a/mill.pdf:0-58", "Mills", "mill.pdf", 4, "History > Fire", 0, len(QUOTE), QUOTE, 37, 41
)
ANSWER = Answer(
    id="ans_1",
    question="When was the mill built?",
    answered=True,
    abstained=None,
    answer="1859 [1].",
    mode="quote",
    faithfulness=0.99,
    confidence=0.874,
    claims=(Claim("1859 [1].", 0, 9, 0.99, (1,)),),
    citations=(CITATION,),
    hits=(hit(),),
    model="reader-l12",
    index=IndexInfo("default", 3),
    timings={"retrieve": 0.25, "generate": 0.5},
)


def test_an_answer_is_shown_with_its_sources_and_the_words_of_the_answer_marked() -> None:
    assert answer_text(ANSWER, color=False) == (
        "1859 [1].\n"
        "\n"
        "[1] Mills, a/mill.pdf, page 4, History > Fire\n"
        "    Ada Hart built the mill at Corran in **1859**.\n"
        "\n"
        "(confidence 0.87; quote with reader-l12; 0.75 s)"
    )


def test_a_terminal_gets_bold_and_underlined_words() -> None:
    assert "    Ada Hart built the mill at Corran in \x1b[1;4m1859\x1b[0m.\n" in answer_text(ANSWER, color=True)


def test_a_quote_that_is_the_answer_whole_has_no_marks_and_absent_places_are_left_out() -> None:
    whole = replace(CITATION, answer_start=0, answer_end=len(QUOTE), page=None, section=None)
    shown = answer_text(replace(ANSWER, citations=(whole,), model=None, mode="extract"), color=False)
    assert shown.splitlines()[2:4] == ["[1] Mills, a/mill.pdf", f"    {QUOTE}"]
    assert shown.endswith("(confidence 0.87; extract with no model; 0.75 s)")


def test_notices_and_the_question_as_it_was_read_come_first() -> None:
    asked = replace(ANSWER, notices=("answering without a language model",), resolved_question="When? (Corran mill)")
    assert answer_text(asked, color=False).splitlines()[:4] == [
        "note: answering without a language model",
        "read as: When? (Corran mill)",
        "",
        "1859 [1].",
    ]


def test_documents_that_disagree_are_named_under_the_answer_and_sources_have_dates() -> None:
    stated = replace(CITATION, as_of="2024-03-05", as_of_origin="document", stale=True)
    other = replace(CITATION, label=2, title="Town", document_id="a/town.txt", page=None, section=None)
    other = replace(other, as_of="2025-01-31", as_of_origin="file")
    values = (ConflictValue("1861", "In 1861 [2].", (2,), "2025-01-31"), ConflictValue("1859", "1859 [1].", (1,), None))
    shown = answer_text(
        replace(ANSWER, citations=(stated, other), conflicts=(Conflict(ANSWER.question, values),)), color=False
    )
    assert shown.splitlines()[:5] == [
        "1859 [1].",
        "",
        'The documents disagree: "1861" (Town, 2025-01-31), "1859" (Mills).',
        "",
        "[1] Mills, a/mill.pdf, page 4, History > Fire, 2024-03-05, changed since it was indexed",
    ]
    assert "[2] Town, a/town.txt, file of 2025-01-31" in shown.splitlines()


def test_an_abstention_shows_the_three_nearest_passages_and_no_faithfulness() -> None:
    message = "The documents do not answer this question."
    nearest = (hit(page=None), hit("Long " + "word " * 60), hit("Third."), hit("Fourth."))
    none = replace(
        ANSWER,
        answered=False,
        abstained=Abstention("no_evidence", message, near=True),
        answer=message,
        claims=(),
        citations=(),
        hits=nearest,
        confidence=0.1,
    )
    assert answer_text(none, color=False).splitlines() == [
        message,
        "",
        "Nearest passages:",
        f"  - a/mill.pdf: {TEXT}",
        "  - a/mill.pdf, page 4: Long " + "word " * 26 + "…",
        "  - a/mill.pdf, page 4: Third.",
        "",
        "(confidence 0.10; quote with reader-l12; 0.75 s)",
    ]
    far = replace(none, abstained=Abstention("no_evidence", message))
    assert answer_text(far, color=False).splitlines() == [
        message,
        "",
        "(confidence 0.10; quote with reader-l12; 0.75 s)",
    ]


def test_only_what_was_written_has_a_faithfulness() -> None:
    shown = answer_text(replace(ANSWER, mode="write"), color=False)
    assert shown.endswith("(faithfulness 0.99, confidence 0.87; write with reader-l12; 0.75 s)")


def test_an_answer_that_is_not_sure_begins_with_the_whole_sentence() -> None:
    assert answer_text(replace(ANSWER, sure=False), color=False).splitlines()[:5] == [
        "Not sure. The nearest passage says:",
        f"“{QUOTE}”",
        "",
        "1859 [1].",
        "",
    ]
    whole = "Ada Hart built the mill at Corran in 1859 [1]."
    claim = Claim(whole, 0, len(whole), 0.99, (1,))
    said = replace(ANSWER, sure=False, answer=whole, claims=(claim,))
    assert answer_text(said, color=False).splitlines()[:3] == ["Not sure. The nearest passage says:", whole, ""]


def test_what_another_place_says_stands_under_an_answer_that_is_not_sure() -> None:
    other = Alternative("The mill was built in 1874 [2].", (2,))
    shown = answer_text(replace(ANSWER, sure=False, alternative=other), color=False)
    assert shown.splitlines()[3:6] == ["1859 [1].", "", "Or: The mill was built in 1874 [2]."]


def test_a_part_without_an_answer_is_named_under_it() -> None:
    shown = answer_text(replace(ANSWER, unanswered=("Who burned it?",)), color=False)
    assert shown.splitlines()[:3] == ["1859 [1].", "", "The documents do not answer this part: Who burned it?"]


def test_hits_are_numbered_with_score_and_place_and_wrapped() -> None:
    long = "A sentence of some words that goes on beyond the width of ninety-six characters, so that it is wrapped."
    assert hits_text([hit(), replace(hit(long, None), score=0.5)]) == (
        " 1. 0.812  a/mill.pdf, page 4\n"
        f"    {TEXT}\n"
        "\n"
        " 2. 0.500  a/mill.pdf\n"
        "    A sentence of some words that goes on beyond the width of ninety-six characters, so that it\n"
        "    is wrapped."
    )
    more = replace(hit(), also_in=tuple(f"{number}.txt" for number in range(5)))
    assert hits_text([more]).endswith("\n    nearly the same in 0.txt, 1.txt, 2.txt and 2 more")
    assert hits_text([]) == "nothing found: the index is empty"


def test_an_answer_without_claims_keeps_its_lines_and_has_no_faithfulness() -> None:
    listing = replace(
        ANSWER, answer="There are 2 documents:\n- A (a.txt)\n- B (b.txt)", claims=(), citations=(), hits=(), model=None
    )
    assert answer_text(replace(listing, mode="catalogue"), color=False) == (
        "There are 2 documents:\n- A (a.txt)\n- B (b.txt)\n\n(confidence 0.87; catalogue with no model; 0.75 s)"
    )
