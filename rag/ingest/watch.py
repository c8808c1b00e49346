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
_GONE_S = 5.0  # how often a path that is gone is looked for


def changes(paths: Sequence[Path], indexes_dir: Path) -> Iterator[None]:
    """Yield after each burst of changes below `paths`; ends at Ctrl-C. Writes to an index that lies below do not count,
    or each would cause another."""
    from watchfiles import watch

    own = f"{indexes_dir.resolve()}{os.sep}" if is_around(paths, indexes_dir) else None
    try:
        while True:
            while not all(path.exists() for path in paths):
                time.sleep(_GONE_S)
            # hidden files count too: metadata beside a document is one
            for _ in watch(
                *(path.resolve() for path in paths),
                watch_filter=lambda change, path: own is None or not path.startswith(own),
                debounce=_QUIET_MS, rust_timeout=_LOOK_ANYWAY_MS, yield_on_timeout=True,
                raise_interrupt=True,
            ):  # fmt: skip
                yield None
                if not all(path.exists() for path in paths):
                    break
    except KeyboardInterrupt:
        return
