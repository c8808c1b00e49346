"""Passages as they are embedded: rows with the names of their columns, everything else as it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.ingest.chunking import chunk
from rag.text.embedded import as_embedded
from rag.types import BlockSpan, Document, Passage, Sentence


def test_rows_have_the_names_of_their_columns_also_from_an_earlier_passage() -> None:
    text = "Wool | 48 min\nSilk | 30 min\n\nDry it flat."
    blocks = (BlockSpan(100, 127, "table", (60, 73)), BlockSpan(129, 141, "prose"))
    sentences = (Sentence(100, 113), Sentence(114, 127), Sentence(129, 141))
    passage = Passage("a", "", "", 100, 141, text, sentences, blocks=blocks, header="Fabric | Time")
    found = as_embedded(passage)
    assert found.text == "Fabric: Wool; Time: 48 min\nFabric: Silk; Time: 30 min\n\nDry it flat."
    assert [found.text[s.start - 100 : s.end - 100] for s in found.sentences] == found.text.replace("\n\n", "\n").split(
        "\n"
    )


def test_a_passage_without_a_table_is_embedded_as_it_is() -> None:
    text = "Run cat a | grep b to see."
    passage = Passage("a", "", "", 0, len(text), text, (Sentence(0, len(text)),), blocks=(BlockSpan(0, 26, "prose"),))
    assert as_embedded(passage) is passage


CELLS = st.lists(st.lists(st.sampled_from(["a", "b1", "", "¦"]), min_size=2, max_size=3), min_size=1, max_size=6)


@given(CELLS, st.integers(2, 9))
def test_every_sentence_keeps_its_letters_in_order(rows: list[list[str]], limit: int) -> None:
    lines = [" | ".join(row).strip() for row in rows]
    text = "\n".join(["Sort | Weight", *(line for line in lines if line.strip("| "))])
    document = Document("a", "", text, "", "", blocks=(BlockSpan(0, len(text), "table", (0, 13)),))
    tokens = [(place, place + 1) for place, sign in enumerate(text) if not sign.isspace()]
    for passage in chunk(document, tokens, limit, limit):
        found = as_embedded(passage)
        assert len(found.sentences) == len(passage.sentences)
        at = found.start
        for before, after in zip(passage.sentences, found.sentences, strict=True):
            assert at <= after.start < after.end <= found.end
            at = after.end
            shown = iter(found.text[after.start - found.start : after.end - found.start])
            letters = [c for c in text[before.start : before.end] if c not in "| "]
            assert all(letter in shown for letter in letters)  # a subsequence
