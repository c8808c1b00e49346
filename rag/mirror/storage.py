"""A folder on a WebDAV server or in an S3 bucket -> copies of its files in a folder, through fsspec.

In: an address. Out: copies of the files whose types are read, and what could not be fetched, with the reasons. A file
that is no longer listed loses its copy; one that cannot be fetched, or is in a folder that cannot be listed, keeps it.
Changes show by ETag and size, or by date and size where a server has no ETags; a date that is not yet over counts for
nothing, and of a WebDAV server a few files that seem unchanged are fetched each time, since its marks may lie.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from rag.background import Run
from rag.documents.formats import HIDDEN, is_readable
from rag.errors import InputError
from rag.mirror.fetch import Limits, NotFetched
from rag.mirror.places import mirrored_place
from rag.mirror.record import Copy, CopyRecord
from rag.mirror.web import Missed, put_in_place
from rag.settings import Settings

_PACKAGES = {"webdav": "webdav4", "webdavs": "webdav4", "s3": "obstore"}
_SETTLED_S = 2.0  # steps of the dates of servers
_SAMPLE = 8  # files that seem unchanged and are fetched all the same
_SAMPLE_BYTES = 1 << 20  # the size of the largest of these
_DEEPEST = 50  # folders in folders


class _Entry(NamedTuple):
    """A file as a server lists it; `modified` is 0.0 if it tells no date."""

    path: str
    size: int
    etag: str
    modified: float


@contextmanager
def file_system(address: str, allowed: Collection[str], settings: Settings, limits: Limits) -> Iterator[Any]:
    """The file system of fsspec for an address. Raises `InputError` if its library is not installed."""
    scheme = address.partition(":")[0]
    if find_spec(_PACKAGES[scheme]) is None:
        extra = "s3" if scheme == "s3" else "webdav"
        raise InputError(f"folders of {scheme}:// need another library: pip install 'rag-cited[{extra}]'", "paths")
    if scheme == "s3":
        from datetime import timedelta

        from obstore.fsspec import FsspecStore

        options: dict[str, Any] = {"timeout": f"{int(limits.silent_s)}s"}
        if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"):
            options["allow_http"] = True
        store: Any = FsspecStore  # its types do not know fsspec's own options
        retries = {"max_retries": 2, "retry_timeout": timedelta(seconds=limits.silent_s)}
        yield store("s3", client_options=options, retry_config=retries, skip_instance_cache=True)
        return
    from rag.mirror.webdav import webdav

    user, password = settings.webdav_user, settings.webdav_password.get_secret_value()
    with webdav(address, allowed, user, password, limits.silent_s) as system:
        yield system


class Files:
    """The files of one source, on their way into a folder of copies."""

    def __init__(self, source: str, folder: Path, record: CopyRecord, system: Any, limits: Limits, run: Run) -> None:
        self._source = source
        self._folder = folder
        self._record = record
        self._system = system
        self._limits = limits
        self._run = run
        self._bytes = 0
        self._is_s3 = source.startswith("s3:")
        self._host = f"{source.partition('://')[0]}://{source.partition('://')[2].partition('/')[0]}"
        self._listed = 0
        self._closed: list[str] = []  # addresses of folders, with a slash behind
        self.missed: list[Missed] = []

    def bring(self) -> bool:
        """Bring the copies in line with the source; False if that was stopped. Raises `InputError` if the source itself
        cannot be listed, with all copies as they were."""
        entries = {self._address(entry.path): entry for entry in self._walk(self._root(), 0)}
        known = {address: self._record.has(address, self._folder) for address in entries}
        same = {address for address, entry in entries.items() if (copy := known[address]) and _is_same(entry, copy)}
        same -= set() if self._is_s3 else self._sample(same, entries)
        for number, (address, entry) in enumerate(entries.items()):
            self._run.progress(number, len(entries), address)
            if self._run.stopped():
                return False
            copy = known[address]
            if address in same and copy:
                self._record.note(address, copy, self._source)
                continue
            try:
                self._fetch(address, entry)
            except NotFetched as exc:
                before = self._record.copies.get(address)
                self.missed.append(Missed(address, str(exc), before.file if before else ""))
        self._release(entries)
        self._run.progress(len(entries), len(entries), "")
        return True

    def _root(self) -> str:
        """The path that is listed, as the file system takes it."""
        rest = self._source.partition("://")[2]
        return rest.rstrip("/") if self._is_s3 else rest.partition("/")[2].rstrip("/")

    def _address(self, path: str) -> str:
        path = path.strip("/")
        return f"s3://{path}" if self._is_s3 else f"{self._host}/{path}"

    def _walk(self, path: str, depth: int) -> Iterator[_Entry]:
        try:
            found = self._system.ls(path, detail=True)
        except Exception as exc:
            if not depth:
                raise InputError(f"{self._source}: {_reason(exc)}", "paths") from exc
            self._close(path, f"the folder cannot be listed: {_reason(exc)}")
            return
        self._listed += len(found)
        if self._listed > self._limits.files:
            raise InputError(
                f"{self._source}: holds more than {self._limits.files:,} files; name a part of it", "paths"
            )
        for item in sorted(found, key=lambda item: str(item["name"])):
            name = str(item["name"]).rstrip("/")
            own = name.rpartition("/")[2]
            if own.startswith(HIDDEN) or not own or name == path:
                continue
            if not name.startswith(f"{path}/" if path else ""):  # a server may list what it likes
                continue
            if item["type"] == "directory":
                if depth < _DEEPEST:
                    yield from self._walk(name, depth + 1)
                else:
                    self._close(name, f"the folder lies more than {_DEEPEST} deep")
            elif is_readable(own):
                etag = str(item.get("etag") or item.get("e_tag") or "")
                yield _Entry(name, int(item.get("size") or 0), etag, _seconds(item.get("modified")))

    def _close(self, path: str, reason: str) -> None:
        address = self._address(path)
        self._closed.append(f"{address}/")
        self.missed.append(Missed(address, reason))

    def _sample(self, same: set[str], entries: dict[str, _Entry]) -> set[str]:
        small = sorted(address for address in same if entries[address].size <= _SAMPLE_BYTES)
        first = time.time_ns() // 1000 % len(small) if small else 0
        return set((small[first:] + small[:first])[:_SAMPLE])

    def _fetch(self, address: str, entry: _Entry) -> None:
        place = mirrored_place(address)
        if place is None:
            raise NotFetched("a part of its path is too long for the name of a file, or cannot be one")
        if self._bytes + entry.size > self._limits.source_bytes:
            raise NotFetched(f"a source may have {self._limits.source_bytes / 1e9:g} GB")
        began = time.time()
        part = self._folder / ".part"
        size = self._download(entry, part)
        file = place.split("/", 2)[2]
        put_in_place(part, self._folder / file, entry.modified or None)
        settled = entry.modified < began - _SETTLED_S and size == entry.size
        copy = Copy(file, entry.etag if size == entry.size else "", repr(entry.modified) if settled else "", size)
        self._record.note(address, copy, self._source)

    def _download(self, entry: _Entry, part: Path) -> int:
        most, size, began = self._limits.page_bytes, 0, time.monotonic()
        try:
            with self._system.open(entry.path, "rb") as file, part.open("wb") as out:
                while piece := file.read(1 << 20):
                    size += len(piece)
                    if size > most:
                        raise NotFetched(f"it has more than {most / 1e6:,.0f} MB, which is the limit of a file")
                    if time.monotonic() - began > self._limits.page_s:
                        raise NotFetched(f"it took more than {self._limits.page_s:g} s, which is the limit of a file")
                    out.write(piece)
        except NotFetched:
            raise
        except Exception as exc:
            raise NotFetched(_reason(exc)) from exc
        self._bytes += size
        return size

    def _release(self, entries: Collection[str]) -> None:
        """Take away the copies of files that are gone, but not those in folders that could not be listed."""
        hidden = [one for one in self._record.copies if one.startswith(tuple(self._closed))] if self._closed else []
        for file in self._record.release(self._source, [*entries, *hidden]):
            (self._folder / file).unlink(missing_ok=True)


def _is_same(entry: _Entry, copy: Copy) -> bool:
    if entry.size != copy.size:
        return False
    if entry.etag or copy.etag:
        return entry.etag == copy.etag
    return bool(entry.modified) and repr(entry.modified) == copy.modified


def _seconds(modified: object) -> float:
    return modified.timestamp() if isinstance(modified, datetime) else 0.0


def _reason(exc: Exception) -> str:
    """One line that says what went wrong."""
    if isinstance(exc, FileNotFoundError):
        return "there is nothing"
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:300]
