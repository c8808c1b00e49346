"""Addresses -> folders of copies in an index's own folder, which are read like any other folder.

In: addresses of the web, WebDAV or S3. Out: the folders, and what could not be fetched. `rag index` brings the index in
line with the folders; sources and documents are shown with their addresses (`places.original_address`).
Does not read what it fetches, and follows no link.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from rag.background import UNWATCHED, Run
from rag.documents.discover import Skipped, UnreachableFile
from rag.errors import IndexBusy
from rag.mirror.fetch import LIMITS, FetchSession, Limits
from rag.mirror.network import named_hosts
from rag.mirror.places import MIRROR_FOLDER, WEB, checked_address, host_place, mirrored_place
from rag.mirror.record import CopyRecord
from rag.mirror.storage import Files, file_system
from rag.mirror.web import Missed, Pages
from rag.settings import Settings


class Mirrored(NamedTuple):
    """The folders of copies, what is left out of them, and True if all was fetched or told why not."""

    folders: list[Path]
    skipped: list[Skipped]  # those in the place of a copy are `UnreachableFile`
    whole: bool


def mirrored(
    addresses: Sequence[str],
    index: Path,
    settings: Settings,
    allowed: Collection[str] = (),
    run: Run = UNWATCHED,
    limits: Limits = LIMITS,
) -> Mirrored:
    """Bring the copies in the folder `index` in line with the addresses; hosts that are `allowed`, and those that an
    address names by number, may have private addresses. Raises `InputError` for what cannot be fetched at all, and
    `IndexBusy` if another process fetches."""
    sources = [checked_address(address) for address in addresses]
    base = index / MIRROR_FOLDER
    base.mkdir(parents=True, exist_ok=True)
    folders: dict[Path, None] = {}
    skipped: list[Skipped] = []
    try:
        with FileLock(base / ".lock", timeout=0):
            for source in sources:
                folder = base / host_place(source)
                missed, whole = _brought(source, folder, settings, allowed, run, limits)
                folders[folder] = None
                skipped += [_skipped(one, base) for one in missed]
                if not whole:
                    return Mirrored(list(folders), skipped, False)
    except Timeout as exc:
        raise IndexBusy(f"another process fetches into {base}: wait until it has ended") from exc
    return Mirrored(list(folders), skipped, True)


def _brought(
    source: str, folder: Path, settings: Settings, allowed: Collection[str], run: Run, limits: Limits
) -> tuple[list[Missed], bool]:
    folder.mkdir(parents=True, exist_ok=True)
    record = CopyRecord(folder)
    try:
        if source.startswith(tuple(f"{scheme}:" for scheme in WEB)):
            with FetchSession({*allowed, *named_hosts(source)}, limits) as session:
                pages = Pages(source, folder, record, session, limits, run)
                return pages.missed, pages.bring()
        with file_system(source, {*allowed, *named_hosts(source)}, settings, limits) as system:
            files = Files(source, folder, record, system, limits, run)
            return files.missed, files.bring()
    finally:
        record.save()
        (folder / ".part").unlink(missing_ok=True)


def _skipped(missed: Missed, base: Path) -> Skipped:
    """Files that were missed; in the place of each its copy, which is there but not as new as it might be."""
    place = f"{host_place(missed.address)}/{missed.file}" if missed.file else mirrored_place(missed.address)
    if place is None:
        return Skipped(base / host_place(missed.address), f"{missed.address[:200]}: {missed.reason}")
    return UnreachableFile(base / place, missed.reason)
