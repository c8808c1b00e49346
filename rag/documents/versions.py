"""The versions of the readers: a number for each type of file, which grows when its files are read otherwise.

`rag index` keeps the number with each document and reads its file anew if the number has grown since, so that what an
earlier version read wrongly is not kept for ever. Vectors of passages that stay the same are taken from the index.
"""

from __future__ import annotations

import os

_VERSIONS: dict[str, int] = {}  # by suffix; 1 for all others


def reader_version(name: str) -> int:
    """The version of the reader of files of this name."""
    return _VERSIONS.get(os.path.splitext(name)[1].lower(), 1)
