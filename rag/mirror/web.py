"""A page of the web, or the pages of a sitemap -> copies in a folder.

In: an address. Out: copies, and those pages that could not be fetched, with the reasons. A page that its server says is
gone, or that the sitemap lists no longer, loses its copy; one that cannot be fetched keeps it. Links are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from rag.background import Run
from rag.documents.formats import DATA, MEDIA_TYPES, OFFICE, TEXT_TYPES
from rag.errors import InputError
from rag.mirror.fetch import Fetched, FetchSession, Limits, NotFetched
from rag.mirror.places import checked_address, host_place, mirrored_place
from rag.mirror.record import Copy, CopyRecord
from rag.mirror.sitemap import Sitemap, read_sitemap

_DEEPEST = 3  # sitemaps in sitemaps
_SUFFIXES = {kind: suffix for suffix, kind in reversed({**TEXT_TYPES, **OFFICE, **DATA}.items())}
_SUFFIXES |= {"application/xhtml+xml": ".html", "text/x-markdown": ".md", "application/x-zip-compressed": ".zip"}
_UNTOLD = ("", "application/octet-stream", "binary/octet-stream")


class Missed(NamedTuple):
    """Something at a source that was not fetched, and why; `file` is that of its copy, if there is one."""

    address: str
    reason: str
    file: str = ""


class Pages:
    """The pages of one source, on their way into a folder of copies."""

    def __init__(
        self, source: str, folder: Path, record: CopyRecord, session: FetchSession, limits: Limits, run: Run
    ) -> None:
        self._source = source
        self._folder = folder
        self._record = record
        self._session = session
        self._limits = limits
        self._run = run
        self._part = folder / ".part"
        self._bytes = 0
        self.missed: list[Missed] = []

    def bring(self) -> bool:
        """Bring the copies in line with the source; False if that was stopped. Raises `InputError` if the source itself
        cannot be fetched, with all copies as they were."""
        known = self._record.has(self._source, self._folder)
        try:
            fetched = self._session.fetch(self._source, self._part, known)
            sitemap = None if fetched.unchanged else self._sitemap()
            if sitemap is None:
                self._keep(self._source, fetched, known)
                self._run.progress(1, 1, self._source)
                return True
        except NotFetched as exc:
            more = "; `rag documents remove ID` takes its document out" if exc.gone and known else ""
            raise InputError(f"{self._source}: {exc}{more}", "paths") from exc
        pages, whole = self._listed(sitemap)
        return self._bring_all(pages, whole)

    def _sitemap(self) -> Sitemap | None:
        with self._part.open("rb") as file:
            return read_sitemap(file, self._limits.pages, self._limits.sitemap_bytes)

    def _listed(self, first: Sitemap) -> tuple[list[str], bool]:
        """The pages of a sitemap and of those in it, of its own host; and True if these are all."""
        pages: dict[str, None] = {}
        whole, elsewhere = not first.cut, 0
        waiting, seen = [(first, 1)], {self._source}
        while waiting:
            sitemap, depth = waiting.pop()
            whole &= not sitemap.cut
            for address in sitemap.pages:
                try:
                    pages[self._own(address)] = None
                except InputError:
                    elsewhere += 1
            for address in sitemap.sitemaps:
                if address in seen or len(pages) > self._limits.pages:
                    continue
                seen.add(address)
                inner = self._inner(address) if depth < _DEEPEST else None
                if inner is None:
                    whole = False
                else:
                    waiting.append((inner, depth + 1))
        if elsewhere:
            self.missed.append(Missed(self._source, f"{elsewhere} of its pages are not of its host"))
        if len(pages) > self._limits.pages or not whole:
            whole = False
            limit = (
                f"not all of it is read: the limit is {self._limits.pages:,} pages, in parts that can all be fetched"
            )
            self.missed.append(Missed(self._source, f"{limit}; name the sitemap of a part"))
        return list(pages)[: self._limits.pages], whole

    def _own(self, address: str) -> str:
        """The address, if it is of the host of the source. Raises `InputError`."""
        address = checked_address(address)
        if host_place(address).partition("/")[2] != host_place(self._source).partition("/")[2]:
            raise InputError("it is of another host")
        return address

    def _inner(self, address: str) -> Sitemap | None:
        try:
            self._session.fetch(self._own(address), self._part)
            return self._sitemap()
        except (NotFetched, InputError) as exc:
            self.missed.append(Missed(address, str(exc)))
            return None

    def _bring_all(self, pages: list[str], whole: bool) -> bool:
        kept = []
        for number, address in enumerate(pages):
            self._run.progress(number, len(pages), address)
            if self._run.stopped():
                return False
            known = self._record.has(address, self._folder)
            try:
                if self._bytes > self._limits.source_bytes:
                    raise NotFetched(f"a source may have {self._limits.source_bytes / 1e9:g} GB")
                self._keep(address, self._session.fetch(address, self._part, known), known)
            except NotFetched as exc:
                before = self._record.copies.get(address)
                self.missed.append(Missed(address, str(exc), before.file if before and not exc.gone else ""))
                if exc.gone:
                    continue
            kept.append(address)
        for file in self._record.release(self._source, kept) if whole else ():
            (self._folder / file).unlink(missing_ok=True)
        self._run.progress(len(pages), len(pages), "")
        return True

    def _keep(self, address: str, fetched: Fetched, known: Copy | None) -> None:
        """Put what was fetched in its place. Raises `NotFetched` for a type that is not read."""
        if fetched.unchanged and known:
            self._record.note(address, known, self._source)
            return
        self._bytes += fetched.size
        place = mirrored_place(address, _suffix(address, fetched.media_type))
        if place is None:
            raise NotFetched("a part of its address is too long for the name of a file")
        file = place.split("/", 2)[2]
        before = self._record.copies.get(address)
        put_in_place(self._part, self._folder / file, _time(fetched.modified))
        if before and before.file != file:
            (self._folder / before.file).unlink(missing_ok=True)
        self._record.note(address, Copy(file, fetched.etag, fetched.modified, fetched.size), self._source)


def _suffix(address: str, kind: str) -> str:
    """The suffix to add to the name of a copy; empty if that tells its type. Raises `NotFetched`."""
    parts = urlsplit(address)
    own = os.path.splitext(parts.path)[1].lower()
    readable = own in MEDIA_TYPES and not parts.query
    if kind in _UNTOLD and readable:
        return ""
    suffix = own if own in MEDIA_TYPES and kind == "text/plain" else _SUFFIXES.get(kind)
    if suffix is None:
        raise NotFetched(f"pages of type {kind[:80] or 'unknown'} are not read")
    return "" if readable and MEDIA_TYPES[own] in (kind, MEDIA_TYPES[suffix]) else suffix


def _time(modified: str) -> float | None:
    """The time that a server tells, in Unix seconds."""
    with suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(modified).timestamp()
    return None


def put_in_place(part: Path, file: Path, modified: float | None) -> None:
    """Put a copy in its place, with the time of its original if that lies in the past; one of the same bytes is left as
    it is. Raises `NotFetched` if it cannot be there."""
    try:
        if file.is_file() and _same(part, file):
            part.unlink()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        now = part.stat().st_mtime
        if modified is not None and 0 < modified < now:
            os.utime(part, (modified, modified))
        part.replace(file)
    except OSError as exc:
        raise NotFetched(f"its copy cannot be written: {exc.strerror}") from exc


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with closing(one.open("rb")) as left, closing(other.open("rb")) as right:
        return all(a == b for a, b in zip(_pieces(left), _pieces(right), strict=True))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(1 << 20):
        yield piece
