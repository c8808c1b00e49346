"""API keys of a service: making, listing and revoking them, and recognising one that is presented.

In: the folder of indexes. Out: `Key`s, kept in its `.service/keys.json` (mode 0600), since it is these indexes that
they open and the cache may be emptied at any time; or in a database (`rag.state.key_table`). Of a secret only the
SHA-256 is kept: it has 256 random bits, so there is nothing to guess, and nothing for a slow hash to slow down. Whoever
asks sees a change at once.

Does not know HTTP: `api.middleware.access` asks here, `rag.cli.keys` is the command.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from rag.errors import InputError, RagError
from rag.state.files import STATE_FOLDER, service_file

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

FILE = "keys.json"
_FORM = re.compile(r"rag_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([dh])")
_LOCK_S = 10.0  # how long one process waits for another that changes the keys


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret. Times are ISO 8601 in UTC."""

    id: str  # 8 hexadecimal digits, the middle of the secret
    name: str
    scopes: tuple[Scope, ...]
    indexes: tuple[str, ...] | None  # None: all, also those that are made later
    created: str
    expires: str | None
    sha256: str

    def expired(self, now: datetime) -> bool:
        """True if the key is no longer valid at `now`."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now


class KeyRing(ABC):
    """The keys of a service, wherever they are kept. Any thread may call."""

    place: str  # for messages
    waits = False  # True if finding a key may take longer than an event loop can be blocked

    @abstractmethod
    def all(self) -> list[Key]:
        """The keys, in the order in which they were made. Raises `RagError` if they cannot be read."""

    @abstractmethod
    def _one(self, ident: str) -> Key | None: ...

    @abstractmethod
    def _put(self, key: Key) -> bool:
        """Store the key; False if another key has its name."""

    @abstractmethod
    def _take(self, which: str) -> Key | None:
        """Delete and return the first key with that id or name; None if there is none."""

    def find(self, secret: str) -> Key | None:
        """The key with that secret; None if there is none, or it was revoked or has expired."""
        form = _FORM.fullmatch(secret)
        if form is None:
            return None
        key = self._one(form[1])
        same = hmac.compare_digest(_digest(secret), key.sha256 if key else _digest(""))
        return key if key and same and not key.expired(datetime.now(UTC)) else None

    def add(
        self, name: str, scopes: Iterable[Scope], indexes: Iterable[str] | None = None, expires: str | None = None
    ) -> tuple[Key, str]:
        """Make a key. Returns it with its secret, which is kept nowhere. Raises `InputError` for a name or an expiry
        that cannot be used, `RagError` if the keys cannot be written."""
        if not _NAME.fullmatch(name):
            raise InputError(f"{name[:80]!r} cannot name a key: use 1 to 64 letters, digits and ._@-", "name")
        ident = secrets.token_hex(4)
        secret = f"rag_{ident}_{secrets.token_urlsafe(32)}"
        wanted = tuple(scope for scope in SCOPES if scope in set(scopes))
        only = None if indexes is None else tuple(sorted(set(indexes)))
        now = datetime.now(UTC).replace(microsecond=0)
        key = Key(ident, name, wanted, only, now.isoformat(), expires and _expiry(expires, now), _digest(secret))
        if not self._put(key):
            raise InputError(f"there is a key {name!r}: choose another name, or revoke that one first", "name")
        return key, secret

    def revoke(self, which: str) -> Key:
        """Delete the key with that id or name and return it. Raises `InputError` if there is none."""
        found = self._take(which) if which.isascii() and which.isprintable() else None
        if found is None:
            raise InputError(f"there is no key {which[:80]!r}: `rag keys list` shows those that there are", "key")
        return found


class Keys(KeyRing):
    """The keys in the `keys.json` of one folder of indexes; writers of several processes take turns."""

    def __init__(self, indexes_dir: Path) -> None:
        self.path = service_file(indexes_dir, FILE)
        self.place = str(self.path)
        self._state: tuple[int, ...] | None = None
        self._keys: Mapping[str, Key] = {}

    def all(self) -> list[Key]:
        """The keys, in the order in which they were made. Raises `RagError` if the file cannot be read."""
        return list(self._current().values())

    def _one(self, ident: str) -> Key | None:
        return self._current().get(ident)

    def _put(self, key: Key) -> bool:
        with self._writing() as keys:
            free = all(other.name != key.name for other in keys.values())
            if free:
                self._write([*keys.values(), key])
        return free

    def _take(self, which: str) -> Key | None:
        with self._writing() as keys:
            found = next((key for key in keys.values() if which in (key.id, key.name)), None)
            if found:
                self._write([key for key in keys.values() if key is not found])
        return found

    @contextmanager
    def _writing(self) -> Iterator[Mapping[str, Key]]:
        """The keys as they are, while no other process changes them."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_S):
                yield self._current()
        except Timeout as exc:
            raise RagError(f"{self.path} is being changed by another process: try again") from exc
        except OSError as exc:
            raise _unusable(self.path, exc) from exc

    def _write(self, keys: list[Key]) -> None:
        """Replace the file, whole or not at all."""
        partial = self.path.with_suffix(".new")
        partial.unlink(missing_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump({"keys": [asdict(key) for key in keys]}, out, indent=2)
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, self.path)

    def _current(self) -> Mapping[str, Key]:
        """The keys by id. The file is read again only if it has changed, which one `stat` tells in about 2
        microseconds."""
        try:
            found = self.path.stat()
            state = (found.st_mtime_ns, found.st_ino, found.st_size)
            if state != self._state:
                self._keys, self._state = self._read(), state
        except FileNotFoundError:
            self._keys, self._state = {}, None
        except OSError as exc:
            raise _unusable(self.path, exc) from exc
        return self._keys

    def _read(self) -> dict[str, Key]:
        try:
            rows = json.loads(self.path.read_bytes())["keys"]
            return {row["id"]: parse_key(row) for row in rows}
        except FileNotFoundError:
            raise
        except (OSError, ValueError, TypeError, KeyError) as exc:
            raise RagError(
                f"{self.path} cannot be read, and so no key is one: mend it, or remove it and make new keys"
            ) from exc


