"""Places that answers name -> the places at which something else stands, in the generation that the answer names.

In: the folder of an index that others write to, and the texts that were written to its changing documents. Out: a line
for a place that is wrong. A version that is pruned by now cannot be looked up in its generation: then the place must be
exact in one of the texts that were ever written under that id. Any thread may call.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rag.errors import DocumentNotFound
from rag.index.catalogue import Catalogue


class Exact:
    """The texts of an index, by generation."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._written: defaultdict[str, list[str]] = defaultdict(list)
        self._own = threading.local()  # a connection is for one thread
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()  # places by how they were looked up

    def written(self, document_id: str, text: str) -> None:
        """Note a text before it is sent or written to a file."""
        with self._lock:
            self._written[document_id].append(text)

    def wrong(self, answer: Mapping[str, Any]) -> list[str]:
        """The citations and passages of an answer that are not what stands at their places."""
        generation = answer["index"]["generation"]
        cited = [(c["document_id"], c["start"], c["end"], c["quote"]) for c in answer["citations"]]
        found = [(p["document_id"], p["start"], p["end"], p["text"]) for p in answer["passages"]]
        return [
            f"not in {document} of generation {generation} at {start}: {quote[:80]!r}"
            for document, start, end, quote in cited + found
            if not any(text[start:end] == quote for text in self._texts(document, generation))
        ]

    def _texts(self, document: str, generation: int) -> Iterable[str]:
        catalogue = self._catalogue()
        catalogue.begin()
        try:
            text = catalogue.document(document, generation).text
        except DocumentNotFound:
            with self._lock:
                self.counts["versions that are pruned by now"] += 1
                return list(self._written[document])
        finally:
            catalogue.end()
        with self._lock:
            self.counts["in their generation"] += 1
        return [text]

    def _catalogue(self) -> Catalogue:
        if not hasattr(self._own, "catalogue"):
            self._own.catalogue = Catalogue.open(self._index)
        found: Catalogue = self._own.catalogue
        return found
