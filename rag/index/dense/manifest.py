"""`dense.json`, which describes the files of dense search and is written last, and how far they may lie behind.

In: the folder of an index. Out: what was saved, and at which generation. It needs neither FAISS nor numpy, so an index
can be opened for writing, and found to be as it should, without them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from rag.atomic import write_whole
from rag.index.damage import Damaged

FAISS_FILE = "dense.faiss"
DENSE_MANIFEST = "dense.json"
DENSE_FORMAT = 1
FORMAT_TRAINED = 2
VECTORS = "dense.vectors"

# Exact search of so many rows takes 7 ms if the other core is busy, as long as the rest of a search.
LARGE = 50_000
_SMALL_AGAIN = 0.5  # of that, an index becomes exact again: near the limit it does not change its kind each time
# So many rows, or that share of them if it is more, may change before the files are written again. In between, readers
# take the rest from the catalogue as they open them, which costs 5 ms for 1,000 rows, and a publish need not rewrite
# all vectors. Beside a quantised index, rows that were added since are searched exactly: 10,000 of them and as many
# removed make a search among a million take 4.1 ms instead of 2.3.
_ROWS, _SHARE = 1000, 0.1
_ROWS_QUANTISED, _SHARE_QUANTISED = 10_000, 0.02


class Trained(NamedTuple):
    """The part of `dense.json` that only a quantised index has, and that earlier versions of this program cannot
    read."""

    lists: int
    probes: int  # lists that a search reads, chosen so that `recall` is what is wanted
    candidates: int  # compared exactly, at least; chosen likewise
    recall: float  # share of the ten nearest that a search finds, measured against exact search
    queries: int  # number of queries that it was measured with
    trained_on: int  # number of rows when the lists were made
    vectors_sha256: str  # of the file with the exact vectors


class DenseManifest(NamedTuple):
    """The content of `dense.json`, which describes `dense.faiss`."""

    format: int
    generation: int
    vectors: int  # number of them
    dimension: int
    size: int  # bytes
    sha256: str
    trained: Trained | None = None  # None, and not written, if search is exact


def is_large(rows: int, quantised: bool) -> bool:
    """True if an index of `rows` passages is to be quantised; `quantised` tells if it is now."""
    return rows >= (LARGE * _SMALL_AGAIN if quantised else LARGE)


def allowance(rows: int, quantised: bool) -> float:
    """The number of rows, of `rows`, that may change before the files are written again."""
    return max(_ROWS_QUANTISED, _SHARE_QUANTISED * rows) if quantised else max(_ROWS, _SHARE * rows)


def dense_manifest(folder: Path) -> DenseManifest:
    """Read `dense.json`. Raises `Damaged` if it is missing, malformed or of another format."""
    file = folder / DENSE_MANIFEST
    try:
        found = DenseManifest(**json.loads(file.read_text(encoding="utf-8")))
        if found.trained is not None:
            found = found._replace(trained=Trained(**found.trained))  # type: ignore[arg-type]
    except FileNotFoundError as exc:
        raise Damaged(file, "is missing") from exc
    except (ValueError, TypeError) as exc:
        raise Damaged(file, "is not what was written") from exc
    if found.format != (wanted := DENSE_FORMAT if found.trained is None else FORMAT_TRAINED):
        raise Damaged(file, f"has format {found.format}, not {wanted}")
    return found


def write_manifest(told: DenseManifest, folder: Path) -> None:
    """Write `dense.json`, last of all, when the files that it describes are there."""
    content = {**told._asdict(), "trained": told.trained and told.trained._asdict()}
    if told.trained is None:
        del content["trained"]
    write_whole(folder / DENSE_MANIFEST, (json.dumps(content, indent=1) + "\n").encode())


def content_of(folder: Path, told: DenseManifest, dimension: int) -> bytes:
    """The file that the manifest describes, for vectors of `dimension`. Raises `Damaged` if it is another."""
    if told.dimension != dimension:
        raise Damaged(folder / DENSE_MANIFEST, f"is of vectors of {told.dimension} dimensions, not {dimension}")
    file = folder / FAISS_FILE
    try:
        content = file.read_bytes()
    except FileNotFoundError as exc:
        raise Damaged(file, "is missing") from exc
    if (len(content), hashlib.sha256(content).hexdigest()) != (told.size, told.sha256):
        raise Damaged(file, f"is not the file that {DENSE_MANIFEST} tells of")
    return content
