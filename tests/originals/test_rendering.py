"""Blocks of a stretch: each text at its place, tables by cells, cut at line ends."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.blocks import Block, assemble, table_block
from rag.originals.rendering import Piece, Rendered, rendered
from rag.types import Document, LinkSpan


def document(*pages: list[Block]) -> Document:
    body = assemble(pages)
    return Document("a", "A", body.text, "a", "", body.pages, body.sections, blocks=body.blocks)


TABLE = table_block([["Fabric", "Time"], ["Wool", "48 min"], ["Silk", "20 min"]])
MILL = document([Block("Mill", 1), Block("It turns."), Block("Wool", 2)], [TABLE, Block("- one\n- two", kind="list")])


def pieces(found: Rendered) -> list[Piece]:
    return [piece for block in found.blocks for row in (block.header or (), *block.rows) for piece in row]


def test_levels_pages_cells_and_lines() -> None:
    found = rendered(MILL, 0, len(MILL.text), 1000)
    assert [(block.kind, block.level, block.page) for block in found.blocks] == [
        ("heading", 1, 1), ("prose", 0, 1), ("heading", 2, 1), ("table", 0, 2), ("list", 0, 2)
    ]  # fmt: skip
    table, items = found.blocks[3:]
    assert table.header is not None
    assert [piece.text for piece in table.header] == ["Fabric", "Time"]
    assert [[piece.text for piece in row] for row in table.rows] == [["Wool", "48 min"], ["Silk", "20 min"]]
    assert [[piece.text for piece in row] for row in items.rows] == [["- one"], ["- two"]]
    assert (found.before, found.behind) == (None, None)


def test_a_row_alone_keeps_the_names_of_its_columns() -> None:
    start = MILL.text.index("Silk")
    found = rendered(MILL, start, start + 4, 1000)
    assert [[piece.text for piece in row] for row in found.blocks[0].rows] == [["Silk", "20 min"]]
    assert found.blocks[0].header == (
        Piece(MILL.text.index("Fabric"), "Fabric"),
        Piece(MILL.text.index("Time"), "Time"),
    )
    assert (found.before, found.behind) == (start, MILL.text.index("- one"))


def test_a_document_of_an_earlier_version_has_blocks_too() -> None:
    old = Document("a", "A", MILL.text, "a", "", sections=MILL.sections)
    assert [block.kind for block in rendered(old, 0, len(old.text), 1000).blocks] == [
        "heading", "prose", "heading", "table", "prose"
    ]  # fmt: skip


def test_links_of_the_stretch_only() -> None:
    text = "See the list. See the map."
    two = Document("a", "A", text, "a", "", links=(LinkSpan(4, 12, "x"), LinkSpan(18, 25, "y")))
    assert rendered(two, 0, len(text), 1000).links == [LinkSpan(4, 12, "x"), LinkSpan(18, 25, "y")]
    assert rendered(Document("a", "A", "", "a", ""), 0, 0, 10) == Rendered([], [], None, None)


LINES = st.lists(st.text("ab |c", min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=5)
BLOCKS = st.lists(
    st.builds(
        lambda lines, kind: Block("\n".join(lines), kind=kind),
        LINES,
        st.sampled_from(["prose", "list", "table", "code"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50)
@given(BLOCKS, st.integers(1, 40), st.integers(1, 30))
def test_stretch_by_stretch_gives_every_line_once_at_its_place(blocks: list[Block], step: int, most: int) -> None:
    made = document(blocks)
    seen: list[tuple[int, int]] = []
    start = 0
    while True:
        found = rendered(made, start, start + step, most)
        assert all(made.text.startswith(piece.text, piece.start) for piece in pieces(found))
        seen += [(block.start, block.end) for block in found.blocks]
        if found.behind is None:
            break
        assert found.behind > start or not found.blocks
        start = found.behind
    lines = [line for each in seen for line in made.text[slice(*each)].split("\n")]
    assert lines == [line for line in made.text.split("\n") if line]
