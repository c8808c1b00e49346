"""Notes on the copies from one host: when each was made, of what state, and for which sources.

In: the folder of a host's copies. Out: a file beside them, written whole. A record that is lost costs no more than
fetching everything once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rag.atomic import write_whole

_FILE = ".copies.json"


class Copy(NamedTuple):
    """A copy: its file below the folder, the marks of the state that it is of, and the sources that list it."""

    file: str
    etag: str
    modified: str
    size: int
    sources: tuple[str, ...] = ()


class CopyRecord:
    """The copies in a folder by their addresses."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self.copies: dict[str, Copy] = {}
        try:
            told = json.loads(self._file.read_bytes())
            self.copies = {
                address: Copy(file, etag, modified, size, tuple(sources))
                for address, (file, etag, modified, size, sources) in told.items()
            }
        except (OSError, ValueError, TypeError, AttributeError, LookupError):
            return  # none yet, or not whole

    def has(self, address: str, folder: Path) -> Copy | None:
        """The copy of an address, if its file is there as it was made."""
        copy = self.copies.get(address)
        try:
            return copy if copy and (folder / copy.file).stat().st_size == copy.size else None
        except OSError:
            return None

    def note(self, address: str, copy: Copy, source: str) -> None:
        """Note a copy that was made or found unchanged for a source."""
        before = self.copies.get(address)
        sources = {source, *(before.sources if before else ())}
        self.copies[address] = copy._replace(sources=tuple(sorted(sources)))

    def release(self, source: str, kept: Iterable[str]) -> list[str]:
        """Take a source from all copies but those of the addresses `kept`; returns the files that no source lists any
        more, which are forgotten."""
        listed, files = set(kept), []
        for address, copy in list(self.copies.items()):
            if source not in copy.sources or address in listed:
                continue
            rest = tuple(one for one in copy.sources if one != source)
            if rest:
                self.copies[address] = copy._replace(sources=rest)
            else:
                files.append(copy.file)
                del self.copies[address]
        return files

    def save(self) -> None:
        """Write the record."""
        write_whole(self._file, json.dumps(self.copies, ensure_ascii=False).encode("utf-8", "backslashreplace"))
