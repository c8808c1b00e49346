"""Readers of one index in one process: connections that are reused, and the view that they share.

In: the folder, and a function that makes derived files again. Out: snapshots. Staying is free: `snapshot` compares
one number. Moving to another generation reopens Tantivy (0.3 ms) and, when it is first searched, brings FAISS along.

What searches is imported when a snapshot is first taken. Does not make derived files itself, and waits a second at
most: if a writer is at work and FAISS or Tantivy cannot be used as they are, they are made in memory from the
catalogue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IndexMismatch, RagError
from rag.index.catalogue import Catalogue
from rag.index.damage import Damaged
from rag.index.failures import plain_errors
from rag.index.sources import ShowSource, with_path
from rag.types import Filters, MadeWith

if TYPE_CHECKING:
    from rag.index.dense.loading import Searchable
    from rag.index.lexical.search import Lexical
    from rag.index.snapshot import LocalSnapshot, LocalView

# During a publish, Tantivy is ahead of the catalogue for some milliseconds. A reader that comes just then retries at
# this interval and for this long before it makes a Tantivy index of its own in memory.
_READER_RETRY_S = 0.01
_READER_WAIT_S = 1.0
_IDLE = 8  # connections that are kept: each has up to 2 MB of the catalogue in memory, and opening one takes 0.3 ms


class Readers:
    """Readers of one index, for any number of threads. `mend` makes derived files again; it returns False if it could
    not."""

    def __init__(self, folder: Path, mend: Callable[[], bool], shown: ShowSource = with_path) -> None:
        self._folder = folder
        self._shown = shown
        self._mend = mend
        self._idle: list[Catalogue] = []  # connections that no snapshot uses
        self._closed = False
        self._made_with: MadeWith | None = None
        self._view: LocalView | None = None
        self._moving = threading.Lock()

    def snapshot(self, filters: Filters | None = None) -> LocalSnapshot:
        """The newest published generation, to be used in a `with` block."""
        from rag.index.snapshot import LocalSnapshot

        with plain_errors(self._folder):
            while True:
                catalogue = self._borrow()
                try:
                    catalogue.begin()
                    view = self._view
                    if view is None or not view.is_of(catalogue):
                        with self._moving:
                            view = self._view = self._moved(catalogue)
                except BaseException:
                    catalogue.close()
                    raise
                if not catalogue.is_replaced():
                    return LocalSnapshot(view, catalogue, self._give_back, filters)
                catalogue.close()  # what was read beside it may be of the one that took its place

    @contextmanager
    def reading(self) -> Iterator[Catalogue]:
        """A catalogue in a read transaction, for a `with` block; errors in it are raised as `RagError`."""
        with plain_errors(self._folder):
            catalogue = self._borrow()
            try:
                catalogue.begin()
                yield catalogue
            finally:
                self._give_back(catalogue)

    def _borrow(self) -> Catalogue:
        if self._closed:
            raise RagError(f'index "{self._folder.name}" was closed: open it again')
        while True:
            try:
                catalogue = self._idle.pop()
            except IndexError:
                catalogue = Catalogue.open(self._folder)
                catalogue.shown = self._shown
                return catalogue
            if not (catalogue.is_outdated() or catalogue.is_replaced()):
                return catalogue
            catalogue.close()

    def _give_back(self, catalogue: Catalogue) -> None:
        catalogue.end()
        if self._closed or len(self._idle) >= _IDLE:
            catalogue.close()
            return
        self._idle.append(catalogue)
        if self._closed:
            catalogue.close()

    def expect(self, settings: MadeWith) -> None:
        """Set what the index must be made with from now on; otherwise `snapshot` raises `IndexMismatch`."""
        self._made_with, self._view = settings, None

    def close(self) -> None:
        """Close the connections. Snapshots that are open stay usable until they are closed."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _moved(self, catalogue: Catalogue) -> LocalView:
        """The view of what is published now; `catalogue`'s transaction is begun anew, to be at the same point."""
        from rag.index.snapshot import LocalView

        deadline = time.monotonic() + _READER_WAIT_S
        generation, published, _ = catalogue.state()
        if self._view is None and generation != published:
            self._mend()  # publishes what a killed writer left; does nothing if one is at work
        while True:
            catalogue.end()
            catalogue.begin()
            published = catalogue.state().published
            before = self._view
            if before is not None and before.is_of(catalogue):
                return before
            self._check_settings(catalogue)
            if found := self._lexical(catalogue, published, time.monotonic() > deadline):
                loaded = before.loaded() if before and before.file == catalogue.file else None
                return LocalView(published, found, partial(self._load_dense, loaded), catalogue.file)
            if not self._mend():
                time.sleep(_READER_RETRY_S)

    def _check_settings(self, catalogue: Catalogue) -> None:
        """Raise `IndexMismatch` if the index was embedded anew: vectors of another embedder would be compared with the
        caller's, and nobody would notice."""
        if self._made_with is not None and (now := catalogue.settings) != self._made_with:
            raise IndexMismatch(
                f'index "{self._folder.name}" was embedded anew, with {now.embedder} and chunker {now.chunker}, while '
                f"it was open with {self._made_with.embedder} and {self._made_with.chunker}: set that and start again"
            )

    def _lexical(self, catalogue: Catalogue, at: int, in_memory: bool) -> Lexical | None:
        from rag.index.lexical import search as lexical

        try:
            found = lexical.read_lexical(self._folder)
        except Damaged:
            found = None
        if found is not None and found.generation == at:
            return found
        return lexical.in_memory(catalogue, at) if in_memory else None

    def _load_dense(self, before: Searchable | None, catalogue: Catalogue) -> Searchable:
        """An index of dense search at some generation, to be brought to the wanted one: the one in use, else the file,
        else an empty one."""
        from rag.index.dense import loading
        from rag.index.dense.exact import empty

        if before is not None and not loading.is_superseded(before, self._folder):
            return before
        dimension = catalogue.settings.dimension
        if catalogue.is_replaced():
            return empty(dimension)
        deadline = time.monotonic() + _READER_WAIT_S
        for _ in range(2):
            while loading.in_change(self._folder) and time.monotonic() < deadline:
                time.sleep(_READER_RETRY_S)
            try:
                found = loading.load_dense(self._folder, dimension)
                return empty(dimension) if catalogue.is_replaced() else found
            except Damaged:
                self._mend()  # if a writer is at work, it may have been putting new files in place
        return empty(dimension) if before is None else before
