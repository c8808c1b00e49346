"""Files and folders -> an index that is in line with them: new and changed documents put in, vanished ones taken out.

A file whose size and time, or whose bytes, are as they were is not read again. Files are read and cut one by one,
embedded together in batches, and committed document by document, so that what was done stays done whenever the
process ends. A file that cannot be read is reported and leaves what the index has of it untouched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rag.chunking import VERSION, chunk
from rag.documents import read_document
from rag.documents.discover import Discovery, Found, Skipped, discover
from rag.errors import DocumentError
from rag.index.local import FileState, LocalIndex
from rag.settings import Settings
from rag.types import Document, Embedder, Embedding, Passage

_BATCH_PASSAGES = 128  # passages that are embedded together: enough to sort them by length, few enough to lose nothing


class Failure(NamedTuple):
    """A file that could not be read, and why, in one line."""

    document_id: str
    message: str


@dataclass(slots=True)
class Summary:
    """What a run did; documents by id."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    passages: int = 0  # of added and replaced documents
    embedded: int = 0  # of them, those that were not in the cache


class Prepared(NamedTuple):
    """A document cut into passages, waiting for its vectors."""

    document: Document
    passages: list[Passage]
    size: int
    mtime_ns: int


class Change(NamedTuple):
    """What a run has to do, found without reading more than the bytes of files that look changed."""

    changed: list[Found]
    touched: list[Found]  # same bytes, another time
    unchanged: list[str]
    vanished: list[str]
    skipped: list[Skipped]


def chunker_fingerprint(settings: Settings) -> str:
    """Changes whenever documents would be cut otherwise."""
    return f"sentences-{VERSION}:{settings.passage_tokens}"


def find_changes(paths: Sequence[Path], known: dict[str, FileState]) -> Change:
    """Compare files with what the index has. Raises `InputError` for a path that does not exist."""
    discovery = discover(paths)
    id_of = {state.source: document_id for document_id, state in known.items()}
    changed, touched, unchanged = [], [], []
    for file in discovery.files:
        # a file keeps the id that it has, even when another of the folders above it is given this time
        found = file._replace(document_id=id_of.get(str(file.path.resolve()), file.document_id))
        state = known.get(found.document_id)
        try:
            stat = found.path.stat()
            if state and (state.size, state.mtime_ns) == (stat.st_size, stat.st_mtime_ns) and _is_at(state, found):
                unchanged.append(found.document_id)
            elif state and _is_at(state, found) and state.sha256 == _sha256(found.path):
                touched.append(found)
            else:
                changed.append(found)
        except OSError:
            changed.append(found)  # reading it will say what is wrong
    vanished = _vanished(paths, discovery, known)
    return Change(changed, touched, unchanged, vanished, list(discovery.skipped))


def sync(
    paths: Sequence[Path],
    index: LocalIndex,
    embedder: Embedder,
    settings: Settings,
    progress: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> Summary:
    """Bring `index` in line with `paths`; `progress` gets files done, files in all, and the name of the one at hand."""
    change = find_changes(paths, index.files())
    return apply_changes(change, index, embedder, settings, progress)


def apply_changes(
    change: Change,
    index: LocalIndex,
    embedder: Embedder | None,
    settings: Settings,
    progress: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> Summary:
    """Do what `find_changes` found; the embedder may be None where no file changed."""
    summary = Summary(unchanged=change.unchanged, skipped=change.skipped)
    known = index.files()
    batch: list[Prepared] = []
    for done, found in enumerate(change.changed):
        assert embedder is not None
        progress(done, len(change.changed), found.document_id)
        try:
            batch.append(_prepare(found, embedder, settings))
        except DocumentError as exc:
            summary.failed.append(Failure(found.document_id, str(exc)))
            continue
        if sum(len(item.passages) for item in batch) >= _BATCH_PASSAGES:
            _commit(index, embedder, batch, known, summary)
            batch = []
    if embedder is not None:
        _commit(index, embedder, batch, known, summary)
    progress(len(change.changed), len(change.changed), "")
    for found in change.touched:
        stat = found.path.stat()
        index.touch(found.document_id, stat.st_size, stat.st_mtime_ns)
        summary.unchanged.append(found.document_id)
    for document_id in change.vanished:
        index.remove(document_id)
        summary.removed.append(document_id)
    index.publish()
    return summary


def _prepare(found: Found, embedder: Embedder, settings: Settings) -> Prepared:
    stat = found.path.stat()
    document = read_document(found.path, found.document_id, str(found.path.resolve()))
    spans = embedder.token_spans(document.text)
    passages = chunk(document, spans, settings.passage_tokens, embedder.max_tokens)
    return Prepared(document, passages, stat.st_size, stat.st_mtime_ns)


def _commit(
    index: LocalIndex, embedder: Embedder, batch: list[Prepared], known: dict[str, FileState], summary: Summary
) -> None:
    passages = [passage for item in batch for passage in item.passages]
    cached = index.cached_embeddings(passages)
    missing = [passage for passage, embedding in zip(passages, cached, strict=True) if embedding is None]
    fresh = iter(embedder.embed_passages(missing))
    embeddings = iter([embedding or next(fresh) for embedding in cached])
    for item in batch:
        own: list[Embedding] = [next(embeddings) for _ in item.passages]
        try:
            index.replace(item.document, item.passages, own, size=item.size, mtime_ns=item.mtime_ns)
        except DocumentError as exc:
            summary.failed.append(Failure(item.document.id, str(exc)))
            continue
        (summary.replaced if item.document.id in known else summary.added).append(item.document.id)
    summary.passages += len(passages)
    summary.embedded += len(missing)


def _vanished(paths: Sequence[Path], discovery: Discovery, known: dict[str, FileState]) -> list[str]:
    """Documents of the given folders whose file is there no longer, or is no longer one that is read."""
    present = {str(found.path.resolve()) for found in discovery.files}
    roots = [path.resolve() for path in paths if path.is_dir()]
    unreadable = {skipped.path.resolve() for skipped in discovery.skipped if skipped.path.is_dir()}
    gone = []
    for document_id, state in known.items():
        source = Path(state.source)
        below = any(source.is_relative_to(root) for root in roots)
        if below and state.source not in present and not any(source.is_relative_to(folder) for folder in unreadable):
            gone.append(document_id)
    return sorted(gone)


def _is_at(state: FileState, found: Found) -> bool:
    return Path(state.source) == found.path.resolve()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
