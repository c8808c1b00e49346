"""Files and folders -> a signal whenever something in them has changed and they have been quiet for a moment.

In: paths. Out: an endless iterator that a `KeyboardInterrupt` ends. `rag.ingest.changes` finds out what
changed, so that no file is lost if the system drops an event; once an hour it signals without one, for file systems
that report none (WATCHFILES_FORCE_POLLING=1 makes it look for itself).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.ingest.changes import is_around

_QUIET_MS = 1600  # programs save in several steps
_LOOK_ANYWAY_MS = 3_600_000
_LOOK_AT_ROOTS_MS = 5_000  # how often a path is looked at: it may be gone, or another one of its name
_IN_TURN_MS = 500  # how long folders and files given by name are waited for in turn, if there are both
_GONE_S = 5.0  # how often a path that is gone is looked for


def changes(paths: Sequence[Path], indexes_dir: Path) -> Iterator[None]:
    """Yield after each burst of changes below `paths`; ends at Ctrl-C. Writes to an index that lies below do not count,
    or each would cause another."""
    again = False
    try:
        while True:
            while not all(path.exists() for path in paths):
                time.sleep(_GONE_S)
            yield from _until_exchanged(paths, indexes_dir, again)
            again = True
    except KeyboardInterrupt:
        return


def _until_exchanged(paths: Sequence[Path], indexes_dir: Path, again: bool) -> Iterator[None]:
    """Yield after each burst of changes, until one of the paths is gone or another folder than it was; if that has
    happened before, once at the beginning, for what changed while nothing was watched."""
    from watchfiles import watch

    own = f"{indexes_dir.resolve()}{os.sep}" if is_around(paths, indexes_dir) else None
    roots = [path.resolve() for path in paths]
    before = _numbers(paths)
    signalled = time.monotonic() - (_LOOK_ANYWAY_MS if again else 0) / 1000

    def counts(_: object, changed: str) -> bool:
        if own is not None and changed.startswith(own):
            return False
        return any(Path(changed).is_relative_to(root) or _is_beside(changed, root) for root in roots)

    # A file that was given by name is saved by writing another and renaming it, which only its folder shows; what lies
    # below that folder is nobody's concern, and may be very much
    folders, beside = {root for root in roots if root.is_dir()}, {root.parent for root in roots if not root.is_dir()}
    watched = [(which, below) for which, below in ((folders, True), (beside, False)) if which]
    each_ms = _LOOK_AT_ROOTS_MS if len(watched) == 1 else _IN_TURN_MS
    watches = [  # hidden files count too: metadata beside a document is one
        watch(
            *which, recursive=below, watch_filter=counts, debounce=_QUIET_MS, rust_timeout=each_ms,
            yield_on_timeout=True, raise_interrupt=True,
        )
        for which, below in watched
    ]  # fmt: skip
    while True:
        found = [next(events) for events in watches]  # those of one are collected while the other is waited for
        exchanged = _numbers(paths) != before
        if any(found) or exchanged or time.monotonic() - signalled > _LOOK_ANYWAY_MS / 1000:
            signalled = time.monotonic()
            yield None
        if exchanged:
            return


def _numbers(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """The numbers of the folders on their drives, after which the system watches them."""
    found: list[tuple[int, int] | None] = []
    for path in paths:
        try:
            stat = path.stat()
            found.append((stat.st_dev, stat.st_ino) if path.is_dir() else (0, 0))
        except OSError:
            found.append(None)
    return found


def _is_beside(changed: str, root: Path) -> bool:
    """True for the metadata beside a file that was given by name."""
    return os.path.dirname(changed) == str(root.parent) and os.path.basename(changed).startswith(f".{root.name}.")
