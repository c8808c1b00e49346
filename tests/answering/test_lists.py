"""The list or the steps that a place in a document belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.lists import Listing, announces_list, listing, without_marker
from rag.types import AnswerSpan, BlockKind, BlockSpan, Passage
from tests.answering.readings import passage, stored

BREAD = "You need:\n\n- flour\n- water\n\n1. Mix.\n2. Bake.\n\nServe warm. Eat it."


def found(*texts: str, span: str, steps: bool = False, kinds: dict[str, BlockKind] | None = None) -> Listing | None:
    """The listing at a text of a document, whose passages are these; blocks of a kind other than prose are named."""
    whole, passages = "", []
    for text in texts:
        passages.append(passage(text, start=len(whole)))
        whole += text + "\n\n"
    padded = [_with_gap(of) for of in passages]
    blocks, at = [], 0
    for block in whole.split("\n\n"):
        if block:
            blocks.append(BlockSpan(at, at + len(block), (kinds or {}).get(block, "prose")))
        at += len(block) + 2
    start = whole.index(span)
    holder = next(of for of in padded if of.start <= start < of.end)
    return listing(stored(*padded, blocks=blocks), holder, AnswerSpan(start, start + len(span), 1.0), steps)


def _with_gap(of: Passage) -> Passage:
    """The passage with the blank line behind it, so that passages follow each other."""
    return Passage(of.document_id, of.title, of.source, of.start, of.end + 2, of.text + "\n\n", of.sentences)


def items(*texts: str, span: str, steps: bool = False, kinds: dict[str, BlockKind] | None = None) -> list[str]:
    listed = found(*texts, span=span, steps=steps, kinds=kinds)
    return [item.text for item in (*listed.lead, *listed.items)] if listed else []


def test_an_item_finds_all_items_of_its_own_list() -> None:
    assert items(BREAD, span="water") == ["You need:", "- flour", "- water"]
    assert items(BREAD, span="Bake.") == ["1. Mix.", "2. Bake."]
    assert items(BREAD, span="Serve warm.") == []


def test_a_line_that_introduces_a_list_finds_it() -> None:
    assert items("Bread.\n\nYou need:\n- flour\n- water", span="You need:") == ["You need:", "- flour", "- water"]
    assert items("You need:\n\nflour and water.", span="You need:") == []


def test_a_list_in_an_item_of_another_is_a_list_of_its_own() -> None:
    minutes = (
        "1. Safety\nTwo rules were kept:\na) Wear a coat.\nb) Tell the chair.\n2. Boats\n- A punt.\n- A skiff.\n3. End"
    )
    kinds: dict[str, BlockKind] = {minutes: "list"}
    assert items(minutes, span="a coat", kinds=kinds) == [
        "Two rules were kept:",
        "a) Wear a coat.",
        "b) Tell the chair.",
    ]
    assert items(minutes, span="A skiff", kinds=kinds) == ["- A punt.", "- A skiff."]
    whole = items(minutes, span="Boats", kinds=kinds)
    assert (whole[0], whole[-1], len(whole)) == ("1. Safety\nTwo rules were kept:", "3. End", 7)
    assert items(minutes, span="a coat", steps=True, kinds=kinds) == whole


def test_numbered_headings_are_no_list() -> None:
    text = "1. Boats\nThe punt was sold.\n\n2. Rules\nNobody swims.\n\n3. End\nAll went home."
    assert items(text, span="Nobody") == []
    assert items(text, span="Rules") == []
    assert items("1. Mix.\n\n2. Bake.\n\n3. Eat.", span="Bake") == ["1. Mix.", "2. Bake.", "3. Eat."]


def test_a_list_goes_on_in_the_next_passage() -> None:
    assert items("1. Mix.\n2. Rest.", "3. Bake.\n4. Eat.", span="Rest") == [
        "1. Mix.",
        "2. Rest.",
        "3. Bake.",
        "4. Eat.",
    ]
    assert items("1. Mix.\n2. Rest.", "1. Wash.\n2. Dry.", span="Rest") == ["1. Mix.", "2. Rest."]
    assert items("1. Mix.\n2. Rest.", "1. Wash.\n2. Dry.", span="Dry") == ["1. Wash.", "2. Dry."]


def test_steps_go_on_behind_code_and_notes() -> None:
    text = "1. Make the file:\n\nmake file\n\n2. Run it.\n\nThis takes long.\n\n3. Look at it."
    wanted = ["1. Make the file:", "2. Run it.", "3. Look at it."]
    for span in ("the file", "Run it", "Look"):
        assert items(text, span=span, kinds={"make file": "code"}) == wanted


def test_items_keep_their_later_sentences_and_lines() -> None:
    text = "1. Lift it. It is heavy.\n2. Turn it.\nSlowly."
    assert items(text, span="Turn", kinds={text: "list"}) == ["1. Lift it. It is heavy.", "2. Turn it.\nSlowly."]


def test_an_item_that_names_several_things_itself_stands_alone() -> None:
    text = "1. The gate is locked.\n2. Hens may be kept. Bees and pigs may not."
    assert items(text, span="Bees and pigs") == []
    assert items(text, span="Hens") == ["1. The gate is locked.", "2. Hens may be kept. Bees and pigs may not."]


def test_terms_and_what_they_mean_are_a_list() -> None:
    text = "random\nIn any order.\noldest\nOld ones first."
    assert items(text, span="oldest", kinds={text: "list"}) == ["random", "In any order.", "oldest", "Old ones first."]
    assert items(text, span="oldest") == []


def test_steps_are_numbered_lines_below_the_sentence_of_the_answer() -> None:
    text = "You can set it anew. Stop the program before.\n\n1. Stop it.\n2. Set it."
    assert items(text, span="set it anew", steps=True) == [
        "You can set it anew.",
        "Stop the program before.",
        "1. Stop it.",
        "2. Set it.",
    ]
    assert items(text, span="set it anew") == []


def test_steps_that_a_paragraph_tells_are_whole() -> None:
    text = "For six.\n\nPoach the fish. Soften the leeks. Bake it.\n\nDo not reheat it."
    assert items(text, span="Soften", steps=True) == ["Poach the fish.", "Soften the leeks.", "Bake it."]
    assert items(text, span="Soften") == []
    assert items(text, span="For six.", steps=True) == []


def test_lines_that_announce_code_are_steps_with_that_code() -> None:
    code: dict[str, BlockKind] = {"reload": "code", "start it": "code", "a = 1\nb = 2": "code"}
    text = "Make a file:\n\na = 1\nb = 2\n\nReload:\n\nreload\n\nThen start it:\n\nstart it"
    assert items(text, span="Reload", steps=True, kinds=code) == [
        "Make a file:",
        "Reload:\n\nreload",
        "Then start it:\n\nstart it",
    ]


def test_headings_and_tables_end_a_procedure() -> None:
    text = "1. Mix.\n\nOven\n\n2. Bake."
    assert items(text, span="Mix", kinds={"Oven": "heading"}) == ["1. Mix."]
    assert items("1. a | b\n2. c | d", span="c", kinds={"1. a | b\n2. c | d": "table"}) == []


def test_a_document_that_has_changed_gives_no_list() -> None:
    old, new = passage("- flour\n- water"), passage("- wheat\n- water")
    assert listing(stored(new), old, AnswerSpan(2, 7, 1.0), steps=False) is None


LINE = st.sampled_from(["- a b", "1. Mix it.", "2. Bake it. Well.", "Bring:", "Plain words. More.", "Term"])


@given(st.lists(st.lists(LINE, min_size=1, max_size=4).map("\n".join), min_size=1, max_size=4), st.data())
def test_lines_stand_at_their_places_in_order(texts: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(texts))
    listed = found(*texts, span=text.split()[-1], steps=data.draw(st.booleans()))
    whole = "\n\n".join(texts)
    places = [(one.start, one.end) for one in listed.items] if listed else []
    assert places == sorted(places)
    assert all(end <= start for (_, end), (start, _) in zip(places, places[1:], strict=False))
    for one in (*listed.lead, *listed.items) if listed else ():
        assert whole[one.start : one.end] == one.text
        assert one.passage.start <= one.start < one.end <= one.passage.end


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
