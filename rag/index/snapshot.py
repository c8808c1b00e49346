"""Reading one generation of an index: catalogue, FAISS and Tantivy at the same point, whatever is written meanwhile.

Three things make it so. SQLite: a read transaction, opened with the snapshot, sees the file as it was then, even the
rows that a publish prunes a moment later, and the condition on `added` and `removed` picks the published generation
out of it. Tantivy: a searcher holds one commit, and the commit says of which generation it is. FAISS: an object that
never changes, made for exactly the rows of the generation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.errors import RagError
from rag.index.catalogue import Catalogue
from rag.index.dense.loading import Searchable, brought_to
from rag.index.failures import plain_errors
from rag.index.filters import matching
from rag.index.lexical.search import Lexical, of_versions
from rag.types import Document, DocumentInfo, Filters, Origin, Scored, StoredDocument, StoredPassage, Vectors

_REMEMBERED = 32  # filters whose passages are kept for the next search: finding them takes 0.2 s for 10,000 documents
_KEPT = 2048  # passages with their vectors, some 12 kB each, that need not be read again; reading one takes 25 µs


class Selected(NamedTuple):
    """The documents and passages that filters let through."""

    documents: frozenset[str]
    rows: NDArray[np.int64]
    versions: Any  # as a clause of Tantivy's queries; None if there are none


class LocalView:
    """The state that the snapshots of one generation share. FAISS is brought to the generation at the first search."""

    def __init__(
        self,
        generation: int,
        lexical: Lexical,
        load: Callable[[Catalogue], Searchable],
        file: tuple[int, int] | None = None,
    ) -> None:
        """`file` are the numbers of the catalogue's file."""
        self.generation = generation
        self.lexical = lexical
        self.file = file
        self._load: Callable[[Catalogue], Searchable] | None = load
        self._dense: Searchable | None = None
        self._loading = threading.Lock()
        self._selected: dict[Filters, Selected] = {}
        self._fetched: dict[int, StoredPassage] = {}

    def is_of(self, catalogue: Catalogue) -> bool:
        """True if this is what `catalogue` has published."""
        return self.file == catalogue.file and self.generation == catalogue.state().published

    def dense(self, catalogue: Catalogue) -> Searchable:
        """The index of dense search; `catalogue` must be in a transaction that sees this generation."""
        with self._loading:
            if self._dense is None:
                assert self._load is not None
                self._dense = brought_to(self.generation, self._load(catalogue), catalogue)
                self._load = None  # it may refer to the generation before
            return self._dense

    def selected(self, filters: Filters, catalogue: Catalogue) -> Selected:
        """The passages of the documents that fit, remembered. Raises `InputError`."""
        found = self._selected.get(filters)
        if found is None:
            ids = matching(filters, catalogue.documents(self.generation))
            rows, versions = catalogue.selection(ids, self.generation)
            found = Selected(frozenset(ids), rows, of_versions(versions) if versions else None)
            if len(self._selected) >= _REMEMBERED:
                self._selected.clear()
            self._selected[filters] = found
        return found

    def fetch(self, rows: Sequence[int], catalogue: Catalogue) -> list[StoredPassage]:
        """The passages of `rows`, in that order. Raises `RagError` if one is not of this generation."""
        kept = self._fetched
        found = {row: kept[row] for row in rows if row in kept}
        lacking = [row for row in rows if row not in found]
        if lacking:
            read = dict(zip(lacking, catalogue.fetch(lacking, self.generation), strict=True))
            found |= read
            if len(kept) + len(read) > _KEPT:
                kept = self._fetched = {}
            kept |= read
        return [found[row] for row in rows]

    def loaded(self) -> Searchable | None:
        """The index of dense search, for the next generation to start from; None if it was not needed here."""
        return self._dense


class LocalSnapshot:
    """`rag.seams.Snapshot` of a `LocalIndex`, for one thread at a time; its transaction ends with the `with` block."""

    def __init__(
        self,
        view: LocalView,
        catalogue: Catalogue,
        give_back: Callable[[Catalogue], None],
        filters: Filters | None = None,
    ) -> None:
        self._view = view
        self._open: Catalogue | None = catalogue
        self._give_back = give_back
        self._filters = filters

    @property
    def generation(self) -> int:
        """The published generation that is read."""
        return self._view.generation

    def dense(self, vector: Vectors, k: int) -> list[Scored]:
        """The `k` nearest passages to `vector`, shape (d,), by cosine; equal scores in order of row."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            only = self._selected(catalogue)
            return self._view.dense(catalogue).search(vector, k, only.rows if only else None)

    def lexical(self, query: str, k: int) -> list[Scored]:
        """The `k` best passages by BM25; equal scores in order of row. Empty if no term of the query occurs."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            only = self._selected(catalogue)
            if only and only.versions is None:
                return []
            return self._view.lexical.search(query, k, only.versions if only else None)

    def fetch(self, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages of `rows`, in that order. Raises `RagError` if one is not of this generation."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return self._view.fetch(rows, catalogue)

    def term_weights(self, terms: Iterable[str]) -> dict[str, float]:
        """The weight log(1 + (N - n + 0.5) / (n + 0.5)) of each term as `rag.text.terms` makes them; n of N passages
        hold it."""
        self._catalogue()
        return self._view.lexical.weights(terms)

    def held(self, terms: Iterable[str]) -> frozenset[str]:
        """The terms that any passage of the index holds, whatever the filters."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return frozenset(term for term in dict.fromkeys(terms) if self._view.lexical.count(term))

    def documents(self) -> list[DocumentInfo]:
        """The documents that fit the filters, sorted by id."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            only = self._selected(catalogue)
            every = catalogue.documents(self.generation)
            return [info for info in every if info.id in only.documents] if only else every

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        """The first `most` documents behind the id `after`, sorted by id, whatever the filters."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return catalogue.documents(self.generation, after, most)

    def info(self, document_id: str) -> DocumentInfo | None:
        """Properties of a document for a list, whatever the filters; None if there is none of that id."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return next(iter(catalogue.documents(self.generation, only=document_id)), None)

    def document(self, document_id: str) -> Document:
        """A document of this generation, whatever the filters. Raises `DocumentNotFound`."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return catalogue.document(document_id, self.generation)

    def stored(self, document_id: str) -> StoredDocument:
        """A document of this generation with its passages and their vectors, whatever the filters. Raises
        `DocumentNotFound`."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return catalogue.stored(document_id, self.generation)

    def notes(self, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Parts of these documents' files that were not read, by document id; none for those that were read whole."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return catalogue.notes(document_ids, self.generation)

    def origins(self, document_ids: Iterable[str]) -> dict[str, Origin]:
        """The origins of these documents of this generation, by id, whatever the filters."""
        catalogue = self._catalogue()
        with plain_errors(catalogue.folder):
            return catalogue.origins(document_ids, self.generation)

    def close(self) -> None:
        """End the transaction; the snapshot cannot be used any more."""
        catalogue, self._open = self._open, None
        if catalogue is not None:
            self._give_back(catalogue)

    def __enter__(self) -> LocalSnapshot:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _selected(self, catalogue: Catalogue) -> Selected | None:
        return None if self._filters is None else self._view.selected(self._filters, catalogue)

    def _catalogue(self) -> Catalogue:
        if self._open is None:
            raise RagError("this snapshot was closed: take a new one with `index.snapshot()`")
        return self._open
