"""Lexical search: the passages that share the rarest terms with a query, by BM25 (Tantivy; k1 = 1.2, b = 0.75).

In: passages of the catalogue, which become the terms of `rag.text.terms`, so that a match here is a match in every
other step. Out: `Scored` rows, best first. A `Lexical` is what Tantivy had at one commit and never changes.

`manifest.json`, written after Tantivy's commit, says of which generation the commit is and names it by its opstamp
(Tantivy's own number, in its `meta.json`), so a process killed between the two leaves a commit of no generation, which
is not read. Words are not stored, only terms. Writing is in `rag.index.lexical.writer`.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rag.index.catalogue import Catalogue, PassageText
from rag.index.damage import Damaged
from rag.text.analysis import analysis
from rag.types import Scored

LEXICAL_FOLDER = "lexical"
LEXICAL_MANIFEST = "manifest.json"
LEXICAL_FORMAT = 1
_SEGMENT_FILES = {".fast", ".fieldnorm", ".idx", ".pos", ".store", ".term", ".del"}
_DELETIONS = ".del"  # a segment has one such file, which is written after the others
_FOOTER_MAGIC = 1337
NO_GENERATION = -1  # of a commit that no manifest describes, or whose terms were made by another analysis
HEAP_BYTES = 50_000_000  # of memory for the writing thread, before it spills to the disk; Tantivy needs 15 MB


class LexicalManifest(NamedTuple):
    """The content of `manifest.json`, which describes a commit."""

    format: int
    generation: int
    opstamp: int
    dead: int  # passages removed since the folder was made anew, merged away or not
    analysis: str


class Lexical:
    """A committed state of a Tantivy index."""

    def __init__(self, searcher: Any, generation: int, none_removed: bool = False) -> None:
        self._searcher = searcher
        self.generation = generation
        self._none_removed = none_removed

    @property
    def passages(self) -> int:
        """The number of passages, without removed ones."""
        return int(self._searcher.num_docs)

    def search(self, query: str, k: int, among: Any = None) -> list[Scored]:
        """The `k` best passages that hold any of the query's terms; equal scores in order of row. `among`, which
        `of_versions` makes, restricts the search."""
        import tantivy

        from rag.text.terms import query_terms

        words = dict.fromkeys(query_terms(query))
        k = min(k, self.passages)
        if not words or k <= 0:
            return []
        any_of = tantivy.Query.boolean_query([(tantivy.Occur.Should, _term(word)) for word in words])
        if among is not None:  # scores stay those of a search over everything
            any_of = tantivy.Query.boolean_query([(tantivy.Occur.Must, any_of), (tantivy.Occur.Must, among)])
        hits = self._searcher.search(any_of, k, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        found = [Scored(row, float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(found, key=lambda hit: (-hit.score, hit.row))

    def weights(self, words: Iterable[str]) -> dict[str, float]:
        """The weight log(1 + (N - n + 0.5) / (n + 0.5)) of each term that `rag.text.terms` made, n of the N passages
        holding it."""
        total = self.passages
        counts = {word: self.count(word) for word in dict.fromkeys(words)}
        return {word: math.log1p((total - n + 0.5) / (n + 0.5)) for word, n in counts.items()}

    def count(self, word: str) -> int:
        """The number of passages that hold the term. Exact, unlike Tantivy's `doc_freq`, which also counts removed
        ones, and so is asked only if there are none; among 100,000 passages, a question's terms took 0.24 ms with it
        and 0.58 without."""
        with _damage(Path(LEXICAL_FOLDER)):
            if self._none_removed:
                return int(self._searcher.doc_freq("text", word))
            return int(self._searcher.search(_term(word), 1).count)

    def versions(self) -> dict[int, int]:
        """The versions of all passages by row, for `verify`."""
        import tantivy

        with _damage(Path(LEXICAL_FOLDER)):
            hits = self._searcher.search(tantivy.Query.all_query(), max(self.passages, 1)).hits
            addresses = [address for _, address in hits]
            values = [self._searcher.fast_field_values(name, addresses) for name in ("row", "version")]
            return dict(zip(*values, strict=True))


def read_lexical(folder: Path) -> Lexical:
    """The last commit in the folder; its generation is `NO_GENERATION` if no manifest tells of it. Raises `Damaged` if
    there is none that can be used."""
    place = folder / LEXICAL_FOLDER
    told = lexical_manifest(place)
    before = _commit(place)
    searcher = _searcher(place)
    known = before == _commit(place) and told.opstamp == before.opstamp and told.analysis == analysis()
    return Lexical(searcher, told.generation if known else NO_GENERATION, before.none_removed)


def in_memory(catalogue: Catalogue, at: int) -> Lexical:
    """The index of generation `at`, made from the catalogue and kept in memory only: about 0.15 s for 1,000
    passages."""
    import tantivy

    index = tantivy.Index(schema())
    writer = index.writer(HEAP_BYTES, 1)
    add(writer, catalogue.texts(0, at))
    writer.commit()
    index.reload()
    return Lexical(index.searcher(), at, none_removed=True)


def add(writer: Any, texts: Iterable[PassageText]) -> None:
    """Add passages to a Tantivy writer; they are found after it commits."""
    import tantivy

    for passage in texts:
        entry = tantivy.Document()
        entry.add_unsigned("row", passage.row)
        entry.add_unsigned("version", passage.version)
        entry.add_text("text", " ".join(passage_terms(passage)))
        writer.add_document(entry)


def passage_terms(passage: PassageText) -> list[str]:
    """The terms that a passage is found by: those of the headings that it stands under, and its own."""
    from rag.text.terms import terms

    return terms(passage.section or "") + terms(passage.header) + terms(passage.text)


def of_versions(versions: Sequence[int]) -> Any:
    """A clause that restricts a query to the passages of these versions, without a share in the score. Making it takes
    0.1 s for 10,000 of them, so it is kept."""
    import tantivy

    return tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema(), "version", list(versions)), 0.0)


def altered(place: Path) -> list[str]:
    """The names of Tantivy's files that are not as it wrote them. Each file ends in a footer with its version and the
    CRC-32 of what stands before, as JSON, its length and a magic number (tantivy's directory/footer.rs). The CRC does
    not cover the version, but a segment has several files of one: a version that only one file has is altered, too."""
    there = sorted(place.iterdir()) if place.is_dir() else []
    versions = {file: _version(file.read_bytes()) for file in there if file.suffix in _SEGMENT_FILES}
    shared = Counter(version for file, version in versions.items() if file.suffix != _DELETIONS)
    return [
        file.name
        for file, version in versions.items()
        if version is None or (file.suffix != _DELETIONS and shared[version] == 1)
    ]


def _version(content: bytes) -> str | None:
    """The version in the footer of a file that is as it was written, else None."""
    try:
        length, magic = struct.unpack("<II", content[-8:])
        footer = json.loads(content[-8 - length : -8])
        whole = magic == _FOOTER_MAGIC and zlib.crc32(content[: -8 - length]) == int(footer.pop("crc"))
        return json.dumps(footer, sort_keys=True) if whole else None
    except (struct.error, ValueError, KeyError, TypeError, AttributeError):
        return None


def lexical_manifest(place: Path) -> LexicalManifest:
    """The manifest of the commit in the folder `place`. Raises `Damaged`."""
    if not place.exists():
        raise Damaged(place, "is missing")
    try:
        found = LexicalManifest(**json.loads((place / LEXICAL_MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as exc:
        raise Damaged(place, f"has no {LEXICAL_MANIFEST} that makes sense") from exc
    if found.format != LEXICAL_FORMAT:
        raise Damaged(place, f"has format {found.format}, not {LEXICAL_FORMAT}")
    return found


class _Commit(NamedTuple):
    opstamp: int
    none_removed: bool  # no segment has removed passages that are not merged away


def _commit(place: Path) -> _Commit:
    """The last commit, from Tantivy's own list of its files."""
    try:
        told = json.loads((place / "meta.json").read_text(encoding="utf-8"))
        return _Commit(int(told["opstamp"]), all(segment["deletes"] is None for segment in told["segments"]))
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise Damaged(place, "has no meta.json that makes sense") from exc


def _searcher(place: Path) -> Any:
    import tantivy

    with _damage(place):
        return tantivy.Index.open(str(place)).searcher()


@contextmanager
def _damage(place: Path) -> Iterator[None]:
    """Raise errors of Tantivy as `Damaged` within a `with` block. It raises `ValueError` if files are missing or
    altered, and may panic, which Python sees as a `BaseException` of a class that cannot be imported."""
    try:
        yield
    except ValueError as exc:
        raise Damaged(place, "cannot be read") from exc
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":
            raise
        raise Damaged(place, "cannot be read") from exc


@cache
def schema() -> Any:
    """The fields of an entry, one for each passage; removed passages are found by their version."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_unsigned_field("version", indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _term(word: str) -> Any:
    import tantivy

    return tantivy.Query.term_query(schema(), "text", word, "freq")
