"""Embedders that share indexes: those of float32 go on with the embedded one of 8 bits, and no others do."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.embedding.embedded import EmbeddedEmbedder
from rag.errors import IndexMismatch
from rag.index.folders import Expected
from rag.index.local import LocalIndex

FLOAT32 = "all-MiniLM-L6-v2:53aa51172d142c89:256+late"


@pytest.mark.parametrize(
    ("made", "asked"), [(FLOAT32, EmbeddedEmbedder.fingerprint), (EmbeddedEmbedder.fingerprint, FLOAT32)]
)
def test_an_index_of_either_kind_is_used_with_the_other(tmp_path: Path, made: str, asked: str) -> None:
    LocalIndex.open(tmp_path, "books", Expected(made, 384, "c"), create=True).close()
    with LocalIndex.open(tmp_path, "books", Expected(asked, 384, "c"), write=True) as index:
        assert index.settings.embedder == made  # it stays what it was made with


@pytest.mark.parametrize("other", [Expected("all-mpnet-base-v2:1:384+late", 384, "c"), Expected(FLOAT32, 768, "c")])
def test_another_model_or_dimension_is_refused(tmp_path: Path, other: Expected) -> None:
    LocalIndex.open(tmp_path, "books", Expected(EmbeddedEmbedder.fingerprint, 384, "c"), create=True).close()
    with pytest.raises(IndexMismatch, match="embed its documents anew"):
        LocalIndex.open(tmp_path, "books", other)
