"""The forms of an answer: sentences, lists, yes and no, cells of tables; every part at its place in the document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.choose import Chosen, choose, sentences_around
from rag.answering.extract import extract
from rag.answering.lists import MOST_LINES
from rag.answering.parts import Composer, Part
from rag.answering.quote import quote
from rag.answering.verdict import verdict
from rag.checking.faithfulness import SUPPORTED
from rag.retrieval.question import parse_question
from tests.answering.readings import chosen, hit, passage, reading, stored

MILL = "Ada Hart built the mill in 1859. It was closed because the stream ran dry."
STEPS = "To clean the filter:\n\n1. Pull the plug.\n2. Turn the filter.\n3. Rinse it."
CLEANING = ["To clean the filter:", "Pull the plug.", "Turn the filter.", "Rinse it."]
TWO_LISTS = "Before the repair:\n\n1. Stop it.\n2. Lock it.\n\nAfterwards:\n\n1. Unlock it.\n2. Start it."
TABLE = "Fabric | Temperature | Time\nWool | 30 degrees | 48 min\nCotton | 60 degrees | 95 min"


def quote_of(question: str, found: Chosen) -> list[Part]:
    return list(quote(parse_question(question), found, lambda id_: stored(found.passage)))


def said(question: str, found: Chosen) -> list[str]:
    return [part.text for part in quote_of(question, found)]


def marked(parts: list[Part]) -> list[str]:
    """The words of each part that are marked in its sentence."""
    texts = []
    for part in parts:
        evidence, start, end = part.places[0]
        texts.append(evidence.passage.text[start - evidence.passage.start : end - evidence.passage.start])
    return texts


@pytest.mark.parametrize(
    ("question", "text", "answer", "parts"),
    [
        ("When was the mill built?", MILL, "1859", ["Ada Hart built the mill in 1859."]),
        ("Why was it closed?", MILL, "the stream ran dry", ["It was closed because the stream ran dry."]),
        ("How do I clean it?", STEPS, "Turn the filter", CLEANING),
        (
            "How do I stop it?",
            TWO_LISTS,
            "Stop it.\n2. Lock it.\n\nAfterwards:\n\n1. Unlock",
            ["Before the repair:", "Stop it.", "Lock it."],
        ),
        ("What does it take?", STEPS, "To clean the filter:", CLEANING),
        ("How long does wool take?", TABLE, "48 min", ["Wool, Time: 48 min"]),
        ("Which fabric takes 60 degrees?", TABLE, "Cotton", ["Cotton"]),
    ],
)
def test_forms(question: str, text: str, answer: str, parts: list[str]) -> None:
    assert said(question, chosen(text, answer)) == parts


DOGS = "Dogs may not come into the mill. Cats may."


def test_yes_or_no_comes_first_if_it_is_clear() -> None:
    question = "May I bring my dog?"
    assert said(question, chosen(DOGS, "Dogs may not come", no=0.9)) == ["No. Dogs may not come into the mill."]
    assert said("May I bring my cat?", chosen(DOGS, "Cats may", yes=0.9)) == ["Yes. Cats may."]
    assert said("Who may not come?", chosen(DOGS, "Dogs", no=0.9)) == ["Dogs may not come into the mill."]


def test_where_it_is_not_clear_the_documents_speak() -> None:
    (part,) = quote_of("May I bring my dog?", chosen(DOGS, "Dogs may not come", no=0.7))
    assert (part.before, part.text) == ("The documents say: ", "Dogs may not come into the mill.")
    composer = Composer()
    composer.add(part)
    assert composer.composed().text == "The documents say: Dogs may not come into the mill [1]."
    assert composer.composed().claims[0].text == "Dogs may not come into the mill [1]."


@pytest.mark.parametrize(
    ("text", "answer", "yes", "no", "word"),
    [
        (DOGS, "Cats", 0.9, 0.05, "Yes"),
        (DOGS, "Dogs", 0.05, 0.9, "No"),
        (DOGS, "Dogs", 0.6, 0.3, ""),
        (DOGS, "come into the mill. Cats", 0.05, 0.95, ""),  # one sentence denies, the other does not
        (DOGS, "Cats", 0.05, 0.95, ""),  # nothing is denied
        ("Don't take a second job without a word with us.", "second job", 0.05, 0.95, ""),  # an exception
        ("Don't take a second job.", "second job", 0.05, 0.95, "No"),
    ],
)
def test_the_word_that_the_sentences_bear_out(text: str, answer: str, yes: float, no: float, word: str) -> None:
    found = chosen(text, answer, yes=yes, no=no)
    assert verdict(found.reading, sentences_around(found)) == word


def test_the_word_with_which_the_paragraph_begins_counts() -> None:
    asked = "Can I use it as a backup?"
    text = "No. It is not a good backup. It copies what you delete.\n\nNo one is paid, and so it goes."
    assert said(asked, chosen(text, "not a good backup", no=0.6)) == ["No. It is not a good backup."]
    assert said(asked, chosen(text, "No.", no=0.6)) == ["No.", "It is not a good backup."]
    assert said(asked, chosen(text, "not a good backup", yes=0.6, no=0.3)) == ["It is not a good backup."]
    assert said(asked, chosen(text, "is paid", no=0.6)) == ["No one is paid, and so it goes."]
    assert said("Why is it free?", chosen(text, "No.", no=0.6)) == ["No.", "It is not a good backup."]


def test_a_sentence_that_begins_with_the_word_does_not_get_it_twice() -> None:
    text = "No, dogs may not come in."
    assert said("May dogs come in?", chosen(text, "dogs may not", no=0.95)) == [text]


def test_an_explanation_that_leans_on_the_sentence_before_comes_with_it() -> None:
    text = "Wait with the news. This helps to keep the peace.\n\nThis is old."
    assert said("Why do I have to wait?", chosen(text, "keep the peace")) == [
        "Wait with the news.",
        "This helps to keep the peace.",
    ]
    assert said("Why is it old?", chosen(text, "is old")) == ["This is old."]
    assert said("Who keeps the peace?", chosen(text, "keep the peace")) == ["This helps to keep the peace."]


def test_extract_says_sentences_as_they_stand() -> None:
    found = chosen(MILL, "1859. It was closed", yes=0.99)
    assert [part.text for part in extract(found)] == [
        "Ada Hart built the mill in 1859.",
        "It was closed because the stream ran dry.",
    ]
    assert marked(list(extract(found))) == ["1859.", "It was closed"]


def test_a_list_that_is_too_long_says_how_long_it_is() -> None:
    text = "Bring:\n\n" + "\n".join(f"- thing {number}." for number in range(57))
    found = chosen(text, "thing 3.")
    parts = quote(parse_question("List the things to bring"), found, lambda id_: stored(found.passage))
    said = [next(parts).text for _ in range(1 + MOST_LINES)]
    with pytest.raises(StopIteration) as end:
        next(parts)
    assert end.value.value.remark == f"\nThe list has 57 items; the first {MOST_LINES} are quoted."
    assert said == ["Bring:", *(f"thing {number}." for number in range(MOST_LINES))]


def test_no_item_is_left_out_for_saying_nothing_alone() -> None:
    parts = quote_of("Which vitamins are in it?", chosen("Vitamins:\n- A\n- and D\n- the", "A\n- and D"))
    assert [(part.text, part.support >= SUPPORTED) for part in parts][1:] == [
        ("A", True),
        ("and D", True),
        ("the", True),
    ]


def test_a_document_that_is_gone_gives_its_sentence() -> None:
    found = chosen(STEPS, "Turn the filter")
    assert [part.text for part in quote(parse_question("How do I clean it?"), found, lambda id_: None)] == [
        "Turn the filter."
    ]


def test_steps_are_numbered_below_the_line_that_announces_them() -> None:
    composer = Composer()
    for part in quote_of("How do I clean it?", chosen(STEPS, "Turn the filter")):
        composer.add(part)
    assert composer.composed().text == (
        "To clean the filter [1]:\n1. Pull the plug [2].\n2. Turn the filter [3].\n3. Rinse it [4]."
    )


TEXTS = st.sampled_from([MILL, STEPS, TABLE, "One word", "A: b; c | d", "- a\n- b\n\nC. D."])


@given(TEXTS, st.data(), st.sampled_from(["Is it so?", "When was it?", "How do I do it?", "Which things are there?"]))
def test_every_part_stands_at_its_place(text: str, data: st.DataObject, question: str) -> None:
    words = text.split()
    answer = data.draw(st.sampled_from(words))
    found = chosen(text, answer, start=7, yes=data.draw(st.floats(0, 1)))
    composer = Composer()
    for part in quote(parse_question(question), found, lambda id_: stored(found.passage)):
        composer.add(part)
    composed = composer.composed()
    assert composed.citations
    for citation in composed.citations:
        at = found.passage.start
        assert text[citation.start - at : citation.end - at] == citation.quote
        assert citation.start <= citation.answer_start < citation.answer_end <= citation.end


def test_a_list_out_of_a_table_is_the_cells_that_are_nearly_as_good() -> None:
    of = passage("Guest | Food\nAnn | vegetarian\nBob | meat\nCid | vegetarian")
    question = parse_question("Which guests want greens?")
    near = choose([hit(of)], [reading(of, "Cid", "Ann")])
    assert near is not None
    assert [part.text for part in quote(question, near, lambda id_: stored(of))] == ["Ann", "Cid"]
    far = choose([hit(of)], [reading(of, "Cid", "Bob", "vegetarian", "Ann")])  # a point less each
    assert far is not None
    assert [part.text for part in quote(question, far, lambda id_: stored(of))] == ["Bob", "Cid"]


NOTES = "- Piano tuning. Ada Hart. Moved to the hall.\n- The bell. Lent to Bob."


def test_the_next_best_place_behind_the_answer_in_its_item_is_said_too() -> None:
    of = passage(NOTES)
    near = choose([hit(of)], [reading(of, "Ada Hart", "Bob", "hall")])
    assert near is not None
    assert said("Where is the piano?", near) == ["Ada Hart.", "Moved to the hall."]
    first = choose([hit(of)], [reading(of, "hall", "Ada Hart")])
    assert first is not None
    assert said("Where is the piano?", first) == ["Moved to the hall."]  # what stands before is context, no answer


def test_a_place_far_below_the_answer_or_in_a_long_item_is_not_said() -> None:
    of = passage(NOTES)
    far = reading(of, "Ada Hart", "hall")
    far = far._replace(spans=(far.spans[0], far.spans[1]._replace(score=far.spans[0].score - 20)))
    found = choose([hit(of)], [far])
    assert found is not None
    assert said("Who tunes the piano?", found) == ["Ada Hart."]
    of = passage("Ada Hart tunes it. " + "It is an old piano. " * 12 + "It stands in the hall.")
    found = choose([hit(of)], [reading(of, "Ada Hart", "hall")])
    assert found is not None
    assert said("Who tunes the piano?", found) == ["Ada Hart tunes it."]


def test_a_row_is_named_by_the_cells_that_tell_it_from_others() -> None:
    prices = "Wood | Thickness | Price\nOak | 20 mm | 118\nOak | 40 mm | 212\nAsh | 20 mm | 90"
    both = ["Oak, Thickness: 20 mm, Price: 118", "Oak, Thickness: 40 mm, Price: 212"]
    assert said("How much is oak?", chosen(prices, "212")) == both
    assert said("How much is a thick one?", chosen(prices, "212")) == both[1:]
    assert said("How much is ash?", chosen(prices, "90")) == ["Ash, Price: 90"]
    assert said("How thick is it?", chosen(prices, "40 mm")) == ["Oak, Thickness: 40 mm"]


def test_numbered_lines_stand_on_lines_of_their_own() -> None:
    text = "Not covered\n\n3.1 Damage by pets.\n3.2 Wear and tear.\n3.3 Theft."
    composer = Composer()
    for part in extract(chosen(text, "3.1 Damage by pets.\n3.2 Wear")):
        composer.add(part)
    assert composer.composed().text == "3.1 Damage by pets [1].\n3.2 Wear and tear [2]."
