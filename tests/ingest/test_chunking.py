"""Sentences and passages: exact offsets, bounds in tokens, borders at sections, pages and blocks."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ingest.chunking import chunk
from rag.text.sentences import split_sentences
from rag.text.structure import table_header
from rag.types import BlockKind, BlockSpan, Document, Passage, Section

WORD = re.compile(r"\S+")


def words(text: str) -> list[tuple[int, int]]:
    """A tokenizer whose tokens are words, so that sizes can be counted by hand."""
    return [match.span() for match in WORD.finditer(text)]


def document(text: str, sections: tuple[Section, ...] = (), pages: tuple[int, ...] = ()) -> Document:
    return Document("d.txt", "D", text, "/d.txt", "0", pages, sections)


def cut(text: str, target: int, limit: int, sections: tuple[Section, ...] = ()) -> list[Passage]:
    return chunk(document(text, sections), words(text), target, limit)


def sentences_of(text: str) -> list[str]:
    return [text[s.start : s.end] for _, s in split_sentences(text)]


def test_sentences_end_at_full_stops_and_lines_but_not_at_abbreviations_or_decimals() -> None:
    text = "Dr. Lind paid 3.5 crowns. Why?\n- oats\n- rye\n\nSee Fig. 3 for J. R. Hart."
    assert sentences_of(text) == ["Dr. Lind paid 3.5 crowns.", "Why?", "- oats", "- rye", "See Fig. 3 for J. R. Hart."]
    assert [block for block, _ in split_sentences(text)] == [0, 0, 0, 0, 1]


def test_chinese_and_japanese_sentences_end_at_their_own_full_stops() -> None:
    assert sentences_of("这是一本书。它很旧！「そうです。」と言った。") == [
        "这是一本书。",
        "它很旧！",
        "「そうです。」と言った。",
    ]


def test_what_a_block_is_decides_where_its_sentences_end() -> None:
    text = "1. Grain. 2. Flour\n\nSift it. Wait.\n\nRye. | Two. Three.\n\ncat a.log | grep it. Done it."
    starts = [0, 20, 36, 56]
    ends = [*(start - 2 for start in starts[1:]), len(text)]
    kinds: list[BlockKind] = ["heading", "prose", "table", "prose"]
    blocks = [BlockSpan(*span) for span in zip(starts, ends, kinds, strict=True)]
    found = [(number, text[s.start : s.end]) for number, s in split_sentences(text, blocks)]
    assert found == [
        (0, "1. Grain. 2. Flour"),
        (1, "Sift it."),
        (1, "Wait."),
        (2, "Rye. | Two. Three."),
        (3, "cat a.log | grep it."),
        (3, "Done it."),
    ]
    code = blocks[3]._replace(kind="code")
    assert [text[s.start : s.end] for _, s in split_sentences(text, [code])] == ["cat a.log | grep it. Done it."]


def test_the_sentences_of_a_row_that_lays_out_prose_are_units() -> None:
    cell = " ".join(f"The mill stood still on day {day} of the month." for day in range(1, 16))
    text = f"Item | Minutes\n4 | {cell}"
    block = BlockSpan(0, len(text), "table", (0, 14))
    found = [text[s.start : s.end] for _, s in split_sentences(text, [block])]
    assert found[:3] == ["Item | Minutes", "4", "The mill stood still on day 1 of the month."]
    assert len(found) == 17


def test_every_passage_of_a_long_table_knows_its_header() -> None:
    rows = "\n".join(f"sort {number} | {number} kg" for number in range(9))
    text = f"Stock\n\nSort | Weight\n{rows}\n\nAll of it is dry."
    table = BlockSpan(7, text.index("\n\nAll"), "table", (7, 20))
    blocks = (BlockSpan(0, 5, "heading"), table, BlockSpan(table.end + 2, len(text), "prose"))
    doc = replace(document(text, (Section(0, "Stock"),)), blocks=blocks)
    first, *others = chunk(doc, words(text), 15, 15)
    assert (first.header, first.blocks[0].kind, first.blocks[1].header) == ("", "heading", (7, 20))
    assert len(others) > 1
    assert all(p.header == "Sort | Weight" for p in others if p.blocks[0].kind == "table")
    for p in (first, *others):
        inside = [block for block in blocks if block.start < p.end and block.end > p.start]
        clipped = [(max(block.start, p.start), min(block.end, p.end), block.kind) for block in inside]
        assert [block[:3] for block in p.blocks] == clipped
        rows_of = [s for s in p.sentences if " | " in text[s.start : s.end] and s.start >= 20]
        assert all(table_header(p, s.start) == "Sort | Weight" for s in rows_of)


def test_a_passage_that_begins_within_a_row_or_a_header_has_no_header() -> None:
    names = " | ".join(f"name {number} of it" for number in range(8))
    text = f"{names}\n{' | '.join(f'cell {number} with words' for number in range(8))}\nlast | row"
    table = BlockSpan(0, len(text), "table", (0, len(names)))
    passages = chunk(replace(document(text), blocks=(table,)), words(text), 12, 12)
    for p in passages:
        at_row = p.start == 0 or text[p.start - 1] == "\n"
        assert p.header in (("", names) if at_row and p.start > len(names) else ("",))
    assert passages[-1].header == "" or text[passages[-1].start - 1] == "\n"


def test_a_heading_of_two_sentences_is_never_quoted() -> None:
    text = "Not OK. Do not copy this.\n\nAsk first."
    doc = replace(
        document(text, (Section(0, "Not OK. Do not copy this."),)),
        blocks=(BlockSpan(0, 25, "heading"), BlockSpan(27, len(text), "prose")),
    )
    (passage,) = chunk(doc, words(text), 50, 50)
    assert [text[s.start : s.end] for s in passage.sentences] == ["Ask first."]


def test_blocks_fill_a_passage_up_to_the_target() -> None:
    text = "Oats grow here.\n\nRye grows too.\n\nBarley came later."
    assert [p.text for p in cut(text, 6, 10)] == ["Oats grow here.\n\nRye grows too.", "Barley came later."]


def test_a_line_that_announces_a_list_stands_with_it() -> None:
    text = "Oats grow here.\n\nYou need:\n\n- one spade\n- two rakes"
    assert [p.text for p in cut(text, 6, 10)] == ["Oats grow here.", "You need:\n\n- one spade\n- two rakes"]


def test_an_announcing_line_is_never_a_passage_of_its_own() -> None:
    text = "Tools\n\nYou need:\n\n- one spade of iron"
    assert [p.text for p in cut(text, 5, 10, (Section(0, "Tools"),))] == [text]


def test_a_long_block_is_shared_out_evenly_at_sentences() -> None:
    text = "Oats grow here now. Rye grows here too. Barley came much later. Wheat was never sown."
    assert [p.text for p in cut(text, 12, 12)] == [
        "Oats grow here now. Rye grows here too.",
        "Barley came much later. Wheat was never sown.",
    ]


def test_a_heading_is_searched_with_its_section_and_never_a_sentence() -> None:
    text = "Tides\n\nHigh at six.\n\nWinds\n\nCalm."
    passages = cut(text, 50, 50, sections=(Section(0, "Tides"), Section(21, "Tides > Winds")))
    assert [(p.text, p.section) for p in passages] == [
        ("Tides\n\nHigh at six.", "Tides"),
        ("Winds\n\nCalm.", "Tides > Winds"),
    ]
    assert [[text[s.start : s.end] for s in p.sentences] for p in passages] == [["High at six."], ["Calm."]]


def test_pages_are_those_of_each_sentence_and_empty_pages_do_not_count_for_it() -> None:
    text = "On one.\n\nOn three."
    (passage,) = chunk(document(text, pages=(0, 9, 9)), words(text), 50, 50)
    assert passage.pages == (1, 3)
    assert passage.page == 1


def test_a_sentence_beyond_the_limit_is_cut_at_words_and_loses_none() -> None:
    text = " ".join(f"w{i}" for i in range(25))
    passages = cut(text, 10, 10)
    assert [len(words(p.text)) for p in passages] == [10, 10, 5]
    assert " ".join(p.text for p in passages) == text


LINES = st.lists(st.text(st.sampled_from("ab .!?。é😀,Ü1-"), max_size=60), max_size=12)


@given(LINES, st.integers(2, 12), st.integers(2, 12), st.data())
def test_passages_cover_every_token_exactly_once_within_the_limit(
    lines: list[str], target: int, limit: int, data: st.DataObject
) -> None:
    text = "\n".join(line.strip() for line in lines).strip()
    text = re.sub(r"\n{3,}", "\n\n", text)
    places = sorted(data.draw(st.sets(st.integers(0, max(len(text) - 1, 0)), max_size=3)))
    doc = document(text, tuple(Section(place, f"s{place}") for place in places))
    spans = words(text)
    passages = chunk(doc, spans, target, limit)
    borders = [border for p in passages for border in (p.start, p.end)]
    assert borders == sorted(borders)
    for p in passages:
        assert p.text == text[p.start : p.end]
        assert p.sentences
        assert all(p.start <= s.start < s.end <= p.end for s in p.sentences)
    covered = [start for start, _ in spans if any(p.start <= start < p.end for p in passages)]
    assert covered == [start for start, _ in spans]
    sizes = [sum(p.start <= start < p.end for start, _ in spans) for p in passages]
    assert all(size <= limit for size in sizes)


@pytest.mark.parametrize(
    "sentences",
    [
        ("هل تعمل الطاحونة؟", "نعم، إنها تعمل.", "بنيت في عام 1859."),
        ("चक्की चलती है।", "यह 1859 में बनी थी।", "कौन रहता है?"),
        ("הטחנה עובדת.", "היא נבנתה בשנת 1859.", "מי גר שם?"),
    ],
)
def test_full_stops_of_other_scripts(sentences: tuple[str, ...]) -> None:
    text = " ".join(sentences)
    assert tuple(text[s.start : s.end] for _, s in split_sentences(text)) == sentences
