"""Files and folders -> a signal whenever something in them has changed and they have been quiet for a moment.

In: paths. Out: an endless iterator that a `KeyboardInterrupt` ends. `rag.ingest.changes` finds out what
changed, so that no file is lost if the system drops an event; once an hour it signals without one, for file systems
that report none (WATCHFILES_FORCE_POLLING=1 makes it look for itself, as it does where the system follows no more
folders). A link in a folder is followed to its file, wherever that lies.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.documents.discover import discover
from rag.errors import RagError
from rag.ingest.changes import is_around

_log = logging.getLogger(__name__)

_QUIET_MS = 1600  # programs save in several steps
_LOOK_ANYWAY_MS = 3_600_000
_LOOK_AT_ROOTS_MS = 5_000  # how often a path is looked at: it may be gone, or another one of its name
_IN_TURN_MS = 500  # how long folders and files given by name are waited for in turn, if there are both
_GONE_S = 5.0  # how often a path that is gone is looked for
_PENDING_S = 10.0  # after which it is signalled once more, if what was signalled could not be taken in
_POLL_AT_WISH_MS = 300  # where a person has set WATCHFILES_FORCE_POLLING; WATCHFILES_POLL_DELAY_MS is another time
_POLL_MS = 10_000  # how often all files are looked at where the system does not follow them


def changes(
    paths: Sequence[Path],
    indexes_dir: Path,
    exclude: Sequence[str] = (),
    is_pending: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Yield after each burst of changes below `paths`, and again as long as one `is_pending`; ends at Ctrl-C. Writes to
    an index that lies below do not count, or each would cause another. Nor does what is left out by `exclude`, if
    links lead to it."""
    again = False
    try:
        while True:
            while not all(path.exists() for path in paths):
                time.sleep(_GONE_S)
            yield from _until_exchanged(paths, indexes_dir, exclude, is_pending, again)
            again = True
    except KeyboardInterrupt:
        return


def _until_exchanged(
    paths: Sequence[Path], indexes_dir: Path, exclude: Sequence[str], is_pending: Callable[[], bool], again: bool
) -> Iterator[None]:
    """Yield after each burst of changes, until one of the paths is gone or another folder than it was, or links lead to
    other files; if that has happened before, once at the beginning, for what changed while nothing was watched."""
    own = f"{indexes_dir.resolve()}{os.sep}" if is_around(paths, indexes_dir) else None
    roots = [path.resolve() for path in paths]
    linked = _behind_links(paths, exclude)
    before = _places(paths)
    signalled = time.monotonic() - (_LOOK_ANYWAY_MS if again else 0) / 1000

    def counts(_: object, changed: str) -> bool:
        if own is not None and changed.startswith(own):
            return False
        return changed in linked or any(
            Path(changed).is_relative_to(root) or _is_beside(changed, root) for root in roots
        )

    # A file that was given by name, or to which a link leads, is saved by writing another and renaming it, which only
    # its folder shows; what lies below that folder is nobody's concern, and may be very much
    folders, beside = {root for root in roots if root.is_dir()}, {root.parent for root in roots if not root.is_dir()}
    beside |= {Path(file).parent for file in linked}
    watched = [(which, below) for which, below in ((folders, True), (beside, False)) if which]
    each_ms = _LOOK_AT_ROOTS_MS if len(watched) == 1 else _IN_TURN_MS
    watches = [_events(which, below, counts, each_ms) for which, below in watched]
    while True:
        try:
            found = [next(events) for events in watches]  # those of one are collected while the other is waited for
        except FileNotFoundError:  # a folder that went away while it began to be watched
            time.sleep(_IN_TURN_MS / 1000)
            return
        exchanged = _places(paths) != before
        waited = time.monotonic() - signalled
        if any(found) or exchanged or waited > _LOOK_ANYWAY_MS / 1000 or (waited > _PENDING_S and is_pending()):
            signalled = time.monotonic()
            yield None
            exchanged = exchanged or _behind_links(paths, exclude) != linked
        if exchanged:
            return


def _events(
    which: set[Path], below: bool, counts: Callable[[Any, str], bool], each_ms: int
) -> Iterator[set[tuple[Any, str]]]:
    """Yield what changed in the folders, or nothing after so many milliseconds. Where the system follows no more
    folders, all files are looked at now and then. Raises `FileNotFoundError`."""
    from watchfiles import watch

    for poll in (None, True):
        try:
            yield from watch(  # hidden files count too: metadata beside a document is one
                *which, recursive=below, watch_filter=counts, debounce=_QUIET_MS, rust_timeout=each_ms,
                yield_on_timeout=True, raise_interrupt=True, ignore_permission_denied=True,
                force_polling=poll, poll_delay_ms=_POLL_MS if poll else _POLL_AT_WISH_MS,
            )  # fmt: skip
        except FileNotFoundError:
            raise
        except (OSError, RuntimeError) as exc:  # too many are followed on this machine
            if poll:
                raise
            why = str(exc).partition(". about")[0]
            _log.warning("rag: looking at all files every %g s, since they cannot be followed: %s", _POLL_MS / 1e3, why)


def _behind_links(paths: Sequence[Path], exclude: Sequence[str]) -> set[str]:
    """The files elsewhere to which links lead that are in the folders."""
    roots = [path.resolve() for path in paths if path.is_dir()]
    try:
        linked = {found.source for found in discover(paths, exclude).files if found.root and found.link}
    except RagError:  # a path is gone
        return set()
    return {file for file in linked if not any(Path(file).is_relative_to(root) for root in roots)}


def _places(paths: Sequence[Path]) -> list[tuple[int, int] | str | None]:
    """The numbers of the folders on their drives, after which the system watches them, and the real paths of files,
    which a link at or above them may have changed."""
    found: list[tuple[int, int] | str | None] = []
    for path in paths:
        try:
            stat = path.stat()
            found.append((stat.st_dev, stat.st_ino) if path.is_dir() else os.path.realpath(path))
        except OSError:
            found.append(None)
    return found


def _is_beside(changed: str, root: Path) -> bool:
    """True for the metadata beside a file that was given by name."""
    return os.path.dirname(changed) == str(root.parent) and os.path.basename(changed).startswith(f".{root.name}.")
