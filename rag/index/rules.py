"""Rules for a passage and its embedding, checked before they are stored and again by `verify`.

Pure: text, passage and vectors in, plain sentences about what is wrong out; `check_entry` raises the first of them.
"""

from __future__ import annotations

import hashlib

from rag.errors import DocumentError
from rag.types import Embedding, Entry, Passage

# float32 rounding leaves 1e-7; vectors normalised in bfloat16 stay within 4e-3. A cosine would be off by as much.
UNIT_TOLERANCE = 5e-3


def embedding_key(passage: Passage) -> bytes:
    """The key of what was embedded, 32 bytes: the text as `as_embedded` gives it, and where its sentences lie in it.

    The place in the document is left out, so a passage that moved, with its file or within it, has the same key.
    """
    from rag.text.embedded import as_embedded  # not at the top, since opening an index needs the rest

    passage = as_embedded(passage)
    spans = ",".join(f"{s.start - passage.start}-{s.end - passage.start}" for s in passage.sentences)
    return hashlib.sha256(f"{spans}\n{passage.text}".encode("utf-8", "surrogatepass")).digest()


def passage_faults(text: str, passage: Passage) -> list[str]:
    """The faults of a passage of a document of this text, in words; empty if there are none."""
    faults = []
    if not 0 <= passage.start < passage.end <= len(text):
        faults.append(f"it lies outside the text of {len(text)} characters")
    elif text[passage.start : passage.end] != passage.text:
        faults.append("its text is not what the document has in its place")
    if not _ordered(passage):
        faults.append("its sentences are not in order inside it")
    if passage.pages and len(passage.pages) != len(passage.sentences):
        faults.append(f"it has {len(passage.sentences)} sentences and page numbers for {len(passage.pages)}")
    return faults


def embedding_faults(passage: Passage, embedding: Embedding, dimension: int) -> list[str]:
    """The faults of the vectors of a passage, in words; empty if there are none."""
    wanted = (len(passage.sentences), dimension)
    if embedding.passage.shape != (dimension,) or embedding.sentences.shape != wanted:
        return [f"its vectors have shapes {embedding.passage.shape} and {embedding.sentences.shape}, "
                f"not {(dimension,)} and {wanted}"]  # fmt: skip
    import numpy as np

    lengths = np.linalg.norm(np.vstack([embedding.passage, embedding.sentences]), axis=1)
    if not bool(np.all(np.abs(lengths - 1.0) <= UNIT_TOLERANCE)):  # false for NaN too
        return ["its vectors are not of unit length"]
    return []


def check_entry(entry: Entry, dimension: int) -> None:
    """Check passages and vectors against their document. Raises `DocumentError` if they do not fit it."""
    document, passages, embeddings, _ = entry
    if len(passages) != len(embeddings):
        raise DocumentError(f"{document.id}: {len(passages)} passages came with {len(embeddings)} embeddings")
    for passage, embedding in zip(passages, embeddings, strict=True):
        faults = passage_faults(document.text, passage) + embedding_faults(passage, embedding, dimension)
        if passage.document_id != document.id:
            faults.append(f'it is of the document "{passage.document_id}"')
        if faults:
            raise DocumentError(f"{document.id}: passage {passage.start}-{passage.end}: {faults[0]}")


def _ordered(passage: Passage) -> bool:
    at = passage.start
    for start, end in passage.sentences:
        if not at <= start < end <= passage.end:
            return False
        at = end
    return True
