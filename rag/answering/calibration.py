"""The threshold of refusal that the owner of an index had measured: a file beside the index, read at every question.

In: the folder of an index. Out: the `Calibration` in its `calibration.json`, or None if there is none. Does not decide
the threshold (`rag.evaluation.threshold`), and does not compute a confidence (`confidence.py`).
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from rag.atomic import write_whole
from rag.errors import RagError
from rag.index.uploaded import CALIBRATION
from rag.reading.reader import reader_sha256


class Calibration(NamedTuple):
    """A threshold of confidence, and what it was measured with."""

    threshold: float  # answers of a lower confidence are refused
    at_most: float  # share of the given answers that may be wrong, as asked for
    bound: float  # what that share is at most, with the certainty of `rag.evaluation.threshold`
    questions: int
    given: int  # answers at or above the threshold
    wrong: int  # of them
    file: str  # of the questions
    file_sha256: str
    made_with: str  # `confidence_fingerprint` of the reader, the weights of the confidence and the embedder
    date: str  # ISO 8601


def confidence_fingerprint(embedder: str) -> str:
    """A hash that changes whenever confidences do: of the packaged reader, the weights of the confidence, and the
    fingerprint of the index's embedder."""
    weights = files("rag.answering").joinpath("weights.json").read_bytes()
    return hashlib.sha256(f"{reader_sha256()} {embedder} ".encode() + weights).hexdigest()


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of the index in `folder`; None if it has none. Raises `RagError` if the file is damaged."""
    path = folder / CALIBRATION
    try:
        stored: Any = json.loads(path.read_text("utf-8"))
        found = Calibration(*(stored[name] for name in Calibration._fields))  # a later version may have added others
        if not 0 <= found.threshold <= 1:
            raise ValueError(f"its threshold is {found.threshold}, which is not between 0 and 1")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as exc:
        raise RagError(
            f"{path} cannot be read ({type(exc).__name__}: {exc}): make it again with `rag calibrate`, or delete it to "
            "use the packaged threshold"
        ) from exc
    return found


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put the calibration in place of the one that is there. Raises `RagError` if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / CALIBRATION, (json.dumps(calibration._asdict(), indent=1) + "\n").encode())
    except OSError as exc:
        raise RagError(
            f"{folder / CALIBRATION} cannot be written ({exc.strerror}): do it as the owner of the folder, or see the "
            "threshold with --dry-run"
        ) from exc


def remove_calibration(folder: Path) -> None:
    """Go back to the packaged threshold. Raises `RagError` if the file cannot be removed."""
    try:
        (folder / CALIBRATION).unlink(missing_ok=True)
    except OSError as exc:
        raise RagError(
            f"{folder / CALIBRATION} cannot be removed ({exc.strerror}): do it as the owner of the folder"
        ) from exc
