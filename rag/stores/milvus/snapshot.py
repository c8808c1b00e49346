"""Reading one generation of an index in Milvus, whatever is written meanwhile.

Rows of passages never change and say with which generation they came; the ledger says with which each version went. So
the passages of generation g are those that came by then and are of none of the versions that had gone, and a search
with that as its expression finds the old version of a document or the new one, never both or neither. Versions that
are gone stay for `KEPT_S` of `rag.stores.milvus.writer`, and a snapshot ends after half of that.

Milvus's BM25 proposes passages: its statistics are those of a segment or shard, and count rows that are gone until they
are compacted away. The scores returned are BM25 by the statistics of the whole generation: the passages that hold a
term are counted (`text_match`, remembered while the generation lasts), lengths are in the published state.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from rag.errors import RagError
from rag.index.filters import matching
from rag.index.sources import ShowSource
from rag.stores.milvus import rows
from rag.stores.milvus.filters import expression
from rag.stores.milvus.reading import MilvusReader
from rag.stores.milvus.schema import DOCUMENTS, K1, PASSAGES, B, collection, encoded
from rag.stores.milvus.server import MAX_ROWS, MilvusRow, Server, text_of
from rag.stores.milvus.state import MilvusState
from rag.text.terms import query_terms
from rag.types import Document, DocumentInfo, Filters, MadeWith, Origin, Scored, StoredDocument, StoredPassage, Vectors

LONGEST_S = 300.0  # that a snapshot can be used
_PROPOSED = 100  # passages at least that Milvus's BM25 proposes
_COUNTS = 100_000  # terms whose counts are remembered
_SMALL = 20_000  # passages of which all terms are counted at once, which one reading of some 20 MB takes


class MilvusView:
    """The state that the snapshots of one generation share."""

    def __init__(self, server: Server, index: str, settings: MadeWith, state: MilvusState, shown: ShowSource) -> None:
        self.server = server
        self.index = index
        self.settings = settings
        self.state = state
        generation = state.published
        at = f"added <= {generation} and removed"
        self.documents = f"{at} > {generation}"
        gone = [row["version"] for row in server.query(self.name(DOCUMENTS), f"{at} <= {generation}", ["version"])]
        self.passages = f"added <= {generation}" + (f" and version not in {gone}" if gone else "")
        self.reader = MilvusReader(server, index, settings.dimension, self.documents, shown)
        self._counts: dict[str, int] = {}
        self._every: Counter[str] | None = None  # encoded terms of a small index
        self._counting = threading.Lock()

    def name(self, kind: str) -> str:
        """The name of a collection of the index."""
        return collection(self.index, kind)

    def count(self, term: str) -> int:
        """The number of passages that hold a term."""
        if self.state.passages <= _SMALL:
            return self._all_counts()[encoded([term])]
        found = self._counts.get(term)
        if found is None:
            holding = f"{self.passages} and text_match(terms, '{encoded([term])}')"
            found = self.server.count(self.name(PASSAGES), holding)
            with self._counting:
                if len(self._counts) >= _COUNTS:
                    self._counts.clear()
                self._counts[term] = found
        return found

    def _all_counts(self) -> Counter[str]:
        with self._counting:
            if self._every is None:
                passages = self.server.query(self.name(PASSAGES), self.passages, ["terms"])
                self._every = Counter(word for row in passages for word in set(row["terms"].split()))
            return self._every

    def weight(self, term: str) -> float:
        """The weight log(1 + (N - n + 0.5) / (n + 0.5)) of a term, n of N passages holding it."""
        n = self.count(term)
        return float(np.log1p((self.state.passages - n + 0.5) / (n + 0.5)))

    def bm25(self, query: Iterable[str], terms: str) -> float:
        """The score, for the terms of a query, of a passage whose encoded terms are `terms`, joined by blanks."""
        words = Counter(terms.split())
        mean = max(self.state.terms, 1) / max(self.state.passages, 1)
        norm = K1 * (1 - B + B * words.total() / mean)
        counts = {term: words[encoded([term])] for term in query}
        return sum(self.weight(term) * n * (K1 + 1) / (n + norm) for term, n in counts.items() if n)


class MilvusSnapshot:
    """`rag.seams.Snapshot` of a `MilvusIndex`, usable for `LONGEST_S`."""

    def __init__(self, view: MilvusView, filters: Filters | None = None) -> None:
        self._view = view
        self._filters = filters
        self._until = time.monotonic() + LONGEST_S
        self._where: str | None = None

    @property
    def generation(self) -> int:
        """The published generation that is read."""
        return self._view.state.published

    def dense(self, vector: Vectors, k: int) -> list[Scored]:
        """The `k` nearest passages to `vector`, shape (d,), by cosine; equal scores in order of row. Milvus's index may
        be approximate; the scores are not, and are the same whatever the filters."""
        query = np.asarray(vector, dtype=np.float32).tolist()
        params = {"metric_type": "IP", "params": {"ef": max(200, 2 * min(k, MAX_ROWS))}}
        found = self._search("dense", query, k, params, ["dense"])
        exact = np.asarray(vector, dtype=np.float64)
        scores = [np.float32(np.asarray(fields["dense"], dtype=np.float64) @ exact) for _, _, fields in found]
        return _best(((row, float(score)) for (row, _, _), score in zip(found, scores, strict=True)), k)

    def lexical(self, query: str, k: int) -> list[Scored]:
        """The `k` best passages by BM25; equal scores in order of row. Empty if no term of the query occurs."""
        words = list(dict.fromkeys(query_terms(query)))
        if not words or k <= 0:
            return []
        proposed = self._search("bm25", encoded(words), max(2 * k, _PROPOSED), {"metric_type": "BM25"}, ["terms"])
        return _best(((row, self._view.bm25(words, fields["terms"])) for row, _, fields in proposed), k)

    def fetch(self, numbers: Sequence[int]) -> list[StoredPassage]:
        """The passages of these row numbers, in that order. Raises `RagError` if one is not there."""
        view = self._usable()
        wanted = [int(number) for number in numbers]
        found = {row["row"]: row for row in view.server.get(view.name(PASSAGES), wanted, rows.PASSAGE_FIELDS)}
        if missing := [number for number in wanted if number not in found]:
            raise RagError(f'index "{view.index}" has no passage {missing[0]} at generation {self.generation}')
        each = [found[number] for number in wanted]
        return view.reader.passages(each)

    def term_weights(self, terms: Iterable[str]) -> dict[str, float]:
        """The weight log(1 + (N - n + 0.5) / (n + 0.5)) of each term as `rag.text.terms` makes them; n of N passages
        hold it."""
        view = self._usable()
        return {term: view.weight(term) for term in dict.fromkeys(terms)}

    def held(self, terms: Iterable[str]) -> frozenset[str]:
        """The terms that any passage of the index holds, whatever the filters."""
        view = self._usable()
        return frozenset(term for term in dict.fromkeys(terms) if view.count(term))

    def documents(self) -> list[DocumentInfo]:
        """The documents that fit the filters, sorted by id."""
        every = self._documents()
        if self._filters is None:
            return every
        fits = set(matching(self._filters, every))
        return [info for info in every if info.id in fits]

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        """The first `most` documents behind the id `after`, sorted by id, whatever the filters."""
        return [info for info in self._documents() if after is None or info.id > after][:most]

    def info(self, document_id: str) -> DocumentInfo | None:
        """Properties of a document for a list, whatever the filters; None if there is none of that id."""
        return next((info for info in self._documents() if info.id == document_id), None)

    def document(self, document_id: str) -> Document:
        """A document of this generation, whatever the filters. Raises `DocumentNotFound`."""
        return self._usable().reader.document(document_id)

    def stored(self, document_id: str) -> StoredDocument:
        """A document of this generation with its passages and their vectors, whatever the filters. Raises
        `DocumentNotFound`."""
        return self._usable().reader.stored(document_id)

    def notes(self, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Parts of these documents' files that were not read, by document id; none for those that were read whole."""
        return self._usable().reader.notes(document_ids)

    def origins(self, document_ids: Iterable[str]) -> dict[str, Origin]:
        """The origins of these documents of this generation, by id, whatever the filters."""
        return self._usable().reader.origins(document_ids)

    def close(self) -> None:
        """End the use of the snapshot; it holds nothing that must be released."""
        self._until = 0.0

    def __enter__(self) -> MilvusSnapshot:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _search(
        self, field: str, query: object, k: int, params: MilvusRow, fields: Sequence[str]
    ) -> list[tuple[int, float, MilvusRow]]:
        view = self._usable()
        if k <= 0:
            return []
        if self._where is None:
            self._where = " and ".join(filter(None, [view.passages, self._expression()]))
        return view.server.search(view.name(PASSAGES), field, query, self._where, k, params, fields)

    def _expression(self) -> str:
        """The expression of the filters. Raises `InputError` for metadata that no document has."""
        view = self._usable()
        if self._filters is None:
            return ""
        for key, _ in self._filters.metadata:
            known = f"{view.documents} and array_contains(keys, {text_of(key)})"
            if not view.server.count(view.name(DOCUMENTS), known):
                matching(self._filters, self._documents())  # raises, with all keys, unless there are no documents
        return expression(self._filters)

    def _documents(self) -> list[DocumentInfo]:
        return self._usable().reader.documents()

    def _usable(self) -> MilvusView:
        if not self._until:
            raise RagError("this snapshot was closed: take a new one with `index.snapshot()`")
        if time.monotonic() > self._until:
            raise RagError(f"this snapshot is older than {LONGEST_S:.0f} s: take a new one with `index.snapshot()`")
        return self._view


def _best(hits: Iterable[tuple[int, float]], k: int) -> list[Scored]:
    return sorted((Scored(*hit) for hit in hits), key=lambda hit: (-hit.score, hit.row))[:k]
