"""Blocks told from a text alone, and tables taken apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.text.structure import block_at, blocks_in, blocks_of, table_header
from rag.types import BlockSpan, Passage

TEXTS = st.text("ab |\n.", max_size=60)


@given(TEXTS)
def test_every_character_that_is_seen_is_in_one_block(text: str) -> None:
    blocks = blocks_in(text)
    covered = [place for block in blocks for place in range(block.start, block.end)]
    assert covered == sorted(set(covered))
    assert {place for place, sign in enumerate(text) if not sign.isspace()} <= set(covered)
    assert all(not text[block.start].isspace() and not text[block.end - 1].isspace() for block in blocks)


def test_kinds_are_told_by_lines() -> None:
    text = "Stock\n\nSort | kg\nrye | 4\n\nRun cat a | grep b\nto see\nmore\n\n12 | 13\n14 | 15"
    kinds = [(block.kind, block.header) for block in blocks_in(text, [0])]
    assert kinds == [("heading", None), ("table", (7, 16)), ("prose", None), ("table", None)]  # figures name no columns


def test_a_passage_that_begins_within_a_table_has_its_header_in_front() -> None:
    text = "rye | 4\noats | 5\n\nAll dry."
    blocks = (BlockSpan(50, 66, "table", (20, 29)), BlockSpan(68, 76, "prose"))
    passage = Passage("a", "", "", 50, 76, text, (), blocks=blocks, header="Sort | kg")
    assert table_header(passage, 58) == "Sort | kg"
    assert table_header(passage, 70) is None
    assert block_at(passage, 67) is None
    assert blocks_of(passage) == blocks


def test_a_header_is_that_of_its_own_table() -> None:
    text = "rye | 4\n\nName | Age\nAnn | 40\n\n7 | 8\n9 | 10"
    blocks = (BlockSpan(50, 57, "table", (8, 17)), BlockSpan(59, 78, "table", (59, 69)), BlockSpan(80, 92, "table"))
    passage = Passage("a", "", "", 50, 92, text, (), blocks=blocks, header="Sort | kg")
    assert [table_header(passage, place) for place in (50, 59, 70, 80)] == ["Sort | kg", None, "Name | Age", ""]
