"""Which names of a question the library does not know, and which words are no names."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.unknown_names import unknown_names
from rag.text.terms import terms
from rag.types import Hit
from tests.retrieval.test_search import passage

FOUND = "Canada's prime minister Mark Carney met Frédéric Chopin of Britain, with the Europeans and Bassett."
ELSEWHERE = frozenset(terms("The bridge at Saltash was drawn by Brunel."))


def held(words: Iterable[str]) -> frozenset[str]:
    return (ELSEWHERE | frozenset(terms(FOUND))).intersection(words)


def hit(text: str, title: str = "", section: str | None = None, document_id: str = "a.txt") -> Hit:
    return Hit(passage(text, document_id, title, section), 0.5, 0.5, 0.0, 1, None)


def unknown(question: str, *hits: Hit) -> tuple[str, ...]:
    return unknown_names(question, hits or [hit(FOUND)], held)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who is the prime minister of Japan?", ("Japan",)),
        ("Did Kalathil or Brunel draw the bridge, as Kalathil said?", ("Kalathil",)),
        ("Was it Kalathil who met Haymo?", ("Kalathil", "Haymo")),
        ("Who is the prime minister of Canada?", ()),
        ("What did Brunel draw?", ()),  # held, though nothing with it was found
        ("What did Frederic Chopin play?", ()),  # an accent
        ("What did Basset say?", ()),  # a letter
        ("Which minister is Crarney?", ()),  # a letter too many near the front
        ("Which British singer is meant?", ()),  # kin of Britain
        ("What is the European plan?", ()),
        ("Tokyo is the capital of what?", ()),  # its capital may come from the start
        ("Well? Tokyo is the capital of what?", ()),
        ("what is the capital of japan?", ()),
        ("WHAT IS THE CAPITAL OF JAPAN", ()),
        ("What Is The Capital Of Japan And Its Largest River", ()),  # a headline
        ("What is NATO or the WWII?", ()),  # may stand for words written out
        ("Which of the countries joined NATO first?", ()),
        ("What is the Bay?", ()),  # short
        ("What happened in December at 20 degrees Celsius?", ()),
        ("Who drew the bridge? Answer in Latvian.", ()),
        ("Wer ist der Premierminister von Japan?", ()),  # German writes all nouns with a capital
    ],
)
def test_names_of_the_question_that_no_passage_holds(question: str, names: tuple[str, ...]) -> None:
    assert unknown(question) == names


@pytest.mark.parametrize(
    "under",
    [hit("x", title="Journeys in Japan"), hit("x", section="Asia > Japan"), hit("x", document_id="japan/notes.txt")],
)
def test_what_a_passage_stands_under_counts(under: Hit) -> None:
    assert unknown("Who is the prime minister of Japan?", under) == ()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Which American firm is meant?", "A firm of the United States."),
        ("Which Americans came?", "Ships of the U.S. came."),
        ("What do the Dutch grow?", "Tulips grow in the Netherlands."),
        ("What grows in the Netherlands?", "Dutch tulips."),
        ("Who leads the French choir?", "A choir of France."),
        ("Who was the Welsh poet?", "A poet from Wales."),
        ("Who is the Swiss agent?", "Our agent in Switzerland."),
        ("Which ship is from Denmark?", "The Danish ship."),
        ("Where is the Pearl Harbor inn?", "The inn at Pearl Harbour."),
        ("What plays at the Apollo Theater?", "At the Apollo Theatre."),
    ],
)
def test_a_people_and_its_country_are_known_by_each_other_and_spellings_too(question: str, text: str) -> None:
    assert unknown(question, hit(text)) == ()


def test_another_country_does_not_make_a_people_known() -> None:
    assert unknown("Who is the Swiss agent?", hit("Our agent in Denmark unites states.")) == ("Swiss",)
    assert unknown("Which American firm is meant?", hit("A unit of the state.")) == ("American",)


def test_without_anything_found_a_name_is_what_the_library_holds() -> None:
    assert unknown_names("What did Brunel draw in Japan?", [], held) == ("Japan",)


@given(st.text(st.sampled_from("the Ja pan WHO é東.?\ud800"), max_size=40), st.text(max_size=40))
def test_names_stand_in_the_question_and_in_nothing_that_was_found(question: str, text: str) -> None:
    for name in unknown(question, hit(text or "x")):
        assert name in question
        assert name not in text
        assert not held(terms(name))
