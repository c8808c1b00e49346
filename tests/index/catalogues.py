"""What two catalogues have in common: everything but the order in which things were committed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

DOCUMENTS = """
SELECT document, title, source, sha256, passages, characters, v.pages, metadata, size, mtime_ns, text, t.pages, sections
FROM versions v JOIN texts t USING (version) WHERE removed IS NULL ORDER BY document"""
PASSAGES = """
SELECT document, start, end, section, p.sentences, p.pages, p.text, key
FROM passages p JOIN versions v USING (version) JOIN embeddings USING (embedding)
WHERE removed IS NULL ORDER BY document, start, end"""
EMBEDDINGS = "SELECT key, passage, sentences FROM embeddings ORDER BY key"
ALL_VERSIONS = "SELECT count(*) FROM versions"


def rows(index: Path, query: str) -> list[tuple[Any, ...]]:
    """Of the catalogue in the folder of an index, bytes and texts as they are."""
    with closing(sqlite3.connect(index / "catalogue.sqlite")) as connection:
        return connection.execute(query).fetchall()


def largest_difference(first: Path, second: Path) -> float:
    """Between the components of any two vectors for the same text; raises where the texts are not the same."""
    pairs = list(zip(rows(first, EMBEDDINGS), rows(second, EMBEDDINGS), strict=True))
    assert all(mine[0] == other[0] for mine, other in pairs)
    return max(
        float(np.abs(np.subtract(*(np.frombuffer(row[column], np.float32) for row in pair))).max(initial=0))
        for pair in pairs
        for column in (1, 2)
    )
