"""Open the index that the settings name, as the embedder and the chunker of these settings expect it.

In: settings, and the embedder where passages or questions are to be embedded. Out: an open index, to be closed.
"""

from __future__ import annotations

from typing import Protocol

from rag.index.local import LocalIndex
from rag.ingest import chunker_fingerprint
from rag.settings import Settings


class MakesVectors(Protocol):
    """What an index has to know of an embedder, wherever that is."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...


def open_index(
    settings: Settings, embedder: MakesVectors, *, write: bool = False, create: bool = False, paths: bool = True
) -> LocalIndex:
    """As `LocalIndex.open`, which says what the options do and what is raised."""
    return LocalIndex.open(
        settings.indexes_dir,
        settings.index,
        write=write,
        create=create,
        embedder_fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        chunker=chunker_fingerprint(settings),
        paths=paths,
    )
