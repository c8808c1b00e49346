"""Models of a hub -> the very files that were fetched first: a record of their commit and of the hash of each file.

In: the name of a repository as the settings have it, with or without `@REVISION`, and the folder in which a hub's
library keeps it. Out: the commit to load, and an error if a file is not the one that was fetched. A name without a
revision stands for the newest commit when it is fetched, and for that commit from then on; `rag models pull` fetches
anew. A file is hashed again only if its marks have changed, of which no program can set back the time of change.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from rag.atomic import write_whole
from rag.errors import ModelError

RECORD = "fetched.json"
_SNAPSHOTS = "snapshots"  # in a cache of a hub, the folder that has one for each commit
_HASH = "#sha256="  # behind the name of a file, its hash


def with_hash(name: str) -> tuple[str, str | None]:
    """The name of a file, and the hash that the setting demands of it.

    >>> with_hash("ann/mill/mill.gguf#sha256=AB12")
    ('ann/mill/mill.gguf', 'ab12')
    """
    file, mark, wanted = name.partition(_HASH)
    return file, wanted.strip().lower() if mark else None


def check_hash(file: Path, wanted: str | None) -> None:
    """Raises `ModelError` if the file has another SHA-256 than the one that is demanded, if one is."""
    if wanted is not None and (found := _sha256(file)) != wanted:
        raise ModelError(
            f"{file} has the SHA-256 {found}, and the setting 'model' demands {wanted[:80]}: fetch it anew"
        )


def folder_hash(folder: Path) -> str:
    """The SHA-256 of all files below a folder: that of the lines `SHA-256  PATH`, in the order of the paths, as
    `sha256sum` writes them."""
    files = {_key(file, folder): file for file in folder.rglob("*") if file.is_file()}
    lines = "".join(f"{_sha256(file)}  {key}\n" for key, file in sorted(files.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def check_folder_hash(folder: Path, wanted: str | None) -> None:
    """Raises `ModelError` if the files of a folder have another SHA-256 than the one that is demanded, if one is."""
    if wanted is not None and (found := folder_hash(folder)) != wanted:
        raise ModelError(
            f"the files of {folder} have the SHA-256 {found}, and the setting 'embedder' demands {wanted[:80]}: fetch "
            "them anew"
        )


class HubRecord:
    """The note on one name in the record of a cache folder."""

    def __init__(self, cache_dir: Path, name: str) -> None:
        self._file = cache_dir / "hub" / RECORD
        self._name = name
        self._known: dict[str, Any] = self._read().get(name, {})

    @property
    def commit(self) -> str | None:
        """The commit that was fetched; None if none was, or it could not be told."""
        found = self._known.get("commit")
        return found if isinstance(found, str) else None

    def check(self, files: Iterable[Path], inside: Path) -> None:
        """Check files, which are below the folder `inside`, against the record, as far as they are in it. Raises
        `ModelError`."""
        known: dict[str, Any] = self._known.get("files", {})
        for file in files:
            noted = known.get(_key(file, inside))
            if noted is None or not file.is_file() or noted["marks"] == _marks(file):
                continue
            if (found := _sha256(file)) != noted["sha256"]:
                raise ModelError(
                    f"{file} is not the file that was fetched (SHA-256 {found}, then {noted['sha256']}): if you "
                    f"did not change it, somebody did; remove it, and fetch it anew with `rag models pull {self._name}`"
                )

    def note(self, files: Iterable[Path], inside: Path) -> None:
        """Note the commit and the files, beside those that are noted. A record that cannot be written costs nothing but
        the check."""
        files = list(files)
        known: dict[str, Any] = dict(self._known.get("files", {}))
        with suppress(OSError):
            fresh = {}
            for file in files:
                key, marks = _key(file, inside), _marks(file)
                if known.get(key, {}).get("marks") != marks:
                    fresh[key] = {"sha256": _sha256(file), "marks": marks}
            commit = inside.name if inside.parent.name == _SNAPSHOTS else None
            if not fresh and commit == self.commit:
                return
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self._file}.lock"):
                record = self._read()
                record[self._name] = self._known = {"commit": commit, "files": known | fresh}
                write_whole(self._file, json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True).encode())

    def forget(self) -> None:
        """Forget the name, so that its newest commit is fetched next."""
        with suppress(OSError):
            if not self._file.exists():
                return
            with FileLock(f"{self._file}.lock"):
                record = self._read()
                if record.pop(self._name, None) is not None:
                    write_whole(self._file, json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True).encode())
        self._known = {}

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_bytes())
            return found if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()) else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as exc:
            raise ModelError(f"{self._file} cannot be read ({exc}), so that models of hubs cannot be checked") from exc


def snapshot_of(file: Path) -> Path:
    """The folder of the commit in which a file of a cache lies; its own folder if it lies in none."""
    for folder in file.parents:
        if folder.parent.name == _SNAPSHOTS:
            return folder
    return file.parent


def _key(file: Path, inside: Path) -> str:
    return file.relative_to(inside).as_posix()


def _marks(file: Path) -> list[int]:
    found = os.stat(file)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
