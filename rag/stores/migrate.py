"""One store -> another: the same documents, passages and vectors, document by document; nothing is embedded anew.

In: an index that is open, and one that is open for writing and made with the same embedder and chunker. Out: the second
holds what the first holds, and nothing else. What it has already stays, so the next run continues one that was killed.
`rag.stores.compare` compares the two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from rag.background import UNWATCHED, Run
from rag.seams import Index, WritableIndex
from rag.types import Entry, FileState, Stamp

_PUBLISH_S = 60.0  # readers of the new index see what was copied at least this often


@dataclass(slots=True)
class Migrated:
    """The result of a run, in documents."""

    copied: int = 0
    there: int = 0  # in the new index already
    removed: int = 0  # that the old index does not have
    left: int = 0  # that a stopped run did not reach


def migrate(source: Index, target: WritableIndex, run: Run = UNWATCHED) -> Migrated:
    """Bring `target` in line with `source`; a run that is stopped publishes what is done, and returns."""
    there = {info.id: info for info in target.documents()}
    here = {info.id: info for info in source.documents()}
    files, known = source.files(), target.files()
    wanted = [
        name for name, info in here.items() if there.get(name) != info or _read_as(known[name]) != _read_as(files[name])
    ]
    done = Migrated(there=len(here) - len(wanted))
    published = time.monotonic()
    for number, name in enumerate(wanted):
        if run.stopped():
            done.left = len(wanted) - number
            break
        run.progress(number, len(wanted), name)
        target.replace(_entry(source, name, files[name].stamp))
        done.copied += 1
        if time.monotonic() - published > _PUBLISH_S:
            target.publish()
            published = time.monotonic()
    if not done.left:
        run.progress(len(wanted), len(wanted), "")
        for name in there.keys() - here.keys():
            target.remove(name)
            done.removed += 1
    target.publish()
    return done


def _read_as(state: FileState) -> tuple[int, bool | None]:
    """The way in which a file was read: the same one may have been read otherwise."""
    return state.reader, state.hidden


def _entry(source: Index, name: str, stamp: Stamp) -> Entry:
    stored = source.stored(name)
    passages = [each.passage for each in stored.passages]
    return Entry(stored.document, passages, [each.embedding for each in stored.passages], stamp)
