"""What displays say beside an answer, and turns of a chat that say nothing of the documents."""

from __future__ import annotations

import pytest

from rag.answering.doubt import NOT_SURE, doubt, other_line, unanswered_lines, without_doubt
from rag.answering.refusal import is_refusal, no_document_fits, no_question, refusal
from rag.answering.talk import TALK
from rag.types import AbstentionReason, Citation, Claim, Filters


def cited(quote: str) -> list[Citation]:
    return [Citation(1, "a.txt", "a.txt:0-9", "A", "a.txt", None, None, 0, len(quote), quote, 0, 4)]


def claim(text: str) -> Claim:
    return Claim(text, 0, len(text), 0.99, (1,))


def test_the_sentence_is_said_unless_the_claim_is_it() -> None:
    quote = "- The weir was  built by Ann in 1931."
    assert doubt(claim("Ann [1]."), cited(quote)) == f"{NOT_SURE}\n“- The weir was built by Ann in 1931.”\n\n"
    assert doubt(claim("The weir was built by Ann in 1931 [1]."), cited(quote)) == f"{NOT_SURE}\n"
    assert doubt(claim("No. The weir was built by Ann in 1931 [1]."), cited(quote)).endswith("1931.”\n\n")
    assert doubt(claim("Ann."), []) == f"{NOT_SURE}\n"


@pytest.mark.parametrize("said", ["Ann [1].", "The weir was built by Ann in 1931 [1]."])
def test_a_turn_is_read_without_it(said: str) -> None:
    assert without_doubt(doubt(claim(said), cited("The weir was built by Ann in 1931.")) + said) == said
    assert without_doubt(said) == said
    assert without_doubt(f"{said}\n\n{other_line('Bo built it.', 'Log (old)')}") == said


def test_each_part_has_its_line() -> None:
    lines = ["The documents do not answer this part: Who?", "The documents do not answer this part: When?"]
    assert unanswered_lines(["Who?", "When?"]) == lines


@pytest.mark.parametrize(
    ("reason", "near", "unknown", "empty", "message"),
    [
        ("no_evidence", True, ("Bo", "Ann"), False, "None of them mentions “Bo” or “Ann”: ask in other words, or"),
        ("no_evidence", True, (), False, "Passages near it are shown: ask about what stands in them, in other words"),
        ("no_evidence", False, (), False, "No passage near it was found: ask in other words, or index a document that"),
        ("no_evidence", False, (), True, "There is no document yet: index or upload one."),
    ],
)
def test_a_refusal_gives_one_reason_and_a_next_step(
    reason: AbstentionReason, near: bool, unknown: tuple[str, ...], empty: bool, message: str
) -> None:
    told = refusal(reason, near, unknown, empty)
    assert told.message.startswith(f"The documents do not answer this question. {message}")
    assert (told.reason, told.near) == (reason, near and not unknown)


def test_refusals_are_known_again_and_answers_are_not_taken_for_them() -> None:
    said = [refusal(reason, False, (), False).message for reason in ("no_evidence", "declined", "unsupported")]
    said += [TALK, no_question("oar", near=True).message, no_document_fits(Filters(folders=("a",), after="2031"))]
    said += ["report.pdf could not be read: it is empty.", f"{said[0]}\n\n- A: “The weir”"]
    assert [is_refusal(text) for text in said] == [True] * len(said)
    assert not is_refusal("The meter could not be read: its glass was broken [1].")
    assert not is_refusal("The documents were lost in 1931 [1].")


def test_filters_are_named_as_the_command_line_takes_them() -> None:
    given = Filters(documents=("a.txt",), before="2031-05", metadata=(("author", ("ann", "bo")),))
    assert no_document_fits(given) == (
        "No document fits the filter document=a.txt before=2031-05 author=ann author=bo: change it or leave it out."
    )
