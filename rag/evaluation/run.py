"""The folder of a run: `run.json` names questions, index and settings, `answers.jsonl` has a line for each answer.

Lines are written one by one, so that a run can end at any time and keeps what it did; the next one with the same
settings goes on from there, and one with others is refused, since its figures would be of neither. A line that a crash
tore is dropped.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from rag import __version__
from rag.errors import InputError
from rag.evaluation.questions import QuestionFile
from rag.evaluation.record import Record, record_from_json, record_json
from rag.seams import Snapshot
from rag.serialise import to_json
from rag.settings import Settings

FORMAT = 1
_ANSWERS = ("model", "mode", "embedder", "k", "passage_tokens", "context_tokens")  # settings that change answers
_INFO, _LINES, _LOCK = "run.json", "answers.jsonl", ".lock"
_FITTED = (("checking", "checker.json"), ("answering", "weights.json"))


def describe(
    settings: Settings, snapshot: Snapshot, asked: QuestionFile, limit: int | None, seed: int
) -> dict[str, Any]:
    """The content of `run.json`: everything on which the answers depend, and the time at which the run began."""
    return {
        "format": FORMAT,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "version": __version__,
        "weights": _weights(),
        "settings": {name: getattr(settings, name) for name in _ANSWERS},
        "index": {
            "name": settings.index,
            "generation": snapshot.generation,
            "documents": len(snapshot.documents()),
        },
        "questions": {"file": asked.name, "sha256": asked.sha256, "of": len(asked.questions), "limit": limit}
        | ({} if limit is None else {"seed": seed}),
    }


def start(folder: Path, info: dict[str, Any]) -> None:
    """Makes the folder, or checks that it is of the same run; raises `InputError` that names what differs."""
    path = folder / _INFO
    if path.exists():
        _refuse_other(folder, read_info(folder), info)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InputError(f"the folder {folder} cannot be made: {exc.strerror}", "out") from exc
    if (folder / _LINES).exists():
        raise InputError(f"{folder} holds {_LINES} and no {_INFO}: give another folder with --out", "out")
    new = path.with_suffix(".new")
    new.write_bytes(to_json(info, indent=2) + b"\n")
    new.replace(path)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keeps a second process out of the folder during the `with` block; raises `InputError` if one is at work in it."""
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise InputError(f"another process is writing to {folder}: wait for it, or give another folder", "out") from exc
    try:
        yield
    finally:
        lock.release()


def read_info(folder: Path) -> dict[str, Any]:
    """The content of `run.json`; raises `InputError` if there is none that can be read."""
    try:
        info = json.loads((folder / _INFO).read_text("utf-8"))
    except FileNotFoundError as exc:
        raise InputError(f"{folder} is not the folder of a run: it has no {_INFO}", "out") from exc
    except (OSError, ValueError) as exc:
        raise InputError(f"{folder / _INFO} cannot be read: {exc}", "out") from exc
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        raise InputError(f"{folder / _INFO} is of another version of this program: run the evaluation again", "out")
    return info


def read_records(folder: Path) -> list[Record]:
    """The records of the questions answered so far, in that order; raises `InputError` for a damaged line."""
    path = folder / _LINES
    if not path.exists():
        return []
    whole, _ = _whole_lines(path.read_bytes())
    records = []
    for number, line in enumerate(whole, 1):
        try:
            records.append(record_from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError) as exc:
            raise InputError(f"{path} line {number} is damaged: remove the line, or the folder", "out") from exc
    return records


def mend(folder: Path) -> None:
    """Cuts off a last line that was torn."""
    path = folder / _LINES
    if path.exists():
        _, length = _whole_lines(path.read_bytes())
        with path.open("r+b") as file:
            file.truncate(length)


def append(folder: Path, record: Record) -> None:
    """Adds a line, handed to the operating system before this returns."""
    with (folder / _LINES).open("ab") as file:
        file.write(to_json(record_json(record)) + b"\n")


def _whole_lines(raw: bytes) -> tuple[list[bytes], int]:
    """The lines that end with a newline, and their length in bytes."""
    length = raw.rfind(b"\n") + 1
    return raw[:length].split(b"\n")[:-1], length


def _weights() -> str:
    """A hash of the fitted weights of the package."""
    stored = [files(f"rag.{room}").joinpath(name).read_bytes() for room, name in _FITTED]
    return hashlib.sha256(b"".join(stored)).hexdigest()[:16]


def _refuse_other(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    was, now = _flat(old), _flat(new)
    other = [name for name in sorted(was.keys() | now.keys()) if was.get(name) != now.get(name) and name != "started"]
    if other:
        name = other[0]
        more = f" (also {', '.join(other[1:])})" if other[1:] else ""
        raise InputError(
            f"{folder} is of a run with {name} {was.get(name)!r}, this one has {now.get(name)!r}{more}: "
            "give another folder with --out, or remove that one",
            "out",
        )


def _flat(info: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values by dotted name: {"index": {"name": "a"}} -> {"index.name": "a"}."""
    flat: dict[str, Any] = {}
    for name, value in info.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
