"""Sidecars: metadata that a person gives to a file, beside it; for `report.pdf` in `.report.pdf.metadata.json`.

In: the path of a document's file. Out: a flat mapping of texts, which ingestion adds to what the document states of
itself and filters find. The file is hidden, so no folder's listing takes it for a document.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from pathlib import Path

from rag.atomic import write_whole
from rag.documents.contained import printable
from rag.errors import DocumentError

MAX_BYTES = 64_000


def sidecar_path(path: Path) -> Path:
    """The path of the file's sidecar, which need not be there."""
    return path.with_name(sidecar_name(path.name))


def marks(file: str | Path) -> str:
    """A text that is another one if the file's sidecar was changed; empty if there is none."""
    try:
        found = sidecar_path(Path(file)).stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def read_sidecar(path: Path) -> dict[str, str]:
    """The metadata in the file's sidecar, empty if there is none; a date in ISO, as for what a file states.

    Raises `DocumentError` if it is not a flat JSON object of texts, or has more than `MAX_BYTES`.
    """
    file = sidecar_path(path)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise DocumentError(f"{file}: has more than {MAX_BYTES:,} bytes")
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as exc:
        if file.is_symlink():  # the drive to which it leads may not be there: that takes no metadata away
            raise DocumentError(f"{printable(str(file))}: is a link to nothing") from exc
        return {}
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:  # the file's own name is almost as long as names may be
            return {}
        raise DocumentError(f"{printable(str(file))}: cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise DocumentError(f"{printable(str(file))}: cannot be read as JSON ({exc})") from exc
    if not is_flat(found):
        raise DocumentError(f"{file}: must be a JSON object whose values are texts")
    from rag.text.dates import with_date

    return with_date(found)


def write_sidecar(path: Path, metadata: Mapping[str, str]) -> None:
    """Writes the file's sidecar, or removes it if `metadata` is empty."""
    if metadata:
        write_whole(sidecar_path(path), written(metadata))
    else:
        sidecar_path(path).unlink(missing_ok=True)


def written(metadata: Mapping[str, str]) -> bytes:
    """The content of a sidecar with this metadata."""
    return json.dumps(dict(metadata), ensure_ascii=False).encode("utf-8", "backslashreplace")


def sidecar_name(of: str) -> str:
    """The name of the sidecar of the file named `of`."""
    return f".{of}.metadata.json"


def is_flat(found: object) -> bool:
    """Tells if a JSON value is an object whose values are all texts."""
    return isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
