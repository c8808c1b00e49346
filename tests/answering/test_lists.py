"""The items of a list of lines."""

from __future__ import annotations

import pytest

from rag.answering.lists import announces_list, list_items, without_marker
from rag.text.sentences import split_sentences
from rag.types import Evidence, Passage


def evidence(text: str, sentence: str, offset: int = 0) -> Evidence:
    sentences = tuple(s._replace(start=s.start + offset, end=s.end + offset) for _, s in split_sentences(text))
    passage = Passage("a.md", "A", "a.md", offset, offset + len(text), text, sentences)
    found = next(s for s in sentences if text[s.start - offset : s.end - offset] == sentence)
    return Evidence(1, passage, found.start, found.end, sentence, 0.5)


def items(text: str, sentence: str, offset: int = 0) -> list[str]:
    return [text[s.start - offset : s.end - offset] for s in list_items(evidence(text, sentence, offset))]


BREAD = "You need:\n- flour\n- water\n\n1. Mix.\n2. Bake.\n\nServe warm."


@pytest.mark.parametrize("offset", [0, 100])
def test_an_item_finds_all_items_of_its_own_list(offset: int) -> None:
    assert items(BREAD, "- water", offset) == ["- flour", "- water"]
    assert items(BREAD, "2. Bake.", offset) == ["1. Mix.", "2. Bake."]


def test_a_line_that_introduces_a_list_finds_its_items() -> None:
    assert items("Bread.\nYou need:\n- flour\n- water\nServe warm.", "You need:") == ["- flour", "- water"]
    assert items("You need:\nflour and water.", "You need:") == []


def test_a_sentence_outside_a_list_has_no_items() -> None:
    assert items(BREAD, "Serve warm.") == []


@pytest.mark.parametrize(
    ("text", "length"),
    [("- flour", 2), ("* flour", 2), ("• flour", 2), ("12. flour", 4), ("3) flour", 3), ("a) flour", 3), ("flour", 0)]
    + [("1859 was", 0), ("-flour", 0), ("1234. flour", 0)],
)
def test_the_length_of_the_marker_of_an_item(text: str, length: int) -> None:
    assert without_marker(text) == length


def test_a_line_that_ends_with_a_colon_introduces_a_list() -> None:
    assert announces_list("Passengers bring: ")
    assert not announces_list("Passengers bring: a coat.")
