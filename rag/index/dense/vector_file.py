"""Vectors in a file, read by position: the exact values beside an index that holds them quantised.

In: blocks of vectors, once. Out: any of them again, by their positions. The file is little-endian float32, one vector
after the other, and never changes; a newer one takes its name, and a reader that has the old one open goes on reading
that.

Read, not mapped into memory: a mapped file counts as memory of the process as far as it was touched, and one that is
cut short ends the process. 200 vectors at random places take 0.4 ms. Does not check what it reads; `digest` does, for
`rag verify`.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import RagError
from rag.index.damage import Damaged
from rag.types import Vectors

BLOCK = 8192  # vectors read or written at a time: 12 MB of 384 dimensions


class VectorFile:
    """A file of `count` vectors of `dimension`, open as long as this object lives; for any number of threads."""

    def __init__(self, file: Path, count: int, dimension: int) -> None:
        """Open the file. Raises `Damaged` if it is missing or of another size."""
        try:
            self._handle = os.open(file, os.O_RDONLY)
        except FileNotFoundError as exc:
            raise Damaged(file, "is missing") from exc
        weakref.finalize(self, os.close, self._handle)
        self.file, self.count, self.dimension = file, count, dimension
        self._bytes = 4 * dimension
        if os.fstat(self._handle).st_size != count * self._bytes:
            raise Damaged(file, f"does not have the size of {count} vectors")

    def read(self, positions: NDArray[np.int64]) -> Vectors:
        """The vectors at `positions` (ascending), shape (positions, dimension); neighbours are read together. Raises
        `RagError` if the file was cut short."""
        first = np.flatnonzero(np.diff(positions, prepend=-2) != 1)
        counts = np.diff(first, append=len(positions))
        return self._read(positions[first], counts)

    def blocks(self) -> Iterator[tuple[slice, Vectors]]:
        """Iterate over all vectors, `BLOCK` at a time, each block with its place in the file."""
        for first in range(0, self.count, BLOCK):
            place = slice(first, min(first + BLOCK, self.count))
            yield place, self._read(np.array([first]), np.array([place.stop - first]))

    def digest(self) -> str:
        """SHA-256 of the file; reads all of it."""
        running = hashlib.sha256()
        for _, vectors in self.blocks():
            running.update(vectors.data)
        return running.hexdigest()

    def _read(self, first: NDArray[np.int64], counts: NDArray[np.int64]) -> Vectors:
        """Read `counts` vectors from each of the positions `first` on."""
        where = zip((counts * self._bytes).tolist(), (first * self._bytes).tolist(), strict=True)
        content = b"".join([os.pread(self._handle, size, offset) for size, offset in where])
        if len(content) != int(counts.sum()) * self._bytes:
            raise RagError(f"{self.file} was cut short while it was in use: run `rag verify --repair`")
        return np.frombuffer(content, dtype="<f4").reshape(-1, self.dimension)


def write_vectors(file: Path, blocks: Iterable[Vectors]) -> str:
    """Write the file and wait for the disk; returns its SHA-256."""
    running = hashlib.sha256()
    with file.open("wb") as out:
        for vectors in blocks:
            content = np.ascontiguousarray(vectors, dtype="<f4").data
            out.write(content)
            running.update(content)
        out.flush()
        os.fsync(out.fileno())
    return running.hexdigest()
