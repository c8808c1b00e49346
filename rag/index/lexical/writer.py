"""Bringing Tantivy's folder to a generation: by what changed since the last commit, or afresh.

In: the catalogue and a generation. Out: one Tantivy commit, and then the manifest that describes it. A killed process
leaves a commit without its manifest; what that may hold is deleted before it is added again.

BM25's own counts include removed passages until Tantivy merges them away, as in Lucene. Starting afresh now and then
keeps that from mattering, and in small indexes from happening. Does not lock: `rag.index.writer` does.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.atomic import set_aside, write_whole
from rag.errors import RagError
from rag.index.catalogue import Catalogue
from rag.index.damage import Damaged
from rag.index.lexical.search import (
    HEAP_BYTES,
    LEXICAL_FOLDER,
    LEXICAL_FORMAT,
    LEXICAL_MANIFEST,
    LexicalManifest,
    add,
    lexical_manifest,
    read_lexical,
    schema,
)
from rag.memory import give_back
from rag.text.analysis import analysis

# After a removal, the folder is made anew if that takes 0.15 s (so that in small indexes scores never depend on what
# was there before), and in larger ones if more passages were removed than a quarter of those that are there.
_SMALL = 1000
_DEAD_SHARE = 0.25


class LexicalWriter:
    """The writer of Tantivy's folder, which keeps Tantivy's own writer between calls; only the holder of the lock has
    one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = folder / LEXICAL_FOLDER
        self._writer: Any = None

    def bring_to(self, at: int, catalogue: Catalogue) -> None:
        """Commit the state `at`: by what changed since the last commit, or from nothing if that is not known.

        Raises `RagError` if it cannot be written.
        """
        try:
            if read_lexical(self._folder).generation == at:
                return
            told = lexical_manifest(self._place)
            usable = told.analysis == analysis() and catalogue.state().pruned <= told.generation < at
            changed = catalogue.changed(told.generation) if usable else {}
            dead = told.dead + sum(changed.values()) - catalogue.count(at, told.generation)
            if usable and not _worth_a_new_start(dead, catalogue.count(at)):
                self._commit(told.generation, at, catalogue, dead)
            else:
                self._commit(0, at, catalogue)
        except (Damaged, ValueError):  # `ValueError` is Tantivy's: the folder went away under it, the disk is full
            self.rebuild(at, catalogue)

    def rebuild(self, at: int, catalogue: Catalogue) -> None:
        """Make the folder again from the catalogue under another name, put the old one aside, and rename it. Raises
        `RagError` if it cannot be written."""
        self._writer = None
        fresh = self._folder / f"{LEXICAL_FOLDER}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        self._place = fresh
        try:
            self._commit(0, at, catalogue)
            self.close()
        except ValueError as exc:
            raise RagError(f"{self._folder / LEXICAL_FOLDER} cannot be written: {exc}") from exc
        finally:
            self._writer, self._place = None, self._folder / LEXICAL_FOLDER
        set_aside(self._place)
        fresh.rename(self._place)

    def close(self) -> None:
        """Drop what is not committed, and wait for merges under way."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(ValueError):  # merges only tidy up: later ones do what these failed at
                writer.wait_merging_threads()

    def _commit(self, since: int, at: int, catalogue: Catalogue, dead: int = 0) -> None:
        """Add and delete what changed after `since`; 0 stands for a new start.

        What was added after `since` is deleted first: a killed writer may have committed it without a manifest, and a
        call that failed may have left it to be committed.
        """
        import tantivy

        if self._writer is None:
            self._writer = tantivy.Index(schema(), str(self._place)).writer(HEAP_BYTES, 1)
        # By query: `delete_all_documents` begins again with opstamps that were used before, and deletion by term takes
        # a Python integer for a signed one, and finds nothing.
        if since == 0:
            self._writer.delete_documents_by_query(tantivy.Query.all_query())
        for version in catalogue.changed(since) if since else ():
            self._writer.delete_documents_by_query(tantivy.Query.term_query(schema(), "version", version, "basic"))
        add(self._writer, catalogue.texts(since, at))
        opstamp = self._writer.commit()
        give_back()  # Tantivy has another thread for each commit, each with an arena of its own
        told = LexicalManifest(LEXICAL_FORMAT, at, opstamp, dead, analysis())
        write_whole(self._place / LEXICAL_MANIFEST, (json.dumps(told._asdict(), indent=1) + "\n").encode())


def _worth_a_new_start(dead: int, alive: int) -> bool:
    return dead > 0 and (alive <= _SMALL or dead > _DEAD_SHARE * alive)
