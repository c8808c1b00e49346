"""An index checked against itself: what is wrong with the catalogue, FAISS's file and Tantivy's folder.

In: the folder and a connection to its catalogue. Out: `Problem`s, none if all is well. Reads everything and
changes nothing. Needs the writer's lock to be held by the caller, so that nothing moves underneath.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from rag.index.catalogue import Catalogue
from rag.index.damage import Damaged
from rag.index.dense import exact as dense
from rag.index.dense import loading
from rag.index.dense.manifest import FAISS_FILE, VECTORS
from rag.index.dense.quantised import Quantised, RowIds
from rag.index.lexical import search as lexical
from rag.index.orphans import integrity, orphans
from rag.index.rules import embedding_faults, embedding_key, passage_faults
from rag.types import Vectors


class Problem(NamedTuple):
    """A fault of an index, in words for a person."""

    part: Literal["catalogue", "dense", "lexical"]
    message: str


def problems(folder: Path, catalogue: Catalogue) -> list[Problem]:
    """Find all faults at the published generation; those of the catalogue come first."""
    return [
        *(Problem("catalogue", message) for message in _catalogue(catalogue)),
        *(Problem("dense", message) for message in _dense(folder, catalogue)),
        *(Problem("lexical", message) for message in _lexical(folder, catalogue)),
    ]


def _catalogue(catalogue: Catalogue) -> Iterator[str]:
    yield from integrity(catalogue.connection)
    generation, published, _ = catalogue.state()
    if generation != published:
        yield f"generation {generation} was committed, and readers only see {published}: it was never published"
    else:
        yield from orphans(catalogue.connection)
    for info in catalogue.documents(published):
        if info.passages != (found := catalogue.passages_of(info.id, published)):
            yield f'document "{info.id}" should have {info.passages} passages, and has {found}'
    yield from _passages(catalogue, published)


def _passages(catalogue: Catalogue, at: int) -> Iterator[str]:
    """Check each passage against its document, and its vectors against the passage."""
    dimension = catalogue.settings.dimension
    document_id, text = "", ""
    for passage, embedding, key in catalogue.contents(at):
        if passage.document_id != document_id:
            document_id, text = passage.document_id, catalogue.document(passage.document_id, at).text
        faults = passage_faults(text, passage) + embedding_faults(passage, embedding, dimension)
        if key != embedding_key(passage):
            faults.append("its vectors are those of another text")
        for fault in faults:
            yield f'document "{document_id}", passage {passage.start}-{passage.end}: {fault}'


def _dense(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    """Check that the files are whole, and that their vectors are those of the passages that are still there. They may
    lag: rows that they lack, or have too many, are corrected as they are read."""
    try:
        saved = loading.load_dense(folder, catalogue.settings.dimension)
        if isinstance(saved, Quantised):
            loading.check_vectors(saved, folder)
    except Damaged as damage:
        yield str(damage)
        return
    here = catalogue.rows(catalogue.state().published)
    for rows, vectors in _blocks(saved):
        there = np.isin(rows, here, assume_unique=True)
        kept = rows[there]
        wrong = np.any(vectors[there] != catalogue.vectors(kept, catalogue.settings.dimension), axis=1)
        for row in kept[wrong]:
            file = FAISS_FILE if isinstance(saved, dense.Dense) else VECTORS
            yield f"{file} has another vector than the catalogue for passage number {row}"


def _blocks(saved: loading.Searchable) -> Iterator[tuple[RowIds, Vectors]]:
    if isinstance(saved, dense.Dense):
        yield saved.rows, saved.vectors()
    else:
        yield from ((saved.base.rows[place], vectors) for place, vectors in saved.base.vectors.blocks())


def _lexical(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    """Check that Tantivy has the same passages, and finds each term in as many of them as have it."""
    published = catalogue.state().published
    try:
        if altered := lexical.altered(folder / lexical.LEXICAL_FOLDER):
            yield f"{lexical.LEXICAL_FOLDER} has files that are not as they were written, such as {altered[0]}"
            return
        found = lexical.read_lexical(folder)
    except Damaged as damage:
        yield str(damage)
        return
    if found.generation == lexical.NO_GENERATION:
        yield f"{lexical.LEXICAL_FOLDER} has a commit of no known generation, or terms made by another analysis"
        return
    if found.generation != published:
        yield f"{lexical.LEXICAL_FOLDER} is of generation {found.generation}, and the catalogue of {published}"
        return
    versions: dict[int, int] = {}
    counts: Counter[str] = Counter()
    for passage in catalogue.texts(0, published):
        versions[passage.row] = passage.version
        counts.update(set(lexical.passage_terms(passage)))
    try:
        there = found.versions()
        wrong = [word for word, count in counts.items() if found.count(word) != count]
    except Damaged as damage:
        yield str(damage)
        return
    if versions != there:
        extra, missing = len(there.keys() - versions.keys()), len(versions.keys() - there.keys())
        yield f"{lexical.LEXICAL_FOLDER} lacks {missing} passages and has {extra} that are not there"
    if wrong:
        yield f"{lexical.LEXICAL_FOLDER} finds {len(wrong)} terms in the wrong number of passages, such as {wrong[0]!r}"