def parse_key(row: Mapping[str, Any]) -> Key:
    """The key that a stored row describes. Raises `ValueError`, `TypeError` or `KeyError` if the row is not a key: a
    row that is misread must not open more."""
    only = row["indexes"]
    key = Key(**{**row, "scopes": _texts(row["scopes"]), "indexes": None if only is None else _texts(only)})
    if not set(key.scopes) <= set(SCOPES) or not all(isinstance(text, str) for text in (key.id, key.name, key.sha256)):
        raise ValueError(f"scopes {key.scopes}")
    if key.expires is not None and datetime.fromisoformat(key.expires).tzinfo is None:
        raise ValueError(f"expires {key.expires}")
    return key


def _texts(values: Any) -> tuple[Any, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{values!r} is no list of texts")
    return tuple(values)


def _expiry(text: str, now: datetime) -> str:
    """The end of a key, in ISO 8601: `90d` or `12h` from now, or the end of a day such as `2027-01-31`. Raises
    `InputError`."""
    if span := _SPAN.fullmatch(text):
        hours = int(span[1]) * (24 if span[2] == "d" else 1)
        return (now + timedelta(hours=hours)).isoformat()
    try:
        end = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError:
        raise InputError(f"{text[:80]!r} is no expiry: use 90d, 12h or a day such as 2027-01-31", "expires") from None
    if end <= now:
        raise InputError(f"a key cannot expire on {text}, which is past", "expires")
    return end.isoformat()


def _unusable(file: Path, error: OSError) -> RagError:
    """The error for a file of keys that cannot be read or written: the path, what is wrong with it, and the remedy."""
    other, why = "name another folder with --indexes-dir", error.strerror or str(error)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        folder = file.parent.parent if file.parent.name == STATE_FOLDER else file.parent
        return RagError(f"API keys are kept in a folder of indexes, and {folder} is not a folder ({why}): {other}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RagError(f"no space left on the disk of {file}: free some and run the command again; no key was changed")
    remedy = "permit both" if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else "mend that"
    return RagError(f"API keys in {file} cannot be read or written ({why}): {remedy}, or {other}")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
