"""Places that answer a question differently: which of them disagree, and what an answer says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.choose import choose
from rag.answering.conflicts import clashes
from rag.answering.disagreement import conflict_of, told
from rag.answering.parts import Composer
from rag.answering.quote import at_place
from rag.retrieval.question import parse_question
from rag.types import AsOf, Hit, PassageReading
from tests.answering.readings import hit, passage, reading

Place = tuple[str, str, str]  # document, text, words of the answer

COST = "What does the pass cost?"


def read(*places: Place, score: float = 8.0) -> tuple[list[Hit], list[PassageReading]]:
    """Each place as a passage of a document, the first a little better than the others."""
    passages = [passage(text, document=document) for document, text, _ in places]
    readings = [
        reading(one, words, score=score - number * 0.5)
        for number, (one, (_, _, words)) in enumerate(zip(passages, places, strict=True))
    ]
    return [hit(one) for one in passages], readings


def values(question: str, *places: Place, wants_list: float = 0.0) -> list[list[str]]:
    """The values that are told, with those of places that agree together."""
    hits, readings = read(*places)
    chosen = choose(hits, readings)
    assert chosen is not None
    asked = replace(parse_question(question), wants_list=wants_list)
    return [[place.said for place in group] for group in clashes(asked, chosen, hits, readings)]


BOARD = ("board.txt", "The pass costs 40 euros. Ask at the desk.", "40 euros")


def test_another_figure_in_another_document_disagrees() -> None:
    leaflet = ("leaflet.txt", "A pass costs 45 euros.", "45 euros")
    card = ("card.txt", "Our pass costs forty euros.", "forty euros")
    assert values(COST, BOARD, leaflet, card) == [["40 euros", "forty euros"], ["45 euros"]]
    assert values(COST, BOARD, card) == []
    assert values(COST, BOARD, ("board.txt", "The pass costs 45 euros.", "45 euros")) == []  # the same document


def cost(document: str, text: str, price: str = "45 euros") -> Place:
    """A place that says the price."""
    return document, text.replace("PRICE", price), price


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (cost("a.txt", "In 2023 the pass cost PRICE.", "40 euros"), cost("b.txt", "In 2024 it cost PRICE.")),
        (cost("prices-2023.txt", "The pass costs PRICE.", "40 euros"), cost("prices-2024.txt", "It costs PRICE.")),
        (
            cost("a.txt", "The pass for adults costs PRICE.", "40 euros"),
            cost("b.txt", "The pass for pupils costs PRICE."),
        ),
        (cost("line-b.txt", "The pass costs PRICE.", "40 euros"), cost("line-c.txt", "The pass costs PRICE.")),
        (
            cost("a.txt", "Customer: Ann\n\nIt costs PRICE.", "40 euros"),
            cost("b.txt", "Customer: Bo\n\nIt costs PRICE."),
        ),
        (cost("a.txt", "Visit | Pass\nweek | PRICE", "40 euros"), cost("b.txt", "Visit | Pass\nday | PRICE")),
        (cost("a.txt", "Visit | Was\nday | PRICE", "40 euros"), cost("b.txt", "Visit | Estimated\nday | PRICE")),
        (
            cost("a.txt", "Visit of 3 May 2024\n\nIt cost PRICE.", "40 euros"),
            cost("b.txt", "Visit of 7 June 2024\n\nIt cost PRICE."),
        ),
        (BOARD, cost("b.txt", "The pass goes up from 40 euros to PRICE.")),
        (BOARD, cost("b.txt", "As of May the pass costs PRICE.")),
        (BOARD, cost("b.txt", "The pass is expected to cost PRICE.")),
    ],
)
def test_values_of_other_things_do_not_disagree(one: Place, other: Place) -> None:
    assert values(COST, one, other) == []


def test_the_same_row_and_column_of_two_tables_disagree() -> None:
    tables = (cost("a.txt", "Visit | Pass\nday | PRICE", "40 euros"), cost("b.txt", "Visit | Pass\nday | PRICE"))
    assert values(COST, *tables) == [["40 euros"], ["45 euros"]]


def test_only_places_that_answer_nearly_as_well_count() -> None:
    leaflet = ("leaflet.txt", "A pass costs 45 euros.", "45 euros")
    hits, readings = read(BOARD, leaflet)
    weak = readings[1]._replace(spans=(readings[1].spans[0]._replace(score=1.9),))
    far = hit(hits[1].passage, score=-0.1)
    chosen = choose(hits, readings)
    assert chosen is not None
    question = parse_question(COST)
    assert len(clashes(question, chosen, hits, readings)) == 2
    assert clashes(question, chosen, hits, [readings[0], weak]) == []
    assert clashes(question, chosen, [hits[0], far], readings) == []  # 15 * 0.6 + 0.5 logits below


def test_yes_against_no_disagrees_where_both_are_clear() -> None:
    yes = passage("Dogs may come along.", document="a.txt")
    no = passage("Dogs may not come along.", document="b.txt")
    hits = [hit(yes), hit(no)]
    question = parse_question("May dogs come along?")
    assert question.kind == "yesno"

    def found(least: float) -> list[list[str]]:
        readings = [reading(yes, "may come", yes=0.95), reading(no, "may not come", score=4.8, no=least)]
        chosen = choose(hits, readings)
        assert chosen is not None
        return [[place.said for place in group] for group in clashes(question, chosen, hits, readings)]

    assert found(0.9) == [["Yes"], ["No"]]
    assert found(0.7) == []


def test_names_disagree_but_not_for_a_question_for_several() -> None:
    one = ("a.txt", "Our treasurer is Jonas Pell.", "Jonas Pell")
    other = ("b.txt", "The treasurer is Agnes Lohmann.", "Agnes Lohmann")
    assert values("Who is the treasurer?", one, other) == [["Jonas Pell"], ["Agnes Lohmann"]]
    assert values("Who were the treasurers?", one, other, wants_list=0.4) == []


def test_a_conflict_has_the_newest_value_first_and_cites_behind_the_answer() -> None:
    places = (
        BOARD,
        ("leaflet.txt", "A pass costs 45 euros.", "45 euros"),
        ("old.txt", "A pass costs 30 euros.", "30 euros"),
    )
    hits, readings = read(*places)
    chosen = choose(hits, readings)
    assert chosen is not None
    dates = {"board.txt": AsOf("2023", "document"), "leaflet.txt": AsOf("2024-05-06", "file", True)}
    composer = Composer(lambda document_id: dates.get(document_id, AsOf()))
    composer.add(at_place(chosen))
    question = parse_question(COST)
    conflict = conflict_of(question, clashes(question, chosen, hits, readings), composer)
    assert conflict.about == COST
    assert [
        tuple(getattr(value, name) for name in ("value", "claim", "citations", "as_of")) for value in conflict.values
    ] == [
        ("45 euros", "A pass costs 45 euros [2].", (2,), "2024-05-06"),
        ("40 euros", "The pass costs 40 euros [1].", (1,), "2023"),
        ("30 euros", "A pass costs 30 euros [3].", (3,), None),
    ]
    composed = composer.composed()
    assert composed.text == "The pass costs 40 euros [1]."
    assert [(one.as_of, one.as_of_origin, one.stale) for one in composed.citations] == [
        ("2023", "document", False),
        ("2024-05-06", "file", True),
        (None, None, False),
    ]
    assert told(conflict, composed.citations) == (
        'The documents disagree: "45 euros" (Title, 2024-05-06), "40 euros" (Title, 2023), "30 euros" (Title).'
    )
