"""One store -> another: the same documents, passages and vectors, document by document; nothing is embedded anew.

In: an index that is open, and one that is open for writing and made with the same embedder and chunker. Out: the second
holds what the first holds, and nothing else. What it has already stays, so a run that was killed goes on where it was.
`rag.stores.compare` compares the two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rag.stores.open import OpenIndex

_PUBLISH_S = 60.0  # what was copied shows to readers of the new index at least this often

Progress = Callable[[int, int, str], None]  # documents done, documents in all, and the name of the one at hand


@dataclass(slots=True)
class Migrated:
    """What a run did, in documents."""

    copied: int = 0
    there: int = 0  # already
    removed: int = 0  # that the old index does not have
    left: int = 0  # that a stopped run did not come to


def migrate(
    source: OpenIndex,
    target: OpenIndex,
    progress: Progress = lambda done, total, name: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Migrated:
    """Bring `target` in line with `source`; when `stopped` says so, publish what is done, and return."""
    there = {info.id: info for info in target.documents()}
    here = {info.id: info for info in source.documents()}
    wanted = [name for name, info in here.items() if there.get(name) != info]
    done = Migrated(there=len(here) - len(wanted))
    files = source.files()
    published = time.monotonic()
    for number, name in enumerate(wanted):
        if stopped():
            done.left = len(wanted) - number
            break
        progress(number, len(wanted), name)
        _copy(source, target, name, files[name].size, files[name].mtime_ns)
        done.copied += 1
        if time.monotonic() - published > _PUBLISH_S:
            target.publish()
            published = time.monotonic()
    if not done.left:
        progress(len(wanted), len(wanted), "")
        for name in there.keys() - here.keys():
            target.remove(name)
            done.removed += 1
    target.publish()
    return done


def _copy(source: OpenIndex, target: OpenIndex, name: str, size: int | None, mtime_ns: int | None) -> None:
    stored = source.stored(name)
    passages = [each.passage for each in stored.passages]
    embeddings = [each.embedding for each in stored.passages]
    target.replace(stored.document, passages, embeddings, size=size, mtime_ns=mtime_ns)
