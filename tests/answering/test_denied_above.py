"""Words above a place that deny what stands there: said with it, and read with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag.answering.choose import Chosen
from rag.answering.denied_above import announced_above, denied_above, read_with_above
from rag.answering.quote import quote
from rag.deadline import Deadline
from rag.retrieval.question import parse_question
from rag.types import Passage, PassageReading
from tests.answering.readings import chosen, stored

CAPITALS = "NOT COVERED\n- frost\n- what was not reported\n\nCovered:\n- leaks"
RULES = "The following are not allowed:\n- glass bottles\n- no open fires\n\nAllowed:\n- crisps"


class Reads:
    """A reader that finds "no" ten times as likely as "yes" if a text denies."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def read(
        self, question: str, passages: Sequence[Passage], deadline: Deadline | None = None
    ) -> list[PassageReading]:
        self.texts += [passage.text for passage in passages]
        return [PassageReading(passage, (), 0.0, 0.09, 0.9) for passage in passages]

    @property
    def name(self) -> str:
        return "reads"


def under(section: str | None, text: str = "Trainers and sandals.", answer: str = "Trainers") -> Chosen:
    """The choice in a passage of that section."""
    found = chosen(text, answer)
    return found._replace(hit=replace(found.hit, passage=replace(found.passage, section=section)))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (under("Guide > 3. What is not covered"), "3. What is not covered"),
        (under("Guide > Exclusions:"), "Exclusions"),
        (under("Not OK > Examples"), ""),  # the last heading counts
        (under("Guide > Why is it not covered?"), ""),
        (under("Guide > Covered"), ""),
        (under(None), ""),
        (under("Not OK", "Trainers are never OK.", "Trainers"), ""),  # it denies by itself
        (under("Not OK", "Not OK is what we call trainers.", "trainers"), ""),
        (under("It is not " + "very " * 20 + "good"), ""),
        (chosen(RULES, "glass bottles"), "The following are not allowed"),
        (chosen(RULES, "open fires"), ""),
        (chosen(RULES, "glass bottles\n- no open fires"), "The following are not allowed"),  # one denies nothing itself
        (chosen(CAPITALS, "frost"), "NOT COVERED"),
        (chosen(CAPITALS, "frost\n- what was not reported"), "NOT COVERED"),
        (chosen(CAPITALS, "leaks"), ""),
        (chosen(RULES, "crisps"), ""),
        (chosen(RULES, "not allowed"), ""),
    ],
)
def test_the_words_that_deny_what_stands_under_them(found: Chosen, wanted: str) -> None:
    assert denied_above(found) == wanted


def test_yes_and_no_are_read_with_the_words_above() -> None:
    reader, found = Reads(), under("Dress > Not OK")
    after = read_with_above(reader, "May I wear trainers?", found, Deadline())
    assert reader.texts == ["Not OK\n\nTrainers and sandals."]
    assert (after.reading.yes, after.reading.no) == (0.09, 0.9)
    assert after._replace(reading=found.reading) == found


def test_nothing_is_read_again_where_nothing_denies() -> None:
    reader, found = Reads(), under("Dress > OK")
    assert read_with_above(reader, "May I wear trainers?", found, Deadline()) == found
    assert reader.texts == []


def test_yes_and_no_are_read_with_the_line_that_announces_an_item() -> None:
    reader, found = Reads(), chosen(RULES, "crisps")
    after = read_with_above(reader, "May I bring crisps?", found, Deadline())
    assert reader.texts == ["Allowed\n\n- crisps"]
    unclear = after._replace(reading=after.reading._replace(yes=0.6, no=0.4))
    assert said("May I bring crisps?", unclear) == "The documents say under “Allowed”: crisps"
    clear = after._replace(reading=after.reading._replace(yes=0.8, no=0.2))
    assert said("May I bring crisps?", clear) == "Yes. Allowed: crisps"
    assert said("May I bring crisps?", after) == "The documents say under “Allowed”: crisps"  # "no" needs a word for it
    assert said("When may crisps be sold?", clear) == "crisps"
    assert announced_above(chosen("What may I bring?\n\nCrisps?:\n- one bag", "one bag")) == ""


def said(question: str, found: Chosen) -> str:
    parts = quote(parse_question(question), found, lambda id_: stored(found.passage))
    return "".join(f"{'' if part.before is None else part.before}{part.text}" for part in parts)


def test_the_words_are_said_with_what_stands_under_them() -> None:
    clear = read_with_above(Reads(), "May I wear trainers?", under("Dress > Not OK"), Deadline())
    assert said("May I wear trainers?", clear) == "No. Not OK: Trainers and sandals."
    unclear = clear._replace(reading=clear.reading._replace(yes=0.45, no=0.5))
    assert said("May I wear trainers?", unclear) == "The documents say under “Not OK”: Trainers and sandals."
    nothing = clear._replace(reading=clear.reading._replace(yes=0.1, no=0.1))
    assert said("May I wear trainers?", nothing) == "Not OK: Trainers and sandals."
    items = under("Dress > Not OK", "- Trainers\n- Sandals", "Sandals")
    assert said("Which shoes are there?", items) == "Not OK:\n- Trainers\n- Sandals"
    assert said("When was it built?", items) == "Not OK: Sandals"
    assert said("When was it built?", under("Dress > Not OK")) == "Trainers and sandals."  # a sentence of its own
