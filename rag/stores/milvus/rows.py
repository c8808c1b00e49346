"""Documents, passages and vectors <-> the rows of Milvus's collections. Pure: neither side is read or written here.

In: what `Index.replace` takes. Out: rows; and back, equal to the character and the bit: vectors of float32 are kept as
their bytes in base 64, beside the vector that Milvus searches, of which its index may keep what it likes. Raises
`DocumentError` if something is longer than Milvus takes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from rag.documents.contained import path_now
from rag.errors import DocumentError
from rag.index.block_rows import packed, packed_links, unpacked, unpacked_links
from rag.index.rules import embedding_key
from rag.index.sources import ShowSource, with_path
from rag.stores.milvus.filters import facets
from rag.stores.milvus.schema import MAX_VARCHAR, NEVER, NO_TERMS, PART, UNUSED, encoded
from rag.stores.milvus.server import MilvusRow
from rag.text.terms import terms
from rag.types import (
    CREATED,
    Document,
    DocumentInfo,
    Embedding,
    Entry,
    FileState,
    Origin,
    Passage,
    Section,
    Sentence,
    Stamp,
)

_RAW = PART // 4 * 3  # bytes of a part before base 64
ABOUT = ("version", "document", "added", "removed", "about")  # fields that `info` and `state_of` read
PASSAGE_FIELDS = ("row", "document", "embedding", "text", "about")  # fields that `passage` reads


def text_parts(version: int, document: Document) -> list[MilvusRow]:
    """The blobs of text, pages, sections, blocks and links: one JSON, cut into parts."""
    blocks, links = packed(document.blocks), packed_links(document.links)
    parts = [document.text, document.pages, document.sections, blocks, links]
    whole = json.dumps(parts, ensure_ascii=False).encode()
    return [_blob(f"t:{version}:{number}", part) for number, part in enumerate(_cut(whole))]


def text_keys(version: int, parts: int) -> list[str]:
    """The keys of the parts that `text_parts` makes."""
    return [f"t:{version}:{number}" for number in range(parts)]


def document_of(info: DocumentInfo, parts: Iterable[str]) -> Document:
    """The document whose text, pages, sections, blocks and links are in the parts, in order; earlier versions of this
    program kept neither of the last two."""
    text, pages, sections, *later = json.loads("".join(parts))
    blocks, links = [*later, None, None][:2]
    headings = tuple(Section(*section) for section in sections)
    return Document(
        info.id, info.title, text, info.source, info.sha256, tuple(pages), headings, dict(info.metadata),
        blocks=unpacked(blocks),
        links=unpacked_links(links),
        notes=info.notes,
    )  # fmt: skip


def version_row(version: int, entry: Entry, parts: int, added: int) -> MilvusRow:
    """The row of the ledger that says that a version is there; its text has `parts` parts."""
    document, passages, _, stamp = entry
    about = {
        "title": document.title, "source": document.source, "sha256": document.sha256, "passages": len(passages),
        "characters": len(document.text), "pages": len(document.pages) or None, "metadata": document.metadata,
        **stamp._asdict(), "ocr": document.ocr, "reader": document.reader, "parts": parts,
        "terms": sum(len(terms_of(each)) for each in passages), "notes": document.notes, "hidden": document.hidden,
    }  # fmt: skip
    row = {"version": version, "document": document.id, "added": added, "removed": NEVER}
    return checked_row(document.id, row | {"about": _json(about), "keys": sorted(document.metadata)} | UNUSED)


def info(row: MilvusRow, shown: ShowSource = with_path) -> DocumentInfo:
    """The document that a row of the ledger describes, without its text."""
    about = json.loads(row["about"])
    return DocumentInfo(
        row["document"], about["title"], shown(about["source"], row["document"]), about["sha256"],
        about["passages"], about["characters"], about["pages"], about["metadata"], day_of(about["mtime_ns"]),
        notes_of(row), about.get("stale", False),
    )  # fmt: skip


def notes_of(row: MilvusRow) -> tuple[str, ...]:
    """Unread parts of the file behind a row of the ledger; earlier versions of this program kept nothing."""
    return tuple(json.loads(row["about"]).get("notes", ()))


def state_of(row: MilvusRow) -> FileState:
    """The state of the file behind a row of the ledger."""
    about = json.loads(row["about"])
    return FileState(
        about["sha256"], _stamp(about), about["source"], about.get("reader", 1), about.get("hidden"),
        about.get("ocr"), about.get("stale", False),
    )  # fmt: skip


def _stamp(about: dict[str, Any]) -> Stamp:
    """The stamp; earlier versions of this program kept size and time alone."""
    return Stamp(**{name: about[name] for name in Stamp._fields if name in about})


def origin(row: MilvusRow) -> Origin:
    """The origin of the document that a row of the ledger describes."""
    about = json.loads(row["about"])
    stale = about.get("stale", False)
    return Origin(about["metadata"].get(CREATED), about["source"], _stamp(about), stale, row["version"])


def part_count(row: MilvusRow) -> int:
    """The number of parts of the text of a version."""
    return int(json.loads(row["about"])["parts"])


def sizes_of(row: MilvusRow) -> tuple[int, int]:
    """The number of passages of a version, and that of all their terms."""
    about = json.loads(row["about"])
    return about["passages"], about["terms"]


def terms_of(passage: Passage) -> list[str]:
    """The terms that a passage is found by: those of the headings that it stands under, and its own."""
    return terms(passage.section or "") + terms(passage.header) + terms(passage.text)


def analysed(row: MilvusRow) -> MilvusRow:
    """The row of a passage with its terms as this version makes them."""
    return row | {"terms": encoded(terms_of(passage(row))) or NO_TERMS}


def with_size(row: MilvusRow, terms: int) -> MilvusRow:
    """The row of a version whose passages have so many terms."""
    return row | {"about": _json(json.loads(row["about"]) | {"terms": terms})}


def touched(row: MilvusRow, stamp: Stamp) -> MilvusRow:
    """The row of a version whose file has other marks."""
    return row | {"about": _json(json.loads(row["about"]) | stamp._asdict() | {"stale": False})}


def stale(row: MilvusRow) -> MilvusRow:
    """The row of a version whose file cannot be read."""
    return row | {"about": _json(json.loads(row["about"]) | {"stale": True})}


def elsewhere(row: MilvusRow, before: str, now: str) -> MilvusRow:
    """The row of a version, with the paths of its file if what was at `before` is at `now`, as `path_now` says."""
    about = json.loads(row["about"])
    paths = {name: path_now(about[name], before, now) for name in ("source", "place") if about.get(name)}
    return row if about == about | paths else row | {"about": _json(about | paths)}


def day_of(mtime_ns: int | None) -> str | None:
    """The day of a file's last change, UTC; None if it is not known."""
    return None if mtime_ns is None else str(np.datetime64(mtime_ns // 10**9, "s").astype("datetime64[D]"))


def passage_rows(
    first: int, version: int, info: DocumentInfo, passages: Sequence[Passage], vectors: Sequence[Embedding], added: int
) -> Iterator[MilvusRow]:
    """The rows `first`, `first` + 1, ... of the passages of a version."""
    shared = {"version": version, "added": added, "document": info.id} | facets(info)
    for row, (passage, embedding) in enumerate(zip(passages, vectors, strict=True), first):
        spans = list(chain(*passage.sentences))
        blocks = packed(passage.blocks, passage.start)
        about = [
            passage.title, passage.source, passage.start, passage.end, spans, passage.section, passage.pages, blocks,
            passage.header,
        ]  # fmt: skip
        own = {
            "row": row, "embedding": embedding_key(passage).hex(), "text": passage.text, "about": _json(about),
            "terms": encoded(terms_of(passage)) or NO_TERMS, "dense": embedding.passage.astype(np.float32).tolist(),
        }  # fmt: skip
        yield checked_row(info.id, shared | own)


def passage(row: MilvusRow, shown: ShowSource = with_path) -> Passage:
    """The passage that a row holds."""
    title, source, start, end, spans, section, pages, *structure = json.loads(row["about"])
    blocks, header = structure or (None, "")
    bounds = iter(spans)
    sentences = tuple(Sentence(first, last) for first, last in zip(bounds, bounds, strict=True))
    return Passage(
        row["document"],
        title,
        shown(source, row["document"]),
        start,
        end,
        row["text"],
        sentences,
        section,
        tuple(pages),
        unpacked(blocks, start),
        header,
    )


def sentence_count(row: MilvusRow) -> int:
    """The number of sentences of a row's passage."""
    return len(json.loads(row["about"])[4]) // 2


def embedding_parts(key: str, embedding: Embedding) -> list[MilvusRow]:
    """The blobs of the vectors of a passage and its sentences, cut into parts."""
    whole = np.vstack([embedding.passage[None], embedding.sentences]).astype("<f4").tobytes()
    cut = (whole[at : at + _RAW] for at in range(0, len(whole), _RAW))
    return [_blob(f"e:{key}:{number}", base64.b64encode(part)) for number, part in enumerate(cut)]


def embedding_keys(key: str, sentences: int, dimension: int) -> list[str]:
    """The keys of the parts that `embedding_parts` makes."""
    return [f"e:{key}:{number}" for number in range(-(-(1 + sentences) * dimension * 4 // _RAW))]


def embedding(parts: Iterable[str], dimension: int) -> Embedding:
    """The embedding whose vectors, of `dimension`, are in the parts, in order."""
    whole = np.frombuffer(b"".join(map(base64.b64decode, parts)), dtype="<f4").reshape(-1, dimension)
    return Embedding(whole[0], whole[1:])


def checked_row(document_id: str, row: MilvusRow) -> MilvusRow:
    """The row, if Milvus takes it. Raises `DocumentError`."""
    for field, value in row.items():
        if isinstance(value, str) and len(value) * 4 > MAX_VARCHAR and (size := len(value.encode())) > MAX_VARCHAR:
            raise DocumentError(
                f"{document_id}: its {field} has {size:,} bytes, and a field of Milvus holds {MAX_VARCHAR:,}: "
                "use the local store, or smaller passages (setting passage_tokens)"
            )
    return row


def _blob(key: str, value: bytes) -> MilvusRow:
    return {"key": key, "value": value.decode()} | UNUSED


def _cut(whole: bytes) -> Iterator[bytes]:
    """Parts of at most `PART` bytes that end between characters."""
    at = 0
    while at < len(whole):
        end = min(at + PART, len(whole))
        while end < len(whole) and whole[end] & 0xC0 == 0x80:
            end -= 1
        yield whole[at:end]
        at = end


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
