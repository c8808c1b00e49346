"""What a block is stays known: kinds and places of blocks, from the readers of formats that are text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.blocks import (
    INVISIBLE,
    NEWLINE,
    SPACES,
    STRAY_JOINER,
    Block,
    assemble,
    clean,
    table_block,
    visible,
)
from rag.documents.read import read_document
from rag.types import BlockKind, Document

HTML = """<h1>Stores</h1><p>Kept dry | cool.</p><ul><li>rye</li><li>oats</li></ul>
<table><tr><th>Sort<th>Weight</tr><tr><td>rye<td>4 kg</tr></table><pre>cat a.log | grep x
sort</pre>"""
MARKDOWN = """# Stores

Kept dry | cool.

- rye
- oats

| Sort | Weight |
|---|---|
| rye | 4 kg |

```
cat a.log | grep x
sort
```
"""
RST = """Stores
======

Kept dry | cool.

- rye
- oats

====  ======
Sort  Weight
====  ======
rye   4 kg
====  ======

::

  cat a.log | grep x
  sort
"""


def read(folder: Path, text: str, name: str) -> Document:
    path = folder / name
    path.write_text(text)
    return read_document(path, name)


@pytest.mark.parametrize(("text", "name"), [(HTML, "a.html"), (MARKDOWN, "a.md"), (RST, "a.rst")])
def test_kinds(tmp_path: Path, text: str, name: str) -> None:
    found = read(tmp_path, text, name)
    assert [(found.text[block.start : block.end], block.kind) for block in found.blocks] == [
        ("Stores", "heading"),
        ("Kept dry | cool.", "prose"),
        ("- rye\n- oats", "list"),
        ("Sort | Weight\nrye | 4 kg", "table"),
        ("cat a.log | grep x\nsort", "code"),
    ]
    table = found.blocks[3]
    assert table.header is not None
    assert found.text[slice(*table.header)] == "Sort | Weight"


def test_a_table_in_an_item_of_a_list_is_one(tmp_path: Path) -> None:
    found = read(tmp_path, "1. Weigh it.\n\n   | Sort | kg |\n   |---|---|\n   | rye | 4 |\n\n2. Sift it.\n", "a.md")
    kinds = [(found.text[block.start : block.end], block.kind) for block in found.blocks]
    assert kinds == [("1. Weigh it.", "list"), ("Sort | kg\nrye | 4", "table"), ("2. Sift it.", "list")]


def test_plain_text_shows_tables_lists_and_code_by_its_lines(tmp_path: Path) -> None:
    text = "Sort | kg\nrye | 4\n\nRun cat a | sort\nand look.\n\nBring:\n- rye\n- oats\n"
    assert [block.kind for block in read(tmp_path, text, "a.txt").blocks] == ["table", "prose", "list"]
    assert [block.kind for block in read(tmp_path, text, "a.py").blocks] == ["code", "code", "code"]


BLOCKS = st.lists(
    st.tuples(st.text("ab \n.|\u200b", max_size=9), st.integers(0, 2), st.sampled_from(["prose", "list", "code"])),
    max_size=6,
)


@given(st.lists(BLOCKS, max_size=3))
def test_blocks_are_the_text_without_what_parts_them(pages: list[list[tuple[str, int, BlockKind]]]) -> None:
    rows = table_block([["Sort", "kg"], ["rye", "4"]])
    body = assemble([[rows, *(Block(text, level, kind) for text, level, kind in page)] for page in pages])
    assert "\n\n".join(body.text[block.start : block.end] for block in body.blocks) == body.text
    assert [b.start for b in body.blocks if b.kind == "heading"] == [section.start for section in body.sections]
    tables = [block for block in body.blocks if block.kind == "table"]
    assert len(tables) == len(pages)
    assert all(block.header and body.text[slice(*block.header)] == "Sort | kg" for block in tables)


def test_a_table_that_goes_on_overleaf_keeps_its_header() -> None:
    rows = [["Sort", "Weight"], ["rye", "4 kg"]]
    pages = [[table_block(rows)], [table_block([["oats", "5 kg"], ["barley", "dry"]]), Block("All of it is dry.")]]
    pages += [[table_block(rows)], [table_block([["Name", "Age", "Town"], ["Ann", "40", "Ayr"]])]]
    body = assemble(pages)
    tables = [block for block in body.blocks if block.kind == "table"]
    headers = [block.header and body.text[slice(*block.header)] for block in tables]
    assert headers == ["Sort | Weight", "Sort | Weight", "Sort | Weight", "Name | Age | Town"]
    assert [block.header and block.header[0] for block in tables] == [0, 0, tables[2].start, tables[3].start]


CHARACTERS = st.sampled_from("ab7é水 \t\n\r\v\u00a0\u2028\u200b\u200d\u200c\ufffc\ufeff\u00ad\x00\x85\u3000\U000e0001|")


@given(st.text(CHARACTERS | st.characters()))
def test_plain_lines_are_cleaned_as_all_others(text: str) -> None:
    seen = STRAY_JOINER.sub("", INVISIBLE.sub("", NEWLINE.sub("\n", text)))
    lines = [line.strip() for line in SPACES.sub(" ", seen).split("\n")]
    assert (visible(text), clean(text)) == (seen, "\n".join(line for line in lines if line))
