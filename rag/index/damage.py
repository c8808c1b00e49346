"""The error for derived files that cannot be used: those of FAISS and Tantivy, and their manifests.

In: the file, and what is wrong with it. Out: an exception, raised while the file is read and caught where the file can
be made again from the catalogue. Does not repair anything; the catalogue's own damage is a `RagError`.
"""

from __future__ import annotations

from pathlib import Path


class Damaged(Exception):
    """A derived file that cannot be used as it is: missing, cut short, altered or of another generation. Never leaves
    `rag.index`, since what is derived can be made again."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file.name} {why}")
        self.file = file
